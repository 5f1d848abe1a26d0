//! What happened to a paper after its first check, as the journal says it.

use runtime::journal::Record;
use townlink_proto::townlink::office::v1 as pb;

use super::super::event::{Ended, SenderDue, What};
use super::super::state::{Arrival, Paper, PaperName, Purpose, Stage};
use super::super::work::{Dossier, Due, Punctuality, Reply};
use super::work::{
    alarm_to_wire, assignment_to_wire, deed_to_wire, due_to_wire, instruction_to_wire, progress_to_wire,
    recall_to_wire, supervision_to_wire, urge_to_wire,
};
use crate::fields::{day_to_wire, instant_to_wire};

/// The record of an event about a paper.
pub(super) fn record(name: &PaperName, what: &What) -> Record {
    let inbox_paper = name.to_string();
    match what {
        What::Instructed(instruction) => {
            let instruction = Some(instruction_to_wire(instruction));
            of(name, &pb::PaperInstructed { inbox_paper, instruction })
        }
        What::Assigned(assignment) => {
            let assignment = Some(assignment_to_wire(assignment));
            of(name, &pb::PaperAssigned { inbox_paper, assignment })
        }
        What::DueSet(due) => of(name, &pb::PaperDueSet { inbox_paper, due: Some(due_to_wire(due)) }),
        What::AssignmentRefused(deed) => {
            of(name, &pb::PaperAssignmentRefused { inbox_paper, deed: Some(deed_to_wire(deed)) })
        }
        What::Accepted(deed) => of(name, &pb::PaperAssignmentAccepted { inbox_paper, deed: Some(deed_to_wire(deed)) }),
        What::Progressed(progress) => {
            let progress = Some(progress_to_wire(progress));
            of(name, &pb::PaperProgressed { inbox_paper, progress })
        }
        What::PartFinished(deed) => of(name, &pb::PaperPartFinished { inbox_paper, deed: Some(deed_to_wire(deed)) }),
        What::Read(deed) => of(name, &pb::PaperRead { inbox_paper, deed: Some(deed_to_wire(deed)) }),
        What::Guided { guidance, deed } => {
            let (guidance, deed) = (guidance.clone(), Some(deed_to_wire(deed)));
            of(name, &pb::PaperGuided { inbox_paper, guidance, deed })
        }
        What::Reported(deed) => of(name, &pb::PaperReported { inbox_paper, deed: Some(deed_to_wire(deed)) }),
        What::SentBack(deed) => of(name, &pb::PaperSentBack { inbox_paper, deed: Some(deed_to_wire(deed)) }),
        What::Completed { .. } => of(name, &completed(name, what)),
        What::Replied(reply) => of(name, &replied(name, reply)),
        What::Archived(deed) => of(name, &pb::PaperArchived { inbox_paper, deed: Some(deed_to_wire(deed)) }),
        What::ExtensionRequested { due, deed } => {
            let (due, deed) = (Some(day_to_wire(*due)), Some(deed_to_wire(deed)));
            of(name, &pb::PaperExtensionRequested { inbox_paper, due, deed })
        }
        What::Extended { due, sender, deed } => {
            let message = pb::PaperExtended {
                inbox_paper,
                paper: name.at_gateway(),
                due: Some(day_to_wire(*due)),
                sender_due: *sender == SenderDue::PassedOver,
                time: Some(instant_to_wire(deed.at)),
                deed: Some(deed_to_wire(deed)),
            };
            of(name, &message)
        }
        What::ExtensionRefused(deed) => {
            of(name, &pb::PaperExtensionRefused { inbox_paper, deed: Some(deed_to_wire(deed)) })
        }
        What::Merged { .. }
        | What::Transferred { .. }
        | What::Taken { .. }
        | What::Superseded { .. }
        | What::Recalled(_)
        | What::Urged(_)
        | What::Alarmed { .. }
        | What::Supervised { .. }
        | What::Escalated { .. }
        | What::SupervisionDueSet(_) => beside(name, what),
    }
}

