//! What may happen to a paper in an inbox (收文办理, 公文条例 art. 24; relay-and-sharing.md §8.4).
//!
//! Nothing here reads a clock, a database or the network: [`Facts`] brings in what the outside world knows. A paper that came to
//! an end never comes to life again; the sender issues a new one.
//!
//! - [`allowed`]: who may take a step.
//! - [`work`]: from the assignment to the archive.
//! - [`extension`]: a later due.
//! - [`links`]: papers that replace each other, go on in each other or in another inbox.
//! - [`clock`]: alarms, supervision orders, and dues that wait for a calendar.

pub(crate) mod allowed;
mod clock;
mod extension;
mod links;
mod work;

use std::sync::Arc;

use runtime::execute::Version;
use vocabulary::{Institution, Sm3Digest, Timestamp};

pub(crate) use super::event::Event;
use super::event::{self, What};
use super::rules::Rules;
use super::state::{
    Check, Finding, FindingCode, Paper, PaperName, Registration, Remedy, Resolution, Return, SignedFor, Stage, Weight,
};
pub(crate) use super::step::{Command, Step, Wish};
use super::work::{By, Deed, Phase, Recall};
use crate::refusal::Refusal;
use crate::register::directive::form::OWN_TYPES;
use crate::register::document::{self, FromPaper};

/// What lies on the desk when a step is decided: the paper, and what stands in the books beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Desk {
    /// The paper.
    pub paper: Paper,
    /// A paper of the same issuer and number, but other content, that stands in this inbox's book.
    pub namesake: Option<PaperName>,
    /// The document that has the number of the paper, where one has.
    pub number_holder: Option<String>,
    /// The other paper that a step names: the one that goes on, is replaced, or is there already.
    pub other: Option<Paper>,
    /// The version of that paper.
    pub other_version: Option<Version>,
    /// Whether the document that the paper became waits for a second person.
    pub document: DocumentWaits,
    /// Whether the county has taken the paper back.
    pub recalled: Option<Recall>,
}

/// Whether a document waits for a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentWaits {
    /// It does.
    Yes,
    /// It does not, or there is none.
    No,
}

/// Who takes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// The town's service: the clock, a reaction, the gateway.
    Service,
    /// The leaders of the town.
    Leaders,
    /// A person of an institution.
    Officer {
        /// The institution.
        institution: Institution,
        /// The rank.
        rank: Rank,
    },
}

/// The rank of an officer at an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// `RELAY_CLERK`.
    Clerk,
    /// `RELAY_CHIEF`.
    Chief,
}

/// What the outside world knows.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The town time.
    pub now: Timestamp,
    /// Who acts.
    pub person: String,
    /// For whom.
    pub actor: Actor,
    /// The directive that becomes a document, read; or why it could not be read. None where the paper is to have no such effect.
    pub directive: Option<Result<FromPaper, String>>,
    /// By which the paper falls due. None where the step changes no due and no stage from which alarms are counted.
    pub rules: Option<Arc<Rules>>,
}

impl Facts {
    /// What the person does now, with the words to it.
    pub(crate) fn deed(&self, words: &str) -> Deed {
        let by = match self.actor {
            Actor::Service => By::Service,
            Actor::Leaders => By::Leaders,
            Actor::Officer { institution, .. } => By::Institution(institution),
        };
        Deed { by, person: self.person.clone(), at: self.now, words: words.to_owned() }
    }
}

/// The code under which a paper goes back whose number came before with other content.
const CONFLICT: &str = "RE-CONFLICT";

/// The code under which a paper goes back that must not be on this network.
const CLASSIFIED: &str = "OV-CLASSIFIED";

/// Says what happens to a paper, or why not.
pub(crate) fn decide(desk: &Desk, step: &Step, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let paper = &desk.paper;
    allowed::may_take(paper, step, facts.actor)?;
    match step {
        Step::SignFor => sign_for(desk, step, facts),
        Step::Register { supersedes } => register(desk, step, supersedes.as_ref(), facts),
        Step::Check { resolutions } => check(desk, step, resolutions, facts),
        Step::Return { code, reason } => send_back(paper, step, code, reason, facts),
        Step::ReturnForFaults { code, reason } => {
            let open = paper.at_work().is_some_and(|work| work.phase != Phase::Archived);
            if open { Ok(returned(paper, code, reason, facts)) } else { Err(wrong_stage(paper, step)) }
        }
        Step::Instruct { .. }
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
        | Step::Archive => work::decide(desk, step, facts),
        Step::RequestExtension { due, reason } => extension::request(paper, step, *due, reason, facts),
        Step::GrantExtension { words } => extension::grant(paper, step, words, facts),
        Step::RefuseExtension { reason } => extension::refuse(paper, step, reason, facts),
        Step::Merge { into, reason } => links::merge(desk, step, into, reason, facts),
        Step::Transfer { to, reason } => links::transfer(desk, step, *to, reason, facts),
        Step::Recall(recall) => links::recall(paper, recall),
        Step::Urge(urge) => Ok(vec![Event::of(&paper.name, What::Urged(urge.clone()))]),
        Step::Ring => Ok(clock::ring(paper, facts)),
        Step::Derive => Ok(clock::derive(paper, facts)),
    }
}

