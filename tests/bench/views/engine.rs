//! The two databases, asked directly.

use std::path::Path;

use anyhow::Context;
use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection,
    sql_types::BigInt,
};
use harness::psql;
use serde_json::Value;
use worker::store::{self, StoreOptions};

use crate::world::Dialect;

/// A migrated database.
pub enum Engine {
    Postgres { url: String, connection: PgConnection },
    Sqlite { connection: SqliteConnection },
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Engine {
    pub fn open(url: &str) -> anyhow::Result<Self> {
        store::open(url, &StoreOptions::default())?.migrate()?;
        match url.strip_prefix("sqlite:") {
            Some(path) => {
                let mut connection = SqliteConnection::establish(path)?;
                // What is built here need not survive anything.
                connection.batch_execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144")?;
                Ok(Self::Sqlite { connection })
            }
            None => {
                let connection = PgConnection::establish(url)?;
                Ok(Self::Postgres { url: url.to_owned(), connection })
            }
        }
    }

    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres { .. } => Dialect::Postgres,
            Self::Sqlite { .. } => Dialect::Sqlite,
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Postgres { .. } => "PostgreSQL",
            Self::Sqlite { .. } => "SQLite",
        }
    }

    /// Runs statements; of a query, reads all rows.
    pub fn execute(&mut self, sql: &str) -> anyhow::Result<()> {
        match self {
            Self::Postgres { connection, .. } => connection.batch_execute(sql),
            Self::Sqlite { connection } => connection.batch_execute(sql),
        }
        .with_context(|| sql.chars().take(200).collect::<String>())
    }

    /// How many rows a query has.
    pub fn count(&mut self, sql: &str) -> anyhow::Result<i64> {
        let query = diesel::sql_query(format!("SELECT count(*) AS count FROM ({sql}) AS answer"));
        let count: Count = match self {
            Self::Postgres { connection, .. } => query.get_result(connection)?,
            Self::Sqlite { connection } => query.get_result(connection)?,
        };
        Ok(count.count)
    }

    /// The tables that the plan of a query reads from end to end; SQLite's plans do not name the tables.
    pub fn scanned(&self, sql: &str) -> anyhow::Result<Option<Vec<String>>> {
        let Self::Postgres { url, .. } = self else { return Ok(None) };
        let plan: Value = serde_json::from_str(&psql(url, &format!("EXPLAIN (FORMAT JSON) {sql}")))?;
        let mut tables = Vec::new();
        collect_scans(&plan[0]["Plan"], &mut tables);
        Ok(Some(tables))
    }

    /// How large the database is, in MiB.
    pub fn size(&mut self, folder: &Path) -> anyhow::Result<u64> {
        let bytes = match self {
            Self::Postgres { url, .. } => psql(url, "SELECT pg_database_size(current_database())").parse()?,
            Self::Sqlite { .. } => std::fs::metadata(folder.join("mirror.db"))?.len(),
        };
        Ok(bytes / 1024 / 1024)
    }
}

fn collect_scans(plan: &Value, tables: &mut Vec<String>) {
    if plan["Node Type"] == "Seq Scan" {
        tables.extend(plan["Relation Name"].as_str().map(str::to_owned));
    }
    for child in plan["Plans"].as_array().into_iter().flatten() {
        collect_scans(child, tables);
    }
}
