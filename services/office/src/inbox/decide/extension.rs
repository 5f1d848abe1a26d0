//! A later due: asked for before the present one is over, and decided by OFFICE once (relay-and-sharing.md §8.4).

use vocabulary::{Date, Deadline, time};

use super::super::event::{Event, SenderDue, What};
use super::super::refusal::{DueFault, WorkRefusal};
use super::super::state::{Paper, Stage};
use super::super::timing;
use super::super::work::{Due, DueSource, Extension, Phase, Work};
use super::{Facts, Step, wrong_stage};
use crate::refusal::Refusal;

/// Says what a step about an extension does, or why not.
pub(super) fn decide(paper: &Paper, step: &Step, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let wrong = || wrong_stage(paper, step);
    let Stage::Worked { work, .. } = &paper.stage else { return Err(wrong()) };
    if work.phase != Phase::Assigned && !work.phase.handling() {
        return Err(wrong());
    }
    match step {
        Step::RequestExtension { due, reason } => request(paper, work, *due, reason, facts),
        Step::GrantExtension { words } => {
            let extension = waiting(work, facts)?.ok_or_else(wrong)?;
            Ok(grant(paper, extension, words, facts))
        }
        Step::RefuseExtension { reason } => {
            waiting(work, facts)?.ok_or_else(wrong)?;
            Ok(vec![Event::of(&paper.name, What::ExtensionRefused(facts.deed(reason)))])
        }
        Step::SignFor
        | Step::Register { .. }
        | Step::Check { .. }
        | Step::Return { .. }
        | Step::ReturnForFaults { .. }
        | Step::Instruct { .. }
        | Step::Assign(_)
        | Step::DecideAssignment(_)
        | Step::RefuseAssignment { .. }
        | Step::Accept
        | Step::ReportProgress { .. }
        | Step::FinishPart { .. }
        | Step::MarkRead
        | Step::Guide { .. }
        | Step::Report { .. }
        | Step::Complete
        | Step::SendBack { .. }
        | Step::Answered { .. }
        | Step::Archive
        | Step::Merge { .. }
        | Step::Transfer { .. }
        | Step::Recall(_)
        | Step::Urge(_)
        | Step::Ring
        | Step::Derive => Err(wrong()),
    }
}

fn request(paper: &Paper, work: &Work, due: Date, reason: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
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
fn waiting<'w>(work: &'w Work, facts: &Facts) -> Result<Option<&'w Extension>, Refusal> {
    match &work.extension {
        Some(extension) if extension.decision.is_none() && extension.request.person == facts.person => {
            Err(Refusal::from(WorkRefusal::OwnResult { person: facts.person.clone() }))
        }
        Some(extension) if extension.decision.is_none() => Ok(Some(extension)),
        Some(_) | None => Ok(None),
    }
}

/// The sender is to be informed where the new due passes over the one that he set.
fn grant(paper: &Paper, extension: &Extension, words: &str, facts: &Facts) -> Vec<Event> {
    let due = extension.due;
    let set = time::parse_date(&paper.arrival.summary.due).is_ok_and(|senders| due > senders);
    let sender = if set { SenderDue::PassedOver } else { SenderDue::None };
    let new = Due { last: Deadline::On(due), source: DueSource::Extension, since: facts.now };
    let extended = What::Extended { due, sender, deed: facts.deed(words) };
    vec![Event::of(&paper.name, extended), Event::of(&paper.name, What::DueSet(new))]
}
