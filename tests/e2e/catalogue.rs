//! Every event type of Clerk's, one at a time: the right table, the right outcome, and no secret kept.

use harness::fixtures;
use worker::event::Millis;

use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, Worker},
    mirror::{Mirror, TABLES},
    signed::post,
};

fn every_event_lands_where_it_belongs(backends: Backends) {
    let (ingest, _worker) = (Ingest::start(&backends), Worker::start(&backends));
    let mut mirror = Mirror::open(&backends.database_url);
    let empty: String = TABLES
        .into_iter()
        .chain(["webhook_events"])
        .map(|table| format!("DELETE FROM {};", mirror.table(table)))
        .collect();
    for case in fixtures() {
        let name = &case.file;
        mirror.execute(&empty);
        let response = post(ingest.address, &case.svix_id, &case.body());
        assert_eq!((response.status, response.text()), (200, "{}"), "{name}");
        mirror.wait_for_ledger(1, PATIENCE);

        let row = &mirror.ledger()[&case.svix_id];
        assert_eq!(row.outcome, case.outcome, "{name}: {row:?}");
        assert_eq!(row.event_type, case.event_type, "{name}");
        assert_eq!(row.object_id, case.object_id, "{name}");
        if let Some(ms) = case.occurred_at_ms {
            assert_eq!(row.occurred_at, Millis::from_millis(ms).unwrap().to_rfc3339(), "{name}");
        }
        match &case.reason_contains {
            Some(reason) => {
                let error = row.error.as_deref().unwrap().to_lowercase();
                assert!(error.contains(&reason.to_lowercase()), "{name}: {error}");
            }
            None => assert_eq!(row.error, None, "{name}"),
        }
        let rows = mirror.rows();
        assert_eq!(rows.len(), usize::from(case.table.is_some()), "{name}: {rows:?}");
        for ((table, id), row) in rows {
            assert_eq!((Some(table), Some(&id)), (case.table.as_deref(), case.object_id.as_ref()), "{name}");
            assert_eq!(row.deleted_at.is_some(), case.deleted, "{name}");
        }
    }
}
on_every_backend!(every_event_lands_where_it_belongs);

fn no_secret_is_kept(backends: Backends) {
    let (ingest, _worker) = (Ingest::start(&backends), Worker::start(&backends));
    let cases = fixtures();
    let mut sent = 0;
    for case in &cases {
        let body = case.body();
        sent += body.windows(7).filter(|window| window == b"SECRET-").count();
        assert_eq!(post(ingest.address, &case.svix_id, &body).status, 200);
    }
    assert!(sent > 30, "the fixtures hold {sent} secrets");
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(cases.len(), PATIENCE);
    let dump = mirror.dump();
    assert!(dump.contains("user.created"), "the dump shows what is kept");
    let found: Vec<&str> =
        dump.match_indices("SECRET-").map(|(at, _)| &dump[at..(at + 40).min(dump.len())]).collect();
    assert!(found.is_empty(), "{found:?}");
}
on_every_backend!(no_secret_is_kept);
