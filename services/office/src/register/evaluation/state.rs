//! What is due, and what is journalled when it is overdue.

use std::sync::Arc;

use runtime::journal::{self, Record};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, Timestamp, time};

use crate::fields::{day_to_wire, instant_to_wire};
use crate::register::grant::state::{Grant, GrantId};

/// When a grant is to be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// The grant.
    pub grant: GrantId,
    /// The day until which it is to be evaluated; none where nothing is due any more.
    pub day: Option<Date>,
    /// When it was told to be overdue; none: not yet.
    pub raised: Option<Timestamp>,
}

impl Due {
    /// When the evaluation becomes overdue: as soon as its day has passed.
    pub fn overdue_at(day: Date) -> Timestamp {
        time::end_of_day(day)
    }
}

/// The day until which a grant is to be evaluated; none where it ends before.
pub(crate) fn due(grant: &Grant) -> Option<Date> {
    let day = grant.next_evaluation?;
    let ended = grant.end.as_ref().is_some_and(|end| end.on <= day);
    (!ended).then_some(day)
}

/// The evaluation of a grant is overdue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overdue {
    /// The grant.
    pub grant: Arc<Grant>,
    /// The day until which it was to be evaluated.
    pub day: Date,
    /// When that is told.
    pub at: Timestamp,
}

impl journal::Event for Overdue {
    fn record(&self) -> Record {
        let message = pb::EvaluationOverdue {
            grant: self.grant.id.name(),
            power_code: self.grant.power.to_string(),
            due_date: Some(day_to_wire(self.day)),
            handler: self.grant.handler.code().to_owned(),
            supervisor: self.grant.supervisor.code().to_owned(),
            time: Some(instant_to_wire(self.at)),
        };
        Record::of(&message, format!("evaluations/{}", self.grant.id))
    }
}
