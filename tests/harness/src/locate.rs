//! Where a server's programs are.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// The folder that holds `program`: the first of `folders` that does, else the first on `PATH`.
pub(crate) fn folder_of(program: &str, folders: &[PathBuf]) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    folders
        .iter()
        .cloned()
        .chain(env::split_paths(&path))
        .find(|folder| folder.join(program).is_file())
        .with_context(|| format!("{program} is not installed (tests/run installs what the tests need)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_in_the_given_folders_before_path() {
        let path_sh = folder_of("sh", &[]).unwrap();
        assert!(path_sh.join("sh").is_file());

        let own = tempfile::tempdir().unwrap();
        std::fs::write(own.path().join("sh"), "").unwrap();
        assert_eq!(folder_of("sh", &[own.path().to_owned()]).unwrap(), own.path());

        let error = folder_of("no-such-program", &[]).unwrap_err();
        assert!(error.to_string().starts_with("no-such-program is not installed"), "{error}");
    }
}
