//! The typed columns.

mod derived;

pub use derived::*;

use serde_json::json;
use worker::event::Table;
use worker::store::Outcome::*;

use super::yes_or_no;
use crate::database::Database;
use crate::events::*;

use Type::*;

/// The type of a column.
#[derive(Clone, Copy)]
enum Type {
    Text,
    /// Text that is null when it is empty.
    NonEmpty,
    Boolean,
    Integer,
    Time,
    Object,
}

/// Every column that is one field of the data: its name, and after `=` where it is if within another object.
const COLUMNS: [(Table, &[(Type, &str)]); 13] = [
    (
        Table::Users,
        &[
            (Text, "username first_name last_name external_id image_url"),
            (Object, "public_metadata private_metadata unsafe_metadata"),
            (Boolean, "password_enabled two_factor_enabled totp_enabled backup_code_enabled"),
            (Boolean, "banned locked deprovisioned"),
            (Time, "mfa_enabled_at mfa_disabled_at last_sign_in_at last_active_at legal_accepted_at"),
        ],
    ),
    (
        Table::Sessions,
        &[
            (Text, "user_id client_id status last_active_organization_id"),
            (Object, "actor"),
            (Time, "last_active_at expire_at abandon_at"),
        ],
    ),
    (
        Table::Organizations,
        &[
            (Text, "name slug image_url created_by"),
            (Integer, "members_count max_allowed_memberships"),
            (Object, "public_metadata private_metadata"),
        ],
    ),
    (
        Table::OrganizationMemberships,
        &[
            (Text, "organization_id=organization.id user_id=public_user_data.user_id role role_name"),
            (Object, "public_metadata private_metadata"),
        ],
    ),
    (
        Table::OrganizationInvitations,
        &[
            (Text, "email_address organization_id role role_name status inviter_id user_id"),
            (Object, "public_metadata"),
            (Time, "expires_at"),
        ],
    ),
    (Table::OrganizationDomains, &[(Text, "organization_id name enrollment_mode affiliation_email_address")]),
    (Table::Roles, &[(Text, "key name description"), (Boolean, "is_creator_eligible")]),
    (Table::Permissions, &[(Text, "key name description type")]),
    (
        Table::Invitations,
        &[(Text, "email_address status"), (Object, "public_metadata"), (Time, "expires_at")],
    ),
    (
        Table::WaitlistEntries,
        &[(Text, "email_address status invitation_id=invitation.id"), (Boolean, "is_locked")],
    ),
    (
        Table::Subscriptions,
        &[
            (Text, "status latest_payment_id"),
            (NonEmpty, "payer_id payer_user_id=payer.user_id payer_organization_id=payer.organization_id"),
            (Time, "active_at past_due_at canceled_at ended_at"),
        ],
    ),
    (
        Table::SubscriptionItems,
        &[
            (Text, "subscription_id status plan_id plan_slug=plan.slug interval"),
            (NonEmpty, "payer_user_id=payer.user_id payer_organization_id=payer.organization_id"),
            (Boolean, "is_free_trial"),
            (Time, "period_start period_end"),
        ],
    ),
    (
        Table::PaymentAttempts,
        &[
            (Text, "status payment_id invoice_id charge_type currency=totals.grand_total.currency"),
            (Text, "failed_reason_code=failed_reason.code"),
            (NonEmpty, "payer_user_id=payer.user_id payer_organization_id=payer.organization_id"),
            (Integer, "amount=totals.grand_total.amount"),
            (Time, "billing_date paid_at failed_at"),
        ],
    ),
];

/// Columns that are more than one field, each with a case of its own.
const DERIVED: [(Table, &str); 7] = [
    (Table::Users, "primary_email_address"),
    (Table::Users, "primary_email_address_verified"),
    (Table::Users, "primary_phone_number"),
    (Table::Users, "verified_email_addresses"),
    (Table::OrganizationMemberships, "permissions"),
    (Table::OrganizationDomains, "verified"),
    (Table::Roles, "permissions"),
];

/// What a field may turn out to be.
const VALUES: [&str; 20] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "5.4",
    "1716883200123",
    "253402300000000",
    "253402300800000",
    "9007199254740993",
    "9223372036854775808",
    "1e400",
    "-1e400",
    r#""""#,
    r#""5""#,
    r#""Zoë\n{}""#,
    "[]",
    "[5]",
    "{}",
    r#"{"a":[1,"b"]}"#,
];

