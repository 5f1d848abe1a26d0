//! What is answered, and kept for good.

use bytes::Bytes;
use sqlx::Row as _;
use vocabulary::{RequestId, Sm3Digest};

use crate::db::{Columns as _, Connection};
use crate::refusal::{Denial, Failure};

/// An answer: the reply, and the exact bytes that are kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<R> {
    /// The encoded reply, byte for byte as it is stored.
    pub bytes: Bytes,
    /// The reply.
    pub reply: R,
}

/// What is kept for a request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The digest of what makes two requests the same request.
    pub fingerprint: Sm3Digest,
    /// The method that was called, by its full path.
    pub method: String,
    /// The outcome.
    pub outcome: Outcome,
}

/// The exact bytes that were answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The encoded reply.
    Reply(Bytes),
    /// The encoded `google.rpc.Status` of a refusal.
    Refusal(Bytes),
}

impl StoredAnswer {
    /// The answer as a reply, or as the stored refusal.
    pub(super) fn decode<R: prost::Message + Default>(self) -> Result<Answer<R>, Denial> {
        match self.outcome {
            Outcome::Reply(bytes) => {
                let reply = R::decode(bytes.clone()).map_err(Failure::internal)?;
                Ok(Answer { bytes, reply })
            }
            Outcome::Refusal(bytes) => Err(Denial::Stored(bytes)),
        }
    }

    /// What is returned where a refusal was about to be stored, and an answer is there.
    pub(super) fn denial(self) -> Denial {
        match self.outcome {
            Outcome::Refusal(bytes) => Denial::Stored(bytes),
            // The caller cannot be told a reply on this way; a repetition is told it before anything else is read.
            Outcome::Reply(_) => Failure::Contention.into(),
        }
    }
}

/// Reads what is kept for a request id.
pub(super) async fn lookup(
    sql: &mut Connection,
    principal: &str,
    request_id: RequestId,
) -> Result<Option<StoredAnswer>, Failure> {
    let row = sqlx::query(
        "select fingerprint, method, refused, outcome from answers where principal = $1 and request_id = $2",
    )
    .bind(principal)
    .bind(request_id.to_string())
    .fetch_optional(sql)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let outcome = Bytes::from(row.bytes(3)?);
    Ok(Some(StoredAnswer {
        fingerprint: Sm3Digest::try_from(row.try_get::<&[u8], _>(0)?).map_err(Failure::internal)?,
        method: row.text(1)?,
        outcome: if row.flag(2)? { Outcome::Refusal(outcome) } else { Outcome::Reply(outcome) },
    }))
}
