//! The connection URL: checked here, because libpq quotes what it cannot read, passwords included, and completed
//! so that no call hangs for ever on a peer that is gone.

use crate::store::OpenError;

/// Set unless the URL sets them itself. What is sent into a network that swallows it is sent again after waits that
/// double; so a peer that is silent for some seconds is given up, and a new connection does not wait that long.
const DEFAULTS: [(&str, &str); 6] = [
    ("connect_timeout", "3"),
    ("tcp_user_timeout", "5000"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "3"),
    ("fallback_application_name", "clerk-mirror"),
];

/// Checks a `postgres://` or `postgresql://` URL and adds the defaults.
pub(super) fn with_defaults(url: &str) -> Result<String, OpenError> {
    let (_, rest) = url.split_once("://").ok_or(OpenError::Scheme)?;
    if rest.chars().any(|c| c.is_control() || c == ' ') {
        return Err(OpenError::Url("it contains a space or a control character"));
    }
    check_percent_encoding(rest)?;
    // As libpq does: whatever stands before the first @ is user and password, unless a / comes earlier.
    let (user, rest) = match rest.find(['@', '/']) {
        Some(end) if rest.as_bytes()[end] == b'@' => (&rest[..end], &rest[end + 1..]),
        _ => ("", rest),
    };
    let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
    if user.contains('?') || location.contains('@') {
        return Err(OpenError::Url(
            "special characters in the user name or password must be percent-encoded",
        ));
    }
    let (hosts, _database) = location.split_once('/').unwrap_or((location, ""));
    for host in hosts.split(',').filter(|host| !host.is_empty()) {
        check_host(host)?;
    }
    let mut given = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() && !value.contains('=') => given.push(key),
            _ => return Err(OpenError::Url("its parameters must be written key=value, joined by &")),
        }
    }

    let mut complete = url.trim_end_matches(['?', '&']).to_owned();
    for (key, value) in DEFAULTS {
        if given.contains(&key) {
            continue;
        }
        complete.push(if complete.contains('?') { '&' } else { '?' });
        complete.push_str(key);
        complete.push('=');
        complete.push_str(value);
    }
    Ok(complete)
}

/// `name`, `name:port`, `[address]` or `[address]:port`.
fn check_host(host: &str) -> Result<(), OpenError> {
    let port = match host.strip_prefix('[') {
        Some(address) => match address.split_once(']') {
            Some((_, "")) => None,
            Some((_, rest)) if rest.starts_with(':') => Some(&rest[1..]),
            _ => return Err(OpenError::Url("its IPv6 address must be written in brackets")),
        },
        None => host.split_once(':').map(|(_, port)| port),
    };
    match port {
        Some(port) if !port.parse::<u16>().is_ok_and(|port| port > 0) => Err(OpenError::Url(
            "its port must be a number from 1 to 65535; a / in a password must be percent-encoded",
        )),
        _ => Ok(()),
    }
}

fn check_percent_encoding(text: &str) -> Result<(), OpenError> {
    let encoded = text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit) && digits != b"00")
    });
    if encoded {
        Ok(())
    } else {
        Err(OpenError::Url("a % must be followed by two hexadecimal digits, not 00"))
    }
}

#[cfg(test)]
mod tests {
    use super::with_defaults;

    #[test]
    fn a_plain_url_gets_every_default() {
        assert_eq!(
            with_defaults("postgres://app:secret@db:5433/app").unwrap(),
            "postgres://app:secret@db:5433/app?connect_timeout=3&tcp_user_timeout=5000&keepalives_idle=5\
             &keepalives_interval=2&keepalives_count=3&fallback_application_name=clerk-mirror"
        );
    }

    #[test]
    fn what_the_url_sets_stays() {
        let url = with_defaults("postgresql:///app?host=/run/postgresql&connect_timeout=7").unwrap();
        assert!(
            url.starts_with("postgresql:///app?host=/run/postgresql&connect_timeout=7&tcp_user_timeout=")
        );
        assert_eq!(url.matches("connect_timeout").count(), 1);
    }

    #[test]
    fn every_form_of_host_is_accepted() {
        for url in [
            "postgres://",
            "postgres://db",
            "postgres://db/",
            "postgres://db?sslmode=disable",
            "postgres://a,b:5433,[::1]:5434,[::1]/app?target_session_attrs=read-write",
            "postgres://app@db",
            "postgres://app:p%40ss@%2Frun%2Fpostgresql/app",
            "postgres://db/app?",
        ] {
            assert!(with_defaults(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_it() {
        for url in [
            "postgres://app:hunter2@db:port/app",
            "postgres://app:hunter2@db:0/app",
            "postgres://app:hunter2@db:70000/app",
            "postgres://app:hunter2@[::1/app",
            "postgres://app:hunter2@[::1]5432/app",
            "postgres://app:hunter2%@db/app",
            "postgres://app:hunter2%4@db/app",
            "postgres://app:hunter2%00@db/app",
            "postgres://app:hunter2@x@db/app",
            "postgres://app:hunter2/x@db/app",
            "postgres://app:1/hunter2@db/app",
            "postgres://app:hunter2?x@db/app",
            "postgres://app:hunter2 x@db/app",
            "postgres://db/app?password",
            "postgres://db/app?password=hunter2=x",
            "postgres://db/app?=hunter2",
        ] {
            let error = with_defaults(url).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{url}: {error}");
        }
    }
}
