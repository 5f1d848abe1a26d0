//! Calls whose requests and replies stay bytes: to compare answers byte by byte, and to call methods by their paths.

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Status};

/// How long a stream may take to end that was refused after it was opened.
const OPENING: std::time::Duration = std::time::Duration::from_millis(300);

/// Passes bytes through.
#[derive(Clone, Copy, Debug, Default)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// The exact answer to a call: the reply's bytes, or code, message and details of the no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Reply(Bytes),
    /// No.
    Refusal {
        /// The code.
        code: tonic::Code,
        /// The message.
        message: String,
        /// The encoded `google.rpc.Status`.
        details: Bytes,
    },
}

impl Answer {
    /// The reply, read.
    ///
    /// # Panics
    /// Where the town said no, or the bytes are none of this message.
    #[must_use]
    pub fn reply<M: prost::Message + Default>(&self) -> M {
        match self {
            Self::Reply(bytes) => M::decode(bytes.clone()).expect("the reply is of the contract"),
            Self::Refusal { code, message, .. } => panic!("the town said no: {code:?}: {message}"),
        }
    }
}

impl From<Status> for Answer {
    fn from(status: Status) -> Self {
        Self::Refusal {
            code: status.code(),
            message: status.message().to_owned(),
            details: Bytes::copy_from_slice(status.details()),
        }
    }
}

/// Calls a method of one request and one reply.
///
/// # Errors
/// The status that the call ended with.
pub async fn call(channel: &Channel, path: &str, request: Bytes) -> Result<Bytes, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone()).max_decoding_message_size(64 << 20);
    ready(&mut client).await?;
    client.unary(Request::new(request), path_of(path), RawCodec).await.map(tonic::Response::into_inner)
}

/// Calls a method whose reply is a stream, and looks only whether it opens: a stream that has nothing to say yet is open.
///
/// # Errors
/// The status that the call ended with.
pub async fn open(channel: &Channel, path: &str, request: Bytes) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    ready(&mut client).await?;
    let mut stream = client.server_streaming(Request::new(request), path_of(path), RawCodec).await?.into_inner();
    match tokio::time::timeout(OPENING, stream.message()).await {
        Ok(first) => first.map(|_| ()),
        Err(_) => Ok(()),
    }
}

/// Calls a method whose request is a stream, with one message.
///
/// # Errors
/// The status that the call ended with.
pub async fn call_with_stream(channel: &Channel, path: &str, request: Bytes) -> Result<Bytes, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    ready(&mut client).await?;
    let request = Request::new(tokio_stream::iter([request]));
    client.client_streaming(request, path_of(path), RawCodec).await.map(tonic::Response::into_inner)
}

async fn ready(client: &mut tonic::client::Grpc<Channel>) -> Result<(), Status> {
    client.ready().await.map_err(|cause| Status::unavailable(cause.to_string()))
}

fn path_of(path: &str) -> PathAndQuery {
    path.parse().expect("a method has a path")
}
