//! From the assignment to the archive (承办、传阅、办结、答复、归档; relay-and-sharing.md §8.4).

use std::collections::BTreeSet;

use vocabulary::{Deadline, Institution, Side, time};

use super::super::event::{Event, What};
use super::super::refusal::{AssignmentFault, DueFault, LeadersFault, LinkFault, WorkRefusal};
use super::super::rules::Urgency;
use super::super::state::{Check, Paper, Purpose, Stage};
use super::super::timing::{self, REFUSALS_MAX};
use super::super::work::{
    ActionClass, Answer, Assignment, DecidedBy, Due, DueSource, Instruction, Part, Phase, Progress, Punctuality, Reply,
    Work,
};
use super::{Desk, DocumentWaits, Facts, Step, Wish, wrong_stage};
use crate::refusal::Refusal;

/// How many working days the lead has to refuse an assignment (§8.4).
const REFUSE_WITHIN: u32 = 1;

/// Says what a step of the work does, or why not.
pub(super) fn decide(desk: &Desk, step: &Step, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let paper = &desk.paper;
    let wrong = || wrong_stage(paper, step);
    let Stage::Worked { checked, work, .. } = &paper.stage else { return Err(wrong()) };
    let phase = work.phase;
    let at = |begins: bool| if begins { Ok(()) } else { Err(wrong()) };
    let one = |what| Ok(vec![Event::of(&paper.name, what)]);
    match step {
        Step::Instruct { text } => {
            at(phase == Phase::Checked)?;
            one(What::Instructed(instruction(&facts.person, text, facts)))
        }
        Step::Assign(wish) => {
            at(phase == Phase::Checked)?;
            assign(paper, work, wish, DecidedBy::Inbox, facts)
        }
        Step::DecideAssignment(wish) => {
            at(phase == Phase::Checked)?;
            assign(paper, work, wish, DecidedBy::Leaders, facts)
        }
        Step::RefuseAssignment { reason } => {
            at(phase == Phase::Assigned)?;
            may_refuse(paper, work, facts)?;
            one(What::AssignmentRefused(facts.deed(reason)))
        }
        Step::Accept => {
            at(phase == Phase::Assigned)?;
            one(What::Accepted(facts.deed("")))
        }
        Step::ReportProgress { percent, words, evidence } => {
            at(phase.handling())?;
            let (words, evidence) = (words.clone(), evidence.clone());
            one(What::Progressed(Progress { percent: *percent, words, evidence, deed: facts.deed("") }))
        }
        Step::FinishPart { words } => {
            at(phase == Phase::Assigned || phase.handling())?;
            once(paper, work, Part::CoHandler, facts)?;
            one(What::PartFinished(facts.deed(words)))
        }
        Step::MarkRead => {
            at(work.assignment.is_some() && phase < Phase::Archived)?;
            once(paper, work, Part::Reader, facts)?;
            Ok(read(paper, work, facts))
        }
        Step::Guide { guidance } => {
            at(phase.handling())?;
            one(What::Guided { guidance: guidance.clone(), deed: facts.deed("") })
        }
        Step::Report { result } => {
            at(phase.handling())?;
            parts_done(paper, work)?;
            one(What::Reported(facts.deed(result)))
        }
        Step::Complete => {
            at(phase == Phase::Reported)?;
            complete(paper, work, facts)
        }
        Step::SendBack { reason } => {
            at(phase == Phase::Reported)?;
            another_person(work, facts)?;
            one(What::SentBack(facts.deed(reason)))
        }
        Step::Answered { dispatch, document_number } => {
            at(work.assignment.is_some() && work.reply.is_none() && phase < Phase::Archived)?;
            let (document_number, dispatch) = (document_number.clone(), dispatch.clone());
            one(What::Replied(Reply { document_number, dispatch, at: facts.now }))
        }
        Step::Archive => {
            at(matches!(phase, Phase::Completed | Phase::Replied))?;
            archive(desk, checked, work, facts)
        }
        Step::SignFor
        | Step::Register { .. }
        | Step::Check { .. }
        | Step::Return { .. }
        | Step::ReturnForFaults { .. }
        | Step::Merge { .. }
        | Step::Transfer { .. }
        | Step::RequestExtension { .. }
        | Step::GrantExtension { .. }
        | Step::RefuseExtension { .. }
        | Step::Recall(_)
        | Step::Urge(_)
        | Step::Ring
        | Step::Derive => Err(wrong()),
    }
}

fn instruction(leader: &str, text: &str, facts: &Facts) -> Instruction {
    Instruction { leader: leader.to_owned(), text: text.to_owned(), person: facts.person.clone(), at: facts.now }
}

