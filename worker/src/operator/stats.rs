//! `stats`: how much there is in the database.

use std::io::{self, Write};

use clap::Args;

use super::{CommandError, output};
use crate::store::{Stats, Store};

/// How to count, and how to show it.
#[derive(Debug, Clone, Args)]
pub struct StatsArgs {
    /// Count the rows, where PostgreSQL would estimate them; reads every table
    #[arg(long)]
    exact: bool,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

impl StatsArgs {
    pub(super) fn run(&self, store: &dyn Store) -> Result<(), CommandError> {
        let stats = store.stats(self.exact)?;
        output::write(|out| if self.json { output::json_line(out, &stats) } else { table(out, &stats) })?;
        Ok(())
    }
}

fn table(out: &mut dyn Write, stats: &Stats) -> io::Result<()> {
    let mut rows = Vec::new();
    let mut push = |name: String, count: i64, bytes: i64| rows.push([name, count.to_string(), size(bytes)]);
    for table in &stats.tables {
        push(table.table.clone(), table.rows, table.bytes);
        for partition in &table.partitions {
            push(format!("  {}", partition.table), partition.rows, partition.bytes);
        }
    }
    push("total".to_owned(), stats.rows, stats.bytes);
    let head = if stats.exact { "ROWS" } else { "ROWS (ESTIMATE)" };
    output::table(out, ["TABLE", head, "SIZE"], &rows)?;
    match stats.file_bytes {
        Some(bytes) => writeln!(out, "\nthe file: {}", size(bytes)),
        None => Ok(()),
    }
}

/// Bytes as people read them.
fn size(bytes: i64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut name = "B";
    for unit in UNITS {
        // What would be shown as 1024.0 is one of the next.
        if size < 1023.95 {
            break;
        }
        size /= 1024.0;
        name = unit;
    }
    if name == "B" { format!("{bytes} B") } else { format!("{size:.1} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::TableStats;

    #[test]
    fn sizes_are_in_the_greatest_unit_that_they_fill() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (3 << 50, "3072.0 TiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn partitions_are_below_their_table_and_the_total_below_all() {
        let of = |table: &str, rows, bytes, partitions| TableStats {
            table: table.into(),
            rows,
            bytes,
            partitions,
        };
        let stats = Stats {
            exact: false,
            rows: 30,
            bytes: 3072,
            file_bytes: None,
            tables: vec![
                of("users", 10, 1024, vec![]),
                of("webhook_events", 20, 2048, vec![of("w_1", 20, 2048, vec![])]),
            ],
        };
        let mut out = Vec::new();
        table(&mut out, &stats).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "TABLE           ROWS (ESTIMATE)  SIZE\n\
             users           10               1.0 KiB\n\
             webhook_events  20               2.0 KiB\n  \
               w_1           20               2.0 KiB\n\
             total           30               3.0 KiB\n"
        );
    }
}
