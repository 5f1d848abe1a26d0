//! What is counted of each call. The handles are made at the start: a call looks nothing up.

use http::Response;
use metrics::{Counter, Histogram};
use tokio::time::Instant;

use crate::caller::ServiceName;

/// The names of the status codes, in their order.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The status code that an answer begins with. A stream, and an answer with a body, begins well.
pub(crate) fn code_of<B>(response: &Response<B>) -> u16 {
    response.headers().get("grpc-status").and_then(|code| code.to_str().ok()?.parse().ok()).unwrap_or(0)
}

/// The counters of one method.
pub(super) struct MethodMetrics {
    calls: Vec<Counter>,
    seconds: Histogram,
}

impl MethodMetrics {
    pub fn new(service: ServiceName, path: &str) -> Self {
        let method = path.trim_start_matches('/').to_owned();
        let calls = CODES.map(|code| {
            metrics::counter!("townlink_calls_total", "service" => service.as_str(), "method" => method.clone(), "code" => code)
        });
        let seconds = metrics::histogram!("townlink_call_seconds", "service" => service.as_str(), "method" => method);
        Self { calls: calls.into(), seconds }
    }

    /// Counts a call. A stream counts when it begins.
    pub fn observe<B>(&self, response: &Response<B>, begun: Instant) {
        if let Some(counter) = self.calls.get(usize::from(code_of(response))) {
            counter.increment(1);
        }
        self.seconds.record(begun.elapsed());
    }
}
