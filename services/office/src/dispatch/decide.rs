//! What may happen to an outgoing paper (发文办理, 公文条例 arts. 25, 26; relay-and-sharing.md §8.5).
//!
//! Nothing here reads a clock, a database or the network: [`Facts`] brings in what the outside world knows. There is no way out of
//! CLOSED, VOID and WITHDRAWN.
//!
//! - [`mod@apply`]: the dispatch after an event.
//! - `course`: from the draft to the seal.
//! - `sending`: from the sending to the end.

pub(crate) mod apply;
mod course;
mod sending;

use std::sync::Arc;

use vocabulary::{Institution, Sm3Digest, Timestamp, WorkingCalendar, time};

use super::content::Content;
use super::refusal::{Course, Refusal};
use super::settings::DispatchRules;
use super::state::{
    Acknowledging, Awaited, Cosign, Dispatch, DispatchId, Mark, Number, Progress, Recipient, Reply, Sent, Stage, Urge,
    View,
};

pub(crate) use apply::apply;
pub(crate) use course::named;

/// What is wanted of a dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// Which dispatch.
    pub id: DispatchId,
    /// The etag that was seen; empty: any.
    pub etag: String,
    /// The step.
    pub step: Step,
}

/// A step of a dispatch's life (§8.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Draft it (拟稿).
    Draft(Box<Content>),
    /// Change it (改稿).
    Revise(Box<Content>),
    /// Ask institutions to agree (会签).
    RequestCosign(Vec<Institution>),
    /// Say whether one's institution agrees.
    Cosign(View, String),
    /// Pass OFFICE's review (审核).
    Review(String),
    /// Pass the review of legality (合法性审核).
    ReviewLegality(String),
    /// Sign it (签发).
    Sign(String),
    /// Give it its number (编号).
    Number,
    /// Void its number (作废).
    Void(String),
    /// Seal it (用印).
    Seal,
    /// Send it (发出).
    Send,
    /// Record that a recipient got it by hand.
    RecordDelivery {
        /// The recipient, by name.
        recipient: String,
        /// What the receipt on paper says.
        words: String,
    },
    /// Record that an answer was urged (催办).
    Urge {
        /// How.
        how: String,
        /// What was said.
        words: String,
    },
    /// Close it (办结).
    Close(String),
    /// Give it up (撤销).
    Withdraw(String),
    /// Take note of a receipt that the gateway tells of.
    Receipt(Receipt),
    /// Take note of a paper that answers.
    Reply(Answering),
    /// Tell that the answer is overdue.
    Remind,
    /// Tell that a department has not acknowledged it.
    TellSilence,
    /// Derive by when an answer or an acknowledgement is expected, now that a calendar was loaded.
    Determine,
}

/// A receipt of a county department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The department.
    pub department: String,
    /// What it is for.
    pub progress: Progress,
    /// Why it was returned.
    pub reason: String,
    /// When the department acted.
    pub at: Timestamp,
    /// The digest of the receipt.
    pub digest: String,
}

/// A paper that refers to the number of a dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answering {
    /// The department that sent it.
    pub sender: String,
    /// The paper.
    pub reply: Reply,
}

/// What lies on the desk when a step is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Desk {
    /// The dispatch; none before it is drafted.
    pub dispatch: Option<Dispatch>,
    /// Another request on the same matter to the same superior that waits for its answer.
    pub waiting: Option<DispatchId>,
    /// The text of the dispatch by which another asked, where it came so.
    pub original: Option<String>,
    /// The number of the paper that is answered.
    pub answered_number: Option<String>,
}

/// What the outside world knows.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The town time.
    pub now: Timestamp,
    /// Who acts; empty for a timer or a reaction.
    pub person: String,
    /// For which institution; none for the town leaders, a timer or a reaction.
    pub institution: Option<Institution>,
    /// The settings.
    pub rules: Arc<DispatchRules>,
    /// The working calendar.
    pub calendar: Arc<WorkingCalendar>,
}

impl Facts {
    fn mark(&self, words: impl Into<String>) -> Mark {
        Mark { person: self.person.clone(), words: words.into(), at: self.now }
    }

