//! Answers on their way out: stored bytes exactly as they are stored, and streams within their bounds.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::body::HEADER_LENGTH;
use crate::config::Limits;
use crate::execute::Answer;
use crate::refusal;

/// The exact bytes of an answer, in the extensions of a response. What is sent is what is stored.
#[derive(Clone, Debug)]
pub struct RawAnswer(pub Bytes);

/// The response of a handler that has an [`Answer`]: its stored bytes are sent, never encoded again.
pub fn raw<R>(answer: Answer<R>) -> tonic::Response<R> {
    let mut response = tonic::Response::new(answer.reply);
    response.extensions_mut().insert(RawAnswer(answer.bytes));
    response
}

/// Puts the stored bytes of a response into the place of what its handler would have encoded.
pub(super) fn exact(mut response: Response<Body>) -> Response<Body> {
    match response.extensions_mut().remove::<RawAnswer>() {
        Some(RawAnswer(bytes)) => response.map(|_| framed(bytes)),
        None => response,
    }
}

/// A whole response that says these bytes.
pub(super) fn unary(bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(framed(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// Below this a message is copied behind its header; above it goes out as it is, in a frame of its own.
const COPIED_MAX: usize = 16 * 1024;

fn framed(message: Bytes) -> Body {
    let length = u32::try_from(message.len()).expect("an answer is far below 4 GiB");
    let copied = if message.len() <= COPIED_MAX { message.len() } else { 0 };
    let mut head = BytesMut::with_capacity(HEADER_LENGTH + copied);
    head.put_u8(0);
    head.put_u32(length);
    head.extend_from_slice(&message[..copied]);
    let tail = message.slice(copied..);
    Body::new(Framed { head: Some(head.freeze()), tail: (!tail.is_empty()).then_some(tail), trailers: true })
}

/// One message and the trailers of success.
struct Framed {
    head: Option<Bytes>,
    tail: Option<Bytes>,
    trailers: bool,
}

impl http_body::Body for Framed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let head = self.head.take();
        if let Some(data) = head.or_else(|| self.tail.take()) {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Poll::Ready(std::mem::take(&mut self.trailers).then(|| {
            let mut trailers = HeaderMap::with_capacity(1);
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            Ok(Frame::trailers(trailers))
        }))
    }
}

/// A stream that gives its place back when it ends, ends with its life, and ends when the process does. Its client goes on by
/// position elsewhere.
pub(super) fn bounded(
    response: Response<Body>,
    limits: &Limits,
    stopping: CancellationToken,
    place: OwnedSemaphorePermit,
) -> Response<Body> {
    let ends = Instant::now() + Duration::from_millis(limits.stream_life_max_ms);
    response.map(|body| {
        Body::new(Bounded {
            body,
            ends: Box::pin(tokio::time::sleep_until(ends)),
            stopping: Box::pin(stopping.cancelled_owned()),
            over: false,
            _place: place,
        })
    })
}

struct Bounded {
    body: Body,
    ends: Pin<Box<Sleep>>,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
    over: bool,
    _place: OwnedSemaphorePermit,
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if self.stopping.as_mut().poll(cx).is_ready() || self.ends.as_mut().poll(cx).is_ready() {
            self.over = true;
            let mut trailers = HeaderMap::new();
            return Poll::Ready(
                refusal::stream_over().add_header(&mut trailers).is_ok().then(|| Ok(Frame::trailers(trailers))),
            );
        }
        Poll::Ready(ready!(Pin::new(&mut self.body).poll_frame(cx)))
    }

    /// An error that comes before any message is headers only, and some clients read it from nowhere else.
    fn is_end_stream(&self) -> bool {
        self.over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_stream_that_is_an_error_is_headers_only() {
        let place = std::sync::Arc::new(tokio::sync::Semaphore::new(1)).try_acquire_owned().expect("a place");
        let limits = Limits::default();
        let response = bounded(Response::new(Body::empty()), &limits, CancellationToken::new(), place);
        assert!(http_body::Body::is_end_stream(response.body()));
        assert_eq!(http_body::Body::size_hint(response.body()).exact(), Some(0));
    }

    #[tokio::test]
    async fn small_and_large_answers_are_one_message_each() {
        for length in [0, 1, COPIED_MAX, COPIED_MAX + 1, 1_000_000] {
            let message = Bytes::from(vec![7; length]);
            let whole = unary(message.clone()).into_body().collect().await.expect("a whole body");
            assert_eq!(
                whole.trailers().and_then(|trailers| trailers.get("grpc-status")).map(|code| code.as_bytes()),
                Some(&b"0"[..])
            );
            let bytes = whole.to_bytes();
            assert_eq!(
                bytes[..HEADER_LENGTH],
                [&[0][..], &u32::try_from(length).expect("small").to_be_bytes()].concat()
            );
            assert_eq!(bytes.slice(HEADER_LENGTH..), message);
        }
    }
}