/// What a column of this type makes of a field's value.
fn expected(column: Type, value: &str) -> Option<&str> {
    match (column, value) {
        (Text, r#""""#) => Some(""),
        (Text | NonEmpty, r#""5""#) => Some("5"),
        (Text | NonEmpty, r#""Zoë\n{}""#) => Some("Zoë\n{}"),
        (Boolean, "true") => Some("yes"),
        (Boolean, "false") => Some("no"),
        (
            Integer,
            "0" | "-1" | "1716883200123" | "253402300000000" | "253402300800000" | "9007199254740993",
        ) => Some(value),
        (Time, "0") => Some("1970-01-01T00:00:00.000Z"),
        (Time, "5.4") => Some("1970-01-01T00:00:00.005Z"),
        (Time, "1716883200123") => Some("2024-05-28T08:00:00.123Z"),
        (Time, "253402300000000") => Some("9999-12-31T23:46:40.000Z"),
        (Object, "{}" | r#"{"a":[1,"b"]}"#) => Some(value),
        _ => None,
    }
}

/// An object that has the value at the path.
fn nested(path: &str, value: &str) -> String {
    path.rsplit('.').fold(value.to_owned(), |inner, field| format!(r#"{{"{field}":{inner}}}"#))
}

/// The columns of a table that are one field, each with its type and path.
fn fields(
    types: &'static [(Type, &'static str)],
) -> impl Iterator<Item = (Type, &'static str, &'static str)> {
    let times = [(Time, "created_at updated_at")];
    types.iter().copied().chain(times).flat_map(|(column, names)| {
        names.split(' ').map(move |name| {
            let (name, path) = name.split_once('=').unwrap_or((name, name));
            (column, name, path)
        })
    })
}

pub fn each_typed_column_has_a_case(database: &dyn Database) {
    for (table, types) in COLUMNS {
        let derived = DERIVED.iter().filter(|(of, _)| *of == table).map(|(_, name)| *name);
        let written = ["id", "data", "version", "deleted_at"];
        let mut known: Vec<_> =
            fields(types).map(|(_, name, _)| name).chain(derived).chain(written).collect();
        known.sort_unstable();
        let mut columns = database.columns(table.name());
        columns.sort_unstable();
        assert_eq!(columns, known, "{}", table.name());
    }
}

pub fn a_typed_column_is_its_field_or_null_if_that_is_of_another_type(database: &dyn Database) {
    for (table, types) in COLUMNS {
        // A field of each value, and a field whose object is not one but that value.
        let rows: Vec<_> = fields(types)
            .flat_map(|(_, name, path)| {
                let of = move |kind: &str, path: &str| {
                    let rows = VALUES.iter().enumerate();
                    rows.map(|(n, value)| (format!("{name} {kind} {n:02}"), nested(path, value)))
                        .collect::<Vec<_>>()
                };
                let parents = path.rsplit_once('.').map(|(parent, _)| of("parent", parent));
                [of("field", path), parents.unwrap_or_default()].concat()
            })
            .collect();
        let svix_ids: Vec<_> = rows.iter().map(|(id, _)| format!("{} {id}", table.name())).collect();
        let entries: Vec<_> = svix_ids
            .iter()
            .zip(&rows)
            .map(|(svix_id, (id, data))| snapshot_in(table, svix_id, id, 1, data))
            .collect();
        let outcomes = database.store().apply(&entries).unwrap();
        assert!(outcomes.iter().all(|outcome| *outcome == Applied), "{}", table.name());

        for (column, name, path) in fields(types) {
            let expression = match column {
                Text | NonEmpty => name.to_owned(),
                Boolean => yes_or_no(name),
                Integer | Object => format!("CAST({name} AS text)"),
                Time => database.iso(name),
            };
            let found = |kind: &str| {
                let table = table.name();
                let found = database.texts(&format!(
                    "SELECT {expression} AS value FROM {table} WHERE id LIKE '{name} {kind} %' ORDER BY id"
                ));
                match column {
                    Object => found.into_iter().map(|text| text.map(compact)).collect(),
                    _ => found,
                }
            };
            let right = VALUES.map(|value| expected(column, value).map(str::to_owned));
            assert_eq!(found("field"), right, "{}.{name}", table.name());
            if path.contains('.') {
                assert_eq!(found("parent"), [const { None }; VALUES.len()], "{}.{name}", table.name());
            }
        }
    }
}

/// The same JSON as every backend writes it.
fn compact(json: String) -> String {
    serde_json::from_str::<serde_json::Value>(&json).expect("valid JSON").to_string()
}

pub fn data_that_is_no_object_has_no_typed_columns(database: &dyn Database) {
    for data in ["[]", "5", "\"text\"", "null", r#"["username"]"#] {
        assert_eq!(database.store().apply(&[snapshot(data, data, 1, data)]).unwrap(), [Applied], "{data}");
        let sql = format!("SELECT username AS value FROM users WHERE id = '{data}'");
        assert_eq!(database.text(&sql), None, "{data}");
    }
}

pub fn typed_columns_follow_the_data(database: &dyn Database) {
    let user = |email: &str| {
        json!({"username": email, "primary_email_address_id": "idn_1",
               "email_addresses": [{"id": "idn_1", "email_address": email}]})
        .to_string()
    };
    let store = database.store();
    let columns = || database.text("SELECT username || ' ' || primary_email_address AS value FROM users");
    store.apply(&[snapshot("msg_1", "user_1", 1, &user("old"))]).unwrap();
    assert_eq!(columns().as_deref(), Some("old old"));
    store.apply(&[snapshot("msg_2", "user_1", 2, &user("new")), deletion("msg_3", "user_1", 3)]).unwrap();
    assert_eq!(columns().as_deref(), Some("new new"));
    store.apply(&[deletion("msg_4", "user_1", 1)]).unwrap();
    assert_eq!(columns().as_deref(), Some("new new"));
}
