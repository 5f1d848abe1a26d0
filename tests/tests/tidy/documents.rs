//! Documents: links that lead somewhere, nothing left over.

use crate::none;
use crate::sources::{files, root};

#[test]
fn links_lead_somewhere() {
    let mut complaints = Vec::new();
    for source in files("md") {
        let folder = root().join(&source.path).parent().expect("a file lies in a folder").to_owned();
        for link in source.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or(link);
            let outside = link.contains("://") || link.starts_with("mailto:") || target.is_empty();
            if !outside && !folder.join(target).exists() {
                complaints.push(format!("{}: the link to {link} leads nowhere", source.path));
            }
        }
    }
    none(&complaints);
}

/// Where each package of contracts is described.
const PAGES: [(&str, &str); 2] =
    [("townlink/office/", "services/office/README.md"), ("townlink/gateway/", "gateway/README.md")];

#[test]
fn each_service_lists_its_rpcs() {
    let pages = files("md");
    let mut complaints = Vec::new();
    for (package, path) in PAGES {
        let page = &pages.iter().find(|page| page.path == path).expect("a service has a page").text;
        for source in files("proto").iter().filter(|source| source.path.contains(package)) {
            let rpcs = source.text.lines().filter_map(|line| line.trim().strip_prefix("rpc ")?.split('(').next());
            complaints.extend(rpcs.filter(|rpc| !page.contains(*rpc)).map(|rpc| format!("{path}: {rpc} is missing")));
        }
    }
    none(&complaints);
}

#[test]
fn each_decision_is_listed() {
    let pages = files("md");
    let list = &pages.iter().find(|page| page.path == "docs/decisions/README.md").expect("decisions have a list").text;
    let decisions = pages.iter().filter(|page| page.path.starts_with("docs/decisions/0"));
    let missing =
        decisions.filter(|page| !list.contains(page.file())).map(|page| format!("{}: it is not listed", page.path));
    none(&missing.collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_over() {
    // Put together here, so that this file does not complain of itself.
    let words = ["TO", "FIX", "XX", "HA"].iter().zip(["DO", "ME", "X", "CK"]).map(|(a, b)| format!("{a}{b}"));
    let places = ["work", "home", "root", "Users"].map(|folder| format!("/{folder}/"));
    let words: Vec<String> = words.chain(places).collect();
    let mut complaints = Vec::new();
    for source in ["rs", "proto", "md", "toml", "sql", "py"].into_iter().flat_map(files) {
        for (index, line) in source.text.lines().enumerate() {
            let found = words.iter().filter(|word| contains_word(line, word));
            complaints.extend(found.map(|word| format!("{}:{}: {word}", source.path, index + 1)));
        }
    }
    none(&complaints);
}

fn contains_word(line: &str, word: &str) -> bool {
    let edge = |held: Option<char>| held.is_none_or(|held| !held.is_alphanumeric());
    let alone = |at: usize| {
        edge(line[..at].chars().next_back()) && (word.ends_with('/') || edge(line[at + word.len()..].chars().next()))
    };
    line.match_indices(word).any(|(at, _)| alone(at))
}
