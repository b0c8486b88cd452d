//! What a process costs, from `/proc`.

use std::fs;
use std::time::Duration;

/// The cost of a process so far.
#[derive(Clone, Copy, Debug)]
pub struct ProcStat {
    /// CPU time, user and system, of all its threads; in steps of the kernel's clock tick, 10 ms.
    pub cpu: Duration,
    /// Resident memory now.
    pub rss_bytes: u64,
    /// The most resident memory it ever had.
    pub peak_rss_bytes: u64,
    /// Threads now.
    pub threads: u64,
    /// Open file descriptors now.
    pub open_files: u64,
}

/// Reads the cost of process `pid`.
///
/// # Panics
/// If there is no such process.
pub fn proc_stat(pid: u32) -> ProcStat {
    let read = |file: &str| {
        let path = format!("/proc/{pid}/{file}");
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let open_files = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    parse(&read("stat"), &read("status"), open_files as u64, rustix::param::clock_ticks_per_second())
        .unwrap_or_else(|| panic!("/proc/{pid}: not in the form of Linux"))
}

fn parse(stat: &str, status: &str, open_files: u64, ticks_per_second: u64) -> Option<ProcStat> {
    // The program's name comes second, in parentheses, and may itself hold spaces and parentheses.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let milliseconds = (ticks()? + ticks()?) * 1000 / ticks_per_second;

    let value = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    let bytes = |key: &str| Some(value(key)?.strip_suffix(" kB")?.parse::<u64>().ok()? * 1024);
    Some(ProcStat {
        cpu: Duration::from_millis(milliseconds),
        rss_bytes: bytes("VmRSS:")?,
        peak_rss_bytes: bytes("VmHWM:")?,
        threads: value("Threads:")?.parse().ok()?,
        open_files,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_a_name_with_parentheses() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20 0 3 0 99";
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n";
        let parsed = parse(stat, status, 9, 100).unwrap();
        assert_eq!(parsed.cpu, Duration::from_millis(1750));
        assert_eq!((parsed.rss_bytes, parsed.peak_rss_bytes), (1 << 20, 2 << 20));
        assert_eq!((parsed.threads, parsed.open_files), (3, 9));
    }

    #[test]
    fn reads_this_process() {
        let own = proc_stat(std::process::id());
        assert!(own.rss_bytes > 0 && own.peak_rss_bytes >= own.rss_bytes);
        assert!(own.threads >= 1 && own.open_files >= 1);
    }
}
