//! Bodies at the edge of what a database can hold: each is applied or dead with a reason, and nothing gets stuck.

use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, Worker},
    mirror::Mirror,
    signed::post,
};

/// An event about one user; `members` is further members of its data.
fn event(id: &str, members: &str) -> String {
    format!(r#"{{"type":"user.updated","timestamp":1700000000000,"data":{{"id":"{id}",{members}}}}}"#)
}

/// What must be applied on every database, and what a database may refuse.
fn bodies() -> (Vec<String>, Vec<String>) {
    let nested = |depth: usize| format!(r#""deep":{}1{}"#, "[".repeat(depth), "]".repeat(depth));
    let applied = [
        r#""unsafe_metadata":{"a":"\u0000","\u0000":"b"}"#.to_owned(),
        r#""unsafe_metadata":{"a":"\ud800","\udc00":"\ude00\ud83d"}"#.to_owned(),
        r#""unsafe_metadata":{"":"","a":"\u0001\uffff\\u0000"}"#.to_owned(),
        r#""unsafe_metadata":{"a":1,"a":2},"first_name":"A","first_name":"B""#.to_owned(),
        r#""created_at":1e400,"last_sign_in_at":-1e400,"updated_at":99999999999999999999"#.to_owned(),
        format!(r#""public_metadata":{{"n":{}}}"#, "9".repeat(1000)),
        format!(r#""public_metadata":{{"text":"{}"}}"#, "wörk ".repeat(60_000)),
        nested(100),
    ];
    let perhaps = [
        nested(900),
        nested(5_000),
        nested(100_000),
        r#""n":1e200000"#.to_owned(),
        format!(r#""n":{}"#, "9".repeat(200_000)),
        format!(r#""{}":1"#, "k".repeat(300_000)),
        format!(
            r#""primary_email_address_id":"e","email_addresses":[{{"id":"e","email_address":"{}"}}]"#,
            "é".repeat(100_000)
        ),
    ];
    let numbered = |prefix: &'static str, members: &[String]| {
        members.iter().enumerate().map(|(n, members)| event(&format!("{prefix}_{n}"), members)).collect()
    };
    let mut perhaps: Vec<String> = numbered("perhaps", &perhaps);
    perhaps.push(event(&"i".repeat(10_000), r#""first_name":"long""#));
    perhaps.push(r#"{"type":"user.updated","data":{"id":"twice","id":"twice"}}"#.to_owned());
    (numbered("applied", &applied), perhaps)
}

fn what_is_extreme_is_applied_or_dead_with_a_reason(backends: Backends) {
    let (ingest, _worker) = (Ingest::start(&backends), Worker::start(&backends));
    let (applied, perhaps) = bodies();
    // An ordinary event in between: it must not suffer.
    let ordinary: Vec<String> =
        (0..5).map(|n| event(&format!("ordinary_{n}"), r#""first_name":"O""#)).collect();
    let all: Vec<&String> = applied.iter().chain(&ordinary).chain(&perhaps).collect();
    for (n, body) in all.iter().enumerate() {
        assert_eq!(post(ingest.address, &format!("msg_{n:03}"), body.as_bytes()).status, 200);
    }
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(all.len(), PATIENCE);
    for (n, (row, body)) in mirror.ledger().values().zip(&all).enumerate() {
        let start: String = body.chars().take(120).collect();
        match row.outcome.as_str() {
            "applied" => assert_eq!(row.error, None, "{start}"),
            outcome => {
                assert_eq!(outcome, "dead", "{start}");
                assert!(n >= applied.len() + ordinary.len(), "{start}: {:?}", row.error);
                assert!(row.error.as_ref().is_some_and(|error| !error.is_empty()), "{start}");
            }
        }
    }
}
on_every_backend!(what_is_extreme_is_applied_or_dead_with_a_reason);
