//! Erasing a person, the same whatever the database.
//!
//! Unlike the statements that apply events, these are rare and of many shapes. So they are written once for both
//! databases: all parameters are texts, and each statement returns an id and a text.

use std::collections::BTreeSet;

use diesel::QueryableByName;
use diesel::result::Error as DieselError;
use diesel::sql_types::{Nullable, Text};
use serde::Serialize;
use serde_json::Value;

use super::error::StoreError;
use crate::event::{Millis, Table, without_person};

/// What became of an order to erase somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erasure {
    /// Nothing personal of them is left.
    Done(Erased),
    /// The user is still there: who has not been deleted cannot be erased.
    NotDeleted,
    /// The mirror has never heard of the user.
    Unknown,
}

/// How much went when a person was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Mirror rows of which only the id and the time of deletion are left: the user and what was theirs alone.
    pub emptied: usize,
    /// Mirror rows that stay without the person's details: what they bought, and their invitations to others.
    pub anonymized: usize,
    /// Events of which the ledger now keeps no payload.
    pub payloads: usize,
}

/// A row of an answer.
#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = Text)]
    pub id: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub text: Option<String>,
}

/// One open transaction of a backend.
pub(super) trait Session {
    /// What the names of tables begin with.
    const SCHEMA: &'static str;
    /// What makes a text a time.
    const TIME: &'static str;
    /// What makes a text JSON.
    const JSON: &'static str;

    /// The query for the elements of a JSON array of texts.
    fn elements(parameter: &str) -> String;

    /// Waits until no batch is being applied; none will be until the transaction ends.
    fn hold_off_batches(&mut self) -> Result<(), StoreError>;

    /// Runs a statement that returns `id` and `text`. Its parameters are `$1`, `$2`…, first used in this order.
    fn rows(&mut self, sql: &str, parameters: &[&str]) -> Result<Vec<Row>, StoreError>;
}

/// Tables whose rows belong to the user they name.
const OWNED: [Table; 3] = [Table::Sessions, Table::OrganizationMemberships, Table::OrganizationInvitations];
/// Tables whose rows may know a person only by an e-mail address, and what tells those that do.
const ADDRESSED: [(Table, &str); 3] = [
    (Table::OrganizationInvitations, "user_id IS NULL"),
    (Table::Invitations, "true"),
    (Table::WaitlistEntries, "true"),
];
/// Tables whose rows may hold the details of a user whom they do not belong to, and the column that names the user.
const MENTIONS: [(Table, &str); 4] = [
    (Table::OrganizationInvitations, "inviter_id"),
    (Table::Subscriptions, "payer_user_id"),
    (Table::SubscriptionItems, "payer_user_id"),
    (Table::PaymentAttempts, "payer_user_id"),
];

/// Erases a user within a transaction.
pub(super) fn erase<S: Session>(session: &mut S, user_id: &str) -> Result<Erasure, StoreError> {
    session.hold_off_batches()?;
    let deletion = format!(
        "SELECT id, CAST(deleted_at AS text) AS text FROM {} WHERE id = $1",
        table::<S>(Table::Users)
    );
    let Some(user) = session.rows(&deletion, &[user_id])?.pop() else { return Ok(Erasure::Unknown) };
    let Some(deleted_at) = user.text else { return Ok(Erasure::NotDeleted) };

    let addresses = json(addresses(session, user_id)?)?;
    let mut own = empty(session, Table::Users, "id = $2", &deleted_at, user_id)?;
    for table in OWNED {
        own.extend(empty(session, table, "user_id = $2", &deleted_at, user_id)?);
    }
    for (table, unclaimed) in ADDRESSED {
        // After the deletion the same address is somebody else's.
        let condition = format!(
            "{unclaimed} AND (created_at > $1{}) IS NOT TRUE AND lower(email_address) IN ({})",
            S::TIME,
            S::elements("$2")
        );
        own.extend(empty(session, table, &condition, &deleted_at, &addresses)?);
    }
    let mentions = anonymize(session, user_id)?;

    let payloads = forget_payloads(session, "user_id = $1", user_id)?
        + forget_payloads(
            session,
            &format!("object_id IN ({})", S::elements("$1")),
            &json(own.iter().chain(&mentions))?,
        )?;
    let remember = format!(
        "INSERT INTO {}erased (id) {} WHERE true ON CONFLICT DO NOTHING RETURNING id, NULL AS text",
        S::SCHEMA,
        S::elements("$1")
    );
    session.rows(&remember, &[&json(&own)?])?;
    Ok(Erasure::Done(Erased { emptied: own.len(), anonymized: mentions.len(), payloads }))
}

