//! What may happen to a paper in an inbox (收文办理, 公文条例 art. 24; relay-and-sharing.md §8.4).
//!
//! Nothing here reads a clock, a database or the network: [`Facts`] brings in what the outside world knows. A paper that went
//! back to its sender never comes to life again; the sender issues a new one.

use vocabulary::{Institution, Sm3Digest, Timestamp};

use super::state::{
    Check, Finding, FindingCode, Paper, PaperName, Purpose, Registration, Remedy, Resolution, Return, SignedFor, Stage,
    Weight,
};
use crate::refusal::Refusal;
use crate::register::directive::form::OWN_TYPES;
use crate::register::document::{self, FromPaper};

/// What is wanted of a paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// Which paper.
    pub name: PaperName,
    /// The etag that was seen; empty: any.
    pub etag: String,
    /// The step.
    pub step: Step,
}

/// A step of a paper's life (§8.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Sign for it (签收).
    SignFor,
    /// Enter it into the book (登记).
    Register,
    /// Pass the first check (初审).
    Check {
        /// How each finding is resolved.
        resolutions: Vec<Resolution>,
    },
    /// Send it back (退回).
    Return {
        /// The code of the rule that it breaks.
        code: String,
        /// The reason.
        reason: String,
    },
    /// Send it back because its directive, when a second person confirmed it, turned out faulty (DESIGN.md §6).
    ReturnForFaults {
        /// The code of the first fault.
        code: String,
        /// Every bad row.
        reason: String,
    },
}

/// What lies on the desk when a step is decided: the paper, and what stands in the books beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Desk {
    /// The paper.
    pub paper: Paper,
    /// A paper of the same issuer and number, but other content, that stands in this inbox's book.
    pub namesake: Option<PaperName>,
    /// The document that has the number of the paper, where one has.
    pub number_holder: Option<String>,
}

/// What the outside world knows.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The town time.
    pub now: Timestamp,
    /// Who acts.
    pub person: String,
    /// The directive that becomes a document, read; or why it could not be read. None where the paper is to have no such effect.
    pub directive: Option<Result<FromPaper, String>>,
}

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
}

/// The code under which a paper goes back whose number came before with other content.
const CONFLICT: &str = "RE-CONFLICT";

/// The code under which a paper goes back that must not be on this network.
const CLASSIFIED: &str = "OV-CLASSIFIED";

/// OFFICE works OFFICE's inbox and the addressed bureau works its own; nobody else is named (overview.md §1.4).
pub(crate) fn may_work(institution: Option<Institution>, inbox: Institution) -> Result<(), Refusal> {
    if institution == Some(inbox) { Ok(()) } else { Err(Refusal::OtherInbox { inbox }) }
}

/// A bureau reads its own inbox; OFFICE, which gets a copy of every paper, reads all.
pub(crate) fn may_read(institution: Option<Institution>, inbox: Institution) -> Result<(), Refusal> {
    if institution == Some(Institution::Office) { Ok(()) } else { may_work(institution, inbox) }
}

