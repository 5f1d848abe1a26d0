//! Contracts: reasons of refusals, verbs instead of updates.

use crate::none;
use crate::sources::{Source, blank, files};

/// `OV_NO_GRANT` as the generated code names it.
fn camel(name: &str) -> String {
    let word = |word: &str| word[..1].to_owned() + &word[1..].to_lowercase();
    name.split('_').map(word).collect()
}

/// The values of the enum of reasons, each with the comment above it.
fn reasons() -> Vec<(String, String)> {
    let source = files("proto")
        .into_iter()
        .find(|source| source.path.ends_with("errors/v1/error_reason.proto"))
        .expect("the contract of reasons exists");
    let mut found = Vec::new();
    let mut comment = String::new();
    for line in source.text.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("//") {
            comment.push_str(text);
            comment.push('\n');
        } else if let Some(name) = line.strip_prefix("ERROR_REASON_").and_then(|rest| rest.split(' ').next()) {
            found.push((name.to_owned(), std::mem::take(&mut comment)));
        } else {
            comment.clear();
        }
    }
    found.retain(|(name, _)| name != "UNSPECIFIED");
    assert!(found.len() > 50, "the reasons were not read");
    found
}

#[test]
fn every_reason_shows_its_error_info() {
    let shown = |(name, comment): &(String, String)| {
        let info = format!("\"reason\": \"{name}\"");
        (!comment.contains(&info) || !comment.contains("\"code\""))
            .then(|| format!("error_reason.proto: {name}: show its ErrorInfo above it"))
    };
    none(&reasons().iter().filter_map(shown).collect::<Vec<_>>());
}

#[test]
fn every_reason_is_used() {
    // A reason is used by its name in code, by its code where rows of an import are faulted, or by its name in a contract.
    let program = |source: &&Source| !source.is_test();
    let code: String = files("rs").iter().filter(program).map(|source| blank(&source.text, false)).collect();
    let contracts: String = files("proto").iter().map(|source| blank(&source.text, false)).collect();
    let used = |name: &str| {
        let in_code =
            [format!("Reason::{}", camel(name)), format!("\"{}\"", name.replace('_', "-")), format!("\"{name}\"")];
        in_code.iter().any(|form| contains_whole(&code, form))
            || contracts.contains(&format!("reuse_reason: \"{name}\""))
    };
    let complaint = |(name, _): &(String, String)| {
        (!used(name)).then(|| format!("error_reason.proto: {name}: no code refuses with it"))
    };
    none(&reasons().iter().filter_map(complaint).collect::<Vec<_>>());
}

/// Whether a text holds a name that does not go on.
fn contains_whole(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| !text[at + name.len()..].starts_with(char::is_alphanumeric))
}

#[test]
fn state_changes_by_verbs() {
    let mut complaints = Vec::new();
    for source in files("proto") {
        for (index, line) in source.text.lines().enumerate() {
            // A whole word: to settle is not to set.
            let edits = |name: &&str| {
                let rest = ["Update", "Set", "Delete"].iter().find_map(|verb| name.strip_prefix(verb));
                rest.is_some_and(|rest| !rest.starts_with(char::is_lowercase))
            };
            if let Some(name) = line.trim().strip_prefix("rpc ").filter(edits) {
                complaints.push(format!(
                    "{}:{}: {}: a state changes by a verb of the law",
                    source.path,
                    index + 1,
                    name.split('(').next().unwrap_or(name)
                ));
            }
        }
    }
    none(&complaints);
}
