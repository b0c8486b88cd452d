use std::path::PathBuf;

use diesel::{Connection, connection::SimpleConnection};
use tempfile::TempDir;

use super::*;

/// A queue file with so many deliveries.
pub fn a_file_with(deliveries: usize) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("queue.db");
    let mut connection = file::open(&path, Durability::Normal).unwrap();
    add(&mut connection, deliveries);
    (folder, path)
}

fn add(connection: &mut SqliteConnection, deliveries: usize) {
    for number in 0..deliveries {
        let insert = format!(
            "INSERT INTO deliveries (svix_id, svix_timestamp, svix_signature, received_at, body)
             VALUES ('msg_{number}', 0, '', 0, x'00')"
        );
        connection.batch_execute(&insert).unwrap();
    }
}

fn leases(path: &Path) -> Leases {
    Leases::open(path).unwrap()
}

/// What a holder does that is killed, and then time.
fn die(mut leases: Leases) {
    leases.connection.batch_execute("UPDATE leases SET until_ms = 0").unwrap();
}

fn take(leases: &mut Leases) -> Vec<i64> {
    leases.take(10).unwrap().map(|taken| taken.rows).unwrap_or_default()
}

#[test]
fn what_ends_every_holder_becomes_a_dead_letter_and_nothing_else_does() {
    let (_folder, path) = a_file_with(3);
    for round in 0..DELIVERY_LIMIT {
        let mut holder = leases(&path);
        let alone = round >= SUSPECT_AFTER;
        assert_eq!(take(&mut holder), if alone { vec![1] } else { vec![1, 2, 3] }, "round {round}");
        die(holder);
    }
    let mut holder = leases(&path);
    for innocent in [2, 3] {
        assert_eq!(take(&mut holder), [innocent], "they fell with it, and are taken alone too");
        holder.remove(&[innocent]).unwrap();
    }
    assert_eq!(take(&mut holder), [0; 0]);
    for before in [DELIVERY_LIMIT, DELIVERY_LIMIT + 1] {
        let mut undertaker = leases(&path);
        let dead = undertaker.take_dead().unwrap().unwrap();
        assert_eq!((&dead.rows[..], dead.before), (&[1][..], before));
        assert!(undertaker.take_dead().unwrap().is_none());
        die(undertaker);
    }
}

#[test]
fn what_is_given_back_in_good_order_was_not_taken() {
    let (_folder, path) = a_file_with(1);
    let before = |leases: &mut Leases| leases.take(10).unwrap().map(|taken| taken.before);
    for _ in 0..3 {
        let mut holder = leases(&path);
        assert_eq!(before(&mut holder), Some(0));
        holder.release().unwrap();
        holder.release().unwrap();
    }
    let mut killed = leases(&path);
    assert_eq!(before(&mut killed), Some(0));
    die(killed);
    for _ in 0..3 {
        let mut holder = leases(&path);
        assert_eq!(before(&mut holder), Some(1));
        holder.release().unwrap();
    }
}

#[test]
fn a_suspect_is_held_while_nothing_else_is() {
    let (_folder, path) = a_file_with(4);
    for _ in 0..SUSPECT_AFTER {
        let mut killed = leases(&path);
        assert_eq!(killed.take(1).unwrap().unwrap().rows, [1]);
        die(killed);
    }
    let (mut one, mut other) = (leases(&path), leases(&path));
    one.connection.batch_execute("INSERT INTO leases VALUES (4, 7, 9e15, 1)").unwrap();
    assert_eq!(take(&mut one), [0; 0], "somebody holds another");
    one.connection.batch_execute("DELETE FROM leases WHERE seq = 4").unwrap();
    assert_eq!(take(&mut one), [1]);
    assert_eq!(take(&mut other), [0; 0], "somebody holds the suspect");
    one.remove(&[1]).unwrap();
    assert_eq!(take(&mut other), [2, 3, 4]);
}

#[test]
fn what_is_older_than_a_suspect_is_taken_before_it() {
    let (_folder, path) = a_file_with(3);
    let mut holder = leases(&path);
    let suspect = format!("INSERT INTO leases VALUES (2, 7, 0, {SUSPECT_AFTER})");
    holder.connection.batch_execute(&suspect).unwrap();
    for rows in [[1], [2], [3]] {
        assert_eq!(take(&mut holder), rows);
        assert_eq!(take(&mut holder), [0; 0]);
        holder.remove(&rows).unwrap();
    }
}

#[test]
fn what_is_held_is_renewed_and_what_is_lost_stays_lost() {
    let (_folder, path) = a_file_with(2);
    let (mut one, mut other) = (leases(&path), leases(&path));
    assert_eq!(take(&mut one), [1, 2]);
    one.connection.batch_execute("UPDATE leases SET until_ms = 1").unwrap();
    one.renew().unwrap();
    assert_eq!(take(&mut other), [0; 0]);

    one.connection.batch_execute("UPDATE leases SET until_ms = 1").unwrap();
    assert_eq!(take(&mut other), [1, 2]);
    other.connection.batch_execute("UPDATE leases SET until_ms = 1").unwrap();
    one.renew().unwrap();
    one.release().unwrap();
    let taken = one.take(10).unwrap().unwrap();
    assert_eq!((&taken.rows[..], taken.before), (&[1, 2][..], 2), "the lease was no longer theirs");
}

#[test]
fn a_file_from_before_anybody_counted_opens_with_all_that_is_in_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("queue.db");
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection
        .batch_execute(
            "CREATE TABLE deliveries (seq INTEGER PRIMARY KEY AUTOINCREMENT, svix_id TEXT NOT NULL,
                 svix_timestamp INTEGER NOT NULL, svix_signature TEXT NOT NULL, received_at INTEGER NOT NULL,
                 traceparent TEXT, body BLOB NOT NULL) STRICT;
             CREATE TABLE leases (seq INTEGER PRIMARY KEY, holder INTEGER NOT NULL, until_ms INTEGER NOT NULL) STRICT;
             INSERT INTO leases VALUES (1, 7, 0);",
        )
        .unwrap();
    add(&mut connection, 2);
    for _ in 0..2 {
        let taken = leases(&path).take(10).unwrap();
        assert!(taken.is_none_or(|taken| taken.rows == [1, 2] && taken.before == 1));
    }
}
