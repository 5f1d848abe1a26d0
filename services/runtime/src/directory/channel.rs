//! A channel to another service, which forwards who acts, until when, and in which trace.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint, Error};
use tower::Service;

use super::{Place, Trouble, remote};
use crate::caller::{ServiceName, token};
use crate::layers::metrics::code_of;
use crate::telemetry::CallContext;

/// How long a call waits where neither it nor the call that it serves has a deadline.
const PATIENCE: Duration = Duration::from_secs(30);

/// The status code of a call that reached nobody.
const UNAVAILABLE: u16 = 14;

const CALLER: HeaderName = HeaderName::from_static(token::HEADER);
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A channel to another service. Give it to a generated client. Cheap to clone.
#[derive(Clone)]
pub struct PeerChannel {
    channel: Channel,
    token: Option<HeaderValue>,
}

impl fmt::Debug for PeerChannel {
    // A token is a credential for sixty seconds and stays out of every log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerChannel").field("passes_on", &self.token.is_some()).finish_non_exhaustive()
    }
}

impl PeerChannel {
    pub(super) const fn new(channel: Channel, token: Option<HeaderValue>) -> Self {
        Self { channel, token }
    }
}

impl Service<Request<Body>> for PeerChannel {
    type Response = Response<Body>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let headers = request.headers_mut();
        if let Some(token) = &self.token {
            headers.insert(CALLER, token.clone());
        }
        let call = CallContext::current();
        // What a call waits for may not outlast the call: its remaining time goes on.
        if !headers.contains_key(TIMEOUT) {
            let left = call
                .as_ref()
                .and_then(|call| call.deadline)
                .map_or(PATIENCE, |deadline| deadline.duration_since(tokio::time::Instant::now()));
            headers.insert(TIMEOUT, timeout(left));
        }
        let Some(call) = call else { return self.channel.call(request).boxed() };
        let span = call.spans.called(request.uri().path(), call.place);
        let place = span.place().unwrap_or(call.place);
        if let Ok(traceparent) = HeaderValue::from_str(&place.to_traceparent()) {
            request.headers_mut().insert(TRACEPARENT, traceparent);
        }
        let answer = self.channel.call(request);
        async move {
            let answer = answer.await;
            // What never came back is unavailable.
            span.end(answer.as_ref().map_or(UNAVAILABLE, code_of));
            answer
        }
        .boxed()
    }
}

/// The form of `grpc-timeout`: at most eight digits and a unit.
fn timeout(left: Duration) -> HeaderValue {
    let ms = left.as_millis().clamp(1, 99_999_999);
    HeaderValue::from_str(&format!("{ms}m")).expect("digits fit into a header")
}

/// A channel with what is known of its connections.
#[derive(Clone)]
pub(super) struct Line {
    pub channel: Channel,
    /// Whether the service serves, as far as the probe knows.
    pub serving: watch::Sender<bool>,
    /// Counts the connections that were lost.
    pub losses: watch::Sender<u64>,
    probing: Arc<AtomicBool>,
    to: ServiceName,
    /// What is known to be wrong with the way there, so that it is logged once and not at every attempt.
    trouble: Arc<Mutex<Option<Trouble>>>,
}

impl Line {
    /// Makes the channel of `own` to a place. Connects when first used.
    pub fn open(own: ServiceName, to: ServiceName, place: Place) -> Self {
        let losses = watch::Sender::new(0);
        let lost = losses.clone();
        let channel = match place {
            Place::Here(door) => {
                let endpoint = remote::tuned(Endpoint::from_static("http://in.process"));
                endpoint.connect_with_connector_lazy(tower::service_fn(move |_| {
                    let (door, lost) = (door.clone(), lost.clone());
                    async move { door.connect(own).await.map(|io| TokioIo::new(Watched { io, lost })) }
                }))
            }
            Place::There(remote) => remote.channel_with(move |io| Watched { io, lost: lost.clone() }),
        };
        tracing::debug!(%own, %to, "channel opened");
        let (serving, probing, trouble) = (watch::Sender::new(false), Arc::default(), Arc::default());
        Self { channel, serving, losses, probing, to, trouble }
    }

    /// Logs why the service is not reached, where no new attempt will mend it.
    pub fn told(&self, status: &tonic::Status) {
        let trouble = Trouble::of_status(status).filter(|trouble| !trouble.may_pass());
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(trouble) = trouble.filter(|trouble| known.as_ref() != Some(trouble)) {
            let (service, rule, remedy) = (self.to, trouble.rule(), trouble.remedy());
            tracing::error!(%service, rule, remedy, "a service cannot be reached: {trouble}");
            *known = Some(trouble.clone());
        }
    }

    /// Forgets what was wrong.
    pub fn reached(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether the caller is the first to want this line probed.
    pub fn begin_probing(&self) -> bool {
        !self.probing.swap(true, Ordering::AcqRel)
    }
}

/// A connection that tells when it is gone.
struct Watched<T> {
    io: T,
    lost: watch::Sender<u64>,
}

impl<T> Drop for Watched<T> {
    fn drop(&mut self) {
        self.lost.send_modify(|losses| *losses += 1);
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
