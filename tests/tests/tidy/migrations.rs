//! Migrations: what has run somewhere never changes again. A new step is a new file.

use std::collections::BTreeMap;
use std::fs;

use vocabulary::Sm3Digest;

use crate::none;
use crate::sources::{files, root};

/// The list of what was released: `digest  path`, one a line.
const LIST: &str = "tests/migrations.sm3";

#[test]
fn migrations_never_change() {
    let list = fs::read_to_string(root().join(LIST)).expect("the list of migrations exists");
    let line = |line: &str| line.split_once("  ").map(|(digest, path)| (path.to_owned(), digest.to_owned()));
    let mut listed: BTreeMap<String, String> = list.lines().filter_map(line).collect();
    let mut complaints = Vec::new();
    for source in files("sql").iter().filter(|source| source.path.contains("migrations/")) {
        let digest = Sm3Digest::of(source.text.as_bytes()).to_string();
        match listed.remove(&source.path) {
            Some(known) if known == digest => {}
            Some(_) => complaints.push(format!("{}: it has changed; write a new migration instead", source.path)),
            None => {
                complaints.push(format!("{}: it is not listed; add to {LIST}:\n{digest}  {}", source.path, source.path))
            }
        }
    }
    complaints.extend(listed.into_keys().map(|path| format!("{path}: it is listed in {LIST} and gone")));
    none(&complaints);
}
