//! The e-mails and text messages Clerk sends to people.

use super::{
    SECRET_MARKER,
    ids::Id,
    objects::message::{AppData, Email, EmailData, Sms, SmsData, Theme},
    stage::Stage,
};

const APPLICATION: &str = "Tidepool";
const APP: AppData = AppData {
    domain_name: "tidepool.example",
    logo_image_url: "https://img.example.com/tidepool/logo.png",
    name: APPLICATION,
    url: "https://accounts.tidepool.example",
};
const THEME: Theme =
    Theme { button_text_color: "#ffffff", primary_color: "#0f766e", show_clerk_branding: false };

/// Whom an e-mail goes to.
#[derive(Clone, Copy)]
pub struct Addressee<'a> {
    pub email: &'a str,
    pub address_id: Option<Id>,
    pub user_id: Option<Id>,
}

impl<'a> Addressee<'a> {
    /// Someone who is not a user.
    pub fn stranger(email: &'a str) -> Self {
        Self { email, address_id: None, user_id: None }
    }
}

/// A one-time code.
fn one_time_code(stage: &mut Stage) -> String {
    format!("{SECRET_MARKER}{:06}", stage.dice.below(1_000_000))
}

/// A link that lets its holder in.
pub fn ticket_url(stage: &mut Stage) -> String {
    let ticket: String = stage.dice.bytes::<64>().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("https://accounts.tidepool.example/v1/tickets/accept?ticket={SECRET_MARKER}{ticket}")
}

/// Sends a code by e-mail.
pub fn email_code(stage: &mut Stage, slug: &'static str, to: Addressee<'_>) {
    let code = one_time_code(stage);
    let subject = format!("{code} is your {APPLICATION} code");
    let lead = "Enter this code where you were asked for it. It holds for ten minutes.";
    let email = Email {
        body: html(&subject, lead, &code),
        body_plain: Some(format!("{subject}\n\n{lead}\n\n{code}\n")),
        data: EmailData { action_url: None, app: APP, otp_code: Some(&code), theme: THEME },
        ..letter(stage, slug, to, subject)
    };
    stage.emit("email.created", &email);
}

/// Sends an invitation by e-mail.
pub fn email_invitation(stage: &mut Stage, to: Addressee<'_>, host: &str, url: &str) {
    let subject = format!("{host} has invited you to {APPLICATION}");
    let lead = "Follow this link to accept. It holds for thirty days and for you alone.";
    let email = Email {
        body: html(&subject, lead, url),
        body_plain: Some(format!("{subject}\n\n{lead}\n\n{url}\n")),
        data: EmailData { action_url: Some(url), app: APP, otp_code: None, theme: THEME },
        ..letter(stage, "invitation", to, subject)
    };
    stage.emit("email.created", &email);
}

/// Sends a code by text message.
pub fn sms_code(stage: &mut Stage, to: &str, phone_number_id: Id, user_id: Id) {
    let code = one_time_code(stage);
    let sms = Sms {
        created_at_ms: stage.now(),
        data: SmsData { otp_code: &code },
        delivered_by_clerk: true,
        from_phone_number: "+19995550100",
        id: stage.id("sms_"),
        message: format!("{code} is your {APPLICATION} verification code. Do not share it."),
        object: "sms_message",
        phone_number_id: Some(phone_number_id),
        slug: "verification_code",
        status: "queued",
        to_phone_number: to,
        user_id: Some(user_id),
    };
    stage.emit("sms.created", &sms);
}

fn letter<'a>(stage: &mut Stage, slug: &'static str, to: Addressee<'a>, subject: String) -> Email<'a> {
    Email {
        body: String::new(),
        body_plain: None,
        data: EmailData { action_url: None, app: APP, otp_code: None, theme: THEME },
        delivered_by_clerk: true,
        email_address_id: to.address_id,
        from_email_name: "notifications",
        id: stage.id("ema_"),
        object: "email",
        reply_to_email_name: None,
        slug,
        status: "queued",
        subject,
        to_email_address: to.email,
        user_id: to.user_id,
    }
}

/// A page as long and as nested as e-mail programs make their senders write.
fn html(title: &str, lead: &str, action: &str) -> String {
    const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n  <head>\n    <meta charset=\"utf-8\">\n    \
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n    <style>\n      \
        body, table, td { margin: 0; padding: 0; font-family: Georgia, serif; color: #1f2933; }\n      \
        table { border-collapse: collapse; width: 100%; }\n      .sheet { width: 600px; margin: 0 auto; }\n      \
        .pad { padding: 24px 32px; line-height: 24px; }\n      .action { font-size: 32px; font-weight: bold; }\n      \
        @media (max-width: 640px) { .sheet { width: 100%; } .pad { padding: 16px; } }\n    </style>\n";
    const ROW: &str = "          <tr>\n            <td class=\"pad\" align=\"left\" valign=\"top\" \
        bgcolor=\"#ffffff\" style=\"vertical-align: top;\">\n              ";
    const END_OF_ROW: &str = "\n            </td>\n          </tr>\n";
    format!(
        "{HEAD}    <title>{title}</title>\n  </head>\n  <body>\n    <table role=\"presentation\">\n      <tr><td>\n        \
         <table role=\"presentation\" class=\"sheet\">\n\
         {ROW}<h1>{APPLICATION}</h1>{END_OF_ROW}\
         {ROW}<h2>{title}</h2>{END_OF_ROW}\
         {ROW}<p>{lead}</p>{END_OF_ROW}\
         {ROW}<p class=\"action\">{action}</p>{END_OF_ROW}\
         {ROW}<p>You did not ask for this? Then you need not do anything: without it nothing happens. \
         If it comes again and again, write to help@tidepool.example.</p>{END_OF_ROW}\
         {ROW}<p>Sent on behalf of {APPLICATION}, 1 Example Quay, Exampleton.</p>{END_OF_ROW}\
         \x20       </table>\n      </td></tr>\n    </table>\n  </body>\n</html>\n"
    )
}
