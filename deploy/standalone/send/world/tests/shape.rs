//! Every body has the fields that Clerk's catalogue requires.

use serde_json::Value;

use super::bodies;

const USER: &str = "id object username first_name last_name has_image primary_email_address_id \
    primary_phone_number_id primary_web3_wallet_id password_enabled two_factor_enabled totp_enabled \
    backup_code_enabled email_addresses phone_numbers web3_wallets passkeys external_accounts saml_accounts \
    enterprise_accounts public_metadata external_id last_sign_in_at banned locked lockout_expires_in_seconds \
    verification_attempts_remaining created_at updated_at delete_self_enabled create_organization_enabled \
    last_active_at mfa_enabled_at mfa_disabled_at legal_accepted_at";
const SESSION: &str =
    "object id user_id client_id status last_active_at expire_at abandon_at updated_at created_at user";
const ORGANIZATION: &str = "object id name slug has_image max_allowed_memberships admin_delete_enabled \
    public_metadata created_at updated_at";
const MEMBERSHIP: &str =
    "object id role permissions public_metadata created_at updated_at organization public_user_data";
const MEMBER: &str = "user_id first_name last_name profile_image_url image_url has_image";
const ORGANIZATION_INVITATION: &str = "object id email_address role role_name organization_id inviter_id \
    public_inviter_data public_metadata url expires_at created_at updated_at status";
const DOMAIN: &str = "object id organization_id name enrollment_mode affiliation_email_address \
    affiliation_verification ownership_verification verification total_pending_invitations \
    total_pending_suggestions created_at updated_at";
const ROLE: &str = "object id name key description is_creator_eligible permissions created_at updated_at";
const PERMISSION: &str = "object id name key description type created_at updated_at";
const INVITATION: &str = "object id email_address public_metadata status created_at updated_at";
const WAITLIST_ENTRY: &str = "object id email_address status created_at updated_at";
const SUBSCRIPTION: &str = "object id status active_at canceled_at created_at ended_at past_due_at updated_at \
    latest_payment_id payer_id payer payment_source_id items";
const SUBSCRIPTION_ITEM: &str = "object id status is_free_trial created_at updated_at period_start period_end \
    interval plan_id plan subscription_id payer";
const PAYMENT_ATTEMPT: &str = "id instance_id payment_id invoice_id statement_id gateway_external_id status \
    created_at updated_at paid_at failed_at failed_reason billing_date charge_type payee payer totals \
    payment_source subscription_items";
const EMAIL: &str = "id object slug from_email_name data delivered_by_clerk subject body";
const SMS: &str =
    "object id from_phone_number to_phone_number message status data delivered_by_clerk created_at_ms";
const DELETED: &str = "object id deleted";

/// The fields of an event's data, and the prefix of its id.
fn required(event_type: &str, data: &Value) -> (&'static str, &'static str) {
    let (object, verb) = event_type.split_once('.').unwrap();
    let (fields, prefix) = match object {
        "user" => (USER, "user_"),
        "session" => (SESSION, "sess_"),
        "organization" => (ORGANIZATION, "org_"),
        "organizationMembership" => (MEMBERSHIP, "orgmem_"),
        "organizationInvitation" => (ORGANIZATION_INVITATION, "orginv_"),
        "organizationDomain" => (DOMAIN, "orgdmn_"),
        "role" => (ROLE, "role_"),
        "permission" => (PERMISSION, "perm_"),
        "invitation" => (INVITATION, "inv_"),
        "waitlistEntry" => (WAITLIST_ENTRY, "wle_"),
        "subscription" => (SUBSCRIPTION, "csub_"),
        "subscriptionItem" => (SUBSCRIPTION_ITEM, "csub_item_"),
        "paymentAttempt" => (PAYMENT_ATTEMPT, "cpa_"),
        "email" => (EMAIL, "ema_"),
        "sms" => (SMS, "sms_"),
        other => panic!("an event about {other}"),
    };
    let deleted = verb == "deleted" && data.get("deleted").is_some();
    // A membership is never reduced to its id; a user, an organization and a domain always are.
    match object {
        "organizationMembership" => assert!(!deleted),
        "user" | "organization" | "organizationDomain" => assert_eq!(deleted, verb == "deleted"),
        _ => {}
    }
    (if deleted { DELETED } else { fields }, prefix)
}

fn assert_fields(object: &Value, fields: &str, whose: &str) {
    for field in fields.split_ascii_whitespace() {
        assert!(object.get(field).is_some(), "{whose} lacks {field}: {object}");
    }
}

#[test]
fn every_body_is_an_event_with_the_fields_its_type_requires() {
    for (event, body) in bodies(4_000) {
        assert_eq!(body["object"], "event");
        assert_eq!(body["type"], event.event_type);
        assert_eq!(body["timestamp"], event.timestamp);
        assert_eq!(body["instance_id"], super::super::INSTANCE_ID);
        let http_request = &body["event_attributes"]["http_request"];
        assert!(http_request["client_ip"].is_string() && http_request["user_agent"].is_string());

        let data = &body["data"];
        let (fields, prefix) = required(event.event_type, data);
        assert_fields(data, fields, event.event_type);
        assert!(data["id"].as_str().unwrap().starts_with(prefix), "{data}");
        if event.event_type.starts_with("session.") {
            assert_fields(&data["user"], USER, "a session's user");
        }
        if event.event_type.starts_with("organizationMembership.") {
            assert_fields(&data["organization"], ORGANIZATION, "a membership's organization");
            assert_fields(&data["public_user_data"], MEMBER, "a membership's user");
        }
    }
}

#[test]
fn the_timestamp_follows_the_change_by_milliseconds() {
    for (event, body) in bodies(4_000) {
        let Some(updated_at) = body["data"]["updated_at"].as_i64() else { continue };
        let is_frozen = event.event_type.ends_with(".deleted");
        let lag = event.timestamp - updated_at;
        assert!(lag > 0, "{} is {lag} ms late", event.event_type);
        assert!(is_frozen || lag < 500, "{} is {lag} ms late", event.event_type);
    }
}

#[test]
fn users_are_as_large_as_real_ones() {
    let sizes: Vec<usize> = bodies(4_000)
        .filter(|(event, _)| event.event_type == "user.updated")
        .map(|(event, _)| event.body.len())
        .collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((2_000..3_500).contains(&mean), "{mean} bytes");
}
