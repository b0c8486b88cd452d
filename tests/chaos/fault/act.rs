//! How each fault begins and ends.

use std::{thread, time::Duration};

use anyhow::Result;

use super::{Drift, Fault, Hop, INSTANCES, Lines, Part, Trouble};
use crate::{deployment::Deployment, truth::SenderClock};

const DELAY: Duration = Duration::from_millis(200);
/// Further than any receiver believes a sender (five minutes).
const DRIFT_SECONDS: i64 = 400;
/// More than the machine has.
const DISK_LIMIT: &str = "1000000GB";
/// So few messages may wait in a full queue.
const QUEUE_LIMIT: &str = r#"{"max-length":1}"#;
/// What an instance takes in hand meanwhile, it does not get off its hands.
const IN_HAND: Duration = Duration::from_millis(300);
/// A rolling restart goes on once the new instance works, or after this if something else is wrong.
const READY: Duration = Duration::from_secs(5);

/// Where faults happen.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub deployment: &'a Deployment,
    pub clock: &'a SenderClock,
}

impl Scene<'_> {
    /// The fault begins.
    pub fn begin(self, fault: Fault) -> Result<()> {
        let Self { deployment, clock } = self;
        match fault {
            Fault::Killed(part) => self.kill(part),
            Fault::Stopped(part) => deployment.stop(part)?,
            Fault::Network(hop, lines, trouble) => self.trouble(hop, lines, trouble),
            Fault::MemoryAlarm => deployment.ctl(&["set_vm_memory_high_watermark", "0"])?,
            Fault::DiskAlarm => deployment.ctl(&["set_disk_free_limit", DISK_LIMIT])?,
            Fault::QueueFull => {
                self.trouble(Hop::WorkerToBroker, Lines::All, Trouble::Cut);
                let inbox = format!("^{}$", deployment.inbox().replace('.', "\\."));
                deployment.ctl(&["set_policy", "full", &inbox, QUEUE_LIMIT, "--apply-to", "queues"])?;
            }
            Fault::DatabaseDiskFull => deployment.disk.fill()?,
            Fault::Clock(Drift::Ahead) => clock.set(DRIFT_SECONDS),
            Fault::Clock(Drift::Behind) => clock.set(-DRIFT_SECONDS),
            Fault::RollingRestart => self.restart_everything()?,
        }
        Ok(())
    }

    /// The fault is over.
    pub fn end(self, fault: Fault) -> Result<()> {
        let Self { deployment, clock } = self;
        match fault {
            Fault::Killed(part) | Fault::Stopped(part) => deployment.start_again(part)?,
            Fault::Network(hop, lines, trouble) => self.settle(hop, lines, trouble),
            Fault::MemoryAlarm => deployment.ctl(&["set_vm_memory_high_watermark", "0.4"])?,
            Fault::DiskAlarm => deployment.ctl(&["set_disk_free_limit", "50MB"])?,
            Fault::QueueFull => {
                deployment.ctl(&["clear_policy", "full"])?;
                self.settle(Hop::WorkerToBroker, Lines::All, Trouble::Cut);
            }
            Fault::DatabaseDiskFull => deployment.disk.free()?,
            Fault::Clock(_) => clock.set(0),
            Fault::RollingRestart => {}
        }
        Ok(())
    }

    /// Kills an instance that has events in hand.
    fn kill(self, part: Part) {
        let behind = part.line_behind().map(|(hop, line)| self.deployment.line(hop, line));
        if let Some(proxy) = behind {
            proxy.freeze();
            thread::sleep(IN_HAND);
        }
        self.deployment.kill(part);
        if let Some(proxy) = behind {
            proxy.thaw();
        }
    }

    fn trouble(self, hop: Hop, lines: Lines, trouble: Trouble) {
        for line in lines.indices() {
            let proxy = self.deployment.line(hop, line);
            match trouble {
                Trouble::Cut => proxy.cut(),
                Trouble::Delayed => proxy.delay(DELAY),
                Trouble::HalfOpen => proxy.strand(),
                Trouble::Frozen => proxy.freeze(),
                Trouble::FrozenTowards(direction) => proxy.freeze_towards(direction),
            }
        }
    }

    fn settle(self, hop: Hop, lines: Lines, trouble: Trouble) {
        for line in lines.indices() {
            let proxy = self.deployment.line(hop, line);
            match trouble {
                Trouble::Cut => proxy.restore(),
                Trouble::Delayed => proxy.delay(Duration::ZERO),
                // Whoever has such a connection has to find out.
                Trouble::HalfOpen => {}
                Trouble::Frozen | Trouble::FrozenTowards(_) => proxy.thaw(),
            }
        }
    }

    fn restart_everything(self) -> Result<()> {
        let instances = [Part::Ingest as fn(usize) -> Part, Part::Worker]
            .into_iter()
            .flat_map(|part| (0..INSTANCES).map(part));
        for part in instances.chain([Part::Broker, Part::Database]) {
            self.deployment.stop(part)?;
            self.deployment.start_again(part)?;
            self.deployment.wait_until_ready(part, READY);
        }
        Ok(())
    }
}
