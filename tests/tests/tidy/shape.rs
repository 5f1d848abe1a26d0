//! Shape: length, module files, purity of decisions, the five files of a resource.

use std::collections::{BTreeMap, BTreeSet};

use crate::none;
use crate::sources::{Source, files};

/// A file that is longer has two responsibilities.
const LINES_MAX: usize = 500;

/// What a pure file may not name: waiting, databases, the wire, clocks, randomness, the environment.
const IMPURE: [&str; 17] = [
    "async ",
    ".await",
    "sqlx",
    "tonic",
    "tokio",
    "runtime::db",
    "runtime::clock",
    "TownClock",
    "SystemTime",
    "Instant::",
    "getrandom",
    "rand::",
    "std::env",
    "env::var",
    "std::fs",
    "new_v4",
    "new_v7",
];

#[test]
fn files_are_short() {
    let long = |source: &Source| {
        let lines = source.text.lines().count();
        (lines > LINES_MAX).then(|| format!("{}: {lines} lines; split it by responsibility", source.path))
    };
    none(&files("rs").iter().filter_map(long).collect::<Vec<_>>());
}

#[test]
fn modules_are_named_files() {
    let complaint =
        |source: &Source| (source.file() == "mod.rs").then(|| format!("{}: name it after its module", source.path));
    none(&files("rs").iter().filter_map(complaint).collect::<Vec<_>>());
}

#[test]
fn every_module_says_what_it_is() {
    let silent = |source: &Source| {
        source.file() != "tests.rs" && !source.text.trim_start().starts_with("//!") && !source.text.trim().is_empty()
    };
    let complaint = |source: &Source| silent(source).then(|| format!("{}: begin with `//!`", source.path));
    none(&files("rs").iter().filter_map(complaint).collect::<Vec<_>>());
}

#[test]
fn decisions_are_pure() {
    let mut complaints = Vec::new();
    for source in files("rs").iter().filter(|source| matches!(source.file(), "decide.rs" | "state.rs")) {
        for (line, code) in source.code() {
            complaints.extend(IMPURE.iter().filter(|word| names(&code, word)).map(|word| {
                format!(
                    "{}:{line}: a decision may not name `{}`; bring what it needs in Facts",
                    source.path,
                    word.trim()
                )
            }));
        }
    }
    none(&complaints);
}

/// Whether code names a word; `.awaiting` and `.awaited` are other words than `.await`.
fn names(code: &str, word: &str) -> bool {
    let other = |end: usize| word == ".await" && code[end..].starts_with(|next: char| next.is_alphanumeric());
    code.match_indices(word).any(|(at, found)| !other(at + found.len()))
}

#[test]
fn a_resource_has_its_five_files() {
    let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in files("rs") {
        if let Some((folder, file)) = source.path.rsplit_once('/') {
            folders.entry(folder.to_owned()).or_default().insert(file.to_owned());
        }
    }
    let mut complaints = Vec::new();
    for (folder, held) in folders.iter().filter(|(_, held)| held.contains("decide.rs")) {
        for file in ["state.rs", "store.rs", "wire.rs", "rpc.rs"] {
            // Resources that hold one invariant together may share a file, which then stands in the folder around them.
            let around = folder.rsplit_once('/').and_then(|(around, _)| folders.get(around));
            // Imports are served by the contract of the grants that they bring in.
            let served_beside = folder.ends_with("register/import") && file == "rpc.rs";
            if !served_beside && !held.contains(file) && !around.is_some_and(|around| around.contains(file)) {
                complaints.push(format!("{folder}: a resource with decide.rs has {file} too"));
            }
        }
    }
    none(&complaints);
}
