//! The answers that the README allows.

use std::{collections::BTreeSet, fs, path::PathBuf};

use harness::http::Response;

/// A closed set of answers, each as its status and code.
#[derive(Debug)]
pub struct Contract(BTreeSet<String>);

impl Contract {
    /// What the README's table says.
    pub fn of_the_readme() -> Self {
        let readme = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let readme = fs::read_to_string(readme).unwrap();
        let (_, section) = readme.split_once("\n## HTTP contract\n").expect("the README has the contract");
        let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
        let answers = rows.take_while(|line| line.starts_with('|')).flat_map(|row| {
            let answer = row.trim_end_matches('|').rsplit('|').next().expect("a row has cells");
            answers_of(answer)
        });
        Self(answers.collect())
    }

    /// The answer in words, if it is one of the contract in all its parts.
    pub fn check(&self, response: &Response, head: bool) -> Result<String, String> {
        let wrong = |what: &str| Err(format!("{what}: {response:?}"));
        if response.header("webhook-delivery").is_some() {
            return wrong("Svix would act on it");
        }
        if response.status == 405 && response.header("allow") != Some("POST") {
            return wrong("it does not say what is allowed");
        }
        if response.status == 503 && response.header("retry-after").is_none() {
            return wrong("it does not say when to try again");
        }
        let Ok(body) = std::str::from_utf8(&response.body) else { return wrong("no text") };
        let answer = match body.strip_prefix(r#"{"error":""#).and_then(|body| body.strip_suffix(r#""}"#)) {
            Some(code) => format!("{} {code}", response.status),
            None if body == "{}" => format!("{} accepted", response.status),
            None if body.is_empty() => response.status.to_string(),
            None => return wrong("a body of no known form"),
        };
        if !body.is_empty() && response.header("content-type") != Some("application/json") {
            return wrong("it does not say that it is JSON");
        }
        let known = self.0.contains(&answer)
            || head && body.is_empty() && self.0.iter().any(|known| known.starts_with(&answer));
        if known { Ok(answer) } else { wrong("not in the contract") }
    }
}

/// The answers in a cell such as ``"`405` `method_not_allowed`, `Allow: POST`"``.
fn answers_of(cell: &str) -> Vec<String> {
    let mut quoted = cell.split('`').skip(1).step_by(2);
    if cell.trim().starts_with("none") {
        return vec![];
    }
    let status = quoted.next().expect("an answer begins with its status");
    assert!(status.len() == 3 && status.parse::<u16>().is_ok(), "no status: {cell}");
    if cell.contains(", empty") {
        return vec![status.to_owned()];
    }
    let is_code = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let answers: Vec<_> = quoted
        .filter_map(|text| match text {
            "{}" => Some(format!("{status} accepted")),
            code => is_code(code).then(|| format!("{status} {code}")),
        })
        .collect();
    assert!(!answers.is_empty(), "no answer: {cell}");
    answers
}

#[test]
fn the_readme_lists_an_answer_for_each_outcome_that_is_counted() {
    let registry = prometheus::Registry::new();
    ingest::Metrics::register(&registry, 1).unwrap();
    let families = registry.gather();
    let requests =
        families.iter().find(|family| family.name() == "clerk_mirror_ingest_requests_total").unwrap();
    let counted: BTreeSet<_> =
        requests.get_metric().iter().map(|metric| metric.get_label()[0].value().to_owned()).collect();
    let contract = Contract::of_the_readme().0;
    let listed: BTreeSet<_> =
        contract.iter().filter_map(|answer| Some(answer.split_once(' ')?.1.to_owned())).collect();
    assert_eq!(listed, counted);
    let empty: Vec<_> = contract.iter().filter(|answer| !answer.contains(' ')).collect();
    assert_eq!(empty, ["400", "408", "431"]);
}
