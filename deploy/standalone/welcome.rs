//! What a newcomer needs to know next.

use std::{
    fmt::{self, Display},
    net::SocketAddr,
};

use crate::args::Config;

/// The first words of a running program.
pub struct Welcome<'a> {
    config: &'a Config,
    listen: SocketAddr,
    admin: SocketAddr,
}

impl<'a> Welcome<'a> {
    /// Of a program that listens on these addresses.
    pub fn new(config: &'a Config, listen: SocketAddr, admin: SocketAddr) -> Self {
        Self { config, listen: reachable(listen), admin: reachable(admin) }
    }
}

impl Display for Welcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, listen, admin } = self;
        let folder = &config.folder;
        writeln!(f, "clerk-mirror {} is running, Ctrl-C stops it\n", env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "  endpoint  http://{listen}/webhooks/clerk")?;
        match &config.made_secret {
            Some(secret) => writeln!(f, "  secret    {secret} (kept in {})", folder.secret_file().display())?,
            None => writeln!(f, "  secret    as given")?,
        }
        writeln!(f, "  queue     {}", config.ingest.queue)?;
        match config.database_in_folder {
            true => writeln!(f, "  mirror    {}", folder.database_url())?,
            false => writeln!(f, "  mirror    the database of DATABASE_URL")?,
        }
        writeln!(f, "  admin     http://{admin}/metrics, /healthz, /readyz\n")?;
        let program = if std::env::var_os("CARGO").is_some() { "cargo run --" } else { "clerk-mirror" };
        writeln!(
            f,
            "Send it signed events:           {program} send --count 1000 --duplicates 10% --shuffle"
        )?;
        writeln!(f, "See what became of them:         {program} events")?;
        if config.database_in_folder {
            let query =
                "SELECT organization_name, first_name, last_name, role, joined_at FROM organization_members";
            writeln!(
                f,
                "Look at the mirror:              sqlite3 -box {} \"{query}\"",
                folder.database().display()
            )?;
        }
        Ok(())
    }
}

/// An address that can be connected to: a program that listens everywhere is also here.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}
