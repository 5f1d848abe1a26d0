//! Rules about the code that no compiler checks: STYLE's ten rules as far as reading can show them, lengths, links, and files
//! that may only ever grow.
//!
//! Each rule is a function from the sources to complaints; a complaint names the file, the line and what to do instead. Rules
//! read code, not prose: comments, strings and test modules are blanked where a rule is about what runs.

mod contracts;
mod documents;
mod layers;
mod migrations;
mod shape;
mod sources;

/// Fails with every complaint at once, so that one run shows all there is to mend.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} found:\n{}", complaints.len(), complaints.join("\n"));
}
