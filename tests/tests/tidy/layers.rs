//! Layers: who may name what. Statuses, SQL, channels, services.

use std::fs;

use crate::none;
use crate::sources::{Source, files, root};

/// The crates that serve domain contracts.
const SERVICES: [&str; 2] = ["services/office", "gateway"];

/// Every way in which tonic makes a status.
const STATUS: [&str; 21] = [
    "Status::new(",
    "Status::with_details",
    "Status::with_metadata",
    "Status::with_error_details",
    "Status::from_error",
    "Status::ok(",
    "Status::cancelled(",
    "Status::unknown(",
    "Status::invalid_argument(",
    "Status::deadline_exceeded(",
    "Status::not_found(",
    "Status::already_exists(",
    "Status::permission_denied(",
    "Status::resource_exhausted(",
    "Status::failed_precondition(",
    "Status::aborted(",
    "Status::out_of_range(",
    "Status::unimplemented(",
    "Status::internal(",
    "Status::unavailable(",
    "Status::unauthenticated(",
];

/// The mechanisms of the runtime that hold SQL of their own, besides the databases themselves.
const RUNTIME_SQL: [&str; 7] = ["db", "execute", "journal", "numbers", "subscription", "sequencer", "clock"];

/// How a statement begins.
const SQL: [&str; 8] = [
    "select ",
    "insert into ",
    "update ",
    "delete from ",
    "create table ",
    "alter table ",
    "with recursive ",
    "drop table ",
];

fn complain(
    files: &[Source],
    of: impl Fn(&Source) -> bool,
    words: &[&str],
    strings: bool,
    instead: &str,
) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in files.iter().filter(|source| !source.is_test() && of(source)) {
        let code = if strings { source.code_with_strings() } else { source.code() };
        for (line, text) in code {
            complaints.extend(
                words
                    .iter()
                    .filter(|word| text.contains(**word))
                    .map(|word| format!("{}:{line}: `{}`: {instead}", source.path, word.trim())),
            );
        }
    }
    complaints
}

fn is_refusal(source: &Source) -> bool {
    source.path == "services/runtime/src/refusal.rs" || source.path.starts_with("services/runtime/src/refusal/")
}

#[test]
fn a_status_is_made_in_one_place() {
    let elsewhere = |source: &Source| !is_refusal(source);
    none(&complain(
        &files("rs"),
        elsewhere,
        &STATUS,
        false,
        "return a Refusal or a Failure; runtime/src/refusal.rs makes the status",
    ));
}

#[test]
fn sql_stands_in_stores() {
    let may = |source: &Source| {
        let module =
            source.path.strip_prefix("services/runtime/src/").map(|rest| rest.split(['/', '.']).next().unwrap_or(rest));
        let folder = source.path.rsplit('/').nth(1);
        source.file() == "store.rs"
            || folder == Some("store")
            || module.is_some_and(|module| RUNTIME_SQL.contains(&module))
    };
    let sources = files("rs");
    let mut complaints =
        complain(&sources, |source| !may(source), &["sqlx::", "use sqlx"], false, "SQL belongs into a store.rs");
    for source in sources.iter().filter(|source| !source.is_test() && !may(source)) {
        for (line, text) in source.code_with_strings() {
            let begins = |begin: &&str| text.contains(&format!("\"{begin}")) || text.trim_start().starts_with(*begin);
            if SQL.iter().any(begins) {
                complaints.push(format!("{}:{line}: SQL belongs into a store.rs: {}", source.path, text.trim()));
            }
        }
    }
    none(&complaints);
}

#[test]
fn channels_come_from_the_directory() {
    // The command line is a client from outside the cell and dials like one.
    let may = |source: &Source| {
        source.path.starts_with("services/runtime/src/directory")
            || source.path.starts_with("services/town/src/")
            || source.path.starts_with("services/runtime/src/in_process")
    };
    let words = ["Endpoint::", "Channel::from_", "Channel::builder", "connect_with_connector", "all_in_one"];
    none(&complain(&files("rs"), |source| !may(source), &words, false, "ask the directory for a channel"));
}

#[test]
fn services_know_each_other_by_contract_only() {
    let mut complaints = Vec::new();
    let manifest =
        |folder: &str| fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a crate has a manifest");
    let ours = ["office", "gateway", "town", "tests"];
    for folder in SERVICES.into_iter().chain(["services/runtime", "services/vocabulary", "proto"]) {
        for line in manifest(folder).lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if ours.contains(&name) && line.contains("workspace") {
                complaints.push(format!("{folder}/Cargo.toml: {name}: a service knows another by its contract only"));
            }
        }
    }
    let forbidden = ["tonic", "sqlx", "tokio", "townlink-proto", "runtime"];
    for line in manifest("services/vocabulary").lines() {
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        if forbidden.contains(&name) {
            complaints.push(format!("services/vocabulary/Cargo.toml: {name}: the vocabulary holds pure values only"));
        }
    }
    none(&complaints);
}

#[test]
fn the_runtime_knows_no_service() {
    let runtime = |source: &Source| source.crate_folder() == "services/runtime";
    let contracts = [
        "townlink::office",
        "townlink::gateway",
        "townlink::service_center",
        "townlink::enforcement",
        "townlink::personnel",
        "townlink::finance",
        "townlink::economy",
    ];
    let sources = files("rs");
    let mut complaints = complain(&sources, runtime, &contracts, false, "the runtime holds mechanisms only");
    let names = [
        "\"office\"",
        "\"gateway\"",
        "\"service-center\"",
        "\"enforcement\"",
        "\"personnel\"",
        "\"finance\"",
        "\"economy\"",
    ];
    complaints.extend(complain(&sources, runtime, &names, true, "the runtime knows no service by name"));
    none(&complaints);
}

#[test]
fn the_list_of_the_runtime_is_whole() {
    let text = fs::read_to_string(root().join("services/runtime/src/lib.rs")).expect("the runtime has a lib.rs");
    let mut complaints = Vec::new();
    for line in text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub mod ").or_else(|| line.trim().strip_prefix("mod ")))
    {
        let module = line.trim_end_matches(';');
        if !text.contains(&format!("//! - [`{module}`]")) {
            complaints.push(format!("services/runtime/src/lib.rs: `{module}` is not on the closed list"));
        }
    }
    for listed in
        text.lines().filter_map(|line| line.strip_prefix("//! - [`")).filter_map(|rest| rest.split('`').next())
    {
        if !text.contains(&format!("mod {listed};")) {
            complaints.push(format!("services/runtime/src/lib.rs: `{listed}` is on the list and does not exist"));
        }
    }
    none(&complaints);
}
