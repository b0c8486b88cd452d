//! Names that no other test, and no other run on the same server, uses.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A name made of `hint`, this process and a counter; letters, digits and `_` only, at most 63 characters
/// (the limit of PostgreSQL), so it may be a database, a schema, a queue or a file.
pub fn unique(hint: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let hint: String = hint
        .chars()
        .take(28)
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_millis();
    format!("t_{hint}_{now:x}_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_fit_postgresql() {
        let hint = "Two-Workers: Ärger, and a hint that goes on for ever and ever";
        let (one, two) = (unique(hint), unique(hint));
        assert_ne!(one, two);
        assert!(one.starts_with("t_two_workers___rger__and_a_hi"), "{one}");
        assert!(one.len() <= 63 && one.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{one}");
    }
}
