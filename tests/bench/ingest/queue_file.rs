//! What is in a SQLite queue.

use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::BigInt};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The number of deliveries in a queue's file.
pub fn deliveries(file: &str) -> anyhow::Result<u64> {
    let mut connection = SqliteConnection::establish(file)?;
    let rows: Count =
        diesel::sql_query("SELECT count(*) AS count FROM deliveries").get_result(&mut connection)?;
    Ok(rows.count.try_into()?)
}
