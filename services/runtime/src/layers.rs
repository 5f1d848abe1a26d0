//! What every call passes through, in one order, for the network and the pipes alike.
//!
//! ```text
//! trace → metrics → panic → deadline → identity → access → limit → body → replay → handler → answer
//! ```
//!
//! Trace and metrics stand outside, so that they see how a panic and a deadline end; the limit stands before the body is read,
//! so that what waits is bounded before memory is spent on it. It is one future a call, not one box a layer.
//!
//! - [`answer`]: stored answers and streams on their way out.
//! - `body`: one whole message, or nothing.
//! - `deadline`: how long a call may take.
//! - [`denials`]: what is recorded of those who were refused.
//! - `fields`: top-level fields of an encoded message.
//! - `identity`: who calls.
//! - `metrics`: what is counted.
//! - `replay`: known request ids.

use std::collections::HashMap;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body;
use futures::FutureExt as _;
use http::{Method as HttpMethod, Request, Response, StatusCode, header};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tower::Service as _;
use townlink_proto::townlink::access::v1::Effect;

use crate::access::{self, Access, Identified, Method, NamedServices, Rules};
use crate::call::Reading;
use crate::caller::token::Verifier;
use crate::caller::{Principal, ServiceName};
use crate::config::Limits;
use crate::execute::Writer;
use crate::people::CachedPeople;
use crate::refusal::{self, Failure};
use crate::telemetry::{self, CallContext, Place, Spans, TraceId};

pub mod answer;
mod body;
mod deadline;
pub mod denials;
mod fields;
pub(crate) mod identity;
pub(crate) mod metrics;
mod replay;

pub use answer::{RawAnswer, raw};
pub use denials::Denials;

use identity::Connection;
use metrics::MethodMetrics;

/// The paths of the two contracts that have no act: whoever reaches the listener may ask for health, and whoever is known may
/// ask which contracts are served.
const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";
const HEALTH_WATCH: &str = "/grpc.health.v1.Health/Watch";
const REFLECTION: &str = "/grpc.reflection.";

/// What the layers of one service need.
pub(crate) struct Parts {
    pub service: ServiceName,
    pub rules: Arc<Rules>,
    pub router: axum::Router,
    /// The gRPC services that are routed.
    pub served: Vec<&'static str>,
    pub verifier: Arc<Verifier>,
    pub people: CachedPeople,
    pub named: NamedServices,
    pub writer: Writer,
    pub denials: Arc<Denials>,
    pub limits: Limits,
    pub stopping: CancellationToken,
    pub spans: Spans,
}

/// The layers of one service and the handlers behind them.
pub(crate) struct Stack {
    service: ServiceName,
    router: axum::Router,
    methods: HashMap<String, Served>,
    others: MethodMetrics,
    verifier: Arc<Verifier>,
    people: CachedPeople,
    named: NamedServices,
    writer: Writer,
    denials: Arc<Denials>,
    limits: Limits,
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    stopping: CancellationToken,
    spans: Spans,
}

struct Served {
    rule: Arc<Method>,
    metrics: MethodMetrics,
}

impl Stack {
    pub fn new(parts: Parts) -> Self {
        let is_served = |path: &str| parts.served.iter().any(|name| path[1..].split('/').next() == Some(*name));
        let methods = parts.rules.methods().filter(|rule| is_served(&rule.path));
        let methods = methods.map(|rule| {
            let served = Served { rule: Arc::clone(rule), metrics: MethodMetrics::new(parts.service, &rule.path) };
            (rule.path.clone(), served)
        });
        Self {
            methods: methods.collect(),
            others: MethodMetrics::new(parts.service, "other"),
            denials: parts.denials,
            calls: Arc::new(Semaphore::new(parts.limits.calls_max)),
            streams: Arc::new(Semaphore::new(parts.limits.streams_max)),
            service: parts.service,
            router: parts.router,
            verifier: parts.verifier,
            people: parts.people,
            named: parts.named,
            writer: parts.writer,
            limits: parts.limits,
            stopping: parts.stopping,
            spans: parts.spans,
        }
    }

