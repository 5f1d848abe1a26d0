//! A later due: asked for before the present one is over, and decided by OFFICE once (relay-and-sharing.md §8.4).

use vocabulary::{Date, Deadline, time};

use super::super::event::{Event, SenderDue, What};
use super::super::refusal::{DueFault, WorkRefusal};
use super::super::state::Paper;
use super::super::timing;
use super::super::work::{Due, DueSource, Extension, Work};
use super::{Facts, Step, wrong_stage};
use crate::refusal::Refusal;

/// The work on a paper that somebody handles: only its due can be extended.
fn handled<'p>(paper: &'p Paper, step: &Step) -> Result<&'p Work, Refusal> {
    paper.handled().ok_or_else(|| wrong_stage(paper, step))
}

/// The lead asks for a later due.
pub(super) fn request(
    paper: &Paper,
    step: &Step,
    due: Date,
    reason: &str,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    let work = handled(paper, step)?;
    if work.extension.is_some() {
        return Err(Refusal::from(WorkRefusal::Once { paper: paper.name.to_string() }));
    }
    let fault = |fault| Refusal::from(WorkRefusal::Due { paper: paper.name.to_string(), fault });
    // What has no due, or one that cannot be told yet, needs no later one.
    let stands = timing::last_day(paper).ok_or_else(|| fault(DueFault::NotLater { day: due, stands: None }))?;
    if timing::is_late(paper, facts.now) {
        return Err(Refusal::from(WorkRefusal::Late {
            paper: paper.name.to_string(),
            until: time::end_of_day(stands),
        }));
    }
    if due <= stands {
        return Err(fault(DueFault::NotLater { day: due, stands: Some(stands) }));
    }
    Ok(vec![Event::of(&paper.name, What::ExtensionRequested { due, deed: facts.deed(reason) })])
}

/// The extension that waits for a decision. Nobody decides what he asked for himself (overview.md §1.6(6)).
fn waiting<'p>(paper: &'p Paper, step: &Step, facts: &Facts) -> Result<&'p Extension, Refusal> {
    match &handled(paper, step)?.extension {
        Some(extension) if extension.decision.is_none() && extension.request.person == facts.person => {
            Err(Refusal::from(WorkRefusal::OwnResult { person: facts.person.clone() }))
        }
        Some(extension) if extension.decision.is_none() => Ok(extension),
        Some(_) | None => Err(wrong_stage(paper, step)),
    }
}

/// OFFICE refuses what was asked for.
pub(super) fn refuse(paper: &Paper, step: &Step, reason: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    waiting(paper, step, facts)?;
    Ok(vec![Event::of(&paper.name, What::ExtensionRefused(facts.deed(reason)))])
}

/// OFFICE grants what was asked for. The sender is to be informed where the new due passes over the one that he set.
pub(super) fn grant(paper: &Paper, step: &Step, words: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let extension = waiting(paper, step, facts)?;
    let due = extension.due;
    let set = time::parse_date(&paper.arrival.summary.due).is_ok_and(|senders| due > senders);
    let sender = if set { SenderDue::PassedOver } else { SenderDue::None };
    let new = Due { last: Deadline::On(due), source: DueSource::Extension, since: facts.now };
    let extended = What::Extended { due, sender, deed: facts.deed(words) };
    Ok(vec![Event::of(&paper.name, extended), Event::of(&paper.name, What::DueSet(new))])
}
