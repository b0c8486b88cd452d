//! The folder in which the all-in-one program keeps everything.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use shared::{
    config::{ConfigError, secret_texts},
    signature::Secret,
};

/// The name of the file that holds the signing secret.
const SECRET_FILE: &str = "webhook-secret";
const KEY_BYTES: usize = 24;

/// The data folder.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    /// The folder at `path`, which need not exist.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Makes the folder if need be; only its owner may look inside.
    pub fn create(&self) -> Result<(), ConfigError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .and_then(|()| check_writable(&self.path))
            .map_err(|error| {
                ConfigError(format!("cannot write to the data folder {}: {error}", self.path.display()))
            })
    }

    /// The URL of the queue in this folder.
    pub fn queue_url(&self) -> String {
        format!("sqlite:{}", self.path.join("queue.db").display())
    }

    /// The file of the mirror and the ledger.
    pub fn database(&self) -> PathBuf {
        self.path.join("mirror.db")
    }

    /// The URL of the mirror and the ledger in this folder.
    pub fn database_url(&self) -> String {
        format!("sqlite:{}", self.database().display())
    }

    /// The file of the signing secret.
    pub fn secret_file(&self) -> PathBuf {
        self.path.join(SECRET_FILE)
    }

    /// The signing secret that is kept here, of several the first; made on first use, readable by its owner only.
    pub fn secret(&self) -> Result<String, ConfigError> {
        let file = self.secret_file();
        let failed =
            |error: io::Error| ConfigError(format!("the signing secret in {}: {error}", file.display()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file) {
            Ok(mut created) => {
                let secret = Secret::encode(&rand::random::<[u8; KEY_BYTES]>());
                created
                    .write_all(format!("{secret}\n").as_bytes())
                    .and_then(|()| created.sync_all())
                    .map_err(failed)?;
                Ok(secret)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let text = fs::read_to_string(&file).map_err(failed)?;
                Ok(secret_texts(&text).next().unwrap_or_default().to_owned())
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// Finds out now, not at the first event, whether files can be made here.
fn check_writable(folder: &Path) -> io::Result<()> {
    let probe = folder.join(".writable");
    fs::write(&probe, b"")?;
    fs::remove_file(probe)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_secret_is_made_once_and_only_its_owner_can_read_it() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(&temporary.path().join("a/b"));
        folder.create().unwrap();
        let secret = folder.secret().unwrap();
        assert!(secret.parse::<Secret>().is_ok());
        assert_eq!(folder.secret().unwrap(), secret);
        let mode = fs::metadata(folder.secret_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_one_clear_line() {
        let temporary = tempfile::tempdir().unwrap();
        let file = temporary.path().join("file");
        fs::write(&file, "").unwrap();
        let error = DataFolder::at(&file.join("data")).create().unwrap_err().to_string();
        assert!(error.starts_with("cannot write to the data folder") && !error.contains('\n'), "{error}");
    }
}
