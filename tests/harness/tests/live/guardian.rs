//! Whatever ends a test process, nothing it has started stays.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::thread;

use harness::{Durability, Postgres, Process, RabbitMq, wait_until};

use crate::DEADLINE;

/// Set in the test process that is to end; its value is how.
const ENDING: &str = "HARNESS_TEST_ENDING";

#[test]
fn servers_end_with_a_killed_test_process() {
    if env::var_os(ENDING).is_some() {
        let _servers = (RabbitMq::start().unwrap(), Postgres::start(Durability::Full).unwrap());
        wait_for_the_end();
    }
    let mut child = child("guardian::servers_end_with_a_killed_test_process", "killed");
    let folder = folder_of(&mut child);
    let running = programs_below(&folder);
    for name in ["beam.smp", "epmd", "postgres"] {
        assert!(running.iter().any(|program| program == name), "{name} is not among {running:?}");
    }

    child.kill9();
    wait_until("nothing runs any more", DEADLINE, || programs_below(&folder).is_empty());
    wait_until("the folder is gone", DEADLINE, || !folder.exists());
}

#[test]
fn programs_end_with_the_test_process_however_it_ends() {
    if let Ok(ending) = env::var(ENDING) {
        let _program = Process::start(Path::new("/bin/sleep"), ["1000"], [("A", "b")]);
        match ending.as_str() {
            "panics" => {
                announce();
                panic!("as asked");
            }
            "aborts" => {
                announce();
                process::abort();
            }
            "exits" => {
                announce();
                process::exit(0);
            }
            _ => wait_for_the_end(),
        }
    }
    for ending in ["panics", "aborts", "exits", "interrupted"] {
        let mut child = child("guardian::programs_end_with_the_test_process_however_it_ends", ending);
        let folder = folder_of(&mut child);
        if ending == "interrupted" {
            // The program is a shell until it has become what it is to be.
            wait_until("the program runs", DEADLINE, || programs_below(&folder) == ["sleep"]);
            // What Ctrl-C sends.
            process::Command::new("sh")
                .args(["-c", "kill -s INT $0", &child.pid().to_string()])
                .status()
                .unwrap();
        }
        child.wait(DEADLINE);
        wait_until(ending, DEADLINE, || programs_below(&folder).is_empty() && !folder.exists());
    }
}

/// This test binary once more, running one test in which it ends as `ending` says.
fn child(test: &str, ending: &str) -> Process {
    let path = env::var("PATH").unwrap();
    let vars = [("PATH", path.as_str()), (ENDING, ending)];
    let this = env::current_exe().unwrap();
    // A shell's script in the background ignores interruptions, and so does all that it starts.
    let arguments = ["--default-signal=INT", this.to_str().unwrap(), "--exact", test, "--nocapture"];
    Process::start(Path::new("/usr/bin/env"), arguments, vars)
}

/// Tells the parent in which folder everything of this process is.
fn announce() {
    let scratch = harness::scratch("announce");
    println!("\nfolder={}\n", scratch.parent().unwrap().display());
}

fn wait_for_the_end() -> ! {
    announce();
    loop {
        thread::park();
    }
}

/// The folder the child has announced.
fn folder_of(child: &mut Process) -> PathBuf {
    let mut folder = None;
    wait_until("the child is ready", 3 * DEADLINE, || {
        let log = child.log();
        assert!(!log.contains("test result: FAILED") || log.contains("as asked"), "{log}");
        folder = log.lines().find_map(|line| line.strip_prefix("folder=")).map(PathBuf::from);
        folder.is_some()
    });
    folder.unwrap()
}

/// The names of the running programs that have to do with `folder`: by their working folder, arguments or
/// environment. The guardian itself is not counted.
fn programs_below(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let mentions = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).contains(folder);
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    processes
        .filter_map(|process| {
            let arguments = fs::read(process.join("cmdline")).ok()?;
            if String::from_utf8_lossy(&arguments).contains("\0guardian\0") {
                return None;
            }
            let in_folder = fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            let belongs = in_folder || mentions(arguments) || mentions(environment);
            belongs.then(|| fs::read_to_string(process.join("comm")).ok())?
        })
        .map(|name| name.trim_end().to_owned())
        .collect()
}
