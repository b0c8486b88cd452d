//! Programs.

use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use harness::{Process, Program, binaries, wait_until};

use crate::DEADLINE;

fn shell(script: &str) -> Process {
    Process::start(Path::new("/bin/sh"), ["-c", script], [("GIVEN", "a b")])
}

#[test]
fn environment_is_the_given_one() {
    let mut env = Process::start(Path::new("/usr/bin/env"), [""; 0], [("GIVEN", "a b")]);
    assert!(env.wait(DEADLINE).success());
    assert_eq!(env.log(), "GIVEN=a b\n");
}

#[test]
fn output_and_status_are_kept() {
    let mut process = shell("echo out; echo err >&2; pwd; exit 3");
    assert_eq!(process.wait(DEADLINE).code(), Some(3));
    assert_eq!(process.log(), format!("out\nerr\n{}\n", process.folder().display()));
    assert!(process.exited().is_some());
}

#[test]
fn a_program_that_is_not_there_ends_with_127() {
    let mut process = Program::new("/no/such/program").start().unwrap();
    assert_eq!(process.wait(DEADLINE).code(), Some(127));
    assert!(process.log().contains("/no/such/program"), "{}", process.log());
}

#[test]
fn terminate_can_be_caught_and_kill9_cannot() {
    let script = "trap 'echo caught' TERM; echo ready; while :; do sleep 0.01; done";
    let mut process = shell(script);
    wait_until("ready", DEADLINE, || process.log() == "ready\n");
    process.terminate();
    wait_until("caught", DEADLINE, || process.log() == "ready\ncaught\n");
    assert_eq!(process.exited(), None);

    process.kill9();
    assert_eq!(process.wait(DEADLINE).signal(), Some(9));
    process.terminate();
}

#[test]
fn drop_kills() {
    let process = shell("exec sleep 1000");
    let proc = format!("/proc/{}", process.pid());
    assert!(Path::new(&proc).exists());
    drop(process);
    assert!(!Path::new(&proc).exists());
}

#[test]
fn wait_says_what_the_program_has_written() {
    let mut process = shell("echo stuck; exec sleep 1000");
    wait_until("stuck", DEADLINE, || process.log() == "stuck\n");
    let waited = catch_unwind(AssertUnwindSafe(|| process.wait(Duration::ZERO)));
    let message = *waited.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(message, "sh still runs after 0ns; its log:\nstuck");
}

#[test]
fn proc_stat_sees_cpu_time() {
    let busy = shell("while :; do :; done");
    wait_until("100 ms of CPU time", DEADLINE, || {
        harness::proc_stat(busy.pid()).cpu >= Duration::from_millis(100)
    });
}

#[test]
fn binaries_are_built() {
    let binaries = binaries();
    for path in [&binaries.clerk_mirror, &binaries.ingest, &binaries.worker] {
        assert!(path.is_file(), "{}", path.display());
    }
}
