//! Reads the tables, all columns of them, without the program's code.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text};

use super::catalogue::KINDS;
use super::contents::{Contents, LEDGER};

/// A connection to a migrated database.
pub struct Reader {
    connection: Connected,
    /// A query for each table, of its name and its rows as JSON objects.
    queries: Vec<Query>,
}

enum Connected {
    Postgres(Box<PgConnection>),
    Sqlite(Box<SqliteConnection>),
}

struct Query {
    rows: String,
    /// Leaves the rows of the keys that are the query's parameter.
    of_keys: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    columns: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

impl Reader {
    pub fn open(url: &str) -> Self {
        let mut connection = match url.strip_prefix("sqlite:") {
            Some(path) => {
                Connected::Sqlite(Box::new(SqliteConnection::establish(path).expect("the file is there")))
            }
            None => Connected::Postgres(Box::new(PgConnection::establish(url).expect("the server is up"))),
        };
        connection.execute(match connection {
            Connected::Postgres(_) => "SET search_path = clerk; SET timezone = 'UTC'",
            Connected::Sqlite(_) => "PRAGMA busy_timeout = 120000",
        });
        let queries = tables().map(|(table, key)| connection.query(table, key)).collect();
        Self { connection, queries }
    }

    /// The rows of these objects and events, or all there are.
    pub fn rows(&mut self, keys: Option<&[String]>) -> Contents {
        let queries = self.queries.iter().map(|query| match keys {
            Some(_) => format!("{} {}", query.rows, query.of_keys),
            None => query.rows.clone(),
        });
        let sql = queries.collect::<Vec<_>>().join(" UNION ALL ");
        let rows = self.connection.rows(&sql, keys).expect("the tables can be read");
        Contents::new(rows.into_iter().map(|row| (row.table, row.columns)))
    }

    /// How many rows there are, in all tables.
    pub fn count(&mut self) -> usize {
        let tables = tables().map(|(table, _)| format!("(SELECT count(*) FROM {table})"));
        let sum = tables.collect::<Vec<_>>().join(" + ");
        self.number(&format!("SELECT CAST({sum} AS text) AS text"))
    }

    /// The table and the key of every row.
    pub fn keys(&mut self) -> Vec<(String, String)> {
        let keys = |(table, key)| {
            self.texts(&format!("SELECT {key} AS text FROM {table}"))
                .into_iter()
                .map(move |key| (String::from(table), key))
        };
        tables().flat_map(keys).collect()
    }

    /// The column `text` of what a query returns.
    pub fn texts(&mut self, sql: &str) -> Vec<String> {
        self.connection.lines(sql)
    }

    /// Empties every table.
    pub fn clear(&mut self) {
        let tables: Vec<_> = tables().map(|(table, _)| table).collect();
        let sql = match self.connection {
            Connected::Postgres(_) => format!("TRUNCATE {}", tables.join(", ")),
            Connected::Sqlite(_) => tables.iter().map(|table| format!("DELETE FROM {table};")).collect(),
        };
        self.connection.execute(&sql);
    }

    /// The one number, given as text, that a query returns.
    pub fn number(&mut self, sql: &str) -> usize {
        let lines = self.connection.lines(sql);
        assert_eq!(lines.len(), 1, "{sql}");
        lines[0].parse().unwrap_or_else(|error| panic!("{error}: {lines:?}"))
    }
}

/// Every table and its key.
fn tables() -> impl Iterator<Item = (&'static str, &'static str)> {
    KINDS.iter().map(|kind| (kind.table, "id")).chain([(LEDGER, "svix_id")])
}

impl Connected {
    fn query(&mut self, table: &str, key: &str) -> Query {
        let (columns, keys) = match self {
            Self::Postgres(_) => (format!("row_to_json({table})::text"), "= ANY ($1)"),
            Self::Sqlite(_) => {
                let columns = self.lines(&format!("SELECT name AS text FROM pragma_table_xinfo('{table}')"));
                let pairs: Vec<_> = columns.iter().map(|column| format!("'{column}', {column}")).collect();
                (format!("json_object({})", pairs.join(", ")), "IN (SELECT value FROM json_each(?1))")
            }
        };
        let rows = format!(r#"SELECT '{table}' AS "table", {columns} AS columns FROM {table}"#);
        Query { rows, of_keys: format!("WHERE {key} {keys}") }
    }

    fn rows(&mut self, sql: &str, keys: Option<&[String]>) -> QueryResult<Vec<Row>> {
        let query = diesel::sql_query(sql);
        match (self, keys) {
            (Self::Postgres(connection), Some(keys)) => {
                query.bind::<Array<Text>, _>(keys).load(&mut **connection)
            }
            (Self::Postgres(connection), None) => query.load(&mut **connection),
            (Self::Sqlite(connection), Some(keys)) => {
                query.bind::<Text, _>(serde_json::json!(keys).to_string()).load(&mut **connection)
            }
            (Self::Sqlite(connection), None) => query.load(&mut **connection),
        }
    }

    fn lines(&mut self, sql: &str) -> Vec<String> {
        let query = diesel::sql_query(sql);
        let lines: QueryResult<Vec<Line>> = match self {
            Self::Postgres(connection) => query.load(&mut **connection),
            Self::Sqlite(connection) => query.load(&mut **connection),
        };
        lines.unwrap_or_else(|error| panic!("{error}: {sql}")).into_iter().map(|line| line.text).collect()
    }

    fn execute(&mut self, sql: &str) {
        let done = match self {
            Self::Postgres(connection) => connection.batch_execute(sql),
            Self::Sqlite(connection) => connection.batch_execute(sql),
        };
        done.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
}
