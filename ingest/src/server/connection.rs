//! A client's connection, which nobody can hold for ever.
//!
//! actix-web times the head of a connection's first request and the idle time between requests, and the endpoint
//! times its bodies. Nothing times the head of a later request, the rest of a chunked body whose request has been
//! refused already, or answers that nobody reads. Here every wait has an end, whatever the wait is for.
//!
//! The stream knows bytes, not requests: what is read begins a request, what is written answers it. Half a head that
//! came together with the request before it therefore waits as long as an idle connection, and no longer.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use crate::metrics::ConnectionMetrics;

/// How long a connection may wait. Each is a backstop, longer than what times the same wait and can answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For a request, from its first byte, to be answered; and for an answer to be read.
    pub(crate) exchange: Duration,
    /// For the next request.
    pub(crate) idle: Duration,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// The first byte of a request.
    Request,
    /// The rest of a request, and our answer to it.
    Answer,
    /// The client, which does not read its answers.
    Reader,
}

/// A stream whose every wait has an end: past it, reading and writing fail, and the connection closes.
pub(crate) struct Connection<S> {
    stream: S,
    patience: Patience,
    wait: Wait,
    deadline: Instant,
    /// Fires at `deadline` or before it: an extension is looked up when the timer fires, and costs nothing until then.
    timer: Pin<Box<Sleep>>,
    metrics: ConnectionMetrics,
}

impl<S> Connection<S> {
    pub(crate) fn new(stream: S, patience: Patience, metrics: ConnectionMetrics) -> Self {
        metrics.open.inc();
        let deadline = Instant::now() + patience.idle;
        let timer = Box::pin(sleep_until(deadline));
        Self { stream, patience, wait: Wait::Request, deadline, timer, metrics }
    }

    fn begin(&mut self, wait: Wait) {
        self.wait = wait;
        self.deadline = Instant::now()
            + match wait {
                Wait::Request => self.patience.idle,
                Wait::Answer | Wait::Reader => self.patience.exchange,
            };
        if self.deadline < self.timer.deadline() {
            self.timer.as_mut().reset(self.deadline);
        }
    }

    /// Only the first byte counts: a request that drips in gets no more time than one that stalls.
    fn has_read(&mut self) {
        if self.wait == Wait::Request {
            self.begin(Wait::Answer);
        }
    }

    /// What is written is an answer.
    fn has_written(&mut self) {
        self.begin(Wait::Request);
    }

    fn cannot_write(&mut self) {
        if self.wait != Wait::Reader {
            self.begin(Wait::Reader);
        }
    }

    /// Fails once the wait is over; until then, sees to it that the task is woken when it is.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= self.deadline {
                self.metrics.expired.inc();
                tracing::debug!(waited_for = ?self.wait, "connection given up");
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(self.deadline);
        }
        Ok(())
    }
}

impl<S> Drop for Connection<S> {
    fn drop(&mut self) {
        self.metrics.open.dec();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.has_read();
        }
        // After the reading: what drips in must not keep the timer from being looked at.
        self.check(context)?;
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        match &polled {
            Poll::Ready(Ok(_)) => self.has_written(),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.cannot_write(),
        }
        self.check(context)?;
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        match &polled {
            Poll::Ready(Ok(())) if self.wait == Wait::Reader => self.has_written(),
            Poll::Ready(_) => {}
            Poll::Pending => self.cannot_write(),
        }
        self.check(context)?;
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A client that takes nothing would not take the farewell of TLS either.
        if Pin::new(&mut self.stream).poll_shutdown(context)?.is_pending() {
            self.cannot_write();
            self.check(context)?;
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}
