//! Where events are sent.

use std::str::FromStr;

use hyper::Uri;

/// An `http://` URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    authority: String,
    host: String,
    port: u16,
    path: String,
}

impl Target {
    /// Host and port as the URL gives them.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Host and port to connect to.
    pub fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Path and query.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| InvalidTarget::NotAUrl)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(InvalidTarget::Https),
            _ => return Err(InvalidTarget::NotAUrl),
        }
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or(InvalidTarget::NotAUrl)?;
        if authority.as_str().contains('@') {
            return Err(InvalidTarget::Credentials);
        }
        Ok(Self {
            authority: authority.to_string(),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        })
    }
}

/// Why a text is no place to send events to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTarget {
    /// Not `http://host…`.
    #[error("expected a URL such as http://127.0.0.1:8080/webhooks/clerk")]
    NotAUrl,
    /// TLS is asked for.
    #[error("https:// is not supported: send to the http:// address behind whatever ends the TLS connection")]
    Https,
    /// A name or password stands in it.
    #[error("a URL with a user name or password is not supported")]
    Credentials,
}

#[cfg(test)]
mod tests {
    use super::{InvalidTarget, Target};

    #[test]
    fn takes_a_url_apart() {
        let target: Target = "http://127.0.0.1:8080/webhooks/clerk?a=b".parse().unwrap();
        assert_eq!(target.address(), ("127.0.0.1", 8080));
        assert_eq!(target.authority(), "127.0.0.1:8080");
        assert_eq!(target.path(), "/webhooks/clerk?a=b");

        let short: Target = "http://ingest".parse().unwrap();
        assert_eq!((short.address(), short.path()), (("ingest", 80), "/"));
        let v6: Target = "http://[::1]:8080/".parse().unwrap();
        assert_eq!((v6.address(), v6.authority()), (("::1", 8080), "[::1]:8080"));
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |text: &str| text.parse::<Target>().unwrap_err();
        assert_eq!(wrong("https://example.com/webhooks/clerk"), InvalidTarget::Https);
        assert_eq!(wrong("http://me:secret@example.com/"), InvalidTarget::Credentials);
        for text in ["", "127.0.0.1:8080", "/webhooks/clerk", "ftp://example.com/", "http://"] {
            assert_eq!(wrong(text), InvalidTarget::NotAUrl, "{text}");
        }
    }
}
