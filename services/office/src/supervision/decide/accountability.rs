//! The proposal to call somebody to account (问责建议; relay-and-sharing.md §8.8). The platform decides nothing about a person: it keeps the
//! evidence, makes sure that the person is heard, and hands over.

use uuid::Uuid;
use vocabulary::{Date, DocumentNumber, Institution, time};

use super::{acting, no_instruction, own};
use crate::oversight::facts::Facts;
use crate::oversight::record::{Change, name};
use crate::oversight::refusal::{EvidenceFault, OwnWork, Refusal};
use crate::supervision::state::{Accountability, Addressee, Fault, Hearing};

/// What may be done with a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Propose.
    Propose(Proposal),
    /// Record that the person was heard.
    Hear {
        /// What the person said; none where the person declined.
        statement: Option<String>,
        /// The day.
        date: Date,
    },
    /// Hand it over.
    HandOver {
        /// Under which document.
        document: DocumentNumber,
    },
}

/// What is proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    /// The person concerned.
    pub person: String,
    /// The front institution of that person.
    pub front: Institution,
    /// To whom it goes.
    pub addressee: Addressee,
    /// What kind of fault it is.
    pub fault: Fault,
    /// The facts.
    pub facts: String,
    /// The evidence.
    pub evidence: Vec<String>,
}

/// A review or a supervision opinion that a proposal names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instrument {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub institution: Institution,
    /// About which front institution.
    pub front: Institution,
}

/// Says what becomes of a proposal. `known` are the instruments that it names and that there are.
///
/// # Errors
/// The first refusal that applies.
pub(crate) fn decide(
    proposal: Option<&Accountability>,
    known: &[Instrument],
    id: Uuid,
    step: &Step,
    facts: &Facts,
) -> Result<Option<(Accountability, Change)>, Refusal> {
    match (step, proposal) {
        (Step::Propose(wanted), _) => Ok(Some((proposed(id, wanted, known, facts)?, Change::Proposed))),
        (Step::Hear { statement, date }, Some(proposal)) => {
            Ok(Some((heard(proposal, statement.as_deref(), *date, facts)?, Change::Heard)))
        }
        (Step::HandOver { document }, Some(proposal)) => {
            Ok(Some((handed_over(proposal, document, facts)?, Change::HandedOver)))
        }
        (Step::Hear { .. } | Step::HandOver { .. }, None) => Ok(None),
    }
}

fn proposed(id: Uuid, wanted: &Proposal, known: &[Instrument], facts: &Facts) -> Result<Accountability, Refusal> {
    let institution = acting(facts)?;
    let own = |own| Err(Refusal::SelfSupervise { case: wanted.person.clone(), own });
    if wanted.front == institution {
        return own(OwnWork::Institution);
    }
    if wanted.person == facts.person {
        return own(OwnWork::Person);
    }
    no_instruction([wanted.facts.as_str()])?;
    evidence(wanted, known, institution)?;
    let Proposal { person, front, addressee, fault, facts: told, evidence } = wanted.clone();
    Ok(Accountability {
        id,
        institution,
        person,
        front,
        addressee,
        fault,
        facts: told,
        evidence,
        proposed: facts.deed(),
        hearing: None,
        handed_over: None,
    })
}

/// Evidence is attached: instruments of the institution itself about that front institution; several, where a fault persists.
fn evidence(wanted: &Proposal, known: &[Instrument], institution: Institution) -> Result<(), Refusal> {
    let fault = |fault, evidence: &str| Err(Refusal::Evidence { fault, evidence: evidence.to_owned() });
    if wanted.evidence.is_empty() {
        return fault(EvidenceFault::None, "");
    }
    let is_own = |name: &&String| {
        known.iter().any(|it| it.name == **name && it.institution == institution && it.front == wanted.front)
    };
    if let Some(foreign) = wanted.evidence.iter().find(|name| !is_own(name)) {
        return fault(EvidenceFault::NotOwn, foreign);
    }
    if wanted.fault == Fault::Persistent && wanted.evidence.len() < 2 {
        return fault(EvidenceFault::Single, &wanted.evidence[0]);
    }
    Ok(())
}

fn wrong_stage(proposal: &Accountability, wanted: &'static str) -> Refusal {
    Refusal::Stage { name: name::<Accountability>(proposal.id), stage: proposal.stage(), wanted }
}

/// The person is heard before anything is handed over; nobody is heard on a day to come, nor before the proposal.
fn heard(
    proposal: &Accountability,
    statement: Option<&str>,
    date: Date,
    facts: &Facts,
) -> Result<Accountability, Refusal> {
    own(facts, proposal.institution)?;
    if proposal.hearing.is_some() {
        return Err(wrong_stage(proposal, "PROPOSED"));
    }
    let (first, last) = (time::town_date(proposal.proposed.at), time::town_date(facts.now));
    if date < first || date > last {
        return Err(Refusal::NotHeard { person: proposal.person.clone() });
    }
    let hearing = Hearing { statement: statement.map(str::to_owned), date, recorded: facts.deed() };
    Ok(Accountability { hearing: Some(hearing), ..proposal.clone() })
}

fn handed_over(proposal: &Accountability, document: &DocumentNumber, facts: &Facts) -> Result<Accountability, Refusal> {
    own(facts, proposal.institution)?;
    if proposal.handed_over.is_some() {
        return Err(wrong_stage(proposal, "HEARD"));
    }
    if proposal.hearing.is_none() {
        return Err(Refusal::NotHeard { person: proposal.person.clone() });
    }
    Ok(Accountability { handed_over: Some((document.to_string(), facts.deed())), ..proposal.clone() })
}
