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
