//! The endpoint's signing secrets, and the files they may come from.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::ConfigError;
use crate::signature::{InvalidSecret, MAX_SECRETS, Secret, Verifier};

/// Far more than [`MAX_SECRETS`] and their comments need; a path to something endless must not fill the memory.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The signing secrets in force, and where they can be read again.
#[derive(Debug, Clone)]
pub struct SigningSecrets {
    verifier: Verifier,
    /// The files and what was in them; `None` if the secrets were given by value.
    files: Option<(SecretFiles, Contents)>,
}

impl SigningSecrets {
    /// One or several secrets, comma-separated, that stay what they are.
    pub fn from_value(text: &str) -> Result<Self, ConfigError> {
        let secrets = parse(text).map_err(|error| ConfigError(format!("CLERK_WEBHOOK_SECRET: {error}")))?;
        if secrets.is_empty() {
            return Err(ConfigError::new("CLERK_WEBHOOK_SECRET is empty"));
        }
        Ok(Self { verifier: Verifier::new(check_count(secrets)?), files: None })
    }

    /// The secrets that stand in these files, in their order.
    pub fn from_files(paths: Vec<PathBuf>) -> Result<Self, ConfigError> {
        let files = SecretFiles { paths };
        let contents = files.read()?;
        let secrets = files.parse(&contents)?;
        Ok(Self { verifier: Verifier::new(secrets), files: Some((files, contents)) })
    }

    /// Checks deliveries against the secrets in force, whichever these are by then.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The files the secrets come from, if they come from files, and what was in them.
    pub(super) fn files(&self) -> Option<&(SecretFiles, Contents)> {
        self.files.as_ref()
    }
}

/// The files that hold the secrets.
#[derive(Debug, Clone)]
pub(super) struct SecretFiles {
    paths: Vec<PathBuf>,
}

/// What was in the files, in their order. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Contents(Vec<String>);

#[cfg(test)]
impl Contents {
    /// Those of a single file.
    pub(super) fn of(text: &str) -> Self {
        Self(vec![text.to_owned()])
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contents(…)")
    }
}

impl SecretFiles {
    /// Reads all of them. Blocks.
    pub(super) fn read(&self) -> Result<Contents, ConfigError> {
        let read = |path: &PathBuf| read_text(path).map_err(|error| complain(path, &error));
        self.paths.iter().map(read).collect::<Result<_, _>>().map(Contents)
    }

    /// The secrets in what was read. Each file must hold one: an empty file is more likely a mistake than a wish.
    pub(super) fn parse(&self, contents: &Contents) -> Result<Vec<Secret>, ConfigError> {
        let mut all = Vec::new();
        for (path, text) in self.paths.iter().zip(&contents.0) {
            let secrets = parse(text).map_err(|error| complain(path, &error))?;
            if secrets.is_empty() {
                return Err(complain(path, &"there is none"));
            }
            all.extend(secrets);
        }
        check_count(all)
    }
}

/// The secrets in a text: several by line or by comma. Blank lines, and lines that begin with `#`, are passed over.
pub fn secret_texts(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn parse(text: &str) -> Result<Vec<Secret>, InvalidSecret> {
    secret_texts(text).map(str::parse).collect()
}

fn check_count(secrets: Vec<Secret>) -> Result<Vec<Secret>, ConfigError> {
    if secrets.len() > MAX_SECRETS {
        let count = secrets.len();
        return Err(ConfigError(format!(
            "{count} signing secrets are too many, at most {MAX_SECRETS} may be set"
        )));
    }
    Ok(secrets)
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("the file is larger than {MAX_FILE_BYTES} bytes")));
    }
    Ok(text)
}

fn complain(path: &Path, error: &dyn fmt::Display) -> ConfigError {
    ConfigError(format!("the signing secrets in {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const FIRST: &str = "whsec_Zmlyc3Q=";
    const SECOND: &str = "whsec_c2Vjb25k";
    const THIRD: &str = "whsec_dGhpcmQ=";

    /// What each secret signs, to tell them apart: a secret itself shows nothing.
    fn signatures(secrets: &[Secret]) -> Vec<String> {
        secrets.iter().map(|secret| secret.sign("msg_1", 1, b"")).collect()
    }

    fn parsed(texts: &[&str]) -> Vec<Secret> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn secrets_are_taken_by_line_and_by_comma_in_their_order() {
        let text = format!("# from the dashboard\n\n {FIRST} , {SECOND}\r\n  # the old one\n{THIRD},\n");
        assert_eq!(
            signatures(&parse(&text).unwrap()),
            signatures(&parsed(&[FIRST, SECOND, THIRD])),
            "{text}"
        );
        assert_eq!(parse("# nothing\n \n,").unwrap().len(), 0);
        assert_eq!(parse(&format!("{FIRST}, nonsense!")).unwrap_err(), InvalidSecret::NotBase64);
    }

    #[test]
    fn files_come_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, format!("{SECOND}\n{THIRD}\n")).unwrap();
        fs::write(&other, FIRST).unwrap();
        let files = SecretFiles { paths: vec![one, other] };
        let secrets = files.parse(&files.read().unwrap()).unwrap();
        assert_eq!(signatures(&secrets), signatures(&parsed(&[SECOND, THIRD, FIRST])));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_name_and_without_its_contents() {
        let folder = tempfile::tempdir().unwrap();
        let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
        fs::write(&good, FIRST).unwrap();
        let long = "#".repeat(MAX_FILE_BYTES as usize + 1);
        for (text, words) in [
            ("", "there is none"),
            ("# hunter2", "there is none"),
            ("hunter2!", "not `whsec_`"),
            (&long, "larger"),
        ] {
            fs::write(&bad, text).unwrap();
            let error = SigningSecrets::from_files(vec![good.clone(), bad.clone()]).unwrap_err().0;
            assert!(
                error.contains("/bad: ") && error.contains(words) && !error.contains("hunter2"),
                "{error}"
            );
        }
        fs::remove_file(&bad).unwrap();
        assert!(SigningSecrets::from_files(vec![good, bad]).unwrap_err().0.contains("/bad: No such file"));
    }

    #[test]
    fn sixteen_secrets_are_taken_and_no_more() {
        let many = |count| vec![FIRST; count].join(",");
        assert_eq!(SigningSecrets::from_value(&many(16)).unwrap().verifier().count(), 16);
        let error = SigningSecrets::from_value(&many(17)).unwrap_err().0;
        assert_eq!(error, "17 signing secrets are too many, at most 16 may be set");
    }
}