/// Users deleted before then who have not been erased, the longest deleted first.
pub(super) fn erasable<S: Session>(
    session: &mut S,
    before: Millis,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT id, NULL AS text FROM {0}users AS deleted WHERE deleted_at < $1{1} \
         AND NOT EXISTS (SELECT 1 FROM {0}erased WHERE erased.id = deleted.id) ORDER BY deleted_at LIMIT {limit}",
        S::SCHEMA,
        S::TIME
    );
    let rows = session.rows(&sql, &[&before.to_rfc3339()])?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Every address the user has had, in lower case.
fn addresses<S: Session>(session: &mut S, user_id: &str) -> Result<BTreeSet<String>, StoreError> {
    let now =
        format!("SELECT id, CAST(data AS text) AS text FROM {} WHERE id = $1", table::<S>(Table::Users));
    let before = format!(
        "SELECT svix_id AS id, payload AS text FROM {}webhook_events WHERE user_id = $1 AND type LIKE 'user.%'",
        S::SCHEMA
    );
    let mut found = BTreeSet::new();
    for (sql, user) in [(now, ""), (before, "/data")] {
        for row in session.rows(&sql, &[user_id])? {
            let Ok(snapshot) = serde_json::from_str::<Value>(row.text.as_deref().unwrap_or_default()) else {
                continue;
            };
            let list = snapshot.pointer(&format!("{user}/email_addresses")).and_then(Value::as_array);
            let addresses =
                list.into_iter().flatten().filter_map(|address| address["email_address"].as_str());
            found.extend(addresses.map(str::to_lowercase));
        }
    }
    Ok(found)
}

/// Leaves of the rows nothing but id and deletion; returns the ids. The condition may use the time of deletion, `$1`.
fn empty<S: Session>(
    session: &mut S,
    of: Table,
    condition: &str,
    deleted_at: &str,
    parameter: &str,
) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "UPDATE {} SET data = NULL, version = '', deleted_at = coalesce(deleted_at, $1{}) \
         WHERE {condition} RETURNING id, NULL AS text",
        table::<S>(of),
        S::TIME
    );
    let rows = session.rows(&sql, &[deleted_at, parameter])?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Takes the user's details out of rows that are not the user's; returns the rows' ids.
fn anonymize<S: Session>(session: &mut S, user_id: &str) -> Result<Vec<String>, StoreError> {
    let mut anonymized = Vec::new();
    for (of, column) in MENTIONS {
        let table = table::<S>(of);
        let select = format!("SELECT id, CAST(data AS text) AS text FROM {table} WHERE {column} = $1");
        let update =
            format!("UPDATE {table} SET data = $1{} WHERE id = $2 RETURNING id, NULL AS text", S::JSON);
        for row in session.rows(&select, &[user_id])? {
            let Some(data) = row.text.as_deref().and_then(without_person) else { continue };
            session.rows(&update, &[&data, &row.id])?;
            anonymized.push(row.id);
        }
    }
    Ok(anonymized)
}

/// Removes the payloads of events from the ledger. Reasons go with them, those of former states too: they may quote
/// what was in a payload.
fn forget_payloads<S: Session>(
    session: &mut S,
    condition: &str,
    parameter: &str,
) -> Result<usize, StoreError> {
    let former = format!(
        "UPDATE {0}webhook_event_history SET error = 'erased' WHERE error <> 'erased' \
         AND svix_id IN (SELECT svix_id FROM {0}webhook_events WHERE {condition}) \
         RETURNING svix_id AS id, NULL AS text",
        S::SCHEMA
    );
    session.rows(&former, &[parameter])?;
    let sql = format!(
        "UPDATE {}webhook_events SET payload = NULL, error = CASE WHEN error IS NOT NULL THEN 'erased' END \
         WHERE {condition} AND (payload IS NOT NULL OR error <> 'erased') RETURNING svix_id AS id, NULL AS text",
        S::SCHEMA
    );
    Ok(session.rows(&sql, &[parameter])?.len())
}

fn table<S: Session>(table: Table) -> String {
    format!("{}{}", S::SCHEMA, table.name())
}

fn json(texts: impl IntoIterator<Item = impl Serialize>) -> Result<String, StoreError> {
    let texts: Vec<_> = texts.into_iter().collect();
    serde_json::to_string(&texts).map_err(|error| DieselError::SerializationError(error.into()).into())
}
