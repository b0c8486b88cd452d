//! Times as Clerk sends them, made comparable.

use chrono::{DateTime, SecondsFormat, Utc};

/// Milliseconds since 1970 in the range every backend can hold: 1970 to the end of 9999, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(i64);

impl Millis {
    /// 1970-01-01: the time of what has none.
    pub const EPOCH: Self = Self(0);
    const MAX: i64 = 253_402_300_799_999;
    /// Below this, a number cannot be the milliseconds of an event of Clerk's (it would lie before 1973):
    /// Clerk's own examples give some times in seconds.
    const SECONDS_BELOW: i64 = 100_000_000_000;

    /// A time that is known to be in milliseconds.
    pub fn from_millis(millis: i64) -> Option<Self> {
        (0..=Self::MAX).contains(&millis).then_some(Self(millis))
    }

    /// A time that Clerk sent, in milliseconds or in seconds.
    pub fn from_clerk(number: i64) -> Option<Self> {
        let millis = if number < Self::SECONDS_BELOW { number.checked_mul(1000)? } else { number };
        Self::from_millis(millis)
    }

    /// Milliseconds since 1970.
    pub fn get(self) -> i64 {
        self.0
    }

    /// The same moment for the database.
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// `2026-11-23T15:54:40.123Z`: sorts as text in the order of time.
    pub fn to_rfc3339(self) -> String {
        self.to_datetime().to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

impl From<DateTime<Utc>> for Millis {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment.timestamp_millis().clamp(0, Self::MAX))
    }
}