    fn today(&self) -> vocabulary::Date {
        time::town_date(self.now)
    }
}

/// What happened to a dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It was drafted.
    Drafted(Box<Dispatch>),
    /// Its content was changed.
    Revised(DispatchId, Box<Content>, Mark),
    /// Institutions were asked to agree.
    CosignRequested(DispatchId, Vec<Institution>, Mark),
    /// One of them answered.
    Cosigned(DispatchId, Cosign),
    /// OFFICE reviewed it.
    Reviewed(DispatchId, Mark),
    /// Its legality was reviewed.
    LegalityReviewed(DispatchId, Mark),
    /// It was signed.
    Signed(DispatchId, Mark, String),
    /// It has its number. `fresh` numbers are taken after the decision, in the same transaction.
    Numbered {
        /// Which dispatch.
        id: DispatchId,
        /// The number.
        number: Number,
        /// Whether it is yet to be taken.
        fresh: bool,
    },
    /// Its number was voided.
    Voided(DispatchId, Number, Mark),
    /// It was sealed.
    Sealed(DispatchId, Sm3Digest, Mark),
    /// It was sent: what the gateway needs.
    Sent(Box<Dispatch>, Box<Sent>),
    /// It was sent: what is followed from then on.
    Followed(DispatchId, Box<Sent>),
    /// A recipient is further.
    RecipientChanged(DispatchId, Recipient),
    /// Everyone has it.
    Delivered(DispatchId, Timestamp),
    /// A paper answers it.
    Replied(DispatchId, Reply),
    /// The answer is overdue.
    Overdue(DispatchId, Awaited, Timestamp),
    /// By when an answer is expected is known.
    Determined(DispatchId, Awaited),
    /// Departments have not acknowledged it in time.
    Silent {
        /// Which dispatch.
        id: DispatchId,
        /// The departments, by their codes.
        departments: Vec<String>,
        /// By when they were to, and when it was told.
        acknowledging: Acknowledging,
    },
    /// By when departments are to acknowledge it is known.
    AcknowledgingDetermined(DispatchId, Acknowledging),
    /// The answer was urged.
    Urged(DispatchId, Urge),
    /// It was closed.
    Closed(DispatchId, Mark),
    /// It was given up.
    Withdrawn(DispatchId, Mark),
}

/// Says what happens to a dispatch, or why not.
///
/// # Errors
/// The first refusal: whose step it is, then the stage, then who acts, then the content.
pub(crate) fn decide(desk: &Desk, command: &Command, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let Some(dispatch) = &desk.dispatch else {
        if let Step::Draft(content) = &command.step {
            return course::draft(desk, command.id, content, facts);
        }
        let (dispatch, wanted) = (command.id.to_string(), begins_from(&command.step));
        return Err(Course::Stage { dispatch, stage: "NEW", wanted }.into());
    };
    may_step(dispatch, &command.step, facts)?;
    match &command.step {
        Step::Draft(_) => Err(wrong_stage(dispatch, &command.step)),
        Step::Revise(content) => course::revise(desk, dispatch, content, facts),
        Step::RequestCosign(institutions) => course::request_cosign(dispatch, institutions, facts),
        Step::Cosign(view, words) => course::cosign(dispatch, *view, words, facts),
        Step::Review(words) => course::review(dispatch, words, facts),
        Step::ReviewLegality(words) => course::review_legality(dispatch, words, facts),
        Step::Sign(words) => course::sign(desk, dispatch, words, facts),
        Step::Number => course::number(dispatch, facts),
        Step::Void(reason) => course::void(dispatch, reason, facts),
        Step::Seal => course::seal(dispatch, facts),
        Step::Withdraw(reason) => course::withdraw(dispatch, reason, facts),
        Step::Send => sending::send(desk, dispatch, facts),
        Step::RecordDelivery { recipient, words } => sending::by_hand(dispatch, recipient, words, facts),
        Step::Urge { how, words } => sending::urge(dispatch, how, words, facts),
        Step::Close(words) => sending::close(dispatch, words, facts),
        Step::Receipt(receipt) => Ok(sending::receipt(dispatch, receipt, facts)),
        Step::Reply(answering) => Ok(sending::reply(dispatch, answering, facts)),
        Step::Remind => Ok(sending::remind(dispatch, facts)),
        Step::TellSilence => Ok(sending::tell_silence(dispatch, facts)),
        Step::Determine => Ok(sending::determine(dispatch, facts)),
    }
}

