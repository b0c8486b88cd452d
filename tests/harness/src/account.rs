//! The account a server runs as: PostgreSQL refuses to be root.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use anyhow::{Context, Result};

/// A user of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// `Some` only where this process is root.
    pub(crate) fn unprivileged(name: &str) -> Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").context("/etc/passwd")?;
        let account = Self::find(&passwd, name).with_context(|| format!("no user {name} on this machine"))?;
        Ok(Some(account))
    }

    fn find(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next() != Some(name) {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { uid, gid })
        })
    }

    /// Makes this user the owner of `path`.
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        chown(path, Some(self.uid), Some(self.gid)).with_context(|| format!("chown {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_user_by_its_whole_name() {
        let passwd = "postgres-old:x:1:1::/:/bin/sh\npostgres:x:104:112:a,b:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(Account::find(passwd, "postgres"), Some(Account { uid: 104, gid: 112 }));
        assert_eq!(Account::find(passwd, "post"), None);
    }
}
