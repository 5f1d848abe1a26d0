//! Traces for an OpenTelemetry collector: what was called, by which service, for how long, and how it ended. Never who, and never
//! what was said: a span has no identity, no name of a resource and no text of a paper.
//!
//! A call has a trace that goes through every service that it reaches. A *matter* outlives calls, as a paper does that is accepted
//! today and signed for next week: its trace has an id that is derived from its name, so that whoever does something about it finds
//! the same trace without anything being stored or signed for that.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::{
    Link, Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceState, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SdkTracer, SdkTracerProvider, ShouldSample as _};
use serde::{Deserialize, Serialize};
use vocabulary::Sm3Digest;

use super::{CallContext, TraceId};
use crate::caller::{Cell, ServiceName};
use crate::config::ConfigError;

/// How long the collector may take, and how long an end waits for the last spans.
const PATIENCE: Duration = Duration::from_secs(3);

/// What `telemetry.otlp_endpoint` says where nothing is exported.
const OFF: &str = "off";

/// The status codes of gRPC that are the machine's fault: unknown, deadline exceeded, internal, unavailable, data loss.
const FAILURES: [u16; 5] = [2, 4, 13, 14, 15];

/// The section `[telemetry]`: where traces go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct TelemetrySettings {
    /// The collector, such as `http://127.0.0.1:4317` (OTLP over gRPC); `off` for none.
    pub otlp_endpoint: String,
    /// Which part of the traces is kept: 1 for all, 0.01 for one of a hundred.
    pub sampling: f64,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self { otlp_endpoint: OFF.to_owned(), sampling: 1.0 }
    }
}

impl TelemetrySettings {
    /// Finds out whether they can be.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.otlp_endpoint != OFF && !self.otlp_endpoint.starts_with("http://") {
            let fault = "is neither `off` nor an address such as http://127.0.0.1:4317; a collector on this machine passes \
                         traces on over TLS";
            return Err(ConfigError::invalid("telemetry.otlp_endpoint", fault));
        }
        if !(0.0..=1.0).contains(&self.sampling) {
            return Err(ConfigError::invalid("telemetry.sampling", "must be from 0 to 1"));
        }
        Ok(())
    }
}

/// A place in a trace: that of the span under which the next begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The trace.
    pub trace: TraceId,
    span: u64,
    sampled: bool,
}

impl Place {
    /// A place in a trace of which no span is exported.
    pub(crate) fn unexported(trace: TraceId) -> Self {
        let TraceId(id) = trace;
        // The parent id only has to be non-zero.
        Self { trace, span: (id as u64) | 1, sampled: true }
    }

    /// Reads a W3C `traceparent` header.
    #[must_use]
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !(hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2)) {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        let span = u64::from_str_radix(span, 16).ok().filter(|id| *id != 0)?;
        Some(Self { trace: TraceId(trace), span, sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1 })
    }

    /// The `traceparent` header under which another service continues the trace.
    #[must_use]
    pub fn to_traceparent(self) -> String {
        format!("00-{}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }

    fn of(context: &SpanContext) -> Self {
        let trace = TraceId(u128::from_be_bytes(context.trace_id().to_bytes()));
        let span = u64::from_be_bytes(context.span_id().to_bytes());
        Self { trace, span, sampled: context.is_sampled() }
    }

    fn context(self) -> SpanContext {
        let TraceId(trace) = self.trace;
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        SpanContext::new(trace.into(), SpanId::from(self.span), flags, true, TraceState::default())
    }
}

/// Makes the spans of one service, or none where they go nowhere. Cheap to clone.
#[derive(Clone, Default)]
pub struct Spans(Option<Arc<Exporting>>);

struct Exporting {
    service: ServiceName,
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    sampler: Sampler,
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").field("on", &self.0.is_some()).finish()
    }
}

