//! A light load generator for benchmarks: it must cost little beside what it measures.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

use crate::http::Frame;

/// A run in which nothing is answered for so long has failed.
const STALLED_AFTER: Duration = Duration::from_secs(30);

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Answers by status code.
    pub statuses: BTreeMap<u16, u64>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Microseconds, ascending.
    latencies: Vec<u32>,
}

impl Report {
    /// The number of answers.
    pub fn answers(&self) -> usize {
        self.latencies.len()
    }

    /// Answers per second.
    pub fn rate(&self) -> f64 {
        self.answers() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that `percent` of the answers did not exceed; zero if there was none.
    pub fn percentile(&self, percent: f64) -> Duration {
        let rank = (self.latencies.len() as f64 * percent / 100.0).ceil() as usize;
        let latency = self.latencies.get(rank.saturating_sub(1)).copied();
        Duration::from_micros(latency.unwrap_or_default().into())
    }
}

/// Sends `requests` (whole ones, head and body) over `connections` keep-alive connections, each of which sends
/// its next request when its last is answered; returns when the iterator has ended and all is answered. Runs on
/// the calling thread; the iterator must not block.
///
/// # Errors
/// If a connection fails, or nothing is answered for thirty seconds.
///
/// # Panics
/// If called from async code.
pub fn run<R: AsRef<[u8]>>(
    address: SocketAddr,
    connections: usize,
    requests: impl Iterator<Item = R>,
) -> io::Result<Report> {
    let requests = RefCell::new(requests);
    let tally = RefCell::new(Tally::default());
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let streams = try_join_all((0..connections).map(|_| TcpStream::connect(address))).await?;
        let start = Instant::now();
        let drive_all = try_join_all(streams.into_iter().map(|stream| drive(stream, &requests, &tally)));
        tokio::select! {
            driven = drive_all => driven.map(|_| ())?,
            () = stall(&tally) => return Err(io::Error::new(ErrorKind::TimedOut, "no answer for 30 s")),
        }
        let elapsed = start.elapsed();
        let Tally { statuses, mut latencies } = tally.take();
        latencies.sort_unstable();
        Ok(Report { statuses, elapsed, latencies })
    })
}

#[derive(Default)]
struct Tally {
    statuses: BTreeMap<u16, u64>,
    latencies: Vec<u32>,
}

impl Tally {
    fn count(&mut self, status: u16, latency: Duration) {
        *self.statuses.entry(status).or_default() += 1;
        self.latencies.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }
}

async fn drive<R: AsRef<[u8]>>(
    mut stream: TcpStream,
    requests: &RefCell<impl Iterator<Item = R>>,
    tally: &RefCell<Tally>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let Some(request) = requests.borrow_mut().next() else { return Ok(()) };
        let sent = Instant::now();
        stream.write_all(request.as_ref()).await?;
        let status = answer(&mut stream, &mut buffer).await?;
        tally.borrow_mut().count(status, sent.elapsed());
    }
}

/// Reads one answer; `buffer` is empty before and after.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<u16> {
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let Some(frame) = Frame::parse(buffer)? else { continue };
        let Some(body) = frame.body else {
            return Err(io::Error::new(ErrorKind::InvalidData, "an answer that ends the connection"));
        };
        if buffer.len() >= frame.head + body {
            buffer.clear();
            return Ok(frame.status);
        }
    }
}

/// Returns once no answer has been counted for a while.
async fn stall(tally: &RefCell<Tally>) {
    let mut seen = usize::MAX;
    loop {
        let answers = tally.borrow().latencies.len();
        if answers == seen {
            return;
        }
        seen = answers;
        tokio::time::sleep(STALLED_AFTER).await;
    }
}
