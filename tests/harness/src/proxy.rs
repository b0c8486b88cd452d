//! A TCP proxy that fails on command.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::{free_port, wait_until};

const OWN_PORT_DEADLINE: Duration = Duration::from_secs(10);

/// A proxy in front of a server. It runs on a thread of its own; a change is in force when the call returns,
/// in sync and async tests alike.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    target: watch::Sender<SocketAddr>,
    weather: watch::Sender<Weather>,
    line: Mutex<Option<Line>>,
    /// `Some` until drop.
    runtime: Option<Runtime>,
}

/// One of the two ways bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From whoever connects to the server.
    ToServer,
    /// From the server to whoever connects.
    ToClient,
}

/// What becomes of the bytes on their way.
#[derive(Clone, Copy, Debug)]
struct Weather {
    frozen_to_server: bool,
    frozen_to_client: bool,
    delay: Duration,
    /// Connections made in an earlier era are stranded.
    era: u64,
}

/// The listener and its connections.
#[derive(Debug)]
struct Line {
    accept: AbortHandle,
    /// Disconnected once the listener and every connection are closed.
    closed: Receiver<Infallible>,
}

impl Proxy {
    /// Listens on a free loopback port and forwards to `target`, which need not be up.
    ///
    /// # Panics
    /// If it cannot listen.
    pub fn start(target: SocketAddr) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("proxy").enable_all().build();
        let proxy = Self {
            address: (Ipv4Addr::LOCALHOST, free_port()).into(),
            target: watch::Sender::new(target),
            weather: watch::Sender::new(Weather::fair()),
            line: Mutex::new(None),
            runtime: Some(runtime.expect("a runtime")),
        };
        proxy.restore();
        proxy
    }

    /// A proxy in front of the server of `url`, and that URL with the proxy's address in it.
    ///
    /// # Panics
    /// If `url` names no host and port, or it cannot listen.
    pub fn in_front_of(url: &str) -> (Self, String) {
        let after_scheme = url.split_once("://").expect("a URL").1;
        let authority = after_scheme.split(['/', '?']).next().unwrap_or_default();
        let host_and_port = authority.rsplit('@').next().unwrap_or_default();
        let target = host_and_port.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
        let proxy = Self::start(target.unwrap_or_else(|| panic!("no host:port in the URL: {host_and_port}")));
        let url = url.replacen(host_and_port, &proxy.address.to_string(), 1);
        (proxy, url)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes all connections and refuses new ones.
    pub fn cut(&self) {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Line { accept, closed }) = line {
            accept.abort();
            let _ = closed.recv();
        }
    }

    /// Listens again after [`Proxy::cut`].
    ///
    /// # Panics
    /// If it cannot listen.
    pub fn restore(&self) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.is_some() {
            return;
        }
        let runtime = self.runtime.as_ref().expect("taken only on drop");
        let _context = runtime.enter();
        // A program that another thread starts just now holds all that this process had open, until it has become what it is to be.
        let mut listener = std::net::TcpListener::bind(self.address);
        wait_until("the proxy's own port is free", OWN_PORT_DEADLINE, || {
            let in_use = listener.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse);
            if in_use {
                listener = std::net::TcpListener::bind(self.address);
            }
            !in_use
        });
        let listener = listener.expect("a port to listen on");
        listener.set_nonblocking(true).expect("a listener");
        let listener = TcpListener::from_std(listener).expect("a listener");
        let (open, closed) = sync_channel(0);
        let accept = runtime.spawn(accept(open, listener, self.target.subscribe(), self.weather.subscribe()));
        *line = Some(Line { accept: accept.abort_handle(), closed });
    }

    /// Forwards new connections to another server; those that are open stay where they are.
    pub fn switch_to(&self, target: SocketAddr) {
        self.target.send_replace(target);
    }

    /// Bytes no longer flow, connections stay, new ones are accepted: a peer that is silent, not gone. What is
    /// sent from now on is held until [`Proxy::thaw`].
    pub fn freeze(&self) {
        self.freeze_towards(Direction::ToServer);
        self.freeze_towards(Direction::ToClient);
    }

    /// Bytes no longer flow in one direction, and go on flowing in the other. What is sent there from now on is held
    /// until [`Proxy::thaw`].
    pub fn freeze_towards(&self, direction: Direction) {
        self.weather.send_modify(|weather| *weather.frozen(direction) = true);
    }

    /// Bytes flow again, the held ones first.
    pub fn thaw(&self) {
        self.weather.send_modify(|weather| {
            weather.frozen_to_server = false;
            weather.frozen_to_client = false;
        });
    }

    /// The connections there are go silent for good, and new ones work: their other end is gone without a word.
    /// They go on taking bytes, and nobody is told anything.
    pub fn strand(&self) {
        self.weather.send_modify(|weather| weather.era += 1);
    }

    /// From now on bytes arrive `delay` later, in each direction.
    pub fn delay(&self, delay: Duration) {
        self.weather.send_modify(|weather| weather.delay = delay);
    }
}