    /// Serves one call of a connection.
    pub async fn serve<B>(&self, connection: &Connection, request: Request<B>) -> Result<Response<Body>, Infallible>
    where
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<tonic::codegen::StdError>,
    {
        if !is_grpc(&request) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Ok(response);
        }
        let begun = Instant::now();
        let served = self.methods.get(request.uri().path());
        let streams = served.is_some_and(|served| served.rule.client_streaming || served.rule.server_streaming);
        let deadline = begun + deadline::of(request.headers(), &self.limits, streams);
        let above = place(&request);
        let span = self.spans.served(served.map(|served| served.rule.path.as_str()), above);
        let place = span.place().or(above).unwrap_or_else(|| Place::unexported(TraceId::fresh()));
        let spans = self.spans.clone();
        let context = CallContext { service: self.service, place, deadline: Some(deadline), spans };
        let serving = AssertUnwindSafe(tokio::time::timeout_at(deadline, self.route(served, connection, request)));
        let response = context.scope(async {
            let answered = match serving.catch_unwind().await {
                Ok(Ok(answered)) => answered,
                Ok(Err(_)) => Err(refusal::deadline_exceeded()),
                Err(panic) => {
                    Err(Failure::internal(format!("handler panicked: {}", telemetry::panic_text(&*panic))).into())
                }
            };
            answered.unwrap_or_else(Status::into_http)
        });
        let response = response.await;
        span.end(metrics::code_of(&response));
        served.map_or(&self.others, |served| &served.metrics).observe(&response, begun);
        Ok(response)
    }

    async fn route<B>(
        &self,
        served: Option<&Served>,
        connection: &Connection,
        request: Request<B>,
    ) -> Result<Response<Body>, Status>
    where
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<tonic::codegen::StdError>,
    {
        if let Some(served) = served {
            return self.contract(&served.rule, connection, request).await;
        }
        let path = request.uri().path();
        if path == HEALTH_CHECK {
            return self.hand_over(request).await;
        }
        if path == HEALTH_WATCH {
            return self.streamed(request).await;
        }
        let who = self.identify(connection, request.headers()).await?;
        if path.starts_with(REFLECTION) && who.caller.principal != Principal::Unassigned {
            return self.streamed(request).await;
        }
        Err(refusal::unknown_method(path))
    }

    /// A method of a contract.
    async fn contract<B>(
        &self,
        rule: &Arc<Method>,
        connection: &Connection,
        request: Request<B>,
    ) -> Result<Response<Body>, Status>
    where
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<tonic::codegen::StdError>,
    {
        let who = self.identify(connection, request.headers()).await?;
        let access = self.admit(rule, who).await?;
        let _place = self.calls.try_acquire().map_err(|_| Failure::Exhausted("the service"))?;
        if rule.client_streaming {
            return self.handle(access, request).await;
        }
        let (parts, body) = request.into_parts();
        let frame = body::whole(body, self.limits.message_bytes_max).await?;
        let request = |frame| Request::from_parts(parts, body::Whole::new(frame));
        match rule.effect {
            Effect::Write => match replay::known(&self.writer, access, &frame).await? {
                replay::Known::Answered(bytes) => Ok(answer::unary(bytes)),
                replay::Known::No(call) => {
                    let mut request = request(frame);
                    request.extensions_mut().insert(call);
                    self.hand_over(request).await
                }
            },
            Effect::Read | Effect::Converge | Effect::Unspecified => self.handle(access, request(frame)).await,
        }
    }

    /// Hands a call without a request id to its handler.
    async fn handle<B>(&self, access: Access, mut request: Request<B>) -> Result<Response<Body>, Status>
    where
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<tonic::codegen::StdError>,
    {
        let streams = access.method().server_streaming;
        request.extensions_mut().insert(Reading { access, now: self.writer.clock().now() });
        if streams { self.streamed(request).await } else { self.hand_over(request).await }
    }

    /// Hands a call to a handler that answers with a stream, whose life is bounded and which ends when the process does.
    async fn streamed<B>(&self, request: Request<B>) -> Result<Response<Body>, Status>
    where
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<tonic::codegen::StdError>,
    {
        let place =
            Arc::clone(&self.streams).try_acquire_owned().map_err(|_| Failure::Exhausted("the list of streams"))?;
        let response = self.hand_over(request).await?;
        Ok(answer::bounded(response, &self.limits, self.stopping.clone(), place))
    }

    async fn hand_over<B>(&self, request: Request<B>) -> Result<Response<Body>, Status>
    where
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<tonic::codegen::StdError>,
    {
        let Ok(response) = self.router.clone().call(request).await;
        Ok(answer::exact(response))
    }

    /// Who calls.
    async fn identify(&self, connection: &Connection, headers: &http::HeaderMap) -> Result<Identified, Status> {
        identity::identify(connection, headers, &self.verifier, &self.people, self.writer.clock()).await
    }

    /// Whether he may.
    async fn admit(&self, rule: &Arc<Method>, who: Identified) -> Result<Access, Status> {
        let caller = Arc::clone(&who.caller);
        match access::admit(rule, who, &self.named) {
            Ok(access) => Ok(access),
            Err(refusal) => {
                self.denials.record(&self.writer, &caller, &rule.path, &refusal).await;
                Err(refusal.into())
            }
        }
    }
}

fn is_grpc<B>(request: &Request<B>) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    request.method() == HttpMethod::POST
        && content_type.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// A trace goes on where a service of the cell began it; the identity of who sent it does not matter to a number.
fn place<B>(request: &Request<B>) -> Option<Place> {
    let traceparent = request.headers().get("traceparent")?;
    Place::from_traceparent(traceparent.to_str().ok()?)
}
