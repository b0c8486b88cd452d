//! `user_organizations`.

use serde_json::json;
use worker::event::Table;

use super::{NEVER, delete, lines, membership, names, put, user};
use crate::database::Database;
use crate::events::*;

/// A user, an organization, and what there is between them.
struct Acquaintance {
    name: &'static str,
    /// `HERE` in an address stands for the organization's own domain, `ELSEWHERE` for another.
    addresses: &'static [(&'static str, bool)],
    member: bool,
    /// Invitations: to which address, with which status, until when.
    invited: &'static [(&'static str, &'static str, Option<i64>)],
    /// The organization's domain: its enrollment mode, and whether it is verified.
    domain: Option<(&'static str, bool)>,
    /// What is to be seen: relation, role, the last part of the relation's id, and address.
    right: Option<&'static str>,
}

impl Acquaintance {
    /// Nothing between a user with a verified and an unverified address, and an organization.
    const NONE: Self = Self {
        name: "",
        addresses: &[("ann@HERE", true), ("ann@ELSEWHERE", false)],
        member: false,
        invited: &[],
        domain: None,
        right: None,
    };
}

const ACQUAINTANCES: [Acquaintance; 22] = {
    const PENDING: (&str, &str, Option<i64>) = ("ann@HERE", "pending", Some(NEVER));
    const JOINABLE: Option<(&str, bool)> = Some(("automatic_suggestion", true));
    const NONE: Acquaintance = Acquaintance::NONE;
    [
        Acquaintance { name: "strangers", ..NONE },
        Acquaintance { name: "member", member: true, right: Some("member org:admin member -"), ..NONE },
        Acquaintance {
            name: "invited",
            invited: &[PENDING],
            right: Some("invited org:guest 0 ann@HERE"),
            ..NONE
        },
        Acquaintance {
            name: "without-expiry",
            invited: &[("ann@HERE", "pending", None)],
            right: Some("invited org:guest 0 ann@HERE"),
            ..NONE
        },
        Acquaintance {
            name: "other-case",
            addresses: &[("Ann@HERE", true)],
            invited: &[("aNN@HERE", "pending", None)],
            right: Some("invited org:guest 0 Ann@HERE"),
            ..NONE
        },
        Acquaintance { name: "expired", invited: &[("ann@HERE", "pending", Some(START))], ..NONE },
        Acquaintance { name: "accepted", invited: &[("ann@HERE", "accepted", Some(NEVER))], ..NONE },
        Acquaintance { name: "revoked", invited: &[("ann@HERE", "revoked", Some(NEVER))], ..NONE },
        Acquaintance { name: "unverified", invited: &[("ann@ELSEWHERE", "pending", None)], ..NONE },
        Acquaintance { name: "somebody-else", invited: &[("bob@HERE", "pending", None)], ..NONE },
        Acquaintance {
            name: "invited-member",
            member: true,
            invited: &[PENDING],
            domain: JOINABLE,
            right: Some("member org:admin member -"),
            ..NONE
        },
        Acquaintance {
            name: "invited-twice",
            addresses: &[("ann@ELSEWHERE", true), ("ann@HERE", true)],
            invited: &[PENDING, ("ann@ELSEWHERE", "pending", None)],
            right: Some("invited org:guest 0 ann@HERE"),
            ..NONE
        },
        Acquaintance {
            name: "joinable",
            domain: JOINABLE,
            right: Some("joinable - domain ann@HERE"),
            ..NONE
        },
        Acquaintance {
            name: "by-invitation",
            domain: Some(("automatic_invitation", true)),
            right: Some("joinable - domain ann@HERE"),
            ..NONE
        },
        Acquaintance {
            name: "upper-case",
            addresses: &[("ann@UPPER-case.example", true)],
            domain: JOINABLE,
            right: Some("joinable - domain ann@UPPER-case.example"),
            ..NONE
        },
        Acquaintance {
            name: "two-in-it",
            addresses: &[("bob@HERE", true), ("ann@HERE", true)],
            domain: JOINABLE,
            right: Some("joinable - domain ann@HERE"),
            ..NONE
        },
        Acquaintance { name: "manual", domain: Some(("manual_invitation", true)), ..NONE },
        Acquaintance { name: "by-sso", domain: Some(("enterprise_sso", true)), ..NONE },
        Acquaintance { name: "unproven", domain: Some(("automatic_suggestion", false)), ..NONE },
        Acquaintance {
            name: "unverified-in-it",
            addresses: &[("ann@HERE", false), ("ann@ELSEWHERE", true)],
            domain: JOINABLE,
            ..NONE
        },
        Acquaintance { name: "below-it", addresses: &[("ann@sub.HERE", true)], domain: JOINABLE, ..NONE },
        Acquaintance {
            name: "invited-anyway",
            invited: &[PENDING],
            domain: JOINABLE,
            right: Some("invited org:guest 0 ann@HERE"),
            ..NONE
        },
    ]
};

