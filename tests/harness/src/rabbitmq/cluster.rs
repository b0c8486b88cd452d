//! Three nodes that are one broker.

use std::net::{Ipv4Addr, TcpStream};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use serde_json::Value;

use super::client::{QueueState, queue_state};
use super::network::Network;
use super::node::Node;
use crate::{unique, wait_until};

const NODES: usize = 3;
const DEADLINE: Duration = Duration::from_secs(60);

/// A private cluster of three nodes, numbered from zero, that pauses whoever sees no majority, and whose nodes notice within ten
/// seconds that another one is silent. It ends on drop.
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order: the nodes before what connects them.
    nodes: Vec<Node>,
    network: Network,
}

impl Cluster {
    /// Starts the first node, and then the others, which join it.
    ///
    /// # Errors
    /// If one does not start, with the tail of its log, or does not join.
    pub fn start() -> Result<Self> {
        let cookie = unique("cookie");
        let mut nodes = (0..NODES).map(|_| Node::new(&cookie)).collect::<Result<Vec<_>>>()?;
        let network = Network::between(&mut nodes)?;
        // Nodes that look for each other while all of them start can wait for each other in vain.
        let [first, others @ ..] = &mut *nodes else { bail!("a cluster has nodes") };
        first.layout.configure(&joining(&[]))?;
        first.launch()?;
        first.wait_until_serving()?;
        for other in &mut *others {
            other.layout.configure(&joining(&[first.layout.name()]))?;
            other.launch()?;
        }
        others.iter_mut().try_for_each(Node::wait_until_serving)?;
        let cluster = Self { nodes, network };
        let running = cluster.running()?;
        ensure!(running == NODES, "{running} nodes are one cluster, not {NODES}");
        Ok(cluster)
    }

    /// The `amqp://` URLs of all nodes, comma-separated.
    pub fn urls(&self) -> String {
        let urls: Vec<String> = self.nodes.iter().map(|node| node.layout.url()).collect();
        urls.join(",")
    }

    /// The `amqp://` URL of a node.
    pub fn url(&self, node: usize) -> String {
        self.nodes[node].layout.url()
    }

    /// Runs one of RabbitMQ's tools against a node, `rabbitmqctl` or another. A call takes about a second.
    pub fn tool(&self, node: usize, name: &str, args: &[&str]) -> Output {
        self.nodes[node].tool(name, args)
    }

    /// The name of a node among Erlang's.
    pub fn name(&self, node: usize) -> String {
        self.nodes[node].layout.name()
    }

    /// What a queue says of itself; `None` if there is no such queue, or nobody to ask.
    pub fn queue_state(&self, queue: &str) -> Option<QueueState> {
        let running = self.nodes.iter().filter(|node| node.is_launched());
        running.map(|node| queue_state(&node.layout.url(), queue)).find_map(Result::ok).flatten()
    }

    /// Waits until a quorum queue has a leader, and says which node that is.
    ///
    /// # Panics
    /// If it takes more than a minute.
    #[track_caller]
    pub fn leader(&self, queue: &str) -> usize {
        let mut leader = None;
        wait_until("the queue has a leader", DEADLINE, || {
            leader = self.find_leader(queue);
            leader.is_some()
        });
        leader.expect("found")
    }

    /// Waits until [`Cluster::kill9`] of no node makes it forget a quorum queue that was just declared.
    ///
    /// # Panics
    /// If it takes more than a minute.
    #[track_caller]
    pub fn wait_until_on_disk(&self, queue: &str) {
        let written = || self.nodes.iter().all(|node| node.has_on_disk(queue));
        wait_until("the queue is on every disk", DEADLINE, written);
    }

    /// Kills a node with SIGKILL; its data stay.
    pub fn kill9(&mut self, node: usize) {
        self.nodes[node].kill9();
    }

    /// Stops a node in good order, as its service manager does.
    ///
    /// # Errors
    /// If it does not stop.
    pub fn stop(&mut self, node: usize) -> Result<()> {
        self.nodes[node].stop()
    }

