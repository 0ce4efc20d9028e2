mod log;
mod naive;
mod overrides;
mod restart;
mod segments;
mod severities;
mod stories;
mod summary;