pub fn a_user_can_choose_from_organizations_by_membership_invitation_or_domain(database: &dyn Database) {
    for acquaintance in &ACQUAINTANCES {
        let name = acquaintance.name;
        let here =
            |text: &str| text.replace("ELSEWHERE", "other.HERE").replace("HERE", &format!("{name}.example"));
        let (user_id, organization_id) = (format!("user_{name}"), format!("org_{name}"));
        let addresses: Vec<_> =
            acquaintance.addresses.iter().map(|(address, verified)| (here(address), *verified)).collect();
        let addresses: Vec<_> =
            addresses.iter().map(|(address, verified)| (address.as_str(), *verified)).collect();
        put(database, Table::Users, &user_id, user(&addresses));
        put(database, Table::Organizations, &organization_id, json!({"name": "Acme", "slug": name}));
        if acquaintance.member {
            let data = membership(&organization_id, &user_id, "org:admin");
            put(database, Table::OrganizationMemberships, &format!("{name} member"), data);
        }
        for (n, (address, status, expires_at)) in acquaintance.invited.iter().enumerate() {
            let data = json!({"email_address": here(address), "organization_id": organization_id, "status": status,
                              "role": "org:guest", "expires_at": expires_at, "created_at": START + n as i64});
            put(database, Table::OrganizationInvitations, &format!("{name} {n}"), data);
        }
        if let Some((mode, verified)) = acquaintance.domain {
            let status = if verified { "verified" } else { "unverified" };
            let data = json!({"name": here("HERE"), "organization_id": organization_id, "enrollment_mode": mode,
                              "ownership_verification": {"status": status}, "created_at": START});
            put(database, Table::OrganizationDomains, &format!("{name} domain"), data);
        }

        let mut columns =
            names(&["organization_id", "name", "slug", "relation", "role", "relation_id", "email_address"]);
        columns.push(database.iso("since"));
        let found = lines(database, &columns, &format!("user_organizations WHERE user_id = '{user_id}'"));
        let right = acquaintance.right.map(|right| {
            let (relation, role, part, address) = split(right);
            let address = here(address);
            format!(
                "{organization_id} Acme {name} {relation} {role} {name} {part} {address} 2024-05-28T08:00:00.000Z"
            )
        });
        assert_eq!(found, Vec::from_iter(right), "{name}");
    }
}

fn split(right: &str) -> (&str, &str, &str, &str) {
    let mut parts = right.split(' ');
    let mut next = || parts.next().unwrap();
    (next(), next(), next(), next())
}

pub fn what_is_deleted_is_nobodys_choice(database: &dyn Database) {
    for (n, user_id) in ["user_live", "user_gone"].into_iter().enumerate() {
        put(database, Table::Users, user_id, user(&[(&format!("u{n}@a.example"), true)]));
    }
    for organization in ["org_live", "org_gone"] {
        put(database, Table::Organizations, organization, json!({}));
        for user in ["user_live", "user_gone"] {
            let id = format!("orgmem_{organization}_{user}");
            put(database, Table::OrganizationMemberships, &id, membership(organization, user, "org:admin"));
        }
        let domain = json!({"name": "a.example", "organization_id": organization,
                            "enrollment_mode": "automatic_suggestion", "verification": {"status": "verified"}});
        put(database, Table::OrganizationDomains, &format!("orgdmn_{organization}"), domain);
        let invitation =
            json!({"email_address": "u0@a.example", "organization_id": organization, "status": "pending"});
        put(database, Table::OrganizationInvitations, &format!("orginv_{organization}"), invitation);
    }
    delete(database, Table::Users, "user_gone");
    delete(database, Table::Organizations, "org_gone");
    let chosen =
        || lines(database, &names(&["user_id", "organization_id", "relation"]), "user_organizations");
    assert_eq!(chosen(), ["user_live org_live member"]);
    delete(database, Table::OrganizationMemberships, "orgmem_org_live_user_live");
    assert_eq!(chosen(), ["user_live org_live invited"]);
    delete(database, Table::OrganizationInvitations, "orginv_org_live");
    assert_eq!(chosen(), ["user_live org_live joinable"]);
    delete(database, Table::OrganizationDomains, "orgdmn_org_live");
    assert_eq!(chosen(), [""; 0]);
}
