//! The combinations of queue and database that every promise must hold on.

use std::path::Path;

/// Where the queue is.
#[derive(Debug, Clone, Copy)]
pub enum Queue {
    Sqlite,
    RabbitMq,
}

/// Where the mirror is.
#[derive(Debug, Clone, Copy)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// A queue and a database of one test's own.
#[derive(Debug, Clone)]
pub struct Backends {
    pub queue_url: String,
    pub namespace: String,
    pub database_url: String,
}

impl Backends {
    /// New ones; what they leave behind is gone with the test run.
    pub fn new(queue: Queue, database: Database, hint: &str) -> Self {
        let folder = harness::scratch(hint);
        let file = |name: &str| format!("sqlite:{}", Path::new(&folder).join(name).display());
        let (queue_url, namespace) = match queue {
            Queue::Sqlite => (file("queue.db"), "clerk".to_owned()),
            Queue::RabbitMq => {
                let broker = harness::rabbitmq();
                (broker.url().to_owned(), broker.namespace(hint))
            }
        };
        let database_url = match database {
            Database::Sqlite => file("mirror.db"),
            Database::Postgres => harness::postgres().fresh_database(hint),
        };
        Self { queue_url, namespace, database_url }
    }

    /// The inbox on RabbitMQ.
    pub fn inbox(&self) -> String {
        format!("{}.inbox", self.namespace)
    }

    /// The dead-letter queue on RabbitMQ.
    pub fn dead(&self) -> String {
        format!("{}.dead", self.namespace)
    }
}

/// Makes a test of a function for each combination of queue and database.
macro_rules! on_every_backend {
    ($test:ident) => {
        mod $test {
            use crate::backends::{Backends, Database, Queue};

            #[test]
            fn sqlite_to_sqlite() {
                super::$test(Backends::new(Queue::Sqlite, Database::Sqlite, stringify!($test)));
            }

            #[test]
            fn sqlite_to_postgres() {
                super::$test(Backends::new(Queue::Sqlite, Database::Postgres, stringify!($test)));
            }

            #[test]
            fn rabbitmq_to_sqlite() {
                super::$test(Backends::new(Queue::RabbitMq, Database::Sqlite, stringify!($test)));
            }

            #[test]
            fn rabbitmq_to_postgres() {
                super::$test(Backends::new(Queue::RabbitMq, Database::Postgres, stringify!($test)));
            }
        }
    };
}
