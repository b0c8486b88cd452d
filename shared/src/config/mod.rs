//! Configuration that both binaries read in the same way: flags, an environment variable each, secrets from files.

mod args;
mod reload;
mod secret_value;
mod signing_secrets;

pub use args::{ProcessArgs, QueueArgs, SecretArgs};
pub use reload::ReloadMetrics;
pub(crate) use reload::follow;
pub use secret_value::{ConfigError, value_or_file};
pub use signing_secrets::{SigningSecrets, secret_texts};
