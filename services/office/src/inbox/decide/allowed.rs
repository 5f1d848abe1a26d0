//! Who may take a step (overview.md §1.4: "sign for, register, check, return, assign a paper").

use vocabulary::Institution;

use super::super::refusal::WorkRefusal;
use super::super::state::{Paper, PaperName};
use super::super::work::Part;
use super::{Actor, Rank, Step};
use crate::refusal::Refusal;

/// Who a step is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// Those who work the inbox.
    Inbox,
    /// OFFICE, in whichever inbox the paper is.
    Office,
    /// Whoever has this part in the assignment.
    Part(Part),
    /// Those who check results: OFFICE in its own inbox, a bureau's chief in the bureau's.
    Checker,
    /// The leaders.
    Leaders,
    /// The town's service.
    Service,
}

const fn meant_for(step: &Step) -> For {
    match step {
        Step::Register { supersedes: Some(_) } | Step::GrantExtension { .. } | Step::RefuseExtension { .. } => {
            For::Office
        }
        Step::SignFor
        | Step::Register { supersedes: None }
        | Step::Check { .. }
        | Step::Return { .. }
        | Step::Assign(_)
        | Step::Archive
        | Step::Merge { .. }
        | Step::Transfer { .. } => For::Inbox,
        Step::RefuseAssignment { .. }
        | Step::Accept
        | Step::ReportProgress { .. }
        | Step::Guide { .. }
        | Step::Report { .. }
        | Step::RequestExtension { .. } => For::Part(Part::Lead),
        Step::FinishPart { .. } => For::Part(Part::CoHandler),
        Step::MarkRead => For::Part(Part::Reader),
        Step::Complete | Step::SendBack { .. } => For::Checker,
        Step::Instruct { .. } | Step::DecideAssignment(_) => For::Leaders,
        Step::ReturnForFaults { .. }
        | Step::Answered { .. }
        | Step::Recall(_)
        | Step::Urge(_)
        | Step::Ring
        | Step::Derive => For::Service,
    }
}

/// Whether somebody may take a step, as far as the name of the paper tells: asked before anything is read, so that nothing is told
/// of another's inbox. Papers of OFFICE's inbox are assigned to others, who take their own steps there.
pub(crate) fn may_ask(name: &PaperName, step: &Step, actor: Actor) -> Result<(), Refusal> {
    let inbox = name.inbox;
    let refused = Err(Refusal::OtherInbox { inbox });
    match meant_for(step) {
        For::Service => {
            if actor == Actor::Service {
                Ok(())
            } else {
                refused
            }
        }
        For::Leaders => {
            if actor == Actor::Leaders {
                Ok(())
            } else {
                refused
            }
        }
        For::Inbox | For::Checker => may_work(institution(actor), inbox),
        For::Office => may_work(institution(actor), Institution::Office).map_err(|_| Refusal::OtherInbox { inbox }),
        For::Part(_) if inbox == Institution::Office && institution(actor).is_some() => Ok(()),
        For::Part(_) => may_work(institution(actor), inbox),
    }
}

/// Whether somebody may take a step on a paper. What the service does by itself, every rule but this one stands for.
pub(crate) fn may_take(paper: &Paper, step: &Step, actor: Actor) -> Result<(), Refusal> {
    if actor == Actor::Service {
        return Ok(());
    }
    may_ask(&paper.name, step, actor)?;
    match meant_for(step) {
        For::Part(part) => has_part(paper, part, actor),
        For::Checker => chief_of_own(paper.name.inbox, actor),
        For::Inbox | For::Office | For::Leaders | For::Service => Ok(()),
    }
}

/// Only who has the part takes its steps. Whoever has none is told nothing, unless he may read the paper anyway.
fn has_part(paper: &Paper, part: Part, actor: Actor) -> Result<(), Refusal> {
    let inbox = paper.name.inbox;
    let Some(institution) = institution(actor) else { return Err(Refusal::OtherInbox { inbox }) };
    let assigned = paper.work().is_some_and(|work| work.assignment.is_some());
    match paper.work().and_then(|work| work.part_of(institution)) {
        Some(held) if held == part => Ok(()),
        // Nobody has a part: the stage is what is wrong, and who may read the paper is told so.
        None if !assigned && may_read(Some(institution), inbox).is_ok() => Ok(()),
        held => Err(Refusal::from(WorkRefusal::NoPart { paper: paper.name.to_string(), institution, part, held })),
    }
}

/// In its own inbox a bureau's chief checks what the bureau did (§8.4).
fn chief_of_own(inbox: Institution, actor: Actor) -> Result<(), Refusal> {
    match actor {
        Actor::Officer { rank: Rank::Chief, .. } | Actor::Service => Ok(()),
        Actor::Officer { institution: Institution::Office, .. } if inbox == Institution::Office => Ok(()),
        Actor::Officer { .. } | Actor::Leaders => Err(Refusal::from(WorkRefusal::NotChief { inbox })),
    }
}

const fn institution(actor: Actor) -> Option<Institution> {
    match actor {
        Actor::Officer { institution, .. } => Some(institution),
        Actor::Leaders | Actor::Service => None,
    }
}

/// OFFICE works OFFICE's inbox and the addressed bureau works its own; nobody else is named (overview.md §1.4).
pub(crate) fn may_work(institution: Option<Institution>, inbox: Institution) -> Result<(), Refusal> {
    if institution == Some(inbox) { Ok(()) } else { Err(Refusal::OtherInbox { inbox }) }
}

/// A bureau reads its own inbox; OFFICE, which gets a copy of every paper, reads all.
pub(crate) fn may_read(institution: Option<Institution>, inbox: Institution) -> Result<(), Refusal> {
    if institution == Some(Institution::Office) { Ok(()) } else { may_work(institution, inbox) }
}

/// Whoever has a part in a paper reads it (§8.4).
pub(crate) fn may_read_paper(institution: Option<Institution>, paper: &Paper) -> Result<(), Refusal> {
    let part = institution.zip(paper.work()).and_then(|(institution, work)| work.part_of(institution));
    if part.is_some() { Ok(()) } else { may_read(institution, paper.name.inbox) }
}
