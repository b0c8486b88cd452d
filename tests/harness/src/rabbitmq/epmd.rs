//! The Erlang port mapper: where a node asks on which port another one is.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::locate::folder_of;
use crate::process::{Process, Program};

const START_DEADLINE: Duration = Duration::from_secs(30);
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// A private one. It serves one node, which registers itself there; of other nodes that one learns only here.
#[derive(Debug)]
pub(super) struct Epmd {
    port: u16,
    process: Process,
    /// A name is registered for as long as the connection is open that registered it.
    registrations: Vec<TcpStream>,
}

impl Epmd {
    /// Starts one on `port`.
    pub(super) fn start(folder: &Path, port: u16) -> Result<Self> {
        let process = Program::new(folder_of("epmd", &[])?.join("epmd"))
            .args(["-address", "127.0.0.1", "-port", &port.to_string()])
            .folder(folder)
            .ended_by("TERM")
            .start()?;
        Ok(Self { port, process, registrations: Vec::new() })
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Registers a node, by what stands before the `@` of its name, at a port that leads to it.
    pub(super) fn register(&mut self, node: &str, port: u16) -> Result<()> {
        let mut stream = self.connect()?;
        stream.set_read_timeout(Some(ANSWER_DEADLINE))?;
        stream.write_all(&alive2_request(node, port)?)?;
        // ALIVE2_X_RESP or ALIVE2_RESP, then 0 for success; what follows is of no use here.
        let mut answer = [0; 2];
        stream.read_exact(&mut answer).context("epmd does not answer")?;
        ensure!(matches!(answer, [118 | 121, 0]), "epmd refuses {node}: {answer:?}");
        self.registrations.push(stream);
        Ok(())
    }

    fn connect(&self) -> Result<TcpStream> {
        let start = Instant::now();
        loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
                Ok(stream) => return Ok(stream),
                Err(error) => ensure!(start.elapsed() < START_DEADLINE, "epmd cannot be reached: {error}"),
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// `ALIVE2_REQ`, as the distribution protocol describes it.
fn alive2_request(node: &str, port: u16) -> Result<Vec<u8>> {
    const REQUEST: u8 = 120;
    const NORMAL_NODE: u8 = 77;
    const TCP: u8 = 0;
    const HIGHEST_VERSION: u16 = 6;
    const LOWEST_VERSION: u16 = 5;
    const NOTHING_MORE: u16 = 0;
    let mut request = vec![REQUEST];
    request.extend(port.to_be_bytes());
    request.extend([NORMAL_NODE, TCP]);
    request.extend(HIGHEST_VERSION.to_be_bytes());
    request.extend(LOWEST_VERSION.to_be_bytes());
    request.extend(u16::try_from(node.len())?.to_be_bytes());
    request.extend(node.as_bytes());
    request.extend(NOTHING_MORE.to_be_bytes());
    Ok([u16::try_from(request.len())?.to_be_bytes().to_vec(), request].concat())
}
