//! CPU time of a server that serves each connection with a process of its own.

use std::{fs, time::Duration};

use anyhow::Context;

/// CPU time of a process of ours and all its children, those that have ended included.
pub fn family_cpu(pid: Option<u32>) -> anyhow::Result<Duration> {
    let pid = pid.context("the server is not a process of ours")?;
    let server = Stat::read(pid).with_context(|| format!("there is no process {pid}"))?;
    let mut ticks = server.own + server.ended_children;
    for entry in fs::read_dir("/proc")? {
        let child = entry?.file_name().to_str().and_then(|name| Stat::read(name.parse().ok()?));
        if let Some(child) = child.filter(|child| child.parent == pid) {
            ticks += child.own + child.ended_children;
        }
    }
    Ok(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
}

/// From `/proc/PID/stat`; times in clock ticks.
struct Stat {
    parent: u32,
    own: u64,
    ended_children: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The program's name comes second, in parentheses, and may itself hold spaces and parentheses.
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let ticks = |field: usize| fields.get(field)?.parse::<u64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: ticks(11)? + ticks(12)?,
            ended_children: ticks(13)? + ticks(14)?,
        })
    }
}
