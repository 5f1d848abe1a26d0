//! The one message of a unary call, whole or not at all.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tonic::Status;

use crate::refusal;

/// One byte that says whether the message is compressed, four that tell its length.
pub(super) const HEADER_LENGTH: usize = 5;

/// Reads the one frame of a unary request, header included, without copying it where it came in one piece.
pub(super) async fn whole<B>(body: B, message_bytes_max: usize) -> Result<Bytes, Status>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<tonic::codegen::StdError>,
{
    let mut body = std::pin::pin!(body);
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|cause| refusal::broken_body(cause.into()))?;
        let Ok(piece) = frame.into_data() else { continue };
        if first.len() + joined.len() + piece.len() > HEADER_LENGTH + message_bytes_max {
            return Err(refusal::oversize(message_bytes_max));
        }
        if first.is_empty() && joined.is_empty() {
            first = piece;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut first));
            joined.extend_from_slice(&piece);
        }
    }
    let frame = if joined.is_empty() { first } else { joined.freeze() };
    check(&frame, message_bytes_max)?;
    Ok(frame)
}

fn check(frame: &Bytes, message_bytes_max: usize) -> Result<(), Status> {
    let mut header = frame.get(..HEADER_LENGTH).ok_or_else(|| refusal::misframed("is cut short"))?;
    if header.get_u8() != 0 {
        return Err(refusal::misframed("is compressed, which this service does not offer"));
    }
    let length = usize::try_from(header.get_u32()).unwrap_or(usize::MAX);
    if length > message_bytes_max {
        return Err(refusal::oversize(message_bytes_max));
    }
    if frame.len() - HEADER_LENGTH != length {
        return Err(refusal::misframed("is not one whole message"));
    }
    Ok(())
}

/// A request body that is known to its end.
pub(super) struct Whole(Option<Bytes>);

impl Whole {
    pub const fn new(frame: Bytes) -> Self {
        Self(Some(frame))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|frame| Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}