/// Says what happens to a paper, or why not.
pub(crate) fn decide(desk: &Desk, step: &Step, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    use Step::{Check, Register, Return, ReturnForFaults, SignFor};
    let paper = &desk.paper;
    match &paper.stage {
        Stage::Arrived => match step {
            SignFor => sign_for(paper, facts),
            Register | Check { .. } | Return { .. } | ReturnForFaults { .. } => Err(wrong_stage(paper, step)),
        },
        Stage::SignedFor { .. } => match step {
            Register => register(desk, facts),
            // What cannot stand in the book, and what must not be here, goes back all the same (§8.1, §8.4).
            Return { code, reason } if [CONFLICT, CLASSIFIED].contains(&code.as_str()) => {
                Ok(send_back(paper, code, reason, facts))
            }
            SignFor | Check { .. } | Return { .. } | ReturnForFaults { .. } => Err(wrong_stage(paper, step)),
        },
        Stage::Registered { .. } => match step {
            Check { resolutions } => check(desk, resolutions, facts),
            Return { code, reason } => Ok(send_back(paper, code, reason, facts)),
            SignFor | Register | ReturnForFaults { .. } => Err(wrong_stage(paper, step)),
        },
        Stage::Checked { checked, .. } => match step {
            // A mark found later: quarantine (§8.1). A directive is refused where its document is confirmed.
            Return { code, reason } if code == CLASSIFIED && checked.document.is_none() => {
                Ok(send_back(paper, code, reason, facts))
            }
            ReturnForFaults { code, reason } => Ok(send_back(paper, code, reason, facts)),
            SignFor | Register | Check { .. } | Return { .. } => Err(wrong_stage(paper, step)),
        },
        Stage::Returned { .. } => Err(wrong_stage(paper, step)),
    }
}

fn sign_for(paper: &Paper, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    intact(paper)?;
    let signed = SignedFor { person: facts.person.clone(), at: facts.now };
    Ok(vec![Event::SignedFor { name: paper.name.clone(), purpose: paper.arrival.purpose, signed }])
}

/// The serial of the book is taken after the decision, in the same transaction.
fn register(desk: &Desk, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    unique(desk)?;
    let registered = Registration { serial: 0, at: facts.now };
    Ok(vec![Event::Registered { name: desk.paper.name.clone(), registered }])
}

/// The directive becomes a document in the same breath, so that no checked paper is without one.
fn check(desk: &Desk, resolutions: &[Resolution], facts: &Facts) -> Result<Vec<Event>, Refusal> {
    resolve(&desk.paper, resolutions)?;
    let document = document(desk, facts)?;
    let checked = Check {
        resolutions: resolutions.to_vec(),
        document: document.as_ref().map(|registered| registered.document.id.name()),
        at: facts.now,
    };
    let document = document.map(|registered| Event::Document(Box::new(registered)));
    Ok(document.into_iter().chain([Event::Checked { name: desk.paper.name.clone(), checked }]).collect())
}

fn send_back(paper: &Paper, code: &str, reason: &str, facts: &Facts) -> Vec<Event> {
    vec![Event::Returned {
        name: paper.name.clone(),
        purpose: paper.arrival.purpose,
        person: facts.person.clone(),
        returned: Return { code: code.to_owned(), reason: reason.to_owned(), at: facts.now },
    }]
}

fn wrong_stage(paper: &Paper, step: &Step) -> Refusal {
    Refusal::Stage { paper: paper.name.to_string(), stage: paper.stage.as_str(), wanted: begins_from(step) }
}

/// The stage from which a step begins (§8.4). There is no step that begins from RETURNED.
const fn begins_from(step: &Step) -> &'static str {
    match step {
        Step::SignFor => "ARRIVED",
        Step::Register => "SIGNED_FOR",
        Step::Check { .. } | Step::Return { .. } => "REGISTERED",
        Step::ReturnForFaults { .. } => "CHECKED",
    }
}

/// Nobody signs for what is not what its digest says (§8.4, SIGNED_FOR).
fn intact(paper: &Paper) -> Result<(), Refusal> {
    if Sm3Digest::of(&paper.arrival.payload) == paper.arrival.payload_digest {
        Ok(())
    } else {
        Err(Refusal::Digest { paper: paper.name.to_string() })
    }
}

/// One document number of an issuer stands in the book with one content only (§8.4, REGISTERED). A paper that went back stands
/// there no longer, so that its sender can put it right under its number.
fn unique(desk: &Desk) -> Result<(), Refusal> {
    match &desk.namesake {
        None => Ok(()),
        Some(other) => Err(Refusal::Conflict {
            document_number: desk.paper.arrival.summary.document_number.clone(),
            other: other.to_string(),
        }),
    }
}

