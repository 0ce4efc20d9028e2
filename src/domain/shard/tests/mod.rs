mod log;
mod naive;
mod restart;
mod stories;
mod summary;
