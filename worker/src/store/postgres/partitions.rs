//! The ledger's partitions: one a week, and the default partition for events of any other time.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Text;

/// What the names of the partitions begin with.
const PREFIX: &str = "webhook_events_";
/// How many weeks ahead of the current one have a partition.
const AHEAD: u64 = 4;

/// A week, from Monday 00:00 UTC, as a range of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Week {
    monday: NaiveDate,
}

impl Week {
    /// The week of a moment.
    fn of(moment: DateTime<Utc>) -> Self {
        let day = moment.date_naive();
        Self { monday: day - Days::new(day.weekday().num_days_from_monday().into()) }
    }

    /// The weeks that are to have a partition: last week's, because events may come late, to some weeks ahead,
    /// because upkeep may have to wait.
    pub(super) fn wanted(now: DateTime<Utc>) -> impl Iterator<Item = Self> {
        let last = Self::of(now).monday - Days::new(7);
        (0..=AHEAD + 1).map(move |week| Self { monday: last + Days::new(7 * week) })
    }

    /// The name of this week's partition.
    pub(super) fn partition(self) -> String {
        format!("{PREFIX}{}", self.monday.format("%Y%m%d"))
    }

    /// The first moment of the week.
    pub(super) fn start(self) -> DateTime<Utc> {
        self.monday.and_time(NaiveTime::MIN).and_utc()
    }

    /// The first moment after the week.
    pub(super) fn end(self) -> DateTime<Utc> {
        self.start() + Days::new(7)
    }

    /// The bounds of this week's partition, as the catalogue writes them for a session in UTC.
    pub(super) fn bounds(self) -> String {
        let moment = |moment: DateTime<Utc>| moment.format("%Y-%m-%d %H:%M:%S+00").to_string();
        format!("FOR VALUES FROM ('{}') TO ('{}')", moment(self.start()), moment(self.end()))
    }

    /// The week of a partition that upkeep has made: both its name and its bounds say so.
    fn of_partition(name: &str, bounds: &str) -> Option<Self> {
        let monday = NaiveDate::parse_from_str(name.strip_prefix(PREFIX)?, "%Y%m%d").ok()?;
        let week = Self { monday };
        (week.partition() == name && week.bounds() == bounds).then_some(week)
    }
}

#[derive(QueryableByName)]
struct Attached {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    bounds: String,
}

/// The weeks whose partitions upkeep has made, earliest first. Partitions that somebody else has made are not
/// among them. Takes a session in UTC.
pub(super) fn attached(connection: &mut PgConnection) -> QueryResult<Vec<Week>> {
    let rows: Vec<Attached> = diesel::sql_query(
        "SELECT relname::text AS name, pg_get_expr(relpartbound, pg_class.oid) AS bounds \
         FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid \
         WHERE inhparent = 'clerk.webhook_events'::regclass AND relnamespace = 'clerk'::regnamespace \
         ORDER BY relname",
    )
    .load(connection)?;
    Ok(rows.iter().filter_map(|row| Week::of_partition(&row.name, &row.bounds)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_is_from_monday_to_monday() {
        for (time, partition) in [
            ("2026-11-22T23:59:59.999Z", "webhook_events_20261116"),
            ("2026-11-23T00:00:00Z", "webhook_events_20261123"),
            ("2026-11-29T23:59:59.999Z", "webhook_events_20261123"),
            ("2027-01-01T00:00:00Z", "webhook_events_20261228"),
        ] {
            let week = Week::of(moment(time));
            assert_eq!(week.partition(), partition);
            assert!(week.start() <= moment(time) && moment(time) < week.end());
        }
    }

    #[test]
    fn the_weeks_wanted_are_from_last_week_to_four_weeks_ahead() {
        let names: Vec<_> = Week::wanted(moment("2026-11-26T12:00:00Z")).map(Week::partition).collect();
        let days = ["20261116", "20261123", "20261130", "20261207", "20261214", "20261221"];
        assert_eq!(names, days.map(|day| format!("webhook_events_{day}")));
    }

    #[test]
    fn only_what_upkeep_has_made_is_taken_for_its_own() {
        let bounds = "FOR VALUES FROM ('2026-11-23 00:00:00+00') TO ('2026-11-30 00:00:00+00')";
        let week = Week::of_partition("webhook_events_20261123", bounds).unwrap();
        assert_eq!(week.bounds(), bounds);
        for (name, bounds) in [
            ("webhook_events_20261124", bounds),
            ("webhook_events_20261116", bounds),
            ("webhook_events_2026112", bounds),
            ("webhook_events_ 20261123", bounds),
            ("webhook_events_archive", bounds),
            ("events_20261123", bounds),
            ("webhook_events_default", "DEFAULT"),
            ("webhook_events_20261123", "DEFAULT"),
            ("webhook_events_20261123", "FOR VALUES FROM (MINVALUE) TO ('2026-11-30 00:00:00+00')"),
        ] {
            assert_eq!(Week::of_partition(name, bounds), None, "{name} {bounds}");
        }
    }
}
