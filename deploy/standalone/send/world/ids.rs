//! Ids as Clerk and Svix make them: a prefix and a KSUID.

use std::fmt;

use serde::{Serialize, Serializer};

/// KSUIDs count seconds from here (2014-05-13T16:53:20Z).
pub const KSUID_EPOCH: i64 = 1_400_000_000;
const KSUID_LEN: usize = 27;
const CAPACITY: usize = 40;

/// An id such as `user_2g7np7Hrk0SN6kj5EDMLDaKNL0S`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    text: [u8; CAPACITY],
    len: u8,
}

impl Id {
    /// The id of something made `seconds` after 1970, told from others of that second by `payload`.
    pub fn new(prefix: &'static str, seconds: i64, payload: [u8; 16]) -> Self {
        let mut text = [0; CAPACITY];
        let prefix_len = prefix.len().min(CAPACITY - KSUID_LEN);
        let len = prefix_len + KSUID_LEN;
        text[..prefix_len].copy_from_slice(&prefix.as_bytes()[..prefix_len]);
        text[prefix_len..len].copy_from_slice(&ksuid(seconds, payload));
        Self { text, len: len as u8 }
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        // ASCII by construction.
        str::from_utf8(&self.text[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

fn ksuid(seconds: i64, payload: [u8; 16]) -> [u8; KSUID_LEN] {
    let stamp = u32::try_from(seconds - KSUID_EPOCH).unwrap_or_default();
    let mut number = [stamp, 0, 0, 0, 0];
    for (word, bytes) in number[1..].iter_mut().zip(payload.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    base62(number)
}

/// Writes a 160-bit number, most significant word first, with 27 digits.
fn base62(mut number: [u32; 5]) -> [u8; KSUID_LEN] {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // As many digits at a time as fit a word: a sixth of the long divisions.
    const DIGITS_AT_ONCE: usize = 5;
    const DIVISOR: u64 = 62u64.pow(DIGITS_AT_ONCE as u32);

    let mut digits = [b'0'; KSUID_LEN];
    for group in digits.rchunks_mut(DIGITS_AT_ONCE) {
        let mut remainder = 0;
        for word in &mut number {
            let dividend = remainder << 32 | u64::from(*word);
            *word = (dividend / DIVISOR) as u32;
            remainder = dividend % DIVISOR;
        }
        for digit in group.iter_mut().rev() {
            *digit = ALPHABET[(remainder % 62) as usize];
            remainder /= 62;
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::{Id, KSUID_EPOCH};

    fn payload(number: u128) -> [u8; 16] {
        number.to_be_bytes()
    }

    #[test]
    fn writes_the_reference_ksuids() {
        let example =
            Id::new("", KSUID_EPOCH + 107_608_047, payload(0xB5A1_CD34_B5F9_9D11_54FB_6853_345C_9735));
        assert_eq!(example.as_str(), "0ujtsYcgvSTl8PAuAdqWYSMnLOv");
        assert_eq!(Id::new("", KSUID_EPOCH, payload(0)).as_str(), "000000000000000000000000000");
        let last = Id::new("", KSUID_EPOCH + i64::from(u32::MAX), payload(u128::MAX));
        assert_eq!(last.as_str(), "aWgEPTl1tmebfsQzFP4bxwgy80V");
    }

    #[test]
    fn later_ids_sort_later() {
        let early = Id::new("msg_", KSUID_EPOCH + 1, payload(u128::MAX));
        let late = Id::new("msg_", KSUID_EPOCH + 2, payload(0));
        assert!(early.as_str() < late.as_str());
    }
}