/// 阅知 goes to readers; 阅办 and 转办 to one lead and those who help; 批办 first to a leader, whose instruction is on record; what
/// is urgent gets an explicit due (§8.4). OFFICE assigns once more after a refusal; after the second one only the leaders do.
fn assign(paper: &Paper, work: &Work, wish: &Wish, decided: DecidedBy, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let refused = work.refusals.len() >= REFUSALS_MAX;
    match decided {
        DecidedBy::Inbox if refused => return Err(leaders(paper, LeadersFault::TheyDecide)),
        DecidedBy::Leaders if !refused => return Err(leaders(paper, LeadersFault::NotYet)),
        DecidedBy::Inbox | DecidedBy::Leaders => {}
    }
    let assignment = assignment(paper, wish, decided, facts)?;
    let given = wish.instruction.as_ref().map(|(leader, text)| instruction(leader, text, facts));
    let instructed = assignment.class == ActionClass::Instructed
        || ActionClass::parse(&paper.arrival.summary.action_class) == Some(ActionClass::Instructed);
    // Where the leaders decide, their decision is the instruction.
    if instructed && decided == DecidedBy::Inbox && given.is_none() && work.instruction.is_none() {
        return Err(Refusal::from(WorkRefusal::NoInstruction { paper: paper.name.to_string() }));
    }
    let due = due(paper, &assignment, wish, facts)?;
    let what = [given.map(What::Instructed), Some(What::Assigned(assignment)), due.map(What::DueSet)];
    Ok(what.into_iter().flatten().map(|what| Event::of(&paper.name, what)).collect())
}

fn leaders(paper: &Paper, fault: LeadersFault) -> Refusal {
    Refusal::from(WorkRefusal::Leaders { paper: paper.name.to_string(), fault })
}

/// Which institutions fit the class and the inbox. In its own inbox a bureau leads itself, and may name persons; a front
/// institution handles no county paper of OFFICE's inbox, since commands reach it as guidance, but may read it (§8.4).
fn assignment(paper: &Paper, wish: &Wish, decided: DecidedBy, facts: &Facts) -> Result<Assignment, Refusal> {
    let inbox = paper.name.inbox;
    let own = inbox != Institution::Office;
    let reading = wish.class == ActionClass::Read;
    let fault = |fault| Err(Refusal::from(WorkRefusal::Assignment { paper: paper.name.to_string(), fault }));
    let (mut lead, mut readers) = (wish.lead, wish.readers.clone());
    if own && !reading {
        lead = lead.or(Some(inbox));
    } else if own && readers.is_empty() {
        readers.push(inbox);
    }
    let named: Vec<_> = lead.iter().chain(&wish.co_handlers).chain(&readers).copied().collect();
    let distinct: BTreeSet<_> = named.iter().collect();
    if distinct.len() != named.len() {
        return fault(AssignmentFault::Twice);
    }
    if own && named.iter().any(|it| *it != inbox) {
        return fault(AssignmentFault::OwnInbox);
    }
    if !own && !wish.persons.is_empty() {
        return fault(AssignmentFault::Persons);
    }
    if reading && (lead.is_some() || !wish.co_handlers.is_empty()) {
        return fault(AssignmentFault::OnlyReaders);
    }
    if reading && readers.is_empty() {
        return fault(AssignmentFault::NoReader);
    }
    if !reading && lead.is_none() {
        return fault(AssignmentFault::NoLead);
    }
    if !reading && paper.arrival.purpose == Purpose::Information {
        return fault(AssignmentFault::Copy);
    }
    if let Some(front) = lead.iter().chain(&wish.co_handlers).find(|it| !own && it.side() == Side::Front) {
        return Err(Refusal::from(WorkRefusal::Front { paper: paper.name.to_string(), institution: *front }));
    }
    let always = wish.class == ActionClass::Instructed || paper.arrival.summary.doc_type == REQUEST;
    Ok(Assignment {
        class: wish.class,
        lead,
        co_handlers: wish.co_handlers.clone(),
        readers,
        persons: wish.persons.clone(),
        answer: if always && !reading { Answer::Wanted } else { wish.answer },
        person: facts.person.clone(),
        at: facts.now,
        decided,
    })
}

/// The document type that always asks for an answer (请示).
const REQUEST: &str = "请示";

