mod log;
mod naive;
mod overrides;
mod restart;
mod severities;
mod stories;
mod summary;
