//! What a case needs of a database beside the store under test.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use worker::event::Table;
use worker::store::Store;

/// One database, and a connection to it that is not the store's.
pub trait Database: Sync {
    /// The store under test.
    fn store(&self) -> &dyn Store;
    /// Another store on the same database, as another process would open it.
    fn another_store(&self) -> Arc<dyn Store>;
    /// Runs statements that return nothing.
    fn execute(&self, sql: &str);
    /// The single text column of a query's rows.
    fn texts(&self, sql: &str) -> Vec<Option<String>>;
    /// The folder of the backend's migrations.
    fn migrations(&self) -> &'static Path;
    /// Reverts every migration.
    fn revert_migrations(&self);
    /// Reverts the newest migrations, the last of them the one with this version.
    fn revert_down_to(&self, version: &str);
    /// The columns of a table or view.
    fn columns(&self, relation: &str) -> Vec<String>;
    /// What the database says its schema is: a line for each table, column, constraint, index, view, function
    /// and trigger.
    fn schema(&self) -> Vec<String>;
    /// What a query reads from end to end, instead of finding it by an index.
    fn scans(&self, sql: &str) -> Vec<String>;
    /// Makes the database refuse users of which this is true.
    fn refuse_users(&self, condition: &str);
    /// Makes the database refuse the user with this id.
    fn refuse_user(&self, id: &str) {
        self.refuse_users(&format!("NEW.id = '{id}'"));
    }
    /// Makes the database refuse nobody any more.
    fn refuse_nobody(&self);
    /// What the ledger then says.
    fn refusal(&self) -> String;
    /// An expression for a time column as `2026-11-23T15:54:40.123Z`.
    fn iso(&self, column: &str) -> String;
    /// An expression for a column that holds a list of texts as JSON.
    fn list(&self, column: &str) -> String;

    /// Every row of a table, every column of it, as text.
    fn rows(&self, table: &str) -> Vec<Option<String>>;

    /// Everything that is stored, as text.
    fn dump(&self) -> String {
        let tables = Table::ALL.map(Table::name).into_iter().chain([
            "webhook_events",
            "webhook_event_history",
            "erased",
        ]);
        tables.flat_map(|table| self.rows(table)).flatten().collect()
    }

    /// The one text of a query.
    fn text(&self, sql: &str) -> Option<String> {
        let mut rows = self.texts(sql);
        assert_eq!(rows.len(), 1, "{sql}");
        rows.remove(0)
    }

    /// A mirror row.
    fn row(&self, table: Table, id: &str) -> Option<MirrorRow> {
        let column = |expression: &str| {
            let sql = format!("SELECT {expression} AS value FROM {} WHERE id = '{id}'", table.name());
            self.texts(&sql).into_iter().next()
        };
        let version = column("version")??;
        let data = column("CAST(data AS text)").flatten();
        Some(MirrorRow {
            data: data.map(|text| serde_json::from_str(&text).expect("valid JSON")),
            version,
            deleted_at: column(&self.iso("deleted_at")).flatten(),
        })
    }
}

/// The written columns of a mirror row.
#[derive(Debug, Clone, PartialEq)]
pub struct MirrorRow {
    pub data: Option<Value>,
    pub version: String,
    pub deleted_at: Option<String>,
}
