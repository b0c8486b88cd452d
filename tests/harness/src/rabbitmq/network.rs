//! The network between nodes, which can fail.
//!
//! Erlang nodes find each other by asking the epmd of their host for a port. Here each node asks an epmd of its own,
//! which knows the others at the ports of proxies. So whatever nodes say to each other goes through a proxy: for each
//! pair two, because either may be the one that connects. Neither namespaces nor root are needed to part them.

use std::net::Ipv4Addr;

use anyhow::Result;

use super::node::Node;
use crate::proxy::Proxy;

/// What connects the nodes of a cluster.
#[derive(Debug)]
pub(super) struct Network {
    links: Vec<Link>,
}

/// The way by which one node connects to another.
#[derive(Debug)]
struct Link {
    ends: [usize; 2],
    proxy: Proxy,
}

impl Network {
    /// Lets each of the nodes, which do not run yet, find the others.
    pub(super) fn between(nodes: &mut [Node]) -> Result<Self> {
        let targets: Vec<(String, u16)> =
            nodes.iter().map(|node| (node.layout.short_name(), node.layout.distribution_port)).collect();
        let mut links = Vec::new();
        for (from, node) in nodes.iter_mut().enumerate() {
            for (to, (name, port)) in targets.iter().enumerate().filter(|(to, _)| *to != from) {
                let proxy = Proxy::start((Ipv4Addr::LOCALHOST, *port).into());
                node.epmd.register(name, proxy.address().port())?;
                links.push(Link { ends: [from, to], proxy });
            }
        }
        Ok(Self { links })
    }

    /// Closes the connections of these nodes with all others and with each other, and refuses new ones.
    pub(super) fn cut(&self, nodes: &[usize]) {
        self.of(nodes).for_each(Proxy::cut);
    }

    /// Closes the connections between two nodes, and refuses new ones.
    pub(super) fn cut_between(&self, one: usize, other: usize) {
        let joins = |link: &&Link| link.ends.contains(&one) && link.ends.contains(&other);
        self.links.iter().filter(joins).for_each(|link| link.proxy.cut());
    }

    /// Nothing of what these nodes and the others say to each other arrives, and nobody is told.
    pub(super) fn freeze(&self, nodes: &[usize]) {
        self.of(nodes).for_each(Proxy::freeze);
    }

    /// All is well again. What was held is delivered first.
    pub(super) fn heal(&self) {
        for Link { proxy, .. } in &self.links {
            proxy.restore();
            proxy.thaw();
        }
    }

    fn of(&self, nodes: &[usize]) -> impl Iterator<Item = &Proxy> {
        let touches = |link: &&Link| link.ends.iter().any(|end| nodes.contains(end));
        self.links.iter().filter(touches).map(|link| &link.proxy)
    }
}
