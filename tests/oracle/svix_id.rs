//! Svix-ids: KSUIDs, which tell a time, and others, which do not.

use super::time::START;

/// What a svix-id looks like.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// `msg_` and a KSUID of this many seconds after the start of everything.
    Ksuid(u8),
    /// Not a KSUID. Sorts before those that are.
    Plain,
    /// Another sender's. Sorts before in upper case, after in lower case: only comparing bytes gives one order.
    UpperCase,
    /// Another sender's. Sorts after.
    LowerCase,
}

/// What is generated of a svix-id.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    pub form: Form,
    /// Orders the svix-ids of one form, whatever the order of their events.
    pub rank: u8,
}

impl Spec {
    /// The svix-id of an event in one run of its world. Those of one run are in the same order in every run.
    pub fn text(self, run: u32, event: usize) -> String {
        let rank = self.rank;
        match self.form {
            Form::Ksuid(second) => {
                let payload = u128::from(rank) << 96 | u128::from(run) << 64 | event as u128;
                format!("msg_{}", ksuid((START / 1000) as u64 + u64::from(second), payload))
            }
            // One may be the beginning of another.
            Form::Plain => format!("msg_{run:08x}_{}{event}", ["A", "a", "Z", "_"][usize::from(rank % 4)]),
            Form::UpperCase => format!("X-{run:08x}-{rank:03}-{event}"),
            Form::LowerCase => format!("x-{run:08x}-{rank:03}-{event}"),
        }
    }

    /// The time it tells, in milliseconds.
    pub fn millis(self) -> Option<i64> {
        match self.form {
            Form::Ksuid(second) => Some(START + i64::from(second) * 1000),
            Form::Plain | Form::UpperCase | Form::LowerCase => None,
        }
    }
}

/// 32 bits of time, in seconds since 2014-05-13, and 128 bits of anything, written with 27 digits.
fn ksuid(seconds: u64, payload: u128) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let words = [96, 64, 32, 0].map(|shift| payload >> shift & 0xffff_ffff);
    let mut number = [u128::from(seconds - 1_400_000_000), words[0], words[1], words[2], words[3]];
    let mut digits = [0; 27];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0;
        for word in &mut number {
            let dividend = remainder << 32 | *word;
            *word = dividend / 62;
            remainder = dividend % 62;
        }
        *digit = ALPHABET[remainder as usize];
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

#[test]
fn a_ksuid_is_written_as_its_specification_says() {
    let payload = 0xb5a1_cd34_b5f9_9d11_54fb_6853_345c_9735;
    assert_eq!(ksuid(1_400_000_000 + 107_608_047, payload), "0ujtsYcgvSTl8PAuAdqWYSMnLOv");
}
