//! Who may send: networks, and whose word is taken for where a request comes from.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use ipnet::{IpNet, Ipv4Net};

/// Addresses and networks, as in `192.0.2.7,198.51.100.0/24,2001:db8::/32`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Networks(Vec<IpNet>);

impl Networks {
    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let network = |entry: &str| {
            parse_network(entry.trim()).ok_or_else(|| format!("neither an address nor a network: `{entry}`"))
        };
        text.split(',').map(network).collect::<Result<_, _>>().map(Self)
    }
}

fn parse_network(entry: &str) -> Option<IpNet> {
    let network = entry.parse().or_else(|_| entry.parse::<IpAddr>().map(IpNet::from)).ok()?;
    let IpNet::V6(v6) = network else { return Some(network) };
    // Addresses are compared in their IPv4 form where they have one.
    match (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96)) {
        (Some(v4), Some(length)) => Ipv4Net::new(v4, length).ok().map(IpNet::V4),
        _ => Some(network),
    }
}

/// The allow-list.
#[derive(Debug, Clone)]
pub(crate) struct AllowedSources {
    pub(crate) allowed: Networks,
    /// Proxies that tell the truth in `X-Forwarded-For`.
    pub(crate) proxies: Option<Networks>,
}

impl AllowedSources {
    /// Whether a request from `peer` may be read. `forwarded_for` gives the values of `X-Forwarded-For`, in order.
    pub(crate) fn allows<'a, I>(&self, peer: SocketAddr, forwarded_for: impl FnOnce() -> I) -> bool
    where
        I: Iterator<Item = &'a [u8]>,
    {
        let peer = peer.ip().to_canonical();
        self.source(peer, forwarded_for).is_some_and(|source| self.allowed.contains(source))
    }

    /// Where a request comes from; `None` if a trusted proxy wrote something that cannot be read.
    ///
    /// Each proxy appends whom it was called by. So the walk goes from the right, over the proxies that are trusted,
    /// and ends at the first address that is not one of them: nothing to its left was written by anyone trusted.
    fn source<'a, I>(&self, peer: IpAddr, forwarded_for: impl FnOnce() -> I) -> Option<IpAddr>
    where
        I: Iterator<Item = &'a [u8]>,
    {
        let trusted = |address| self.proxies.as_ref().is_some_and(|proxies| proxies.contains(address));
        if !trusted(peer) {
            return Some(peer);
        }
        let values: Vec<&[u8]> = forwarded_for().collect();
        let mut source = peer;
        for entry in values.iter().rev().flat_map(|value| value.rsplit(|byte| *byte == b',')) {
            source = parse_forwarded(entry)?;
            if !trusted(source) {
                break;
            }
        }
        Some(source)
    }
}

