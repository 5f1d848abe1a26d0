//! The first assignments, from the configuration.
//!
//! Somebody must be able to assign the first role. So an office that starts with an empty roster takes the assignments of its
//! configuration over, journalled as its own doing; from then on the roster changes by the contract only, and the section is not
//! looked at again.

use std::collections::BTreeMap;

use runtime::caller::PersonId;
use runtime::db::Tx;
use runtime::execute::{Version, Writer};
use runtime::journal::{self, Event as _, Prepared};
use runtime::refusal::Failure;
use vocabulary::{Date, Sm3Digest, time};

use super::decide::{self, Command, Event};
use super::state::{Assignment, AssignmentName, Days, Duty, Person, Post, Role};
use super::store;
use crate::settings::{RosterEntry, SettingsError};

/// Takes the configured assignments over, where nobody was ever assigned anything.
pub(crate) async fn take_over(writer: &Writer, events: Vec<Event>) -> Result<(), Failure> {
    if events.is_empty() {
        return Ok(());
    }
    let input = (events, writer.clone());
    writer.run(input, |(events, writer), tx| Box::pin(write(tx, events, writer))).await
}

/// The events of the configured assignments.
///
/// # Errors
/// [`SettingsError`] naming the entry that cannot be: an unknown post or role, a role at another post, days in the wrong order, or
/// one person at two posts.
pub(crate) fn first_assignments(entries: &[RosterEntry], today: Date) -> Result<Vec<Event>, SettingsError> {
    let mut persons: BTreeMap<String, Person> = BTreeMap::new();
    let mut all = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let wrong = |fault: String| SettingsError { key: format!("office.roster[{index}]"), fault };
        let command = command(entry).map_err(wrong)?;
        let empty = || Person { id: entry.person.clone(), assignments: Vec::new() };
        let person = persons.remove(&entry.person).unwrap_or_else(empty);
        let decided = decide::decide(&person, &command, today, None);
        let events = decided.map_err(|refusal| wrong(runtime::refusal::Refusal::from(refusal).message))?;
        persons.insert(entry.person.clone(), events.iter().fold(person, decide::apply));
        all.extend(events);
    }
    Ok(all)
}

fn command(entry: &RosterEntry) -> Result<Command, String> {
    let person = PersonId::parse(&entry.person).map_err(|error| format!("person: {error}"))?.to_string();
    let post =
        Post::parse(&entry.post).ok_or_else(|| format!("post: {} is no institution, nor LEADERS", entry.post))?;
    let role = Role::parse(&entry.role).ok_or_else(|| format!("role: {} is no role of a post", entry.role))?;
    let duty = Duty::new(post, role).ok_or_else(|| format!("role: {role} is no role at {post}"))?;
    let day = |key: &str, text: &str| time::parse_date(text).map_err(|error| format!("{key}: {error}"));
    let from = day("from", &entry.from)?;
    let to = entry.to.as_deref().map(|to| day("to", to)).transpose()?;
    let days = Days::new(from, to).ok_or("to: must be later than from")?;
    if entry.document.trim().is_empty() {
        return Err("document: must name the document that assigns the role".to_owned());
    }
    let document_number = entry.document.clone();
    let assignment = Assignment { name: name(entry), duty, days, document_number, end_document_number: None };
    Ok(Command::Assign { person, assignment })
}

/// An id made of what the entry says, so that two processes which start at once mean the same assignment.
fn name(entry: &RosterEntry) -> AssignmentName {
    let parts = [&entry.person, &entry.post, &entry.role, &entry.from, &entry.document];
    let digest = Sm3Digest::of(parts.map(String::as_str).join("\n").as_bytes());
    let bytes: [u8; 16] = std::array::from_fn(|at| digest.as_bytes()[at]);
    AssignmentName(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

async fn write(tx: &mut Tx, events: &[Event], writer: &Writer) -> Result<(), Failure> {
    if !store::is_empty(tx.sql()).await? {
        return Ok(());
    }
    let (author, now) = (writer.as_service(), writer.clock().now());
    let entries: Result<Vec<Prepared>, Failure> =
        events.iter().map(|event| journal::prepare(&event.record(), &author, now, None)).collect();
    for (person, changes) in changes(events) {
        store::save_person(tx, person, Version::ABSENT, changes, time::to_us(now)).await?;
    }
    for event in events {
        store::write(tx, event).await?;
    }
    for entry in entries? {
        tx.append(entry);
    }
    Ok(())
}

/// How many assignments each person gets.
fn changes(events: &[Event]) -> BTreeMap<&str, i64> {
    let mut changes = BTreeMap::new();
    for event in events {
        if let Event::Assigned { person, .. } = event {
            *changes.entry(person.as_str()).or_default() += 1;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(person: &str, post: &str, role: &str) -> RosterEntry {
        RosterEntry {
            person: person.to_owned(),
            post: post.to_owned(),
            role: role.to_owned(),
            from: "2026-01-01".to_owned(),
            to: None,
            document: "张委组〔2026〕1号".to_owned(),
        }
    }

    const TODAY: Date = Date::constant(2026, 3, 2);

    #[test]
    fn entries_become_assignments_with_ids_of_their_own() {
        let entries = [
            entry("wang", "OFFICE", "RELAY_CLERK"),
            entry("wang", "OFFICE", "KEY_REGISTRAR"),
            entry("li", "LEADERS", "HEAD"),
        ];
        let first = first_assignments(&entries, TODAY).expect("a roster");
        assert_eq!(first.len(), 3);
        assert_eq!(changes(&first), BTreeMap::from([("li", 1), ("wang", 2)]));
        assert_eq!(first_assignments(&entries, TODAY), Ok(first), "the same entries give the same ids");
    }

    #[test]
    fn what_cannot_be_names_its_entry() {
        let late = RosterEntry { to: Some("2026-01-01".to_owned()), ..entry("wang", "OFFICE", "RELAY_CLERK") };
        let no_day = RosterEntry { from: "2026-02-30".to_owned(), ..entry("wang", "OFFICE", "RELAY_CLERK") };
        let no_document = RosterEntry { document: " ".to_owned(), ..entry("wang", "OFFICE", "RELAY_CLERK") };
        let wrong = [
            entry("王", "OFFICE", "RELAY_CLERK"),
            entry("wang", "MAYOR", "RELAY_CLERK"),
            entry("wang", "OFFICE", "MAYOR"),
            entry("wang", "FINANCE", "GRANT_REGISTRAR"),
            entry("li", "FINANCE", "LEDGER"),
            late,
            no_day,
            no_document,
            entry("li", "OFFICE", "RELAY_CLERK"),
        ];
        for wrong in wrong {
            let entries = [entry("li", "OFFICE", "RELAY_CLERK"), wrong];
            let refused = first_assignments(&entries, TODAY).expect_err("it cannot be");
            assert_eq!(refused.key, "office.roster[1]", "{}", refused.fault);
        }
    }
}
