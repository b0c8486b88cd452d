//! What is in the database, read without the program's own code.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    time::{Duration, Instant},
};

use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_types::{BigInt, Nullable, Text},
};
use serde_json::Value;

/// Every mirror table.
pub const TABLES: [&str; 13] = [
    "users",
    "sessions",
    "organizations",
    "organization_memberships",
    "organization_invitations",
    "organization_domains",
    "roles",
    "permissions",
    "invitations",
    "waitlist_entries",
    "subscriptions",
    "subscription_items",
    "payment_attempts",
];

/// A row of a mirror table.
#[derive(Debug, Clone, PartialEq)]
pub struct MirrorRow {
    pub data: Option<Value>,
    pub version: String,
    pub deleted_at: Option<String>,
}

/// A row of the ledger.
#[derive(Debug, Clone, QueryableByName)]
pub struct LedgerRow {
    #[diesel(sql_type = Text)]
    pub svix_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub event_type: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub object_id: Option<String>,
    #[diesel(sql_type = Text)]
    pub occurred_at: String,
    #[diesel(sql_type = Text)]
    pub outcome: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub error: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub payload: Option<String>,
}

#[derive(QueryableByName)]
struct RawRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Nullable<Text>)]
    data: Option<String>,
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Nullable<Text>)]
    deleted_at: Option<String>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// A connection to the database under test.
pub enum Mirror {
    Postgres(Box<PgConnection>),
    Sqlite(Box<SqliteConnection>),
}

impl Mirror {
    /// Connects to the database at `url`.
    pub fn open(url: &str) -> Self {
        match url.strip_prefix("sqlite:") {
            Some(path) => {
                let mut connection = SqliteConnection::establish(path).unwrap();
                connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
                Self::Sqlite(Box::new(connection))
            }
            None => Self::Postgres(Box::new(PgConnection::establish(url).unwrap())),
        }
    }

    /// Every row of every mirror table, by table and id.
    pub fn rows(&mut self) -> BTreeMap<(&'static str, String), MirrorRow> {
        let mut all = BTreeMap::new();
        for table in TABLES {
            let deleted_at = self.time("deleted_at");
            let table_name = self.table(table);
            let data = if matches!(self, Self::Postgres(_)) { "data::text" } else { "data" };
            let rows: Vec<RawRow> = self.load(&format!(
                "SELECT id, {data} AS data, version, {deleted_at} AS deleted_at FROM {table_name}"
            ));
            for row in rows {
                let data = row.data.map(|text| serde_json::from_str(&text).unwrap());
                let mirrored = MirrorRow { data, version: row.version, deleted_at: row.deleted_at };
                all.insert((table, row.id), mirrored);
            }
        }
        all
    }

    /// The whole ledger, by svix-id.
    pub fn ledger(&mut self) -> BTreeMap<String, LedgerRow> {
        let (occurred_at, table) = (self.time("occurred_at"), self.table("webhook_events"));
        let rows: Vec<LedgerRow> = self.load(&format!(
            "SELECT svix_id, type AS event_type, object_id, {occurred_at} AS occurred_at, outcome, error, payload FROM {table}"
        ));
        rows.into_iter().map(|row| (row.svix_id.clone(), row)).collect()
    }

    /// The svix-ids of all rows of the ledger.
    pub fn svix_ids(&mut self) -> HashSet<String> {
        let table = self.table("webhook_events");
        let rows: Vec<Line> = self.load(&format!("SELECT svix_id AS text FROM {table}"));
        rows.into_iter().map(|row| row.text).collect()
    }

    /// How many rows the ledger has.
    pub fn ledger_len(&mut self) -> usize {
        let table = self.table("webhook_events");
        let rows: Vec<Count> = self.load(&format!("SELECT count(*) AS count FROM {table}"));
        rows[0].count as usize
    }

    /// Waits until the ledger has `count` rows; it must not have more.
    #[track_caller]
    pub fn wait_for_ledger(&mut self, count: usize, patience: Duration) {
        let started = Instant::now();
        loop {
            let found = self.ledger_len();
            if found == count {
                return;
            }
            assert!(found < count, "the ledger has {found} rows, {count} events were sent");
            assert!(
                started.elapsed() < patience,
                "the ledger has {found} of {count} rows after {patience:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Everything in the database as text: all rows of all tables, or the whole file.
    pub fn dump(&mut self) -> String {
        if matches!(self, Self::Sqlite(_)) {
            let path: Vec<Line> = self.load("SELECT file AS text FROM pragma_database_list");
            let files = [path[0].text.clone(), format!("{}-wal", path[0].text)];
            return files.map(|file| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()).concat();
        }
        let tables: Vec<Line> = self.load(
            "SELECT relname::text AS text FROM pg_class WHERE relnamespace = 'clerk'::regnamespace AND relkind = 'r'",
        );
        let mut text = String::new();
        for table in tables {
            let rows: Vec<Line> =
                self.load(&format!("SELECT row_to_json(t)::text AS text FROM clerk.{} t", table.text));
            rows.iter().for_each(|row| text.push_str(&row.text));
        }
        text
    }

    /// Runs statements.
    pub fn execute(&mut self, sql: &str) {
        match self {
            Self::Postgres(connection) => connection.batch_execute(sql).unwrap(),
            Self::Sqlite(connection) => connection.batch_execute(sql).unwrap(),
        }
    }

    /// The name of a table in this database.
    pub fn table(&self, name: &str) -> String {
        match self {
            Self::Postgres(_) => format!("clerk.{name}"),
            Self::Sqlite(_) => name.to_owned(),
        }
    }

    /// A time as `2026-11-23T15:54:40.123Z`.
    fn time(&self, column: &str) -> String {
        match self {
            Self::Postgres(_) => {
                format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")
            }
            Self::Sqlite(_) => column.to_owned(),
        }
    }

    fn load<T>(&mut self, sql: &str) -> Vec<T>
    where
        T: QueryableByName<diesel::pg::Pg> + QueryableByName<diesel::sqlite::Sqlite> + 'static,
    {
        let query = diesel::sql_query(sql);
        match self {
            Self::Postgres(connection) => query.load(&mut **connection).unwrap(),
            Self::Sqlite(connection) => query.load(&mut **connection).unwrap(),
        }
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}
