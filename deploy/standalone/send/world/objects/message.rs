//! E-mails and text messages as Clerk reports having sent them.

use serde::Serialize;

use super::super::ids::Id;

#[derive(Serialize)]
pub struct Email<'a> {
    pub body: String,
    pub body_plain: Option<String>,
    pub data: EmailData<'a>,
    pub delivered_by_clerk: bool,
    pub email_address_id: Option<Id>,
    pub from_email_name: &'static str,
    pub id: Id,
    pub object: &'static str,
    pub reply_to_email_name: Option<&'static str>,
    pub slug: &'static str,
    pub status: &'static str,
    pub subject: String,
    pub to_email_address: &'a str,
    pub user_id: Option<Id>,
}

/// What the e-mail's template was filled with.
#[derive(Serialize)]
pub struct EmailData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_url: Option<&'a str>,
    pub app: AppData,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otp_code: Option<&'a str>,
    pub theme: Theme,
}

#[derive(Serialize)]
pub struct AppData {
    pub domain_name: &'static str,
    pub logo_image_url: &'static str,
    pub name: &'static str,
    pub url: &'static str,
}

#[derive(Serialize)]
pub struct Theme {
    pub button_text_color: &'static str,
    pub primary_color: &'static str,
    pub show_clerk_branding: bool,
}

#[derive(Serialize)]
pub struct Sms<'a> {
    pub created_at_ms: i64,
    pub data: SmsData<'a>,
    pub delivered_by_clerk: bool,
    pub from_phone_number: &'static str,
    pub id: Id,
    pub message: String,
    pub object: &'static str,
    pub phone_number_id: Option<Id>,
    pub slug: &'static str,
    pub status: &'static str,
    pub to_phone_number: &'a str,
    pub user_id: Option<Id>,
}

#[derive(Serialize)]
pub struct SmsData<'a> {
    pub otp_code: &'a str,
}
