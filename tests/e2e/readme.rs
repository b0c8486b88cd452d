//! The README's tables are what the programs say of themselves.

use std::{collections::BTreeMap, fs, path::PathBuf};

use clap::{Arg, CommandFactory};
use clerk_mirror::StandaloneArgs;
use ingest::IngestArgs;
use prometheus::Registry;
use worker::WorkerArgs;

/// The lines between two markers of the README.
fn section(name: &str) -> String {
    let readme = fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once(&format!("<!-- {name} -->\n")).expect("the README has the section");
    rest.split_once(&format!("<!-- end of {name} -->")).expect("the section ends").0.to_owned()
}

#[track_caller]
fn assert_section(name: &str, expected: &str) {
    let found = section(name);
    assert!(
        found == expected,
        "the README's section {name} should read:\n\n{expected}\nbut reads:\n\n{found}"
    );
}

#[derive(Default)]
struct Setting {
    order: usize,
    flag: String,
    help: String,
    defaults: Vec<(&'static str, String)>,
}

#[test]
fn the_configuration_table_is_that_of_help() {
    let mut settings: BTreeMap<String, Setting> = BTreeMap::new();
    let programs = [
        ("all-in-one", StandaloneArgs::command()),
        ("ingest", IngestArgs::command()),
        ("worker", WorkerArgs::command()),
    ];
    for (program, command) in &programs {
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            let Some(variable) = argument.get_env() else { continue };
            let order = settings.len();
            let setting = settings.entry(variable.to_str().unwrap().to_owned()).or_insert_with(|| Setting {
                order,
                flag: argument.get_long().unwrap().to_owned(),
                help: argument.get_help().unwrap().to_string().replace('|', "\\|"),
                defaults: Vec::new(),
            });
            setting.defaults.push((program, default(argument)));
        }
    }
    let mut settings: Vec<_> = settings.into_iter().collect();
    settings.sort_by_key(|(_, setting)| setting.order);

    let mut table = String::from("| variable, flag | program | default | meaning |\n|---|---|---|---|\n");
    for (variable, setting) in settings {
        let programs: Vec<_> = setting.defaults.iter().map(|(program, _)| *program).collect();
        let same = setting.defaults.iter().all(|(_, default)| *default == setting.defaults[0].1);
        let default = if same {
            setting.defaults[0].1.clone()
        } else {
            let each: Vec<_> =
                setting.defaults.iter().map(|(program, value)| format!("{program}: {value}")).collect();
            each.join(", ")
        };
        let programs = if programs.len() == 3 { "all".to_owned() } else { programs.join(", ") };
        table += &format!(
            "| `{variable}`<br>`--{}` | {programs} | {default} | {} |\n",
            setting.flag, setting.help
        );
    }
    assert_section("configuration", &table);
}

fn default(argument: &Arg) -> String {
    match argument.get_default_values() {
        [] => "–".to_owned(),
        values => format!("`{}`", values[0].to_str().unwrap()),
    }
}

#[test]
fn the_metrics_table_is_what_the_programs_register() {
    let registry = Registry::new();
    ingest::Metrics::register(&registry, 1).unwrap();
    shared::config::ReloadMetrics::register(&registry).unwrap();
    worker::Metrics::start(&registry).unwrap();
    shared::queue::ConsumerMetrics::start(&registry).unwrap();
    let mut table = String::from("| metric | kind | labels | meaning |\n|---|---|---|---|\n");
    for family in registry.gather() {
        let labels: Vec<_> =
            family.get_metric()[0].get_label().iter().map(|label| format!("`{}`", label.name())).collect();
        let kind = format!("{:?}", family.get_field_type()).to_lowercase();
        table += &format!("| `{}` | {kind} | {} | {} |\n", family.name(), labels.join(", "), family.help());
    }
    assert_section("metrics", &table);
}
