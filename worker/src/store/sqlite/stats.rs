//! How much there is in each table.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::store::{Stats, TableStats};

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Reads every page of the file.
pub(super) fn read(connection: &mut SqliteConnection) -> QueryResult<Stats> {
    let tables: Vec<Table> = diesel::sql_query(
        "SELECT tbl_name AS name, sum(pgsize) AS bytes \
         FROM sqlite_schema JOIN dbstat ON dbstat.name = sqlite_schema.name AND aggregate = TRUE \
         WHERE tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
         GROUP BY tbl_name ORDER BY tbl_name",
    )
    .load(connection)?;
    let file: Number =
        diesel::sql_query("SELECT page_count * page_size AS number FROM pragma_page_count, pragma_page_size")
            .get_result(connection)?;
    let tables = tables
        .into_iter()
        .map(|Table { name, bytes }| {
            let count = format!("SELECT count(*) AS number FROM \"{}\"", name.replace('"', "\"\""));
            let rows: Number = diesel::sql_query(count).get_result(connection)?;
            Ok(TableStats { table: name, rows: rows.number, bytes, partitions: Vec::new() })
        })
        .collect::<QueryResult<_>>()?;
    Ok(Stats::of(tables, true, Some(file.number)))
}
