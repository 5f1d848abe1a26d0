//! What happened to a paper, and what the paper is after it.

use vocabulary::{Institution, Timestamp};

use super::state::{Arrival, Check, Paper, PaperName, Purpose, Registration, Return, SignedFor, Stage};
use super::work::{
    Alarm, Assignment, Decision, Deed, Dossier, Due, Extension, Instruction, Phase, Progress, Punctuality, Recall,
    Reply, Supervision, Urge, Work,
};
use crate::register::document;

/// What happened to a paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A person signed for it.
    SignedFor {
        /// The paper.
        name: PaperName,
        /// Why the inbox has it: a copy earns the sender no receipt.
        purpose: Purpose,
        /// Who and when.
        signed: SignedFor,
    },
    /// It stands in the book. The serial is taken after the decision, in the same transaction.
    Registered {
        /// The paper.
        name: PaperName,
        /// Where it stands.
        registered: Registration,
        /// The paper that it replaces.
        supersedes: Option<PaperName>,
    },
    /// It passed the first check.
    Checked {
        /// The paper.
        name: PaperName,
        /// The check.
        checked: Check,
    },
    /// It went back.
    Returned {
        /// The paper.
        name: PaperName,
        /// Why the inbox had it.
        purpose: Purpose,
        /// Who sent it back.
        person: String,
        /// Why and when.
        returned: Return,
    },
    /// Its directive became a document.
    Document(Box<document::Registered>),
    /// It was worked, or the clock or the county had something to say.
    Worked {
        /// The paper.
        name: PaperName,
        /// What happened.
        what: Box<What>,
    },
}

/// What happened after the first check, or beside the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A leader instructed what to do.
    Instructed(Instruction),
    /// It was assigned.
    Assigned(Assignment),
    /// It got a due, or another one.
    DueSet(Due),
    /// The lead refused the assignment.
    AssignmentRefused(Deed),
    /// The lead accepted it.
    Accepted(Deed),
    /// The lead said how far it is.
    Progressed(Progress),
    /// A co-handler did its part.
    PartFinished(Deed),
    /// A reader read it.
    Read(Deed),
    /// It became guidance.
    Guided {
        /// The guidance.
        guidance: String,
        /// Who and when.
        deed: Deed,
    },
    /// The lead reported the result.
    Reported(Deed),
    /// The result was sent back.
    SentBack(Deed),
    /// It was completed.
    Completed {
        /// Who reported the accepted result or read last, and when.
        result: Deed,
        /// Why the inbox has it.
        purpose: Purpose,
        /// Whether that was in time.
        punctuality: Punctuality,
        /// Who checked the result, and when.
        checked: Deed,
    },
    /// The sender was answered.
    Replied(Reply),
    /// It was archived.
    Archived(Deed),
    /// An extension was asked for.
    ExtensionRequested {
        /// The due that is asked for.
        due: vocabulary::Date,
        /// Who, when and why.
        deed: Deed,
    },
    /// It was granted. The new due is an event of its own.
    Extended {
        /// The new due.
        due: vocabulary::Date,
        /// Whether it passes over a due that the sender set.
        sender: SenderDue,
        /// Who, when and in which words.
        deed: Deed,
    },
    /// It was refused.
    ExtensionRefused(Deed),
    /// It was merged into another one.
    Merged {
        /// The one that goes on.
        into: PaperName,
        /// Who, when and why.
        deed: Deed,
    },
    /// It was transferred.
    Transferred {
        /// The paper that it becomes.
        to: PaperName,
        /// Who, when and why.
        deed: Deed,
    },
    /// It came from another inbox. The name is that of the new paper.
    Taken {
        /// As it arrives.
        arrival: Box<Arrival>,
        /// The paper that it was.
        from: PaperName,
        /// Until when it is to be handled.
        due: Option<Due>,
    },
    /// A later version replaced it.
    Superseded {
        /// The one that replaces it.
        by: PaperName,
        /// Whether its work goes on there.
        ended: Ended,
        /// Who linked them, and when.
        deed: Deed,
    },
    /// The county recalled it.
    Recalled(Recall),
    /// The county urged it.
    Urged(Urge),
    /// The clock alarmed.
    Alarmed {
        /// About what.
        alarm: Alarm,
        /// For which instant.
        at: Timestamp,
        /// The matter.
        matter: String,
        /// Who must act.
        responsible: Institution,
    },
    /// The due was over: a supervision order was issued.
    Supervised {
        /// The order.
        order: Supervision,
    },
    /// The due of the order was over too.
    Escalated {
        /// The order.
        order: Supervision,
        /// For which instant.
        at: Timestamp,
    },
    /// The due of an order was derived, once the calendar was there.
    SupervisionDueSet(Supervision),
}

