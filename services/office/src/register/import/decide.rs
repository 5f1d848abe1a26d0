//! What may happen to an import: its rows are checked when it is drafted and again when a second person confirms it.

use std::sync::Arc;

use bytes::Bytes;
use vocabulary::{Date, time};

use super::state::{Content, Import, Stage};
use crate::register::catalogue;
use crate::register::document;
use crate::register::event::Event;
use crate::register::fault::{Checked, Fault, FaultCode};
use crate::register::grant::check::{self, Context, Made, Source};
use crate::register::grant::state::Change;
use crate::register::refusal::Refusal;
use crate::register::settings::Rules;
use crate::register::state::Register;

/// What a file does, once it takes effect.
pub(crate) struct Effect {
    /// The events.
    pub events: Vec<Event>,
    /// How many powers or grants take effect.
    pub applied: u32,
}

/// Checks a file against the register, and says what it does. `person` is who would record publications that rows bring along;
/// `handed_in` is the day on which the file came, before which no power that is listed already gets another wording.
pub(crate) fn effect(
    file: &[u8],
    content: &Content,
    register: &Register,
    rules: &Rules,
    person: &str,
    handed_in: Date,
) -> Checked<Effect> {
    let checked = checked(file, content, register, rules, person, handed_in);
    match checked.outcome {
        Ok(_) if checked.rows == 0 => {
            let nothing = Fault::new(1, "", FaultCode::Enum, "the file has no rows");
            Checked { rows: 0, outcome: Err(vec![nothing]) }
        }
        Ok(_) | Err(_) => checked,
    }
}

fn checked(
    file: &[u8],
    content: &Content,
    register: &Register,
    rules: &Rules,
    person: &str,
    handed_in: Date,
) -> Checked<Effect> {
    let revision = register.head.revision + 1;
    let source = match content {
        Content::Powers { valid_from } => {
            let Checked { rows, outcome } = catalogue::check::check(file, register, rules, *valid_from, handed_in);
            let listed = |listing| Event::PowerListed { listing: Arc::new(listing), revision };
            let outcome = outcome.map(|listings| {
                let events: Vec<_> = listings.into_iter().map(listed).collect();
                Effect { applied: count(events.len()), events }
            });
            return Checked { rows, outcome };
        }
        Content::Grants => Source::Import,
        Content::Corrections { reason } => Source::Correction { reason },
    };
    let Checked { rows, outcome } = check::check(file, &Context { register, rules, source });
    Checked { rows, outcome: outcome.map(|made| granted(made, register, person, revision)) }
}

fn granted(made: Made, register: &Register, person: &str, revision: i64) -> Effect {
    let published = made.publications.iter().filter_map(|(number, publication)| {
        let id = register.documents.get(number)?.id;
        Some(document::decide::published(id, number, register, person, publication, revision))
    });
    let mut events: Vec<_> = published.flatten().collect();
    let applied = count(made.grants.len());
    events.extend(made.grants.into_iter().map(|grant| {
        let change = if grant.correction.is_some() { Change::Corrected } else { Change::Granted };
        Event::GrantRecorded { grant: Arc::new(grant), change, revision }
    }));
    Effect { events, applied }
}

/// Drafts an import, or refuses it at once for its bad rows. The same file brought in before is a no-op.
pub(crate) fn draft(known: Option<&Import>, wanted: &Import) -> Vec<Event> {
    match known {
        Some(_) => Vec::new(),
        None => vec![Event::ImportDrafted(Box::new(wanted.clone()))],
    }
}

/// The stage that a file begins at.
pub(crate) fn first_stage(outcome: Result<Effect, Vec<Fault>>, file: Bytes) -> Stage {
    match outcome {
        Ok(_) => Stage::Draft { file },
        Err(faults) => Stage::Refused { confirmer: None, faults },
    }
}

/// Confirms a drafted import: its rows are checked again, and take effect together or not at all.
pub(crate) fn confirm(
    import: &Import,
    person: &str,
    register: &Register,
    rules: &Rules,
) -> Result<Vec<Event>, Refusal> {
    if import.registrar == person {
        return Err(Refusal::FourEyes { name: import.id.name(), person: person.to_owned() });
    }
    let file = match &import.stage {
        Stage::Draft { file } => file,
        stage @ (Stage::Confirmed { .. } | Stage::Refused { .. }) => {
            return Err(Refusal::HistoryEdit { name: import.id.name(), stage: stage.code() });
        }
    };
    let confirmer = person.to_owned();
    let handed_in = time::town_date(import.drafted);
    let (mut events, stage) = match effect(file, &import.content, register, rules, person, handed_in).outcome {
        Ok(effect) => (effect.events, Stage::Confirmed { confirmer, applied: effect.applied }),
        Err(faults) => (Vec::new(), Stage::Refused { confirmer: Some(confirmer), faults }),
    };
    events.push(Event::ImportConfirmed(Box::new(Import { stage, ..import.clone() })));
    Ok(events)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
