//! Planning and drawing a sample of closed cases (relay-and-sharing.md §8.8; the draw rule of enforcement.md §4.11).

use uuid::Uuid;
use vocabulary::draw::draw;
use vocabulary::{FieldCode, time};

use super::{acting, own};
use crate::oversight::facts::Facts;
use crate::oversight::record::{Change, name};
use crate::oversight::refusal::Refusal;
use crate::supervision::state::{DrawnSample, Quarter, Sample};

/// What may be done with a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Fix the seed, before anybody reads the list.
    Plan {
        /// The quarter.
        quarter: Quarter,
        /// The field.
        field: FieldCode,
        /// The service that holds the cases.
        service: String,
    },
    /// Draw.
    Draw,
}

/// The sample that stands in the way of a new one, by its name.
pub(crate) type Beside = Option<String>;

/// Says what becomes of a sample.
///
/// # Errors
/// The first refusal that applies.
pub(crate) fn decide(
    sample: Option<&Sample>,
    other: &Beside,
    id: Uuid,
    step: &Step,
    facts: &Facts,
) -> Result<Option<(Sample, Change)>, Refusal> {
    match (step, sample) {
        (Step::Plan { quarter, field, service }, _) => {
            let sample = plan(id, *quarter, field, service, other.as_deref(), facts)?;
            Ok(Some((sample, Change::Planned)))
        }
        (Step::Draw, Some(sample)) => Ok(Some((drawn(sample, facts)?, Change::Drawn))),
        (Step::Draw, None) => Ok(None),
    }
}

/// Nobody chooses the seed: it is the quarter, the field and letters of chance, fixed before the list is read. A quarter, a field and
/// a service have one, so that nobody draws until the result pleases.
fn plan(
    id: Uuid,
    quarter: Quarter,
    field: &FieldCode,
    service: &str,
    other: Option<&str>,
    facts: &Facts,
) -> Result<Sample, Refusal> {
    may_sample(field, facts)?;
    if time::town_date(facts.now) < quarter.end() {
        return Err(Refusal::Quarter { quarter: quarter.to_string(), end: quarter.end().to_string() });
    }
    if let Some(other) = other {
        return Err(Refusal::Sampled { other: other.to_owned() });
    }
    Ok(Sample {
        id,
        quarter,
        field: field.clone(),
        service: service.to_owned(),
        institution: acting(facts)?,
        seed: format!("{quarter}-{field}-{}", facts.chance),
        planned: facts.deed(),
        draw: None,
    })
}

/// An institution samples the fields that are its own.
fn may_sample(field: &FieldCode, facts: &Facts) -> Result<(), Refusal> {
    let institution = acting(facts)?;
    match facts.rules.supervisor(field) {
        Some(supervisor) if supervisor == institution => Ok(()),
        supervisor => Err(Refusal::Field { field: field.to_string(), supervisor }),
    }
}

fn drawn(sample: &Sample, facts: &Facts) -> Result<Sample, Refusal> {
    own(facts, sample.institution)?;
    if sample.draw.is_some() {
        let name = name::<Sample>(sample.id);
        return Err(Refusal::Stage { name, stage: "DRAWN", wanted: "PLANNED" });
    }
    let size = facts.rules.sample;
    let ids = || facts.closed.iter().map(String::as_str);
    let wanted = size.of(draw(&sample.seed, ids(), 0).listed);
    let found = draw(&sample.seed, ids(), wanted);
    let draw = DrawnSample {
        listed: found.listed,
        list_digest: found.list_digest,
        cases: found.drawn,
        size,
        drawn: facts.deed(),
    };
    Ok(Sample { draw: Some(draw), ..sample.clone() })
}
