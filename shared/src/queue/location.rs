//! Where the queue is.

use std::{fmt, path::PathBuf, str::FromStr};

use super::rabbitmq::{BrokerUrl, Topology};

/// Where the queue is and how it is set up.
#[derive(Debug, Clone)]
pub struct QueueConfig {
    pub(super) location: Location,
    /// What the names of the queues begin with.
    pub namespace: String,
    /// Whether to create the queues or only to look for them.
    pub declare: Declare,
}

impl QueueConfig {
    /// A queue at `url`: `amqp://…` (several, comma-separated, for a cluster) or `sqlite:PATH`.
    pub fn new(url: &str, namespace: &str, declare: Declare) -> Result<Self, InvalidQueueUrl> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if namespace.is_empty() || namespace.len() > 200 || !namespace.bytes().all(plain) {
            return Err(InvalidQueueUrl(
                "the queue namespace is 1 to 200 letters, digits, '.', '_' or '-'".into(),
            ));
        }
        Ok(Self { location: url.parse()?, namespace: namespace.to_owned(), declare })
    }

    pub(super) fn topology(&self) -> Topology {
        Topology::new(&self.namespace, self.declare)
    }
}

impl fmt::Display for QueueConfig {
    /// Where the queue is, without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Location::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Location::RabbitMq(urls) => {
                for (index, url) in urls.iter().enumerate() {
                    write!(f, "{}{url}", if index > 0 { "," } else { "" })?;
                }
                Ok(())
            }
        }
    }
}

/// Whether the program makes the broker's queues or finds them made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Declare {
    /// Declare the queues at start, creating those that are missing.
    #[default]
    Active,
    /// Only check that they exist: for operators who own the topology.
    Passive,
}

#[derive(Debug, Clone)]
pub(super) enum Location {
    RabbitMq(Vec<BrokerUrl>),
    Sqlite(PathBuf),
}

impl FromStr for Location {
    type Err = InvalidQueueUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            if path.is_empty() {
                return Err(InvalidQueueUrl("the queue URL sqlite: names no file".into()));
            }
            let path = PathBuf::from(path);
            // Relative to the working folder where the path names none.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if let Some(missing) = folder.filter(|folder| !folder.is_dir()) {
                return Err(InvalidQueueUrl(format!(
                    "the queue's folder does not exist: {}",
                    missing.display()
                )));
            }
            return Ok(Self::Sqlite(path));
        }
        let urls = text.split(',').map(|url| BrokerUrl::parse(url.trim())).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::RabbitMq(urls))
    }
}

/// Why a text is no queue URL. Never repeats credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidQueueUrl(pub(super) String);

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<String, String> {
        QueueConfig::new(url, "clerk", Declare::Active)
            .map(|c| c.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn reads_a_file_a_broker_or_a_cluster_and_shows_no_password() {
        assert_eq!(parse("sqlite:queue.db").unwrap(), "sqlite:queue.db");
        assert_eq!(parse("sqlite:src/queue.db").unwrap(), "sqlite:src/queue.db");
        assert_eq!(parse("amqp://user:hunter2@broker/%2f").unwrap(), "amqp://broker:5672/%2f");
        assert_eq!(
            parse("amqp://u:hunter2@a:1/v, amqp://u:hunter2@b:2/v").unwrap(),
            "amqp://a:1/v,amqp://b:2/v"
        );
    }

    #[test]
    fn what_is_no_queue_url_is_refused_without_repeating_the_password() {
        for url in [
            "",
            "sqlite:",
            "sqlite:nowhere/queue.db",
            "redis://u:hunter2@x",
            "amqp://u:hunter2@x:notaport/",
            "amqp://u:hunter2@a,kafka://b",
        ] {
            let error = parse(url).unwrap_err();
            assert!(!error.contains("hunter2"), "{url}: {error}");
        }
        assert!(QueueConfig::new("sqlite:x", "a b", Declare::Active).is_err());
    }
}
