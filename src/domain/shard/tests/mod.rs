mod log;
mod naive;
mod restart;
mod segments;
mod stories;