impl Weather {
    fn fair() -> Self {
        Self { frozen_to_server: false, frozen_to_client: false, delay: Duration::ZERO, era: 0 }
    }

    fn frozen(&mut self, direction: Direction) -> &mut bool {
        match direction {
            Direction::ToServer => &mut self.frozen_to_server,
            Direction::ToClient => &mut self.frozen_to_client,
        }
    }

    fn is_frozen(mut self, direction: Direction) -> bool {
        *self.frozen(direction)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The usual drop waits, which panics inside an async test.
            runtime.shutdown_background();
        }
    }
}

/// Parameters are dropped last to first: `open` must outlive the listener, whose end it tells.
async fn accept(
    open: SyncSender<Infallible>,
    listener: TcpListener,
    target: watch::Receiver<SocketAddr>,
    weather: watch::Receiver<Weather>,
) {
    // Aborting this task drops the set, which aborts every connection in it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => {
                let (target, weather, open) = (*target.borrow(), weather.clone(), open.clone());
                connections.spawn(async move {
                    // An error on one side closes both: that is all a proxy can say.
                    let _ = relay(client, target, weather).await;
                    drop(open);
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn relay(client: TcpStream, target: SocketAddr, weather: watch::Receiver<Weather>) -> io::Result<()> {
    let era = weather.borrow().era;
    let server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = pump(Direction::ToServer, from_client, to_server, era, weather.clone());
    let back = pump(Direction::ToClient, from_server, to_client, era, weather);
    tokio::try_join!(there, back).map(|_| ())
}

/// Forwards one direction, the end of the stream included.
async fn pump(
    direction: Direction,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    era: u64,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    let (queue, mut queued) = mpsc::channel::<(Instant, Vec<u8>)>(64);
    let delays = weather.clone();
    let read = async move {
        loop {
            let mut chunk = Vec::with_capacity(16 * 1024);
            let length = from.read_buf(&mut chunk).await?;
            let due = Instant::now() + delays.borrow().delay;
            if queue.send((due, chunk)).await.is_err() || length == 0 {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some((due, chunk)) = queued.recv().await {
            // A timer takes a millisecond even for a time already past.
            if due > Instant::now() {
                tokio::time::sleep_until(due).await;
            }
            if weather.wait_for(|weather| !weather.is_frozen(direction) || weather.era != era).await.is_err()
            {
                break;
            }
            if weather.borrow().era != era {
                return discard(queued).await;
            }
            if chunk.is_empty() {
                break;
            }
            to.write_all(&chunk).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write).map(|_| ())
}

/// Takes what arrives for as long as the proxy runs: not even the end of the stream is passed on.
async fn discard(mut queued: mpsc::Receiver<(Instant, Vec<u8>)>) -> io::Result<()> {
    while queued.recv().await.is_some() {}
    std::future::pending().await
}