/// Whether an extension passes over a due that the sender set, so that he is to be informed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SenderDue {
    /// He set one.
    PassedOver,
    /// He set none.
    None,
}

/// Whether a paper that is replaced was open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was, and its work goes on in the later version.
    Now,
    /// It had ended before, and stays as it is.
    Before,
}

impl Event {
    /// The event of a paper.
    pub(crate) fn of(name: &PaperName, what: What) -> Self {
        Self::Worked { name: name.clone(), what: Box::new(what) }
    }

    /// The paper that it is about; none for a document.
    pub(crate) const fn name(&self) -> Option<&PaperName> {
        match self {
            Self::SignedFor { name, .. }
            | Self::Registered { name, .. }
            | Self::Checked { name, .. }
            | Self::Returned { name, .. }
            | Self::Worked { name, .. } => Some(name),
            Self::Document(_) => None,
        }
    }
}

/// The paper after an event. What was decided about a stage can be applied to it; anything else leaves the paper as it is.
pub(crate) fn apply(paper: Paper, event: &Event) -> Paper {
    if event.name() != Some(&paper.name) {
        return paper;
    }
    let Paper { name, arrival, stage, dossier } = paper;
    match event {
        Event::SignedFor { .. }
        | Event::Registered { .. }
        | Event::Checked { .. }
        | Event::Returned { .. }
        | Event::Document(_) => {
            let mut dossier = dossier;
            if let Event::Registered { supersedes, .. } = event {
                dossier.supersedes.clone_from(supersedes);
            }
            Paper { name, arrival, stage: arrived_stage(stage, event), dossier }
        }
        Event::Worked { what, .. } => {
            let dossier = dossier_after(dossier, what);
            Paper { name, arrival, stage: worked_stage(stage, what), dossier }
        }
    }
}

/// The stage after an event on the way to the first check.
fn arrived_stage(stage: Stage, event: &Event) -> Stage {
    match (stage, event) {
        (Stage::Arrived, Event::SignedFor { signed, .. }) => Stage::SignedFor { signed: signed.clone() },
        (Stage::SignedFor { signed }, Event::Registered { registered, .. }) => {
            Stage::Registered { signed, registered: registered.clone() }
        }
        (Stage::Registered { signed, registered }, Event::Checked { checked, .. }) => {
            Stage::Worked { signed, registered, checked: checked.clone(), work: Box::default() }
        }
        (Stage::SignedFor { signed }, Event::Returned { returned, .. }) => {
            Stage::Returned { signed, registered: None, checked: None, returned: returned.clone() }
        }
        (Stage::Registered { signed, registered }, Event::Returned { returned, .. }) => {
            Stage::Returned { signed, registered: Some(registered), checked: None, returned: returned.clone() }
        }
        (Stage::Worked { signed, registered, checked, work }, Event::Returned { returned, .. }) => Stage::Returned {
            signed,
            registered: Some(registered),
            checked: Some((checked, work)),
            returned: returned.clone(),
        },
        (stage, _) => stage,
    }
}

/// The stage after an event of the work, of the county or of another paper. What the clock says changes no stage.
fn worked_stage(stage: Stage, what: &What) -> Stage {
    match (stage, what) {
        (Stage::Arrived, What::Recalled(recall)) => Stage::Recalled { recall: recall.clone() },
        (
            Stage::Registered { signed, registered },
            What::Merged { into, deed } | What::Superseded { by: into, ended: Ended::Now, deed },
        ) => Stage::Merged { signed, registered, checked: None, into: into.clone(), deed: deed.clone() },
        (
            Stage::Worked { signed, registered, checked, work },
            What::Merged { into, deed } | What::Superseded { by: into, ended: Ended::Now, deed },
        ) => {
            let (into, deed) = (into.clone(), deed.clone());
            Stage::Merged { signed, registered, checked: Some((checked, work)), into, deed }
        }
        (Stage::Worked { signed, registered, checked, work }, What::Transferred { to, deed }) => {
            Stage::Transferred { signed, registered, checked: (checked, work), to: to.clone(), deed: deed.clone() }
        }
        (Stage::Worked { signed, registered, checked, mut work }, what) => {
            advance(&mut work, what);
            Stage::Worked { signed, registered, checked, work }
        }
        (stage, _) => stage,
    }
}

