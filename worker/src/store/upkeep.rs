//! What one run of upkeep did to the ledger.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::StoreError;

/// How long one run goes on deleting rows, so that a process that is to stop does not have to wait for long.
pub(super) const SLICE: Duration = Duration::from_secs(5);

/// What one run of [`Store::maintain`](super::Store::maintain) did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Upkeep {
    /// The partitions that were made (PostgreSQL).
    pub made: Vec<String>,
    /// The rows that were moved from the default partition into those.
    pub moved: usize,
    /// The partitions that were dropped with all that was in them, because all of it was past retention (PostgreSQL).
    pub dropped: Vec<String>,
    /// The rows past retention that were deleted elsewhere.
    pub deleted: usize,
    /// What could not be done; the next run tries again.
    pub postponed: Vec<Postponed>,
    /// Whether the run left off because another process was at it.
    pub elsewhere: bool,
    /// Whether rows past retention are left that another run would delete right now.
    pub unfinished: bool,
}

/// Something that a run of upkeep could not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Postponed {
    /// The table that it was to be done to.
    pub table: String,
    /// Why it could not be done.
    pub reason: String,
}

impl Upkeep {
    pub(super) fn postpone(&mut self, table: impl Into<String>, reason: impl ToString) {
        self.postponed.push(Postponed { table: table.into(), reason: reason.to_string() });
    }

    /// Deletes chunk after chunk until one is not `full`, or until they have taken longer than `slice`. A chunk is
    /// the number of rows that it deleted, or none because another process is at it.
    pub(super) fn delete_chunks(
        &mut self,
        slice: Duration,
        full: usize,
        mut chunk: impl FnMut() -> Result<Option<usize>, StoreError>,
    ) -> Result<(), StoreError> {
        let start = Instant::now();
        loop {
            let Some(rows) = chunk()? else {
                self.elsewhere = true;
                return Ok(());
            };
            self.deleted += rows;
            if rows < full {
                return Ok(());
            }
            if start.elapsed() >= slice {
                self.unfinished = true;
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_deleted_until_one_is_not_full() {
        let mut upkeep = Upkeep::default();
        let mut chunks = [Some(10), Some(10), Some(3)].into_iter();
        upkeep.delete_chunks(Duration::MAX, 10, || Ok(chunks.next().unwrap())).unwrap();
        assert_eq!(upkeep, Upkeep { deleted: 23, ..Upkeep::default() });
    }

    #[test]
    fn a_run_that_takes_long_leaves_the_rest_to_the_next() {
        let mut upkeep = Upkeep::default();
        upkeep.delete_chunks(Duration::ZERO, 10, || Ok(Some(10))).unwrap();
        assert_eq!(upkeep, Upkeep { deleted: 10, unfinished: true, ..Upkeep::default() });
    }

    #[test]
    fn a_run_leaves_off_where_another_process_is_at_it() {
        let mut upkeep = Upkeep::default();
        upkeep.delete_chunks(Duration::MAX, 10, || Ok(None)).unwrap();
        assert_eq!(upkeep, Upkeep { elsewhere: true, ..Upkeep::default() });
    }
}