/// Who takes a step: the drafting institution its own, those who were asked their answer, the leaders the signature, and OFFICE
/// the rest. Nobody takes what timers and reactions do.
fn may_step(dispatch: &Dispatch, step: &Step, facts: &Facts) -> Result<(), Refusal> {
    let (allowed, whose) = match step {
        Step::Draft(_) | Step::Revise(_) | Step::RequestCosign(_) | Step::Withdraw(_) => {
            (facts.institution == Some(dispatch.institution), dispatch.institution.code())
        }
        Step::Cosign(_, _) => {
            let asked = dispatch.cosigns.iter().any(|cosign| Some(cosign.institution) == facts.institution);
            (asked, "those who were asked to agree")
        }
        Step::Sign(_) => (facts.institution.is_none(), "the town leaders"),
        Step::Review(_)
        | Step::ReviewLegality(_)
        | Step::Number
        | Step::Void(_)
        | Step::Seal
        | Step::Send
        | Step::RecordDelivery { .. }
        | Step::Urge { .. }
        | Step::Close(_) => (facts.institution == Some(Institution::Office), "OFFICE"),
        Step::Receipt(_) | Step::Reply(_) | Step::Remind | Step::TellSilence | Step::Determine => {
            (facts.person.is_empty(), "the office itself")
        }
    };
    if allowed { Ok(()) } else { Err(Course::OtherInstitution { whose: whose.to_owned() }.into()) }
}

fn wrong_stage(dispatch: &Dispatch, step: &Step) -> Refusal {
    Course::Stage { dispatch: dispatch.id.to_string(), stage: dispatch.stage.as_str(), wanted: begins_from(step) }
        .into()
}

/// Numbering, sealing and sending ask for a signature under the content as it stands (art. 25(1)).
fn unsigned(dispatch: &Dispatch, step: &Step) -> Refusal {
    match &dispatch.stage {
        Stage::Draft | Stage::Cosigned | Stage::Reviewed(_) | Stage::LegalReviewed(_) => {
            Course::NotSigned { dispatch: dispatch.id.to_string() }.into()
        }
        Stage::Signed(_)
        | Stage::Numbered(_)
        | Stage::Sealed(_)
        | Stage::Sent(_)
        | Stage::Delivered(_)
        | Stage::Replied(_)
        | Stage::Closed(_, _)
        | Stage::Void(_, _)
        | Stage::Withdrawn(_) => wrong_stage(dispatch, step),
    }
}

/// The stages from which a step begins (§8.5).
const fn begins_from(step: &Step) -> &'static str {
    match step {
        Step::Draft(_) => "NEW",
        Step::Revise(_) => "DRAFT COSIGNED OFFICE_REVIEWED LEGAL_REVIEWED SIGNED NUMBERED",
        Step::RequestCosign(_) | Step::Cosign(_, _) | Step::Review(_) => "DRAFT COSIGNED",
        Step::ReviewLegality(_) => "OFFICE_REVIEWED",
        Step::Sign(_) => "OFFICE_REVIEWED LEGAL_REVIEWED",
        Step::Number => "SIGNED",
        Step::Void(_) => "NUMBERED SEALED",
        Step::Seal => "NUMBERED",
        Step::Send => "SEALED",
        Step::RecordDelivery { .. } | Step::Receipt(_) | Step::Reply(_) | Step::TellSilence => "SENT DELIVERED REPLIED",
        Step::Urge { .. } | Step::Remind | Step::Determine => "SENT DELIVERED",
        Step::Close(_) => "DELIVERED REPLIED",
        Step::Withdraw(_) => "DRAFT COSIGNED OFFICE_REVIEWED LEGAL_REVIEWED SIGNED",
    }
}

#[cfg(test)]
mod tests;