/// An address, with the port that some proxies add.
fn parse_forwarded(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim_ascii();
    let address = entry.parse().or_else(|_| entry.parse::<SocketAddr>().map(|address| address.ip())).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sources(allowed: &str, proxies: Option<&str>) -> AllowedSources {
        AllowedSources {
            allowed: allowed.parse().unwrap(),
            proxies: proxies.map(|proxies| proxies.parse().unwrap()),
        }
    }

    #[track_caller]
    fn allows(sources: &AllowedSources, peer: &str, forwarded_for: &[&str]) -> bool {
        let peer = SocketAddr::new(peer.parse().unwrap(), 1234);
        sources.allows(peer, || forwarded_for.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn networks_are_addresses_and_cidr_of_both_families() {
        let networks: Networks =
            "192.0.2.7, 198.51.100.9/24,2001:db8::/32,::1,::ffff:203.0.113.0/120".parse().unwrap();
        let contains = |address: &str| networks.contains(address.parse().unwrap());
        for address in
            ["192.0.2.7", "198.51.100.0", "198.51.100.255", "2001:db8:ffff::1", "::1", "203.0.113.9"]
        {
            assert!(contains(address), "{address}");
        }
        for address in ["192.0.2.8", "198.51.101.0", "2001:db9::", "::2", "203.0.114.0"] {
            assert!(!contains(address), "{address}");
        }
    }

    #[test]
    fn what_is_no_network_is_named() {
        for (text, bad) in [
            ("", "``"),
            ("192.0.2.7,", "``"),
            ("192.0.2.7,198.51.100.0/33", "`198.51.100.0/33`"),
            ("192.0.2.0-192.0.2.9", "`192.0.2.0-192.0.2.9`"),
            ("192.0.2.7 192.0.2.8", "`192.0.2.7 192.0.2.8`"),
            ("localhost", "`localhost`"),
        ] {
            let error = text.parse::<Networks>().unwrap_err();
            assert!(error.ends_with(bad), "{text}: {error}");
        }
    }

    #[test]
    fn without_proxies_the_peer_is_the_source_whatever_it_says() {
        let sources = sources("192.0.2.0/24", None);
        assert!(allows(&sources, "192.0.2.7", &["203.0.113.1"]));
        assert!(allows(&sources, "::ffff:192.0.2.7", &[]));
        assert!(!allows(&sources, "203.0.113.1", &["192.0.2.7"]));
    }

    #[test]
    fn the_source_is_the_last_one_that_is_no_proxy() {
        let sources = sources("192.0.2.0/24", Some("10.0.0.0/8,fd00::/8"));
        for forwarded_for in [
            &["192.0.2.7"] as &[&str],
            &["192.0.2.7:4711"],
            &["::ffff:192.0.2.7"],
            &["[::ffff:192.0.2.7]:4711"],
            &["203.0.113.1, 192.0.2.7"],
            &["not an address, 192.0.2.7 , 10.1.1.1"],
            &["192.0.2.7", "10.1.1.1,fd00::1"],
            &["203.0.113.1", "192.0.2.7,10.1.1.1", "10.1.1.2"],
        ] {
            assert!(allows(&sources, "10.0.0.1", forwarded_for), "{forwarded_for:?}");
        }
        for forwarded_for in [
            &[] as &[&str],
            &[""],
            &["unknown"],
            &["192.0.2.7,"],
            &["192.0.2.7, unknown"],
            &["192.0.2.7", "203.0.113.1"],
            &["192.0.2.7, 203.0.113.1, 10.1.1.1"],
            &["10.1.1.1"],
        ] {
            assert!(!allows(&sources, "10.0.0.1", forwarded_for), "{forwarded_for:?}");
        }
        assert!(!allows(&sources, "203.0.113.1", &["192.0.2.7"]), "no proxy of ours");
    }

    #[test]
    fn a_trusted_proxy_may_itself_be_the_sender() {
        let sources = sources("10.0.0.1", Some("10.0.0.0/8"));
        assert!(allows(&sources, "10.0.0.1", &[]));
        assert!(!allows(&sources, "10.0.0.2", &[]));
        assert!(allows(&sources, "10.0.0.2", &["10.0.0.1"]));
    }

    proptest! {
        /// Whatever a client writes into the header, its proxy appends where it really came from.
        #[test]
        fn nobody_becomes_allowed_by_what_they_write(
            written in proptest::collection::vec(
                prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..40),
                    "(192\\.0\\.2\\.7|10\\.0\\.0\\.1|unknown)?(, ?(192\\.0\\.2\\.7|10\\.0\\.0\\.1|::1)){0,4}"
                        .prop_map(String::into_bytes),
                ],
                0..5,
            ),
            own_line: bool,
            proxies_behind in 0..3usize,
            client in "203\\.0\\.113\\.[1-9]",
        ) {
            let sources = sources("192.0.2.0/24", Some("10.0.0.0/8"));
            let mut values = written;
            let appended = format!("{client}{}", ", 10.2.2.2".repeat(proxies_behind));
            match values.last_mut() {
                Some(last) if !own_line => last.extend_from_slice(format!(", {appended}").as_bytes()),
                _ => values.push(appended.into_bytes()),
            }
            let peer = "10.0.0.1".parse().unwrap();
            let source = sources.source(peer, || values.iter().map(Vec::as_slice));
            prop_assert_eq!(source, Some(client.parse().unwrap()));
        }
    }
}