/// What is kept beside the stage, after an event.
fn dossier_after(mut dossier: Dossier, what: &What) -> Dossier {
    match what {
        What::DueSet(due) => {
            dossier.due = Some(*due);
            dossier.alarms.retain(|alarm, _| !alarm.of_due());
        }
        What::Urged(urge) => {
            dossier.urge_count = dossier.urge_count.saturating_add(1);
            dossier.last_urge = Some(urge.clone());
        }
        What::Alarmed { alarm, at, .. } => {
            dossier.alarms.insert(*alarm, *at);
        }
        What::Supervised { order } => {
            dossier.alarms.insert(Alarm::Red, order.at);
            dossier.supervision = Some(order.clone());
        }
        What::Escalated { at, .. } => {
            dossier.alarms.insert(Alarm::Leaders, *at);
        }
        What::SupervisionDueSet(order) => dossier.supervision = Some(order.clone()),
        What::Superseded { by, .. } => dossier.superseded_by = Some(by.clone()),
        // The paper that was taken is a row of its own, made of the event.
        What::Taken { .. }
        | What::Recalled(_)
        | What::Merged { .. }
        | What::Transferred { .. }
        | What::Instructed(_)
        | What::Assigned(_)
        | What::AssignmentRefused(_)
        | What::Accepted(_)
        | What::Progressed(_)
        | What::PartFinished(_)
        | What::Read(_)
        | What::Guided { .. }
        | What::Reported(_)
        | What::SentBack(_)
        | What::Completed { .. }
        | What::Replied(_)
        | What::Archived(_)
        | What::ExtensionRequested { .. }
        | What::Extended { .. }
        | What::ExtensionRefused(_) => {}
    }
    dossier
}

/// The work after an event that is about nothing else.
fn advance(work: &mut Work, what: &What) {
    match what {
        What::Instructed(instruction) => work.instruction = Some(instruction.clone()),
        What::Assigned(assignment) => {
            work.assignment = Some(assignment.clone());
            work.phase = Phase::Assigned;
        }
        What::AssignmentRefused(deed) => {
            work.refusals.push(deed.clone());
            work.assignment = None;
            (work.parts, work.reads) = (Vec::new(), Vec::new());
            work.phase = Phase::Checked;
        }
        What::Accepted(deed) => {
            work.acceptance = Some(deed.clone());
            work.phase = Phase::Accepted;
        }
        What::Progressed(progress) => {
            work.progress = Some(progress.clone());
            work.progress_count = work.progress_count.saturating_add(1);
            work.phase = work.phase.max(Phase::InProgress);
        }
        What::PartFinished(deed) => work.parts.push(deed.clone()),
        What::Read(deed) => work.reads.push(deed.clone()),
        What::Guided { guidance, .. } => {
            work.guidance = Some(guidance.clone());
            work.phase = Phase::GuidanceIssued;
        }
        What::Reported(deed) => {
            work.report = Some(deed.clone());
            work.phase = Phase::Reported;
        }
        What::SentBack(_) => work.phase = Phase::InProgress,
        What::Completed { punctuality, checked, .. } => {
            work.completion = Some((checked.clone(), *punctuality));
            work.phase = if work.reply.is_some() { Phase::Replied } else { Phase::Completed };
        }
        What::Replied(reply) => {
            work.reply = Some(reply.clone());
            if work.phase == Phase::Completed {
                work.phase = Phase::Replied;
            }
        }
        What::Archived(deed) => {
            work.archive = Some(deed.clone());
            work.phase = Phase::Archived;
        }
        What::ExtensionRequested { due, deed } => {
            work.extension = Some(Extension { due: *due, request: deed.clone(), decision: None });
        }
        What::Extended { deed, .. } => decided(work, deed, Decision::Granted),
        What::ExtensionRefused(deed) => decided(work, deed, Decision::Refused),
        What::DueSet(_)
        | What::Merged { .. }
        | What::Transferred { .. }
        | What::Taken { .. }
        | What::Superseded { .. }
        | What::Recalled(_)
        | What::Urged(_)
        | What::Alarmed { .. }
        | What::Supervised { .. }
        | What::Escalated { .. }
        | What::SupervisionDueSet(_) => {}
    }
}

fn decided(work: &mut Work, deed: &Deed, decision: Decision) {
    if let Some(extension) = &mut work.extension {
        extension.decision = Some((deed.clone(), decision));
    }
}