    /// Starts a node again on its data. See [`Cluster::wait_until_serving`].
    ///
    /// # Errors
    /// If there is no process to be had.
    pub fn launch(&mut self, node: usize) -> Result<()> {
        self.nodes[node].launch()
    }

    /// Waits until a node serves.
    ///
    /// # Errors
    /// If it does not start, with the tail of its log.
    pub fn wait_until_serving(&mut self, node: usize) -> Result<()> {
        self.nodes[node].wait_until_serving()
    }

    /// Waits until a node that sees no majority has noticed, and serves nobody.
    ///
    /// # Panics
    /// If it takes more than a minute.
    #[track_caller]
    pub fn wait_until_paused(&self, node: usize) {
        let address = (Ipv4Addr::LOCALHOST, self.nodes[node].layout.amqp_port);
        wait_until("the node pauses", DEADLINE, || TcpStream::connect(address).is_err());
    }

    /// Kills a node and removes all its data. When it is launched it joins the others as a new node: they must have
    /// been told to forget the old one.
    ///
    /// # Errors
    /// If files cannot be written.
    pub fn wipe(&mut self, node: usize) -> Result<()> {
        let others: Vec<String> =
            (0..NODES).filter(|other| *other != node).map(|other| self.name(other)).collect();
        let wiped = &mut self.nodes[node];
        wiped.wipe()?;
        wiped.layout.configure(&joining(&others))
    }

    /// Cuts nodes off from all others, and from each other: connections are closed and refused.
    pub fn cut_off(&self, nodes: &[usize]) {
        self.network.cut(nodes);
    }

    /// Nothing that these nodes and the others say to each other arrives any more, and connections stay open.
    pub fn silence(&self, nodes: &[usize]) {
        self.network.freeze(nodes);
    }

    /// Cuts the link between two nodes: each still reaches the third.
    pub fn cut_link(&self, one: usize, other: usize) {
        self.network.cut_between(one, other);
    }

    /// Halts a node where it is, with SIGSTOP: its connections stay, and new ones find nobody.
    pub fn halt(&mut self, node: usize) {
        self.nodes[node].signal(Signal::STOP);
    }

    /// Ends [`Cluster::halt`].
    pub fn resume(&mut self, node: usize) {
        self.nodes[node].signal(Signal::CONT);
    }

    /// Ends [`Cluster::cut_off`] and [`Cluster::silence`].
    pub fn heal(&self) {
        self.network.heal();
    }

    /// How many nodes run as one cluster.
    fn running(&self) -> Result<usize> {
        let status = self.tool(0, "rabbitmqctl", &["cluster_status", "--formatter", "json"]);
        let status: Value = serde_json::from_slice(&status.stdout).context("cluster_status")?;
        Ok(status["running_nodes"].as_array().map_or(0, Vec::len))
    }

    /// As the first node that knows the members sees it.
    fn find_leader(&self, queue: &str) -> Option<usize> {
        let arguments = ["quorum_status", queue, "--formatter", "json"];
        let mut running = self.nodes.iter().filter(|node| node.is_launched());
        let leader = running.find_map(|node| {
            let status = node.tool("rabbitmq-queues", &arguments);
            let members: Vec<Value> = serde_json::from_slice(&status.stdout).ok()?;
            let leader = members.into_iter().find(|member| member["Raft State"] == "leader")?;
            Some(leader["Node Name"].clone())
        })?;
        self.nodes.iter().position(|node| leader == *node.layout.name())
    }
}

/// The configuration of a node that joins one of these others before it serves anybody, if it has no data.
fn joining(others: &[String]) -> String {
    let mut lines = String::from(
        "cluster_partition_handling = pause_minority\n\
         net_ticktime = 8\n\
         cluster_formation.peer_discovery_backend = classic_config\n",
    );
    for (number, other) in others.iter().enumerate() {
        lines += &format!("cluster_formation.classic_config.nodes.{} = {other}\n", number + 1);
    }
    lines
}
