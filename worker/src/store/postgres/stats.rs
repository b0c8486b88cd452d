//! How much there is in each table and partition.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::store::{Stats, StoreError, TableStats};

#[derive(QueryableByName)]
struct Relation {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    parent: Option<String>,
    /// Quoted as need be, with its schema.
    #[diesel(sql_type = Text)]
    qualified: String,
    #[diesel(sql_type = BigInt)]
    estimate: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Reads the catalogue, and, if `exact`, every table. Takes a transaction.
pub(super) fn read(connection: &mut PgConnection, exact: bool) -> Result<Stats, StoreError> {
    if exact {
        // To count takes as long as it takes.
        connection.batch_execute("SET LOCAL statement_timeout = 0")?;
    }
    // A partitioned table has neither rows nor bytes of its own.
    let relations: Vec<Relation> = diesel::sql_query(
        "SELECT it.relname::text AS name, parent.relname::text AS parent, \
             it.oid::regclass::text AS qualified, \
             coalesce(n_live_tup, 0) AS estimate, pg_total_relation_size(it.oid) AS bytes \
         FROM pg_class it \
             LEFT JOIN pg_inherits ON inhrelid = it.oid \
             LEFT JOIN pg_class parent ON parent.oid = inhparent \
             LEFT JOIN pg_stat_all_tables stat ON stat.relid = it.oid \
         WHERE it.relkind IN ('r', 'p') AND it.relname NOT LIKE '\\_\\_diesel%' \
             AND 'clerk'::regnamespace IN (it.relnamespace, parent.relnamespace) \
         ORDER BY parent.relname IS NOT NULL, it.relname",
    )
    .load(connection)?;

    let mut tables: Vec<TableStats> = Vec::new();
    for Relation { name, parent, qualified, estimate, bytes } in relations {
        let rows = if exact { count(connection, &qualified)? } else { estimate };
        let table = TableStats { table: name, rows, bytes, partitions: Vec::new() };
        match parent.and_then(|parent| tables.iter_mut().find(|table| table.table == parent)) {
            Some(parent) => {
                parent.rows += rows;
                parent.bytes += bytes;
                parent.partitions.push(table);
            }
            None => tables.push(table),
        }
    }
    Ok(Stats::of(tables, exact, None))
}

/// The rows that are in a table itself.
fn count(connection: &mut PgConnection, qualified: &str) -> QueryResult<i64> {
    let query = format!("SELECT count(*) FROM ONLY {qualified}");
    Ok(diesel::sql_query(query).get_result::<Count>(connection)?.count)
}
