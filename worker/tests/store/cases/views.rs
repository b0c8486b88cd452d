//! The views. Each case is a small world and what the view says of it.

mod admission;
mod choices;
mod members;
mod mfa;

pub use admission::*;
pub use choices::*;
pub use members::*;
pub use mfa::*;

use std::borrow::Cow;

use serde_json::{Value, json};
use worker::event::{Change, Entry, Table, Verdict};

use crate::database::Database;
use crate::events::*;

/// The end of 9999, which is yet to come.
const NEVER: i64 = 253_402_300_000_000;

/// Mirrors an object as it was last sent.
fn put(database: &dyn Database, table: Table, id: &str, data: Value) {
    let (svix_id, data) = (format!("{} {id}", table.name()), data.to_string());
    database.store().apply(&[snapshot_in(table, &svix_id, id, 1, &data)]).unwrap();
}

/// Mirrors an object's deletion.
fn delete(database: &dyn Database, table: Table, id: &str) {
    let svix_id = format!("{} {id} deleted", table.name());
    let change =
        Change { table, id: Cow::Borrowed(id), snapshot: None, deleted_at: Some(at(2)), inviter_id: None };
    let entry = Entry { verdict: Verdict::Mirror(change), ..snapshot_in(table, &svix_id, id, 2, "{}") };
    database.store().apply(&[entry]).unwrap();
}

/// What a query's rows say: its expressions, with a space between and `-` for null.
fn lines(database: &dyn Database, expressions: &[String], rest: &str) -> Vec<String> {
    let texts: Vec<_> =
        expressions.iter().map(|expression| format!("coalesce(CAST({expression} AS text), '-')")).collect();
    let sql = format!("SELECT {} AS value FROM {rest}", texts.join(" || ' ' || "));
    database.texts(&sql).into_iter().flatten().collect()
}

fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|&column| column.to_owned()).collect()
}

/// A user with these addresses, each verified or not; the first is the primary one.
fn user(addresses: &[(&str, bool)]) -> Value {
    let addresses = addresses.iter().enumerate().map(|(n, (address, verified))| {
        let status = if *verified { "verified" } else { "unverified" };
        json!({"id": format!("idn_{n}"), "email_address": address, "verification": {"status": status}})
    });
    json!({"primary_email_address_id": "idn_0", "email_addresses": addresses.collect::<Vec<_>>()})
}

fn membership(organization: &str, user: &str, role: &str) -> Value {
    json!({"organization": {"id": organization}, "public_user_data": {"user_id": user}, "role": role,
           "role_name": "Admin", "permissions": ["org:own"], "created_at": START, "updated_at": START})
}

pub fn what_is_asked_about_one_is_found_by_an_index(database: &dyn Database) {
    // Enough rows that an index is the shorter way to one of them.
    for n in 0..4 {
        let rows: Vec<_> = (0..250).map(|row| format!("{}", n * 250 + row)).collect();
        for table in Table::ALL {
            let data = |row: &str| {
                let mut data = user(&[(&format!("user{row}@d{row}.example"), true)]);
                data["email_address"] = json!(format!("user{row}@d{row}.example"));
                data["name"] = json!(format!("d{row}.example"));
                data["key"] = json!(format!("org:{row}"));
                for field in ["user_id", "organization_id"] {
                    data[field] = json!(row);
                }
                let mut joined = membership(row, row, &format!("org:{row}"));
                data.as_object_mut().unwrap().append(joined.as_object_mut().unwrap());
                data.to_string()
            };
            let objects: Vec<_> =
                rows.iter().map(|row| (format!("{} {row}", table.name()), row, data(row))).collect();
            let entries: Vec<_> =
                objects.iter().map(|(svix_id, id, data)| snapshot_in(table, svix_id, id, 1, data)).collect();
            database.store().apply(&entries).unwrap();
        }
    }
    database.execute("ANALYZE");
    let questions = [
        "organization_members WHERE user_id = '7'",
        "organization_members WHERE organization_id = '7'",
        "user_organizations WHERE user_id = '7'",
        "user_mfa WHERE user_id = '7'",
        "organization_mfa WHERE organization_id = '7'",
        "pending_invitations WHERE lower(email_address) = 'user7@d7.example'",
        "active_sessions WHERE user_id = '7'",
        "active_sessions",
    ];
    for question in questions {
        assert_eq!(database.scans(&format!("SELECT * FROM {question}")), [""; 0], "{question}");
    }
}
