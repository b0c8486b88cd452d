//! Events follow from those before them.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::bodies;

/// What is alive, as far as the events so far tell.
#[derive(Default)]
struct Alive {
    ids: HashSet<String>,
    barred: HashSet<String>,
    memberships: HashMap<String, (String, String)>,
    members: HashSet<(String, String)>,
}

impl Alive {
    fn assert(&self, id: &Value, whose: &str) {
        let id = id.as_str().unwrap();
        assert!(id.is_empty() || self.ids.contains(id), "{whose} refers to {id}, which is not alive");
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn nothing_refers_to_what_is_not_alive() {
    let mut alive = Alive::default();
    for (event, body) in bodies(12_000) {
        let data = &body["data"];
        let (object, verb) = event.event_type.split_once('.').unwrap();
        match object {
            "session" => {
                alive.assert(&data["user_id"], event.event_type);
                assert_eq!(data["user_id"], data["user"]["id"]);
                if let Some(active) = data["last_active_organization_id"].as_str() {
                    assert!(alive.ids.contains(active), "a session in {active}, which is gone");
                }
                let user = data["user_id"].as_str().unwrap();
                assert!(verb != "created" || !alive.barred.contains(user), "{user} is barred and signs in");
            }
            "organizationMembership" => {
                let (organization, user) =
                    (&data["organization"]["id"], &data["public_user_data"]["user_id"]);
                alive.assert(organization, event.event_type);
                alive.assert(user, event.event_type);
                let ends = (text(organization), text(user));
                if verb == "created" {
                    assert!(alive.members.insert(ends.clone()), "{ends:?} a second time");
                    alive.memberships.insert(text(&data["id"]), ends);
                } else {
                    assert_eq!(alive.memberships.get(data["id"].as_str().unwrap()), Some(&ends));
                }
                if verb == "deleted" {
                    let ends = alive.memberships.remove(data["id"].as_str().unwrap()).unwrap();
                    assert!(alive.members.remove(&ends));
                }
            }
            "organizationInvitation" | "organizationDomain" if verb != "deleted" => {
                alive.assert(&data["organization_id"], event.event_type);
                if verb == "accepted" {
                    alive.assert(&data["user_id"], event.event_type);
                }
            }
            "subscription" | "subscriptionItem" | "paymentAttempt" => {
                alive.assert(&data["payer"]["user_id"], event.event_type);
                alive.assert(&data["payer"]["organization_id"], event.event_type);
            }
            "email" | "sms" if !data["user_id"].is_null() => alive.assert(&data["user_id"], event.event_type),
            _ => {}
        }
        let id = text(&data["id"]);
        match (object, verb) {
            ("user", "deleted") => {
                assert!(!alive.members.iter().any(|(_, user)| *user == id), "{id} is still a member");
            }
            ("organization", "deleted") => {
                // Not every membership that ends with it is told of.
                alive.memberships.retain(|_, (organization, _)| *organization != id);
                alive.members.retain(|(organization, _)| *organization != id);
            }
            ("user", _) => {
                let barred = ["banned", "locked", "deprovisioned"].iter().any(|field| data[field] == true);
                let _ = if barred { alive.barred.insert(id.clone()) } else { alive.barred.remove(&id) };
            }
            _ => {}
        }
        match verb {
            "created" if object != "session" || !alive.ids.contains(&id) => {
                assert!(alive.ids.insert(id), "{} happens twice", event.event_type);
            }
            "pending" => assert!(alive.ids.insert(id), "a session is pending twice"),
            "deleted" => assert!(alive.ids.remove(&id), "{id} is deleted, but was not alive"),
            _ => alive.assert(&data["id"], event.event_type),
        }
    }
    assert!(!alive.members.is_empty());
}

#[test]
fn members_hold_roles_that_exist() {
    let mut roles = HashSet::new();
    let mut members = 0;
    for (event, body) in bodies(5_000) {
        let data = &body["data"];
        match event.event_type {
            "role.created" => assert!(roles.insert(text(&data["key"]))),
            "role.deleted" => {}
            _ if event.event_type.starts_with("organizationMembership.") => {
                assert!(roles.contains(data["role"].as_str().unwrap()));
                assert!(!data["permissions"].as_array().unwrap().is_empty());
                members += 1;
            }
            _ => {}
        }
    }
    assert!(members > 100);
}

#[test]
fn second_factors_are_told_of_as_clerk_does() {
    let (mut enabled, mut disabled) = (0, 0);
    for (event, body) in bodies(12_000) {
        let user = &body["data"];
        if event.event_type != "user.updated" {
            continue;
        }
        let by_phone = user["phone_numbers"]
            .as_array()
            .unwrap()
            .iter()
            .any(|phone| phone["reserved_for_second_factor"] == true);
        assert_eq!(user["two_factor_enabled"] == true, user["totp_enabled"] == true || by_phone);
        if user["two_factor_enabled"] == true {
            assert!(user["mfa_enabled_at"].as_i64() > user["mfa_disabled_at"].as_i64());
            enabled += 1;
        } else if let Some(at) = user["mfa_disabled_at"].as_i64() {
            assert!(user["mfa_enabled_at"].as_i64().is_some_and(|enabled_at| enabled_at < at));
            disabled += 1;
        }
    }
    assert!(enabled > 0 && disabled > 0);
}
