//! What is recorded of those who were refused: each denial of a known principal is journalled, up to a rate that keeps one
//! principal from filling the journal; all are counted.

use std::num::NonZeroU32;

use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use metrics::Counter;

use crate::caller::{Caller, ServiceName};
use crate::execute::Writer;
use crate::refusal::Refusal;
use crate::telemetry;

/// How many principals the rate is kept for before those who have been quiet are forgotten.
const PRINCIPALS_KEPT: usize = 4_096;

/// Records denials. A service that denies a read by what it knows of the resource records it here too.
pub struct Denials {
    rate: RateLimiter<String, HashMapStateStore<String>, DefaultClock>,
    counted: Counter,
    unrecorded: Counter,
}

impl Denials {
    /// Journals at most so many denials of one principal in a minute.
    #[must_use]
    pub fn new(per_minute: u32, service: ServiceName) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
        Self {
            rate: RateLimiter::hashmap(quota),
            counted: metrics::counter!("townlink_denials_total", "service" => service.as_str()),
            unrecorded: metrics::counter!("townlink_denials_unrecorded_total", "service" => service.as_str()),
        }
    }

    /// Counts a denial, and journals it unless its principal is denied too often.
    pub async fn record(&self, writer: &Writer, caller: &Caller, method: &str, refusal: &Refusal) {
        self.counted.increment(1);
        if self.rate.len() > PRINCIPALS_KEPT {
            self.rate.retain_recent();
        }
        let who = format!("{} {}", caller.principal, caller.person.as_ref().map_or("", |person| person.as_str()));
        if self.rate.check_key(&who).is_err() {
            self.unrecorded.increment(1);
        } else if let Err(failure) = writer.record_denial(caller, method, refusal).await {
            // The caller is refused all the same: that the record is missing must not let him in.
            self.unrecorded.increment(1);
            tracing::error!("a denial of {who} could not be journalled: {}", telemetry::chain(&failure));
        }
    }
}
