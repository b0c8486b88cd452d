//! Configuration that both binaries read in the same way: flags, an environment variable each, secrets from files.

mod args;
mod secret_value;

pub use args::{ProcessArgs, QueueArgs, SecretArgs};
pub use secret_value::{ConfigError, value_or_file};
