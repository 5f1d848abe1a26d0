//! The review of a closed case (案卷评查; relay-and-sharing.md §8.8). It is read-only, and written once.

use uuid::Uuid;

use super::{acting, case, may_supervise, no_instruction};
use crate::oversight::facts::Facts;
use crate::oversight::record::Change;
use crate::oversight::refusal::{CaseFault, Refusal};
use crate::supervision::state::{CaseReview, Finding, Quarter};

/// What may be done with a review: it is recorded, and never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The service that holds the case.
    pub service: String,
    /// The case.
    pub case_name: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// The institution's earlier review of the case, by its name.
pub(crate) type Beside = Option<String>;

/// Says what becomes of a review.
///
/// # Errors
/// The first refusal that applies.
pub(crate) fn decide(
    other: &Beside,
    id: Uuid,
    step: &Step,
    facts: &Facts,
) -> Result<Option<(CaseReview, Change)>, Refusal> {
    let case = case(facts)?;
    may_supervise(facts, case)?;
    let Some(closed) = case.closed else {
        return Err(Refusal::Case { case: case.name.clone(), fault: CaseFault::Open });
    };
    for finding in &step.findings {
        no_instruction([finding.fact.as_str(), finding.rule.as_str()])?;
    }
    if let Some(other) = other {
        return Err(Refusal::Reviewed { other: other.clone() });
    }
    let review = CaseReview {
        id,
        service: step.service.clone(),
        case: case.clone(),
        quarter: Quarter::of(closed),
        institution: acting(facts)?,
        findings: step.findings.clone(),
        reviewed: facts.deed(),
    };
    Ok(Some((review, Change::Reviewed)))
}
