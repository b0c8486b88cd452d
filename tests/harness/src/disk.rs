//! A disk that can be full.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::account::Account;
use crate::guardian::guardian;

const CHUNK: usize = 64 * 1024;

/// A small file system in memory, unmounted on drop.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts an empty one with room for so many MiB. Only root may: anybody else needs `sudo` without a password.
    ///
    /// # Errors
    /// If it cannot be mounted.
    pub fn mount(mebibytes: u32) -> Result<Self> {
        let folder = guardian().subfolder("disk");
        let options = format!("size={mebibytes}m,mode=0777");
        as_root(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs"], &folder)?;
        Ok(Self { folder })
    }

    /// Makes a folder on it that belongs to the account PostgreSQL runs as.
    ///
    /// # Errors
    /// If it is there already.
    pub fn folder_of_postgres(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        fs::create_dir(&folder)?;
        if let Some(account) = Account::unprivileged("postgres")? {
            account.own(&folder)?;
        }
        Ok(folder)
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes all the room there is left.
    ///
    /// # Errors
    /// If that fails for another reason than that the disk is full.
    pub fn fill(&self) -> Result<()> {
        let mut ballast = File::options().create(true).append(true).open(self.ballast())?;
        for chunk in [CHUNK, 1] {
            loop {
                match ballast.write(&[0; CHUNK][..chunk]) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Gives the room back that [`SmallDisk::fill`] took.
    ///
    /// # Errors
    /// If the disk has not been filled.
    pub fn free(&self) -> Result<()> {
        Ok(fs::remove_file(self.ballast())?)
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Whoever still has a file open there keeps it; nobody new finds it.
        let _ = as_root(&["umount", "-l"], &self.folder);
    }
}

/// Runs a program on a folder, with the rights of root.
fn as_root(command: &[&str], folder: &Path) -> Result<()> {
    let root = rustix::process::geteuid().is_root();
    let sudo: &[&str] = if root { &[] } else { &["sudo", "-n"] };
    let words: Vec<&str> = sudo.iter().chain(command).copied().collect();
    let output =
        Command::new(words[0]).args(&words[1..]).arg(folder).output().context(words[0].to_owned())?;
    let (words, refusal) = (words.join(" "), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{words}: {refusal}");
    Ok(())
}
