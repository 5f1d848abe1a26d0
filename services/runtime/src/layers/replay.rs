//! Known request ids: whoever asks again gets the stored bytes, before anything else of the request is looked at.

use bytes::Bytes;
use tonic::Status;
use vocabulary::{RequestId, Sm3Digest, Sm3Hasher};

use super::body::HEADER_LENGTH;
use super::fields::{Malformed, fields};
use crate::access::{Access, Method};
use crate::call::Call;
use crate::execute::{Outcome, Writer};
use crate::refusal::{self, Denial, Violation};

/// What is known of a request.
pub(super) enum Known {
    /// It was answered with these bytes.
    Answered(Bytes),
    /// Nothing; this is the call.
    No(Call),
}

/// Looks a request up by its id. A refusal that is stored comes back as the status that it was.
pub(super) async fn known(writer: &Writer, access: Access, frame: &Bytes) -> Result<Known, Status> {
    let (request_id, fingerprint) = identity(access.method(), &frame[HEADER_LENGTH..]).map_err(Denial::from)?;
    let call = Call { access, request_id, fingerprint, now: writer.clock().now() };
    let stored = writer.lookup_answer(call.access.principal(), &call.request_id).await?;
    match stored {
        None => Ok(Known::No(call)),
        Some(stored) if stored.fingerprint != call.fingerprint => Err(writer.refuse_reuse(&call).await.into()),
        Some(stored) => match stored.outcome {
            Outcome::Reply(bytes) => Ok(Known::Answered(bytes)),
            Outcome::Refusal(bytes) => Err(refusal::stored(bytes)),
        },
    }
}

/// The id of a request, and the digest of what makes another request the same: the method, and the fields that the contract
/// names, or the whole message.
fn identity(method: &Method, message: &[u8]) -> Result<(RequestId, Sm3Digest), Violation> {
    let malformed = |fault: Malformed| Violation::malformed("", fault.to_string());
    let mut id: &[u8] = &[];
    for field in fields(message) {
        let field = field.map_err(malformed)?;
        if field.number == method.request_id {
            id = field.content;
        }
    }
    let id = std::str::from_utf8(id).ok().and_then(|id| RequestId::parse(id).ok());
    let id = id.ok_or_else(|| {
        Violation::malformed("request_id", "must be a UUID that the caller makes once for each request")
    })?;

    let mut digest = Sm3Hasher::new();
    digest.update(method.path.as_bytes());
    digest.update(&[0]);
    if method.fingerprint.is_empty() {
        digest.update(message);
    }
    // By number, whatever the order in which a client writes its fields.
    for number in &method.fingerprint {
        for field in fields(message) {
            let field = field.map_err(malformed)?;
            if field.number == *number {
                digest.update(&(field.raw.len() as u64).to_be_bytes());
                digest.update(field.raw);
            }
        }
    }
    Ok((id, digest.finish()))
}

#[cfg(test)]
mod tests;
