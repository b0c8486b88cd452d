//! Times as an event may write them.

use std::fmt;

use serde_json::{Value, json};

/// 2024-05-28T08:00:00Z in milliseconds: about then, everything happens.
pub const START: i64 = 1_716_883_200_000;
/// The last millisecond (2001) with fewer digits than [`START`]: sorts after it as a text that is not padded.
pub const FEWER_DIGITS: i64 = 999_999_999_999;
/// A millisecond (5138) with more digits than [`START`]: sorts before it as a text that is not padded.
pub const MORE_DIGITS: i64 = 100_000_000_000_000;

/// A time as it stands in an event.
#[derive(Clone, Copy, PartialEq)]
pub enum Written {
    /// In milliseconds, as Clerk sends them.
    Millis(i64),
    /// In seconds, as in some of Clerk's examples.
    Seconds(i64),
    /// In milliseconds, with a decimal point.
    Fraction(i64),
    /// The field is not there.
    Absent,
    /// The field is null.
    Null,
    /// The field is not a number.
    Text,
    /// A number that is no time.
    Negative,
}

impl Written {
    /// The time in milliseconds, if it is one.
    pub fn millis(self) -> Option<i64> {
        match self {
            Self::Millis(millis) | Self::Fraction(millis) => Some(millis),
            Self::Seconds(seconds) => Some(seconds * 1000),
            Self::Absent | Self::Null | Self::Text | Self::Negative => None,
        }
    }

    /// The field's value; `None` if it is to be left out.
    pub fn json(self) -> Option<Value> {
        match self {
            Self::Millis(number) | Self::Seconds(number) => Some(json!(number)),
            Self::Fraction(millis) => Some(json!(millis as f64)),
            Self::Absent => None,
            Self::Null => Some(Value::Null),
            Self::Text => Some(json!("1716883200000")),
            Self::Negative => Some(json!(-1)),
        }
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.json() {
            Some(value) => write!(f, "{value}"),
            None => f.write_str("absent"),
        }
    }
}
