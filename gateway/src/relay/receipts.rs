//! Receipts: what the sender of a paper takes home, signed by the town (relay-and-sharing.md §8.4, §8.6).
//!
//! A receipt names the leaf of the journal entry that it tells of, so whoever holds it can ask for the proof that the entry is in
//! the log. Signing takes a millisecond and is done off the event loop and off the writer, before the entry is written.

use std::sync::Arc;

use bytes::Bytes;
use runtime::clock::TownClock;
use runtime::log::{Hash, Mode, Origin, Receipt, ReceiptType};
use runtime::refusal::Failure;
use runtime::signing::{Algorithm, Signer};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::values::v1 as values;
use vocabulary::{Sm3Digest, Timestamp, time};

use super::paper::state::PaperName;

/// The code of a return whose own code cannot stand in a receipt.
const RETURNED: &str = "RE-RETURNED";

/// The longest code that can stand in a receipt.
const CODE_LENGTH_MAX: usize = 64;

/// Signs receipts for the town. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Receipts {
    signer: Arc<dyn Signer>,
    key_id: String,
    origin: Origin,
    mode: Mode,
}

/// A key or an origin with which no receipt can be signed.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptsError {
    /// Receipts are signed with SM2.
    #[error("services.gateway.log_sm2_key: receipts are signed with SM2, and this is a key for {0}")]
    Algorithm(Algorithm),
    /// The origin of the log is none.
    #[error("services.gateway.log_origin: {0}")]
    Origin(String),
}

/// What a receipt is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told<'a> {
    /// What happened.
    pub what: ReceiptType,
    /// The paper.
    pub paper: &'a PaperName,
    /// The digest of its payload.
    pub payload_digest: Sm3Digest,
    /// The leaf of the entry that tells it.
    pub leaf_hash: Hash,
    /// When it happened.
    pub at: Timestamp,
    /// The institution that acted, by its code; empty for the gateway.
    pub institution: String,
    /// Why, for a return.
    pub reason: String,
    /// What came of it, and whether it was on time, for a completion.
    pub outcome: Outcome,
}

/// What came of a paper that was completed (办结).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// In words; empty for any other receipt.
    pub result: String,
    /// Whether it was on time.
    pub on_time: bool,
}

impl Receipts {
    /// Signs with the town's SM2 key, for the log of an origin.
    ///
    /// # Errors
    /// [`ReceiptsError`] where the key is no SM2 key, or the origin none.
    pub fn new(signer: Arc<dyn Signer>, origin: &str, clock: &TownClock) -> Result<Self, ReceiptsError> {
        if signer.algorithm() != Algorithm::Sm2Sm3 {
            return Err(ReceiptsError::Algorithm(signer.algorithm()));
        }
        let origin = Origin::new(origin).map_err(|error| ReceiptsError::Origin(error.to_string()))?;
        let running = Mode::under_a_running_clock(signer.security());
        let mode = if clock.is_manual() { Mode::Simulated } else { running };
        Ok(Self { key_id: signer.public_key().key_id(), signer, origin, mode })
    }

    /// The key that signs.
    #[must_use]
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Signs some bytes for the town, such as the payload of its own paper. Blocks for about a millisecond.
    ///
    /// # Errors
    /// [`Failure`] where the key does not sign.
    pub fn sign_bytes(&self, content: &[u8]) -> Result<values::Signature, Failure> {
        let value = self.signer.sign(content).map_err(Failure::internal)?;
        let (key_id, algorithm) = (self.key_id.clone(), self.signer.algorithm().to_string());
        Ok(values::Signature { key_id, algorithm, value: value.into() })
    }

    /// Writes and signs a receipt. Blocks for about a millisecond.
    ///
    /// # Errors
    /// [`Failure`] where the key does not sign.
    pub fn sign(&self, told: Told<'_>) -> Result<pb::Receipt, Failure> {
        let kind = kind(&told.what);
        let receipt = Receipt {
            receipt_type: told.what,
            message_id: told.paper.message.to_string(),
            digest: *told.payload_digest.as_bytes(),
            leaf_hash: told.leaf_hash,
            time_us: time::to_us(told.at),
            log_origin: self.origin.clone(),
            key_id: self.key_id.clone(),
            mode: self.mode,
        };
        let content = receipt.to_bytes().map_err(Failure::internal)?;
        let signature = self.sign_bytes(&content)?;
        Ok(pb::Receipt {
            paper: told.paper.to_string(),
            r#type: kind.into(),
            content: Bytes::from(content),
            signature: Some(signature),
            institution: told.institution,
            reason: told.reason,
            result: told.outcome.result,
            on_time: told.outcome.on_time,
        })
    }
}

/// What a receipt is for, as contracts carry it.
pub(crate) const fn kind(what: &ReceiptType) -> pb::ReceiptType {
    match what {
        ReceiptType::Received => pb::ReceiptType::Received,
        ReceiptType::SignedFor => pb::ReceiptType::SignedFor,
        ReceiptType::Returned(_) => pb::ReceiptType::Returned,
        ReceiptType::Completed => pb::ReceiptType::Completed,
    }
}

/// A return under its code; one that a receipt cannot carry is told in the words beside it.
#[must_use]
pub fn returned(code: &str) -> ReceiptType {
    let known = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (1..=CODE_LENGTH_MAX).contains(&code.len()) && code.bytes().all(known);
    ReceiptType::Returned(if fits { code } else { RETURNED }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::log::verify_receipt;
    use runtime::signing::{SoftEd25519, SoftSm2};

    fn clock() -> TownClock {
        TownClock::unstored("2026-03-02T01:00:00Z".parse().expect("an instant"))
    }

    #[test]
    fn a_receipt_is_signed_over_exactly_its_bytes() {
        let signer = Arc::new(SoftSm2::generate().expect("a key"));
        let public = signer.public_key().clone();
        let receipts = Receipts::new(signer, "zhangpu.kunshan/gateway", &clock()).expect("receipts");
        let paper = PaperName::parse("senders/government/papers/7d0f2f6e-3c53-4b0e-9c39-0d6f6f1c8a11").expect("a name");
        let told = Told {
            what: returned("RE-DEPT-DIRECTIVE"),
            paper: &paper,
            payload_digest: Sm3Digest::of(b"payload"),
            leaf_hash: runtime::log::leaf_hash(b"leaf"),
            at: clock().now(),
            institution: "OFFICE".to_owned(),
            reason: "退回".to_owned(),
            outcome: Outcome::default(),
        };
        let receipt = receipts.sign(told).expect("a receipt");
        let signature = receipt.signature.expect("a signature");
        let read = verify_receipt(&receipt.content, &signature.value, &public).expect("it verifies");
        assert_eq!((read.receipt_type, read.mode), (returned("RE-DEPT-DIRECTIVE"), Mode::Simulated));
        assert_eq!(signature.key_id, public.key_id());
        let mut flipped = receipt.content.to_vec();
        flipped[20] ^= 1;
        assert!(verify_receipt(&flipped, &signature.value, &public).is_err());
    }

    #[test]
    fn receipts_need_sm2() {
        let signer = Arc::new(SoftEd25519::generate().expect("a key"));
        assert!(matches!(Receipts::new(signer, "a/b", &clock()), Err(ReceiptsError::Algorithm(_))));
    }

    #[test]
    fn a_code_that_does_not_fit_is_replaced() {
        for code in ["", "退回", "re-held", "RE HELD", &"A".repeat(65)] {
            assert_eq!(returned(code), ReceiptType::Returned("RE-RETURNED".to_owned()), "{code}");
        }
    }
}
