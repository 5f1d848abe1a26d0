//! Who has reviewed how many closed cases of a quarter, and who is short (relay-and-sharing.md §8.8).

use runtime::caller::ServiceName;
use vocabulary::{FieldCode, Institution};

use super::state::{CaseReview, Quarter, Sample};

/// The coverage of a field at one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The field.
    pub field: FieldCode,
    /// The service that holds the cases.
    pub service: String,
    /// The supervising institution.
    pub institution: Institution,
    /// How many cases were closed; none where the sample was not drawn.
    pub closed: Option<usize>,
    /// How many had to be reviewed.
    pub needed: usize,
    /// How many of those that were drawn have been reviewed.
    pub drawn_reviewed: usize,
    /// How many have been reviewed, drawn or not.
    pub reviewed: usize,
}

impl Line {
    /// Whether reviews are missing. What was not drawn cannot be told to be enough.
    pub(crate) const fn is_short(&self) -> bool {
        self.closed.is_none() || self.drawn_reviewed < self.needed
    }
}

/// The coverage of a quarter: one line for each field and service that holds cases.
pub(crate) fn coverage(
    quarter: Quarter,
    fields: &[(FieldCode, Institution)],
    services: &[ServiceName],
    samples: &[Sample],
    reviews: &[CaseReview],
) -> Vec<Line> {
    let pairs = fields.iter().flat_map(|field| services.iter().map(move |service| (field, service)));
    let line = |((field, institution), service): (&(FieldCode, Institution), &ServiceName)| {
        let of = |other: Quarter, its_field: &FieldCode, its_service: &str| {
            other == quarter && its_field == field && its_service == service.as_str()
        };
        let sample = samples.iter().find(|it| of(it.quarter, &it.field, &it.service));
        let draw = sample.and_then(|sample| sample.draw.as_ref());
        let reviewed: Vec<&str> = reviews
            .iter()
            .filter(|it| of(it.quarter, &it.case.field, &it.service) && it.institution == *institution)
            .map(|it| it.case.name.as_str())
            .collect();
        let drawn = draw.map(|draw| draw.cases.as_slice()).unwrap_or_default();
        Line {
            field: field.clone(),
            service: service.to_string(),
            institution: *institution,
            closed: draw.map(|draw| draw.listed),
            needed: drawn.len(),
            drawn_reviewed: drawn.iter().filter(|case| reviewed.contains(&case.as_str())).count(),
            reviewed: reviewed.len(),
        }
    };
    pairs.map(line).collect()
}
