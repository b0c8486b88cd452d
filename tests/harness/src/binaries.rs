//! The programs under test.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// Paths of the built programs.
#[derive(Debug)]
pub struct Binaries {
    /// The all-in-one program.
    pub clerk_mirror: PathBuf,
    /// The HTTP edge.
    pub ingest: PathBuf,
    /// The consumer, and the operator's commands.
    pub worker: PathBuf,
}

/// Builds the workspace's programs, once, in the profile of the running test, and says where they are.
/// Cargo by itself builds only the binaries of an integration test's own package.
///
/// # Panics
/// If they do not build.
pub fn binaries() -> &'static Binaries {
    static BINARIES: OnceLock<Binaries> = OnceLock::new();
    BINARIES.get_or_init(build)
}

fn build() -> Binaries {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let test = env::current_exe().expect("the running test has a path");
    let mut command = Command::new(cargo);
    // What Cargo tells this test of its package is not for the build: a build script that looks at it would run again,
    // and all that depends on it be built again, in every run of the tests.
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_a_package(name)) {
        command.env_remove(name);
    }
    let output = command
        .args(["build", "--workspace", "--bins", "--message-format", "json-render-diagnostics"])
        .args(["--profile", profile(&test)])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .stdin(Stdio::null())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "cargo build:\n{}", String::from_utf8_lossy(&output.stderr));

    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let find = |name: &str| {
        messages
            .lines()
            .find_map(|line| executable(line, name))
            .unwrap_or_else(|| panic!("cargo built no binary {name}"))
    };
    Binaries { clerk_mirror: find("clerk-mirror"), ingest: find("ingest"), worker: find("worker") }
}

fn is_of_a_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// The profile a test was built in: it is at `…/<folder of the profile>/deps/<test>`.
fn profile(test: &Path) -> &str {
    let folder = test.ancestors().nth(2).and_then(Path::file_name).and_then(|name| name.to_str());
    match folder {
        None | Some("debug") => "dev",
        Some(profile) => profile,
    }
}

/// The path in a message of Cargo's about the binary `name`.
fn executable(message: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    (message["target"]["name"] == name).then(|| message["executable"].as_str().map(PathBuf::from))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_is_the_one_of_the_test() {
        assert_eq!(profile(Path::new("/p/target/debug/deps/e2e-1234")), "dev");
        assert_eq!(profile(Path::new("/p/target/release/deps/e2e-1234")), "release");
    }

    #[test]
    fn executable_is_that_of_the_named_target() {
        let message = r#"{"reason":"compiler-artifact","target":{"name":"ingest"},"executable":"/t/ingest"}"#;
        assert_eq!(executable(message, "ingest"), Some(PathBuf::from("/t/ingest")));
        assert_eq!(executable(message, "worker"), None);
        let library = r#"{"reason":"compiler-artifact","target":{"name":"ingest"},"executable":null}"#;
        assert_eq!(executable(library, "ingest"), None);
    }
}
