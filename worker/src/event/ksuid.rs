//! The time inside a svix-id.

use super::Millis;

const PREFIX: &str = "msg_";
const LEN: usize = 27;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// KSUIDs count seconds from here (2014-05-13).
const EPOCH_SECONDS: i64 = 1_400_000_000;

/// When Svix made the message: a svix-id is `msg_` and a KSUID, which begins with its time in seconds.
///
/// The same on every delivery of one event, so it dates events whose body tells no time.
pub(super) fn created_at(svix_id: &str) -> Option<Millis> {
    let text = svix_id.strip_prefix(PREFIX).filter(|text| text.len() == LEN)?;
    // 160 bits, the highest first; the time is the first 32.
    let mut words = [0u32; 5];
    for symbol in text.bytes() {
        let mut carry = ALPHABET.iter().position(|&letter| letter == symbol)? as u64;
        for word in words.iter_mut().rev() {
            carry += u64::from(*word) * ALPHABET.len() as u64;
            *word = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            return None;
        }
    }
    Millis::from_millis((EPOCH_SECONDS + i64::from(words[0])) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_time_of_a_ksuid() {
        // The example of the KSUID specification: 2017-10-10 04:00:47 UTC.
        assert_eq!(created_at("msg_0ujtsYcgvSTl8PAuAdqWYSMnLOv").map(Millis::get), Some(1_507_608_047_000));
        assert_eq!(created_at("msg_000000000000000000000000000").map(Millis::get), Some(1_400_000_000_000));
    }

    #[test]
    fn what_is_no_ksuid_has_no_time() {
        for id in [
            "",
            "msg_",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "msg_0ujtsYcgvSTl8PAuAdqWYSMnLO!",
            "0ujtsYcgvSTl8PAuAdqWYSMnLOv",
        ] {
            assert_eq!(created_at(id), None, "{id}");
        }
        // 27 symbols can count further than 160 bits.
        assert_eq!(created_at("msg_zzzzzzzzzzzzzzzzzzzzzzzzzzz"), None);
    }
}
