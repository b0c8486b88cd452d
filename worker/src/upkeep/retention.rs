//! How long the ledger keeps an event.

use std::{str::FromStr, time::Duration};

/// How long the ledger keeps an event: a time, or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention(Option<Duration>);

impl Retention {
    /// Svix delivers an event again for 27.5 hours, and only the ledger knows that it was there before.
    const LEAST: Duration = Duration::from_secs(2 * 24 * 3600);

    /// The time, or none if everything is kept.
    pub fn get(self) -> Option<Duration> {
        self.0
    }
}

/// Why something is no retention.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRetention {
    /// Not a time.
    #[error("is neither a time (90d) nor `never`")]
    Unreadable,
    /// Too short a time.
    #[error("must be at least 2d: an event may come again for that long, and the ledger must still know it")]
    TooShort,
}

impl FromStr for Retention {
    type Err = InvalidRetention;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "never" {
            return Ok(Self(None));
        }
        let time = humantime::parse_duration(text).map_err(|_| InvalidRetention::Unreadable)?;
        if time < Self::LEAST { Err(InvalidRetention::TooShort) } else { Ok(Self(Some(time))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_a_time_or_never() {
        let days = |days: u64| Ok(Retention(Some(Duration::from_secs(days * 24 * 3600))));
        assert_eq!("90d".parse(), days(90));
        assert_eq!("48h".parse(), days(2));
        assert_eq!("never".parse(), Ok(Retention(None)));
        assert_eq!("47h 59m".parse::<Retention>(), Err(InvalidRetention::TooShort));
        assert_eq!("0".parse::<Retention>(), Err(InvalidRetention::TooShort));
        assert_eq!("90".parse::<Retention>(), Err(InvalidRetention::Unreadable));
        assert_eq!("".parse::<Retention>(), Err(InvalidRetention::Unreadable));
    }
}