/// The due that an assignment sets: the one it names, not later than what stands; for what is to be handled and has none, the
/// limit of its urgency. An urgent paper has an explicit one, its sender's or that of the assignment (§8.4).
fn due(paper: &Paper, assignment: &Assignment, wish: &Wish, facts: &Facts) -> Result<Option<Due>, Refusal> {
    let fault = |fault| Err(Refusal::from(WorkRefusal::Due { paper: paper.name.to_string(), fault }));
    let standing = paper.dossier.due;
    if let Some(day) = wish.due {
        if day < time::town_date(facts.now) {
            return fault(DueFault::Over { day });
        }
        return match standing.and_then(|due| due.last.date()) {
            Some(stands) if day > stands => fault(DueFault::LaterThan { day, stands }),
            Some(stands) if day == stands => Ok(None),
            Some(_) | None => {
                Ok(Some(Due { last: Deadline::On(day), source: DueSource::Assignment, since: facts.now }))
            }
        };
    }
    let explicit = standing.is_some_and(|due| due.source != DueSource::Urgency);
    if Urgency::of(&paper.arrival) != Urgency::Ordinary && !explicit && paper.arrival.purpose == Purpose::Action {
        return fault(DueFault::Explicit);
    }
    let missing = standing.is_none() && assignment.class != ActionClass::Read;
    let rules = facts.rules.as_ref().filter(|_| missing);
    Ok(rules.map(|rules| rules.due_by_urgency(&paper.arrival, facts.now)))
}

/// Within one working day of the assignment, and not where the leaders decided. A day that cannot be told yet is not over.
fn may_refuse(paper: &Paper, work: &Work, facts: &Facts) -> Result<(), Refusal> {
    let Some(assignment) = &work.assignment else { return Ok(()) };
    if assignment.decided == DecidedBy::Leaders {
        return Err(leaders(paper, LeadersFault::TheyDecided));
    }
    let until = facts.rules.as_ref().and_then(|rules| rules.end_after(assignment.at, REFUSE_WITHIN).ok());
    match until {
        Some(until) if facts.now > until => {
            Err(Refusal::from(WorkRefusal::Late { paper: paper.name.to_string(), until }))
        }
        Some(_) | None => Ok(()),
    }
}

/// What an institution does for its part, it does once.
fn once(paper: &Paper, work: &Work, part: Part, facts: &Facts) -> Result<(), Refusal> {
    let institution = facts.deed("").by.institution();
    if institution.is_some_and(|institution| work.missing(part).contains(&institution)) {
        Ok(())
    } else {
        Err(Refusal::from(WorkRefusal::Once { paper: paper.name.to_string() }))
    }
}

/// What is only to be read is completed by its last reader.
fn read(paper: &Paper, work: &Work, facts: &Facts) -> Vec<Event> {
    let deed = facts.deed("");
    let mut events = vec![Event::of(&paper.name, What::Read(deed.clone()))];
    let only_read = work.assignment.as_ref().is_some_and(|assignment| assignment.lead.is_none());
    if only_read && work.phase == Phase::Assigned && work.missing(Part::Reader).len() == 1 {
        events.push(completed(paper, deed.clone(), deed));
    }
    events
}

fn completed(paper: &Paper, result: super::Deed, checked: super::Deed) -> Event {
    let late = timing::is_late(paper, result.at);
    let punctuality = if late { Punctuality::Late } else { Punctuality::OnTime };
    Event::of(&paper.name, What::Completed { result, purpose: paper.arrival.purpose, punctuality, checked })
}

/// The lead reports when those who help have done their parts (§8.4).
fn parts_done(paper: &Paper, work: &Work) -> Result<(), Refusal> {
    let missing = work.missing(Part::CoHandler);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Refusal::from(WorkRefusal::Parts { paper: paper.name.to_string(), missing }))
    }
}

/// Completion counts from the moment at which the accepted result was reported (§8.4).
fn complete(paper: &Paper, work: &Work, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    another_person(work, facts)?;
    let result = work.report.clone().unwrap_or_else(|| facts.deed(""));
    Ok(vec![completed(paper, result, facts.deed(""))])
}

/// Nobody checks what he reported (overview.md §1.6(6)).
fn another_person(work: &Work, facts: &Facts) -> Result<(), Refusal> {
    match &work.report {
        Some(report) if report.person == facts.person => {
            Err(Refusal::from(WorkRefusal::OwnResult { person: facts.person.clone() }))
        }
        Some(_) | None => Ok(()),
    }
}

/// What is archived needs nothing more: no answer, and no second person for its document.
fn archive(desk: &Desk, checked: &Check, work: &Work, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let paper = &desk.paper;
    if work.answer_missing() {
        return Err(Refusal::from(WorkRefusal::AnswerMissing { paper: paper.name.to_string() }));
    }
    if desk.document == DocumentWaits::Yes {
        let other = checked.document.clone().unwrap_or_default();
        return Err(Refusal::from(WorkRefusal::Link {
            paper: paper.name.to_string(),
            other,
            fault: LinkFault::DocumentWaits,
        }));
    }
    Ok(vec![Event::of(&paper.name, What::Archived(facts.deed("")))])
}
