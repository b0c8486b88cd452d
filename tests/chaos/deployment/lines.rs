//! The lines between the parts: a proxy each.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use harness::Proxy;

use crate::fault::Hop;

/// All lines, by hop; each hop has one for every instance.
#[derive(Default)]
pub struct Lines(BTreeMap<Hop, Vec<Proxy>>);

impl Lines {
    /// A line to a server; returns the URL that leads over it.
    pub fn add(&mut self, hop: Hop, url: &str) -> String {
        let (proxy, url) = Proxy::in_front_of(url);
        self.0.entry(hop).or_default().push(proxy);
        url
    }

    /// A line to an address.
    pub fn add_address(&mut self, hop: Hop, address: SocketAddr) {
        self.0.entry(hop).or_default().push(Proxy::start(address));
    }

    pub fn get(&self, hop: Hop, line: usize) -> &Proxy {
        &self.0[&hop][line]
    }

    /// Everything passes again, at once. Connections that are half open stay so.
    pub fn heal(&self) {
        for proxy in self.0.values().flatten() {
            proxy.thaw();
            proxy.delay(Duration::ZERO);
            proxy.restore();
        }
    }
}