/// Every blocking finding is resolved in the way that it admits (§8.3); a resolution of nothing is a mistake.
fn resolve(paper: &Paper, resolutions: &[Resolution]) -> Result<(), Refusal> {
    let findings = &paper.arrival.findings;
    for (index, resolution) in resolutions.iter().enumerate() {
        if !findings.iter().any(|finding| finding.code == resolution.code) {
            return Err(Refusal::NoSuchFinding { index, code: resolution.code.as_str().to_owned() });
        }
    }
    let open = |finding: &&Finding| {
        finding.weight == Weight::Blocking
            && !resolutions.iter().any(|it| it.code == finding.code && admits(&finding.code, it))
    };
    let open: Vec<_> = findings.iter().filter(open).collect();
    match open.iter().map(|finding| &finding.code).min() {
        None => Ok(()),
        Some(code) => {
            let all = open.iter().map(|it| (it.code.as_str().to_owned(), it.message.clone())).collect();
            Err(Refusal::Unresolved { code: code.clone(), all })
        }
    }
}

/// How a finding may be resolved. What bears a mark of secrecy, a matter not agreed among departments, and a paper of an internal
/// unit can only go back. Who clears what no machine could screen says what was seen.
fn admits(code: &FindingCode, resolution: &Resolution) -> bool {
    let remedy = &resolution.remedy;
    match code {
        FindingCode::Held => matches!(remedy, Remedy::Cleared) && !resolution.note.trim().is_empty(),
        FindingCode::DeptDirective => matches!(remedy, Remedy::AsLetter),
        FindingCode::DocumentNumber => matches!(remedy, Remedy::Repaired(_)),
        FindingCode::Classified | FindingCode::NotAgreed | FindingCode::InternalUnit | FindingCode::Other(_) => false,
    }
}

/// The document that the directive becomes. Powers are registered by OFFICE alone, from its own inbox (overview.md §1.4).
fn document(desk: &Desk, facts: &Facts) -> Result<Option<document::Registered>, Refusal> {
    let Some(directive) = &facts.directive else { return Ok(None) };
    let inbox = desk.paper.name.inbox;
    if inbox != Institution::Office && OWN_TYPES.contains(&desk.paper.arrival.summary.directive_type.as_str()) {
        return Err(Refusal::PowersElsewhere { inbox });
    }
    match directive {
        Ok(paper) => Ok(Some(document::registration_of_paper(paper, desk.number_holder.as_deref())?)),
        Err(fault) => Err(Refusal::Directive { fault: fault.clone() }),
    }
}

/// The desk after an event. What was decided about a stage can be applied to it; anything else leaves the paper as it is.
pub(crate) fn apply(desk: Desk, event: &Event) -> Desk {
    let Desk { paper, .. } = desk;
    let stage = match (paper.stage, event) {
        (Stage::Arrived, Event::SignedFor { signed, .. }) => Stage::SignedFor { signed: signed.clone() },
        (Stage::SignedFor { signed }, Event::Registered { registered, .. }) => {
            Stage::Registered { signed, registered: registered.clone() }
        }
        (Stage::Registered { signed, registered }, Event::Checked { checked, .. }) => {
            Stage::Checked { signed, registered, checked: checked.clone() }
        }
        (Stage::SignedFor { signed }, Event::Returned { returned, .. }) => {
            Stage::Returned { signed, registered: None, checked: None, returned: returned.clone() }
        }
        (Stage::Registered { signed, registered }, Event::Returned { returned, .. }) => {
            Stage::Returned { signed, registered: Some(registered), checked: None, returned: returned.clone() }
        }
        (Stage::Checked { signed, registered, checked }, Event::Returned { returned, .. }) => {
            Stage::Returned { signed, registered: Some(registered), checked: Some(checked), returned: returned.clone() }
        }
        (stage, _) => stage,
    };
    Desk { paper: Paper { stage, ..paper }, ..desk }
}

#[cfg(test)]
mod tests;