impl Spans {
    /// The spans of a service, as the settings say. Needs the reactor that the exporter then works on.
    pub(crate) fn open(service: ServiceName, cell: &Cell, settings: &TelemetrySettings) -> Result<Self, ConfigError> {
        if settings.otlp_endpoint == OFF {
            return Ok(Self::default());
        }
        let exporter =
            SpanExporter::builder().with_tonic().with_endpoint(&settings.otlp_endpoint).with_timeout(PATIENCE);
        let exporter = exporter.build();
        let exporter = exporter
            .map_err(|cause| ConfigError::invalid("telemetry.otlp_endpoint", format!("cannot be used: {cause}")))?;
        let attributes = [
            KeyValue::new("service.namespace", "townlink"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("townlink.cell", cell.to_string()),
        ];
        let resource = Resource::builder_empty().with_service_name(service.as_str()).with_attributes(attributes);
        let sampler = Sampler::TraceIdRatioBased(settings.sampling);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(sampler.clone())))
            .with_resource(resource.build())
            .build();
        let tracer = provider.tracer("townlink");
        Ok(Self(Some(Arc::new(Exporting { service, provider, tracer, sampler }))))
    }

    /// Begins the span of a call that is served. A path that no contract has may hold anything and is not told.
    pub(crate) fn served(&self, path: Option<&str>, parent: Option<Place>) -> Open {
        self.begin(SpanKind::Server, path.unwrap_or("/other"), parent, Vec::new())
    }

    /// Begins the span of a call to another service.
    pub(crate) fn called(&self, path: &str, parent: Place) -> Open {
        self.begin(SpanKind::Client, path, Some(parent), Vec::new())
    }

    fn begin(&self, kind: SpanKind, path: &str, parent: Option<Place>, links: Vec<Link>) -> Open {
        let Some(exporting) = &self.0 else { return Open(None) };
        let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or(("", path));
        let attributes = [
            KeyValue::new("rpc.system", "grpc"),
            KeyValue::new("rpc.service", service.to_owned()),
            KeyValue::new("rpc.method", method.to_owned()),
        ];
        exporting.start(path.trim_start_matches('/').to_owned().into(), kind, parent, links, attributes.into())
    }

    /// The place at which every span of a matter begins.
    fn matter(&self, name: &str) -> Option<Place> {
        let exporting = self.0.as_ref()?;
        let digest = Sm3Digest::of(name.as_bytes());
        let (trace, rest) = digest.as_bytes().split_first_chunk::<16>()?;
        let (span, _) = rest.split_first_chunk::<8>()?;
        let trace = u128::from_be_bytes(*trace) | 1;
        let sampled = exporting.sampler.should_sample(None, trace.into(), "", &SpanKind::Internal, &[], &[]).decision;
        let sampled = sampled == SamplingDecision::RecordAndSample;
        Some(Place { trace: TraceId(trace), span: u64::from_be_bytes(*span) | 1, sampled })
    }

    /// Does something about a matter, outside of any call: what is called meanwhile belongs to the matter's trace.
    pub(crate) async fn within<F: Future>(&self, matter: &str, what: &'static str, work: F) -> F::Output {
        let (Some(exporting), Some(place)) = (&self.0, self.matter(matter)) else { return work.await };
        let open = exporting.start(what.into(), SpanKind::Internal, Some(place), Vec::new(), Vec::new());
        let place = open.place().unwrap_or(place);
        let context = CallContext { service: exporting.service, place, deadline: None, spans: self.clone() };
        context.scope(work).await
    }

    /// Marks that something was done about a matter, in the call at hand.
    pub(super) fn step(&self, matter: &str, what: &'static str, call: Place) {
        let (Some(exporting), Some(place)) = (&self.0, self.matter(matter)) else { return };
        let link = Link::new(call.context(), Vec::new(), 0);
        exporting.start(what.into(), SpanKind::Internal, Some(place), vec![link], Vec::new()).end(0);
    }

    /// Sends what is not sent yet.
    pub(crate) async fn close(&self) {
        let Some(exporting) = self.0.clone() else { return };
        let sent = tokio::task::spawn_blocking(move || exporting.provider.shutdown_with_timeout(PATIENCE)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::warn!("the last spans did not reach the collector");
        }
    }
}

impl Exporting {
    fn start(
        &self,
        name: Cow<'static, str>,
        kind: SpanKind,
        parent: Option<Place>,
        links: Vec<Link>,
        attributes: Vec<KeyValue>,
    ) -> Open {
        let builder = self.tracer.span_builder(name).with_kind(kind).with_links(links).with_attributes(attributes);
        let above = parent.map_or_else(Context::new, |place| Context::new().with_remote_span_context(place.context()));
        Open(Some(builder.start_with_context(&self.tracer, &above)))
    }
}

/// A span that has begun; none where spans go nowhere. It ends at the latest when it is dropped.
pub(crate) struct Open(Option<opentelemetry_sdk::trace::Span>);

impl Open {
    /// Where the next span begins.
    pub fn place(&self) -> Option<Place> {
        self.0.as_ref().map(|span| Place::of(span.span_context()))
    }

    /// Ends the span with the status code of its call.
    pub fn end(self, code: u16) {
        let Some(mut span) = self.0 else { return };
        span.set_attribute(KeyValue::new("rpc.grpc.status_code", i64::from(code)));
        if FAILURES.contains(&code) {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_goes_on_over_services() {
        let place = Place::unexported(TraceId::fresh());
        assert_eq!(Place::from_traceparent(&place.to_traceparent()), Some(place));
        let unsampled = Place { sampled: false, ..place };
        assert_eq!(Place::from_traceparent(&unsampled.to_traceparent()), Some(unsampled));
        let id = "12345678901234567890123456789012";
        for other in [
            String::new(),
            "00-".to_owned(),
            "xyz".to_owned(),
            format!("00-{}-1234567890123456-01", "0".repeat(32)),
            format!("00-{id}-0000000000000000-01"),
            format!("00-+{}-1234567890123456-01", &id[1..]),
            format!("00-{id}-1-01"),
            format!("00-{id}-1234567890123456"),
        ] {
            assert_eq!(Place::from_traceparent(&other), None, "{other}");
        }
    }

    #[test]
    fn the_settings_are_checked() {
        let settings = |endpoint: &str, sampling| TelemetrySettings { otlp_endpoint: endpoint.to_owned(), sampling };
        assert!(TelemetrySettings::default().check().is_ok());
        assert!(settings("http://127.0.0.1:4317", 0.5).check().is_ok());
        for wrong in [settings("127.0.0.1:4317", 1.0), settings("https://collector", 1.0), settings(OFF, 1.5)] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn a_matter_has_one_trace_whoever_asks() {
        let cell = Cell::parse("zhangpu.kunshan").expect("a cell");
        let on = TelemetrySettings { otlp_endpoint: "http://127.0.0.1:9".to_owned(), sampling: 1.0 };
        let open = |name| Spans::open(ServiceName(name), &cell, &on).expect("open");
        let (office, gateway) = (open("office"), open("gateway"));
        let trace = |spans: &Spans, matter| spans.matter(matter).map(|place| (place.trace, place.sampled));
        assert!(trace(&office, "papers/1").is_some_and(|(_, sampled)| sampled));
        assert_eq!(trace(&office, "papers/1"), trace(&gateway, "papers/1"));
        assert_ne!(trace(&office, "papers/1"), trace(&office, "papers/2"));
        assert_eq!(Spans::default().matter("papers/1"), None);
        assert_eq!(
            office.within("papers/1", "deliver", async { super::super::current_trace() }).await,
            trace(&office, "papers/1").expect("a trace").0
        );
    }
}
