//! All that runs, and the lines between: `ingest`s and `worker`s, a RabbitMQ and a PostgreSQL, each instance behind
//! proxies of its own.

mod instance;
mod lines;

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use harness::{Durability, Postgres, Proxy, RabbitMq, SmallDisk, binaries, psql, wait_until};

use self::{instance::Instance, lines::Lines};
use crate::{
    fault::{Hop, INSTANCES, Part},
    oracle::event::INSTANCE,
    signed::SECRET,
};

const NAMESPACE: &str = "chaos";
/// Room for the database: memory that is taken only as it fills.
const DISK_MEBIBYTES: u32 = 64;
/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// All that runs.
pub struct Deployment {
    ingests: Vec<Instance>,
    workers: Vec<Instance>,
    lines: Lines,
    broker: Mutex<RabbitMq>,
    // Dropped in this order: the server before its disk.
    database: Mutex<Postgres>,
    pub disk: SmallDisk,
    /// The database without a proxy.
    pub database_url: String,
}

impl Deployment {
    /// Starts everything and waits until it works; the database has room for so many events.
    pub fn start(events: usize) -> Result<Self> {
        binaries();
        let (broker, (database, disk)) = thread::scope(|scope| {
            let broker = scope.spawn(RabbitMq::start);
            let database = database(events);
            anyhow::Ok((broker.join().expect("starting does not panic")?, database?))
        })?;
        let database_url = on_the_disk(&database, &disk)?;
        let broker_url = broker.url().to_owned();

        let mut lines = Lines::default();
        let queue = |url: String| format!("{url}?heartbeat=2");
        let mut ingests = Vec::new();
        let mut workers = Vec::new();
        for index in 0..INSTANCES {
            let broker = queue(lines.add(Hop::IngestToBroker, &broker_url));
            let ingest = Instance::new(Part::Ingest(index), &binaries().ingest)
                .var("QUEUE_URL", &broker)
                .var("PUBLISH_TIMEOUT", "1s")
                .listening("LISTEN");
            lines.add_address(Hop::SenderToIngest, ingest.address());
            ingests.push(ingest);

            let broker = queue(lines.add(Hop::WorkerToBroker, &broker_url));
            let database = lines.add(Hop::WorkerToDatabase, &database_url);
            let worker = Instance::new(Part::Worker(index), &binaries().worker)
                .var("QUEUE_URL", &broker)
                .var("DATABASE_URL", &database)
                .var("STATEMENT_TIMEOUT", "2s")
                .var("CLERK_INSTANCE_ID", INSTANCE)
                // The events are of 2024.
                .var("RETENTION", "never");
            workers.push(worker);
        }
        for instance in ingests.iter_mut().chain(&mut workers) {
            instance.set("CLERK_WEBHOOK_SECRET", SECRET);
            instance.set("QUEUE_NAMESPACE", NAMESPACE);
            instance.set("SHUTDOWN_TIMEOUT", "10s");
        }
        let deployment = Self {
            ingests,
            workers,
            lines,
            broker: Mutex::new(broker),
            database: Mutex::new(database),
            disk,
            database_url,
        };
        for instance in deployment.instances() {
            instance.start()?;
        }
        for instance in deployment.instances() {
            wait_until(&format!("{} is ready", instance.part), PATIENCE, || instance.is_ready());
        }
        let broker = lock(&deployment.broker);
        for queue in [deployment.inbox(), deployment.dead()] {
            broker.wait_until_on_disk(&queue);
        }
        drop(broker);
        Ok(deployment)
    }

    /// Where webhooks are sent to, past the proxies.
    pub fn endpoints(&self) -> Vec<SocketAddr> {
        (0..INSTANCES).map(|line| self.line(Hop::SenderToIngest, line).address()).collect()
    }

    pub fn line(&self, hop: Hop, line: usize) -> &Proxy {
        self.lines.get(hop, line)
    }

    pub fn inbox(&self) -> String {
        format!("{NAMESPACE}.inbox")
    }

    pub fn dead(&self) -> String {
        format!("{NAMESPACE}.dead")
    }

    pub fn kill(&self, part: Part) {
        match part {
            Part::Broker => lock(&self.broker).kill9(),
            Part::Database => lock(&self.database).kill9(),
            Part::Ingest(_) | Part::Worker(_) => self.instance(part).kill(),
        }
    }