/// Whether the county may take a paper back (§8.6).
pub(crate) fn may_recall(paper: &Paper, recall: &Recall) -> Result<(), Refusal> {
    links::recall(paper, recall).map(|_| ())
}

fn sign_for(desk: &Desk, step: &Step, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let paper = &desk.paper;
    // What the county has taken back is signed for by nobody, also where it came in at the very moment of the recall (§8.6).
    if !matches!(paper.stage, Stage::Arrived) || desk.recalled.is_some() {
        return Err(wrong_stage(paper, step));
    }
    intact(paper)?;
    let signed = SignedFor { person: facts.person.clone(), at: facts.now };
    Ok(vec![Event::SignedFor { name: paper.name.clone(), purpose: paper.arrival.purpose, signed }])
}

/// The serial of the book is taken after the decision, in the same transaction.
fn register(desk: &Desk, step: &Step, supersedes: Option<&PaperName>, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    if !matches!(desk.paper.stage, Stage::SignedFor { .. }) {
        return Err(wrong_stage(&desk.paper, step));
    }
    let replaced = supersedes.map(|old| links::supersede(desk, old, facts)).transpose()?;
    unique(desk, supersedes)?;
    let registered = Registration { serial: 0, at: facts.now };
    let name = desk.paper.name.clone();
    let new = Event::Registered { name, registered, supersedes: supersedes.cloned() };
    Ok([new].into_iter().chain(replaced).collect())
}

/// The directive becomes a document in the same breath, so that no checked paper is without one.
fn check(desk: &Desk, step: &Step, resolutions: &[Resolution], facts: &Facts) -> Result<Vec<Event>, Refusal> {
    if !matches!(desk.paper.stage, Stage::Registered { .. }) {
        return Err(wrong_stage(&desk.paper, step));
    }
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

/// What cannot stand in the book, and what must not be here, goes back early (§8.1, §8.4). A mark that is found later: quarantine,
/// at whatever stage of the work; a directive is refused where its document is confirmed.
fn send_back(paper: &Paper, step: &Step, code: &str, reason: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let goes = match &paper.stage {
        Stage::SignedFor { .. } => [CONFLICT, CLASSIFIED].contains(&code),
        Stage::Registered { .. } => true,
        Stage::Worked { checked, work, .. } => {
            code == CLASSIFIED && checked.document.is_none() && work.phase != Phase::Archived
        }
        Stage::Arrived
        | Stage::Returned { .. }
        | Stage::Merged { .. }
        | Stage::Transferred { .. }
        | Stage::Recalled { .. } => false,
    };
    if goes { Ok(returned(paper, code, reason, facts)) } else { Err(wrong_stage(paper, step)) }
}

fn returned(paper: &Paper, code: &str, reason: &str, facts: &Facts) -> Vec<Event> {
    vec![Event::Returned {
        name: paper.name.clone(),
        purpose: paper.arrival.purpose,
        person: facts.person.clone(),
        returned: Return { code: code.to_owned(), reason: reason.to_owned(), at: facts.now },
    }]
}

fn wrong_stage(paper: &Paper, step: &Step) -> Refusal {
    Refusal::Stage { paper: paper.name.to_string(), stage: paper.stage.as_str(), wanted: step.begins_from() }
}

/// Nobody signs for what is not what its digest says (§8.4, SIGNED_FOR).
fn intact(paper: &Paper) -> Result<(), Refusal> {
    if Sm3Digest::of(&paper.arrival.payload) == paper.arrival.payload_digest {
        Ok(())
    } else {
        Err(Refusal::Digest { paper: paper.name.to_string() })
    }
}

/// One document number of an issuer stands in the book with one content only (§8.4, REGISTERED), until OFFICE links a later
/// version to the one before it. A paper that went back stands there no longer, so that its sender can put it right under its
/// number.
fn unique(desk: &Desk, supersedes: Option<&PaperName>) -> Result<(), Refusal> {
    match &desk.namesake {
        None => Ok(()),
        Some(other) if Some(other) == supersedes => Ok(()),
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

/// The desk after an event: the paper that it is about has changed.
pub(crate) fn apply(desk: Desk, event: &Event) -> Desk {
    let Desk { paper, other, .. } = desk;
    Desk { paper: event::apply(paper, event), other: other.map(|other| event::apply(other, event)), ..desk }
}

#[cfg(test)]
mod tests;
