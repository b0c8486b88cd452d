//! clerk-mirror in one process: the edge, the queue, the worker and the mirror, on SQLite unless told otherwise.

#![warn(clippy::unwrap_used, clippy::expect_used)]

mod args;
mod data_folder;
mod run;
pub mod send;
mod welcome;

pub use args::{Command, Config, StandaloneArgs};
pub use data_folder::DataFolder;
pub use run::main;
