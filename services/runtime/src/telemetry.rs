//! Logs and traces, and what a log line and an error need to know of the call at hand.
//!
//! - [`spans`]: traces for a collector.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io::IsTerminal as _;
use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing_subscriber::EnvFilter;

use crate::caller::ServiceName;

pub mod spans;

pub use spans::{Place, Spans, TelemetrySettings};

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// A log filter that cannot be read, or a process that logs already.
#[derive(Debug, thiserror::Error)]
#[error("log.filter: {0}")]
pub struct TelemetryError(String);

/// Starts logging to standard error. A process does so once.
///
/// # Errors
/// [`TelemetryError`] where the filter is malformed or logging has begun already.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(filter).map_err(|cause| TelemetryError(cause.to_string()))?;
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    let begun = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    begun.map_err(|cause| TelemetryError(cause.to_string()))
}

/// Names one call in logs and failures: 32 hexadecimal digits, as W3C trace context has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(u128);

impl TraceId {
    /// A new id. The first half is chance, drawn once; the second counts, so that an id costs no system call.
    #[must_use]
    pub fn fresh() -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let process = *PROCESS.get_or_init(|| getrandom::u64().unwrap_or(1) | 1);
        Self((u128::from(process) << 64) | u128::from(COUNT.fetch_add(1, Ordering::Relaxed)))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What is known of the call at hand, wherever the code stands that serves it.
#[derive(Clone, Debug)]
pub(crate) struct CallContext {
    /// The service that serves the call.
    pub service: ServiceName,
    /// Where in which trace it stands.
    pub place: Place,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// Where spans go.
    pub spans: Spans,
}

tokio::task_local! {
    static CALL: CallContext;
}

impl CallContext {
    /// Runs what serves the call.
    pub async fn scope<F: Future>(self, serving: F) -> F::Output {
        CALL.scope(self, serving).await
    }

    /// The call at hand, if there is one.
    pub fn current() -> Option<Self> {
        CALL.try_with(Self::clone).ok()
    }
}

/// The service that serves the call at hand; outside a call, the town itself.
#[must_use]
pub fn current_service() -> ServiceName {
    CALL.try_with(|call| call.service).unwrap_or(ServiceName("town"))
}

/// The trace of the call at hand, or a new one.
#[must_use]
pub fn current_trace() -> TraceId {
    CALL.try_with(|call| call.place.trace).unwrap_or_else(|_| TraceId::fresh())
}

/// Marks in the trace of a matter that the call at hand has done something about it. The name of the matter is not told: the trace
/// has an id that is derived from it.
pub fn step(matter: &str, what: &'static str) {
    // Outside a call nothing is marked.
    let _ = CALL.try_with(|call| call.spans.step(matter, what, call.place));
}

/// Keeps what strangers can cause from filling the log: a few lines a second, the rest is only counted.
pub(crate) struct Seldom(DefaultDirectRateLimiter);

impl Seldom {
    /// At most this many lines a second.
    pub fn per_second(lines: NonZeroU32) -> Self {
        Self(RateLimiter::direct(Quota::per_second(lines)))
    }

    /// Whether a line may be written now.
    pub fn may(&self) -> bool {
        self.0.check().is_ok()
    }
}

/// An error with all its causes, for a log line.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(error.source(), |cause| (*cause).source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// What a panic said.
#[must_use]
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_a_trace_of_its_own() {
        assert_ne!(TraceId::fresh(), TraceId::fresh());
    }

    #[test]
    fn causes_are_told_in_order() {
        let failure = crate::refusal::Failure::unavailable("the database", "connection refused");
        assert_eq!(chain(&failure), "the database is away: connection refused");
    }
}
