//! A share.

use std::{fmt, str::FromStr};

/// From 0 to 100 in a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Percent(f64);

impl Percent {
    /// That share of a number, rounded.
    pub fn of(self, whole: u64) -> u64 {
        (whole as f64 * self.0 / 100.0).round() as u64
    }
}

impl FromStr for Percent {
    type Err = InvalidPercent;

    /// Reads `10%` or `10`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.trim().trim_end_matches('%').trim_end();
        if text.matches('%').count() > 1 {
            return Err(InvalidPercent::NotANumber);
        }
        let percent: f64 = number.parse().map_err(|_| InvalidPercent::NotANumber)?;
        if (0.0..=100.0).contains(&percent) { Ok(Self(percent)) } else { Err(InvalidPercent::OutOfRange) }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// Why a text is no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPercent {
    /// Not a number, with or without a percent sign behind it.
    #[error("expected a percentage such as 10%")]
    NotANumber,
    /// Below 0 or above 100.
    #[error("a percentage lies between 0% and 100%")]
    OutOfRange,
}

#[cfg(test)]
mod tests {
    use super::{InvalidPercent, Percent};

    fn parse(text: &str) -> Result<Percent, InvalidPercent> {
        text.parse()
    }

    #[test]
    fn reads_with_and_without_a_sign() {
        for text in ["10%", "10", " 10 % ", "10.0%"] {
            assert_eq!(parse(text).map(|percent| percent.of(1_000)), Ok(100), "{text}");
        }
        assert_eq!(parse("0.5%").map(|percent| percent.of(1_000)), Ok(5));
        assert_eq!(parse("100%").map(|percent| percent.of(7)), Ok(7));
        assert_eq!(parse("0").map(|percent| percent.of(7)), Ok(0));
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "%", "ten", "10%%", "1,5%", "%10", "10 percent"] {
            assert_eq!(parse(text), Err(InvalidPercent::NotANumber), "{text}");
        }
        for text in ["-1%", "100.1%", "NaN", "inf"] {
            assert_eq!(parse(text), Err(InvalidPercent::OutOfRange), "{text}");
        }
    }
}
