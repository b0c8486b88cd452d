//! The shape every program here has: read the configuration, bind, run the parts, drain.

use std::{
    net::{SocketAddr, TcpListener},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use prometheus::{IntGaugeVec, Opts, process_collector::ProcessCollector};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};

use crate::{
    config::{ConfigError, ProcessArgs, ReloadMetrics, SigningSecrets, follow},
    lifecycle::{EXIT_BAD_CONFIGURATION, Process},
    telemetry::admin,
};

/// An error that ends a program, with its causes.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Reads the command line and the environment. What cannot be read is one line on standard error and exit code 64.
pub fn parse_or_exit<P: Parser>() -> Result<P, ExitCode> {
    P::try_parse().map_err(|error| {
        if !error.use_stderr() {
            // --help and --version are no errors.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        let text = error.render().to_string();
        let message: Vec<&str> = text.split("\n\n").next().unwrap_or(&text).split_whitespace().collect();
        eprintln!("{}", message.join(" "));
        ExitCode::from(EXIT_BAD_CONFIGURATION)
    })
}

/// Starts logging and checks the configuration. What is wrong is one line on standard error and exit code 64.
pub fn configure<C>(
    process: &ProcessArgs,
    resolve: impl FnOnce() -> Result<C, ConfigError>,
) -> Result<C, ExitCode> {
    process.init_logs().and_then(|()| resolve()).map_err(|error| {
        eprintln!("error: {error}");
        ExitCode::from(EXIT_BAD_CONFIGURATION)
    })
}

/// Runs a program on a runtime of its own. What hangs in a blocking call when the program has ended, such as a question to a
/// database that never answers, is left behind: everything that had to be waited for has been, as long as it was allowed.
pub fn block_on(
    mut runtime: runtime::Builder,
    program: impl Future<Output = Result<ExitCode, Error>>,
) -> Result<ExitCode, Error> {
    let runtime = runtime.enable_all().build()?;
    let result = runtime.block_on(program);
    runtime.shutdown_background();
    result
}

/// Binds a port. `setting` names where the address comes from, for the one who must change it.
pub fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, ConfigError> {
    TcpListener::bind(address)
        .map_err(|error| ConfigError(format!("cannot listen on {address} ({setting}): {error}")))
}

/// The parts of a program that run side by side until it stops.
#[derive(Debug)]
pub struct Parts {
    process: Process,
    running: JoinSet<()>,
}

impl Parts {
    /// A program that stops on SIGTERM and SIGINT, and reads its signing secrets again on SIGHUP and when their files
    /// have changed. To be called on the runtime that all parts run on.
    pub fn new(secrets: Option<SigningSecrets>) -> Result<Self, Error> {
        let process = Process::new();
        process.stop_on_signals()?;
        // Also without a secret to reload: the default is that a hangup ends the process.
        let hangup = signal(SignalKind::hangup())?;
        let reloads = ReloadMetrics::register(&process.registry)?;
        process.registry.register(Box::new(ProcessCollector::for_self()))?;
        let build = Opts::new("clerk_mirror_build_info", "Always 1; the label is the version that runs.");
        let build = IntGaugeVec::new(build, &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        process.registry.register(Box::new(build))?;
        let following = follow(secrets, hangup, reloads, process.shutdown.clone());
        let mut parts = Self { process, running: JoinSet::new() };
        parts.start("secrets", async {
            following.await;
            Ok::<_, Error>(())
        });
        Ok(parts)
    }

    /// What the parts share.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Starts a part. It should end only once the process stops; if it ends before, or panics, the process stops.
    pub fn start<E>(&mut self, name: &'static str, part: impl Future<Output = Result<(), E>> + Send + 'static)
    where
        E: Into<Error> + Send + 'static,
    {
        let process = self.process.clone();
        self.running.spawn(async move {
            let reported = async {
                if let Err(error) = part.await {
                    let error: Error = error.into();
                    tracing::error!(part = name, error = %causes(&*error), "failed, stopping the process");
                    process.fail();
                    process.stop();
                }
            };
            process.part(name, reported).await;
        });
    }

    /// Runs until the process is told to stop and all parts are done, or `deadline` after it was told.
    pub async fn run(mut self, admin_listener: TcpListener, deadline: Duration) -> ExitCode {
        let (mut running, process) = (std::mem::take(&mut self.running), self.process);
        // The admin endpoints go last: a shutdown can be watched to its end.
        let parts = async { while running.join_next().await.is_some() {} };
        let work = async {
            if let Err(error) = admin::serve(admin_listener, process.clone(), parts).await {
                tracing::error!(error = %error, "the admin endpoints failed");
                process.fail();
            }
        };
        if process.run(deadline, work).await { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
