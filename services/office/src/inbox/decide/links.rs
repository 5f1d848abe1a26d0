//! Papers that replace each other, go on in each other or in another inbox, and the county's recall (relay-and-sharing.md §8.4,
//! §8.6).

use vocabulary::{Institution, Side};

use super::super::event::{Ended, Event, What};
use super::super::refusal::{LinkFault, WorkRefusal};
use super::super::state::{Arrival, Paper, PaperName, Stage};
use super::super::timing;
use super::super::work::{Phase, Recall};
use super::{Desk, DocumentWaits, Facts, Step, wrong_stage};
use crate::refusal::Refusal;

/// Links a paper as the later version of one that stands in the same book (§8.4, REGISTERED). What was open goes on in the later
/// version; what had ended stays, with the link. Both stay readable.
pub(super) fn supersede(desk: &Desk, old: &PaperName, facts: &Facts) -> Result<Event, Refusal> {
    let name = &desk.paper.name;
    let fault = |fault| Refusal::from(WorkRefusal::Link { paper: name.to_string(), other: old.to_string(), fault });
    let other = desk.other.as_ref().ok_or_else(|| fault(LinkFault::Absent))?;
    if old == name || old.inbox != name.inbox || other.arrival.summary.issuer != desk.paper.arrival.summary.issuer {
        return Err(fault(LinkFault::Foreign));
    }
    if !other.stands() {
        return Err(fault(LinkFault::NotInBook));
    }
    if desk.document == DocumentWaits::Yes {
        return Err(fault(LinkFault::DocumentWaits));
    }
    let registered = matches!(&other.stage, Stage::Registered { .. });
    let goes_on = registered || other.at_work().is_some_and(|work| work.phase < Phase::Completed);
    let ended = if goes_on { Ended::Now } else { Ended::Before };
    Ok(Event::of(old, What::Superseded { by: name.clone(), ended, deed: facts.deed("") }))
}

/// Merges a paper whose result is not reported yet into another open one of the inbox (并办).
pub(super) fn merge(
    desk: &Desk,
    step: &Step,
    into: &PaperName,
    reason: &str,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    let paper = &desk.paper;
    if paper.work().is_none_or(|work| work.phase >= Phase::Reported) || !timing::is_open(paper) {
        return Err(wrong_stage(paper, step));
    }
    let fault =
        |fault| Refusal::from(WorkRefusal::Link { paper: paper.name.to_string(), other: into.to_string(), fault });
    let other = desk.other.as_ref().ok_or_else(|| fault(LinkFault::Absent))?;
    if *into == paper.name || into.inbox != paper.name.inbox {
        return Err(fault(LinkFault::Foreign));
    }
    if !timing::is_open(other) || other.registered().is_none() {
        return Err(fault(LinkFault::NotOpen));
    }
    if desk.document == DocumentWaits::Yes {
        return Err(fault(LinkFault::DocumentWaits));
    }
    Ok(vec![Event::of(&paper.name, What::Merged { into: into.clone(), deed: facts.deed(reason) })])
}

/// Transfers a paper that nobody has accepted to the inbox where it belongs (转办); there it arrives, with the due that it has. A
/// front institution gets no county paper in this way (§8.6, `RE-FRONT`), and what became a document stays where that is.
pub(super) fn transfer(
    desk: &Desk,
    step: &Step,
    to: Institution,
    reason: &str,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    let paper = &desk.paper;
    let Stage::Worked { checked, work, .. } = &paper.stage else { return Err(wrong_stage(paper, step)) };
    if work.phase > Phase::Assigned {
        return Err(wrong_stage(paper, step));
    }
    let name = PaperName { inbox: to, ..paper.name.clone() };
    let fault =
        |fault| Refusal::from(WorkRefusal::Link { paper: paper.name.to_string(), other: name.to_string(), fault });
    if to.side() == Side::Front {
        return Err(Refusal::from(WorkRefusal::Front { paper: paper.name.to_string(), institution: to }));
    }
    if to == paper.name.inbox {
        return Err(fault(LinkFault::Foreign));
    }
    if desk.other.is_some() {
        return Err(fault(LinkFault::There));
    }
    if checked.document.is_some() {
        return Err(fault(LinkFault::Document));
    }
    let arrival = Box::new(Arrival { arrived: facts.now, ..paper.arrival.clone() });
    let taken = What::Taken { arrival, from: paper.name.clone(), due: paper.dossier.due };
    let gone = What::Transferred { to: name.clone(), deed: facts.deed(reason) };
    Ok(vec![Event::of(&paper.name, gone), Event::of(&name, taken)])
}

/// The county takes a paper back for which nobody has signed (§8.6, `RE-RECALL`). What is recalled already stays so.
pub(super) fn recall(paper: &Paper, recall: &Recall) -> Result<Vec<Event>, Refusal> {
    match &paper.stage {
        Stage::Arrived => Ok(vec![Event::of(&paper.name, What::Recalled(recall.clone()))]),
        Stage::Recalled { .. } => Ok(Vec::new()),
        Stage::SignedFor { signed }
        | Stage::Registered { signed, .. }
        | Stage::Worked { signed, .. }
        | Stage::Returned { signed, .. }
        | Stage::Merged { signed, .. }
        | Stage::Transferred { signed, .. } => Err(Refusal::from(WorkRefusal::Recall {
            paper: paper.name.to_string(),
            inbox: paper.name.inbox,
            signed: signed.at,
        })),
    }
}