    /// Stops it as an operator does.
    pub fn stop(&self, part: Part) -> Result<()> {
        match part {
            Part::Broker => lock(&self.broker).stop(),
            Part::Database => lock(&self.database).stop(),
            // While something else is wrong too, not everything can be finished.
            Part::Ingest(_) | Part::Worker(_) => drop(self.instance(part).stop()?),
        }
        Ok(())
    }

    /// Starts it again. A server serves when this returns; an instance may have to wait for one.
    pub fn start_again(&self, part: Part) -> Result<()> {
        match part {
            Part::Broker => lock(&self.broker).restart()?,
            Part::Database => lock(&self.database).restart()?,
            Part::Ingest(_) | Part::Worker(_) => self.instance(part).start()?,
        }
        Ok(())
    }

    /// Waits until an instance says that it works, or so long.
    pub fn wait_until_ready(&self, part: Part, patience: Duration) {
        let began = Instant::now();
        if matches!(part, Part::Ingest(_) | Part::Worker(_)) {
            let instance = self.instance(part);
            while !instance.is_ready() && began.elapsed() < patience {
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    pub fn ctl(&self, arguments: &[&str]) -> Result<()> {
        let output = lock(&self.broker).ctl(arguments);
        ensure!(output.status.success(), "rabbitmqctl {arguments:?}: {output:?}");
        Ok(())
    }

    /// Whether the inbox has no message ready. The broker has to be there.
    pub fn is_inbox_empty(&self) -> bool {
        lock(&self.broker).queue_depth(&self.inbox()) == Some(0)
    }

    /// The queues that hold anything once nobody consumes any more, and how much.
    pub fn left_in_queues(&self) -> Vec<(String, u32)> {
        let broker = lock(&self.broker);
        let left = |queue: String| {
            let state = || broker.queue_state(&queue).expect("the queue is there");
            // What a consumer has not acknowledged is ready again when the queue knows that the consumer is gone.
            wait_until("the consumers are gone", PATIENCE, || state().consumers == 0);
            let ready = state().ready;
            (ready > 0).then_some((queue, ready))
        };
        [self.inbox(), self.dead()].into_iter().filter_map(left).collect()
    }

    /// How many events each instance has done its part for since it was started: `ingest`s, then `worker`s.
    pub fn done(&self) -> Vec<(Part, f64)> {
        self.ingests.iter().chain(&self.workers).map(|instance| (instance.part, instance.done())).collect()
    }

    /// Nothing is in the way any more.
    pub fn heal(&self) {
        self.lines.heal();
    }

    /// Stops every instance, and says of which that went wrong. Nothing else may be.
    pub fn stop_instances(&self) -> Vec<String> {
        let failure = |instance: &Instance| match instance.stop() {
            Ok(true) => None,
            Ok(false) => Some(format!("{} could not finish everything", instance.part)),
            Err(error) => Some(format!("{error:#}")),
        };
        self.instances().filter_map(failure).collect()
    }

    /// Copies the logs of all instances into a new folder.
    pub fn keep_logs(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        self.instances().try_for_each(|instance| instance.keep_log(folder))
    }

    /// Instances that ended although nobody ended them.
    pub fn ended_by_themselves(&self) -> Vec<String> {
        self.instances().flat_map(Instance::ends).collect()
    }

    fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.workers.iter().chain(&self.ingests)
    }

    fn instance(&self, part: Part) -> &Instance {
        match part {
            Part::Worker(index) => &self.workers[index],
            Part::Ingest(index) => &self.ingests[index],
            Part::Broker | Part::Database => panic!("{part} is no instance"),
        }
    }
}

fn database(events: usize) -> Result<(Postgres, SmallDisk)> {
    const BYTES_AN_EVENT: usize = 8 * 1024;
    let more = u32::try_from(events * BYTES_AN_EVENT / (1 << 20))?;
    let disk = SmallDisk::mount(DISK_MEBIBYTES + more)?;
    Ok((Postgres::start(Durability::Full)?, disk))
}

/// A database all of whose tables are on the disk. The write-ahead log is elsewhere: PostgreSQL ends without room for it.
fn on_the_disk(server: &Postgres, disk: &SmallDisk) -> Result<String> {
    let url = server.fresh_database("chaos");
    let folder = disk.folder_of_postgres("tablespace")?;
    psql(&url, &format!("CREATE TABLESPACE small LOCATION '{}'", folder.display()));
    let name = url.rsplit_once('/').map_or("", |(_, name)| name);
    psql(server.url(), &format!("ALTER DATABASE {name} SET TABLESPACE small"));
    Ok(url)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
