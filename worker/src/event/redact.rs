//! What is never stored, removed before anything is written.
//!
//! - `backup_codes`, wherever they stand (Clerk may send them in the clear inside `phone_numbers`);
//! - the contents of e-mails and text messages: only the named fields of [`MESSAGE_FIELDS`] stay;
//! - an invitation's `url`: whoever has the link can accept.
//!
//! Everything else stays byte for byte as it was sent.

use std::borrow::Cow;

use super::filter::{Filter, Members, filtered};

const BACKUP_CODES: &str = "backup_codes";
/// Everything else of a message may hold a code or a link: subject, body, template data.
const MESSAGE_FIELDS: [&str; 13] = [
    "id",
    "object",
    "slug",
    "user_id",
    "status",
    "delivered_by_clerk",
    "email_address_id",
    "from_email_name",
    "reply_to_email_name",
    "to_email_address",
    "phone_number_id",
    "from_phone_number",
    "to_phone_number",
];

/// Which part of an event a value is, as far as it matters for what must go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Envelope(Object),
    Data(Object),
    Other,
}

/// What kind of object `data` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    Message,
    Invitation,
    WaitlistEntry,
    Other,
}

impl Object {
    /// The object of an event of this type. By prefix, so that a type of tomorrow is covered too.
    fn of(event_type: &str) -> Self {
        let (object, _) = event_type.split_once('.').unwrap_or((event_type, ""));
        match object {
            "email" | "sms" => Self::Message,
            "invitation" | "organizationInvitation" => Self::Invitation,
            "waitlistEntry" => Self::WaitlistEntry,
            _ => Self::Other,
        }
    }
}

impl Filter for Scope {
    fn member(self, key: &str) -> Option<Self> {
        if key == BACKUP_CODES {
            return None;
        }
        match (self, key) {
            (Self::Envelope(object), "data") => Some(Self::Data(object)),
            (Self::Data(Object::Message), key) => MESSAGE_FIELDS.contains(&key).then_some(Self::Other),
            (Self::Data(Object::Invitation), "url") => None,
            (Self::Data(Object::WaitlistEntry), "invitation") => Some(Self::Data(Object::Invitation)),
            _ => Some(Self::Other),
        }
    }

    fn keeps_all(self, text: &str) -> bool {
        matches!(self, Self::Other | Self::Data(Object::Other)) && !may_hold_codes(text)
    }
}

/// The event without what must not be stored. `event_type` is the envelope's if it could be read cheaply.
pub(super) fn redact<'a>(body: &'a str, event_type: Option<&str>) -> serde_json::Result<Cow<'a, str>> {
    let object = match event_type {
        Some(event_type) => Object::of(event_type),
        None => Object::of(&parse_type(body)?),
    };
    if object == Object::Other && !may_hold_codes(body) {
        return Ok(Cow::Borrowed(body));
    }
    filtered(body, Scope::Envelope(object)).map(Cow::Owned)
}

/// A body that is not JSON cannot be redacted: it is kept as text unless it smells of a secret.
pub(super) fn opaque(body: &[u8]) -> Option<String> {
    const SMELLS: [&str; 6] = [BACKUP_CODES, "otp", "email.", "sms.", "nvitation", "waitlist"];
    let text = String::from_utf8_lossy(body).replace('\0', "\u{fffd}");
    (!SMELLS.iter().any(|smell| text.contains(smell)) && !text.contains("\\u")).then_some(text)
}

/// A key may be written with escapes, so an escape is reason enough to look closer.
fn may_hold_codes(text: &str) -> bool {
    text.contains(BACKUP_CODES) || text.contains("\\u")
}

fn parse_type(body: &str) -> serde_json::Result<String> {
    let members: Members<'_> = match serde_json::from_str(body) {
        Ok(members) => members,
        Err(error) if error.is_data() => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    let event_type = members.0.iter().rev().find(|(key, _)| key == "type").map(|(_, value)| value.get());
    Ok(event_type.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(body: &str) -> String {
        redact(body, None).unwrap().into_owned()
    }

    #[test]
    fn an_event_without_secrets_is_not_touched() {
        let body =
            r#"{ "data": {"id":"user_1","n":1e400, "public_metadata":{"url":"x"}}, "type":"user.created" }"#;
        assert!(matches!(redact(body, Some("user.created")).unwrap(), Cow::Borrowed(_)));
        assert_eq!(redacted(body), body);
    }

    #[test]
    fn backup_codes_go_wherever_they_stand_and_nothing_else_does() {
        let body = r#"{"data":{"user":{"phone_numbers":[{"id":"idn_1","backup_codes":["a"],"n":12345678901234567890123}]}},"type":"session.created"}"#;
        assert_eq!(
            redacted(body),
            r#"{"data":{"user":{"phone_numbers":[{"id":"idn_1","n":12345678901234567890123}]}},"type":"session.created"}"#
        );
        assert_eq!(redacted(r#"{"type":"x","backup\u005fcodes":["a"]}"#), r#"{"type":"x"}"#);
    }

    #[test]
    fn of_a_message_only_the_named_fields_stay() {
        let body = r#"{"data":{"id":"ema_1","subject":"1","body":"1","data":{"otp_code":"1"},"new_field":"1","status":"queued"},"type":"email.created"}"#;
        assert_eq!(redacted(body), r#"{"data":{"id":"ema_1","status":"queued"},"type":"email.created"}"#);
        assert_eq!(
            redacted(r#"{"type":"sms.updated","data":{"message":"1","id":"sms_1"}}"#),
            r#"{"type":"sms.updated","data":{"id":"sms_1"}}"#
        );
    }

    #[test]
    fn an_invitations_url_goes_but_not_one_in_metadata() {
        let body = r#"{"data":{"id":"i","url":"1","public_metadata":{"url":"kept"}},"type":"organizationInvitation.created"}"#;
        assert_eq!(
            redacted(body),
            r#"{"data":{"id":"i","public_metadata":{"url":"kept"}},"type":"organizationInvitation.created"}"#
        );
        assert_eq!(
            redacted(
                r#"{"data":{"url":"kept","invitation":{"url":"1","id":"i"}},"type":"waitlistEntry.created"}"#
            ),
            r#"{"data":{"url":"kept","invitation":{"id":"i"}},"type":"waitlistEntry.created"}"#
        );
    }

    #[test]
    fn what_is_nested_too_deep_is_dropped_where_it_may_hold_codes() {
        let deep = format!("{}{{\"backup_codes\":1}}{}", "[".repeat(1000), "]".repeat(1000));
        let body = format!(r#"{{"data":{deep},"type":"x"}}"#);
        assert!(!redacted(&body).contains("backup_codes"));
        let harmless = body.replace("backup_codes", "other");
        assert_eq!(redacted(&harmless), harmless);
    }

    #[test]
    fn what_is_not_json_is_an_error_and_kept_only_if_it_smells_of_nothing() {
        assert!(redact("{", None).is_err());
        assert!(redact("", None).is_err());
        assert!(redact(r#"{"backup_codes":"#, Some("user.created")).is_err());
        assert_eq!(opaque(b"plain \xff\0 text").as_deref(), Some("plain \u{fffd}\u{fffd} text"));
        assert_eq!(opaque(br#"{"type":"email.created","data":{"subject":"123456 is"#), None);
    }
}