/// What the clock, the county and other papers bring about.
fn beside(name: &PaperName, what: &What) -> Record {
    let inbox_paper = name.to_string();
    match what {
        What::Merged { into, deed } => {
            let (into, deed) = (into.to_string(), Some(deed_to_wire(deed)));
            of(name, &pb::PaperMerged { inbox_paper, into, deed })
        }
        What::Transferred { to, deed } => {
            let (to, deed) = (to.to_string(), Some(deed_to_wire(deed)));
            of(name, &pb::PaperTransferred { inbox_paper, to, deed })
        }
        What::Taken { arrival, from, due } => of(name, &taken(name, arrival, from, *due)),
        What::Superseded { by, ended, deed } => {
            let (by, deed) = (by.to_string(), Some(deed_to_wire(deed)));
            of(name, &pb::PaperSuperseded { inbox_paper, by, merged: *ended == Ended::Now, deed })
        }
        What::Recalled(recall) => of(name, &pb::PaperRecalled { inbox_paper, recall: Some(recall_to_wire(recall)) }),
        What::Urged(urge) => of(name, &pb::PaperUrged { inbox_paper, urge: Some(urge_to_wire(urge)) }),
        What::Alarmed { alarm, at, matter, responsible } => {
            let message = pb::PaperAlarmed {
                inbox_paper,
                alarm: Some(alarm_to_wire(*alarm, *at)),
                matter: matter.clone(),
                responsible: responsible.code().to_owned(),
            };
            of(name, &message)
        }
        What::Supervised { order } => {
            let (supervision, time) = (Some(supervision_to_wire(order)), Some(instant_to_wire(order.at)));
            of(name, &pb::PaperSupervised { inbox_paper, supervision, time })
        }
        What::Escalated { order, at } => {
            let (supervision, time) = (Some(supervision_to_wire(order)), Some(instant_to_wire(*at)));
            of(name, &pb::PaperEscalated { inbox_paper, supervision, time })
        }
        What::SupervisionDueSet(order) => {
            let supervision = Some(supervision_to_wire(order));
            of(name, &pb::PaperSupervisionDueSet { inbox_paper, supervision })
        }
        What::Instructed(_)
        | What::Assigned(_)
        | What::DueSet(_)
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
        | What::ExtensionRefused(_) => record(name, what),
    }
}

fn of<M: prost::Message + prost::Name>(name: &PaperName, message: &M) -> Record {
    Record::of(message, name.to_string())
}

fn completed(name: &PaperName, what: &What) -> pb::PaperCompleted {
    let mut message =
        pb::PaperCompleted { inbox_paper: name.to_string(), paper: name.at_gateway(), ..Default::default() };
    if let What::Completed { result, purpose, punctuality, checked } = what {
        message.institution = result.by.institution().map(|it| it.code().to_owned()).unwrap_or_default();
        message.person.clone_from(&result.person);
        message.time = Some(instant_to_wire(result.at));
        message.copy = *purpose == Purpose::Information;
        message.on_time = *punctuality == Punctuality::OnTime;
        message.result.clone_from(&result.words);
        message.checked = Some(deed_to_wire(checked));
    }
    message
}

fn replied(name: &PaperName, reply: &Reply) -> pb::PaperReplied {
    pb::PaperReplied {
        inbox_paper: name.to_string(),
        paper: name.at_gateway(),
        document_number: reply.document_number.clone(),
        dispatch: reply.dispatch.clone(),
        time: Some(instant_to_wire(reply.at)),
    }
}

fn taken(name: &PaperName, arrival: &Arrival, from: &PaperName, due: Option<Due>) -> pb::PaperTaken {
    let paper = arrived(name, arrival, Some(from), due);
    pb::PaperTaken {
        paper: Some(pb::InboxPaper { stage: pb::InboxStage::Arrived.into(), ..super::face_of(&paper) }),
        signatures: arrival.signatures.iter().map(super::signature_to_wire).collect(),
        delivered_to: arrival.delivered_to.code().to_owned(),
    }
}

/// A paper that has just arrived.
pub(crate) fn arrived(name: &PaperName, arrival: &Arrival, from: Option<&PaperName>, due: Option<Due>) -> Paper {
    let dossier = Dossier { due, transferred_from: from.cloned(), ..Dossier::default() };
    Paper { name: name.clone(), arrival: arrival.clone(), stage: Stage::Arrived, dossier }
}
