//! What a department of the county may run to take the town's papers: the reference receiver, no part of the town.
//!
//! It serves [`CountyReceiverService`] over mutual TLS to the town's gateway and to nobody else, checks that each paper follows the
//! one before and bears the town's signature, and answers once the paper is durable: as a file, beside it the signature. A
//! department that builds its own receiver finds the contract in `proto/townlink/county/v1` and the rules in `docs/envelope.md`.
//!
//! - [`folder`]: the papers, as files in order.
//! - [`serve`]: the endpoint.
//!
//! [`CountyReceiverService`]: townlink_proto::townlink::county::v1::county_receiver_service_server::CountyReceiverService

pub mod folder;
pub mod serve;

use std::sync::{Arc, Mutex, PoisonError};

use runtime::caller::ServiceName;
use runtime::refusal::{Failure, Refusal, refused};
use runtime::signing::{Algorithm, PublicKey, Signature, SoftVerifier, Verifier as _};
use tokio::sync::mpsc;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::county::v1::county_receiver_service_server::CountyReceiverService;
use townlink_proto::townlink::county::v1::{ReceiveRequest, ReceiveResponse};
use townlink_proto::townlink::errors::v1::ErrorReason;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::Sm3Digest;

use folder::Folder;

pub use serve::{serve, serve_on};

/// In whose name the receiver refuses.
const COUNTY: ServiceName = ServiceName("county");

/// Takes papers into a folder.
#[derive(Debug)]
pub struct Receiver {
    folder: Arc<Mutex<Folder>>,
    town: PublicKey,
    news: mpsc::UnboundedSender<pb::Dispatch>,
}

/// Why a dispatch is not taken now. The town tries again, and tells a person when it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    /// There is nothing in it, or its number is none.
    Empty,
    /// It does not follow the one before.
    Sequence { expected: i64 },
    /// Its digest is not that of its payload.
    Digest,
    /// The town's signature is missing or does not fit.
    Signature,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Empty => Self::new(ErrorReason::ReFormat, "the dispatch is empty", "来文为空，请重新投递。"),
            Fault::Sequence { expected } => Self::new(
                ErrorReason::ReSequence,
                format!("dispatch {expected} is expected, after the payload that is here"),
                "来文编号或前文摘要不相衔接。请用 townlink relay pull 从最后一件起补取。",
            )
            .with("expected", expected.to_string()),
            Fault::Digest => Self::new(
                ErrorReason::ReDigest,
                "the payload is not what its digest says",
                "来文内容与摘要不符，请重新投递。",
            ),
            Fault::Signature => Self::new(
                ErrorReason::ReSignature,
                "no signature of the town fits the payload",
                "来文无本镇有效签名。请核对所用的镇公钥是否为现行公钥。",
            ),
        }
    }
}

impl Receiver {
    /// A receiver over a folder, which believes one key of the town. Every paper that is new is told to `news` as well.
    ///
    /// # Errors
    /// Where the folder cannot be used, or holds something else than the papers of a receiver.
    pub fn open(
        folder: &std::path::Path,
        town: PublicKey,
        news: mpsc::UnboundedSender<pb::Dispatch>,
    ) -> std::io::Result<Self> {
        Ok(Self { folder: Arc::new(Mutex::new(Folder::open(folder)?)), town, news })
    }

    /// The number of the last paper in the folder; 0 where it is empty.
    #[must_use]
    pub fn last(&self) -> i64 {
        let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        folder.last().map_or(0, |(number, _)| number)
    }

    /// Takes a dispatch that was pulled, by the same rules. Blocks until it is durable.
    ///
    /// # Errors
    /// Where the disk fails, or the dispatch is not what it should be.
    pub fn take(&self, dispatch: &pb::Dispatch) -> std::io::Result<()> {
        let taken = take(&mut self.folder.lock().unwrap_or_else(PoisonError::into_inner), &self.town, dispatch)?;
        taken.map(|_| ()).map_err(|fault| std::io::Error::other(Refusal::from(fault).message))
    }
}

/// Takes a dispatch. Tells whether it is new. Blocks until it is durable.
fn take(folder: &mut Folder, town: &PublicKey, dispatch: &pb::Dispatch) -> std::io::Result<Result<bool, Fault>> {
    if dispatch.payload.is_empty() || dispatch.number < 1 {
        return Ok(Err(Fault::Empty));
    }
    let digest = Sm3Digest::of(&dispatch.payload);
    if dispatch.payload_digest != digest.as_bytes().as_slice() {
        return Ok(Err(Fault::Digest));
    }
    let expected = folder.last().map_or(1, |(number, _)| number + 1);
    if dispatch.number < expected {
        // It came before: the same bytes are the same paper, whatever the random part of its signature.
        let known = folder.digest(dispatch.number)? == digest;
        return Ok(if known { Ok(false) } else { Err(Fault::Sequence { expected }) });
    }
    let previous = folder.last().map(|(_, digest)| digest.as_bytes().to_vec()).unwrap_or_default();
    if dispatch.number != expected || dispatch.previous_digest != previous {
        return Ok(Err(Fault::Sequence { expected }));
    }
    let fits = dispatch.signatures.iter().find(|line| {
        let value = line.value.to_vec();
        let signature = Signature { key_id: line.key_id.clone(), algorithm: Algorithm::Sm2Sm3, value };
        SoftVerifier.verify(town, &dispatch.payload, &signature).is_ok()
    });
    let Some(line) = fits else { return Ok(Err(Fault::Signature)) };
    folder.keep(dispatch.number, &dispatch.payload, &line.value)?;
    Ok(Ok(true))
}

#[tonic::async_trait]
impl CountyReceiverService for Receiver {
    async fn receive(&self, request: Request<ReceiveRequest>) -> Result<Response<ReceiveResponse>, Status> {
        let dispatch = request.into_inner().dispatch.unwrap_or_default();
        let (folder, town, taken) = (Arc::clone(&self.folder), self.town.clone(), dispatch.clone());
        let work = move || take(&mut folder.lock().unwrap_or_else(PoisonError::into_inner), &town, &taken);
        let taken = tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?.map_err(Failure::internal)?;
        match taken {
            Ok(new) => {
                if new {
                    // Whoever listens may be gone; the paper is in the folder all the same.
                    let _ = self.news.send(dispatch);
                }
                let r#type = pb::ReceiptType::Received.into();
                Ok(Response::new(ReceiveResponse { r#type, ..ReceiveResponse::default() }))
            }
            Err(fault) => Err(refused(&fault.into(), COUNTY)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::signing::{Signer, SoftSm2};
    use townlink_proto::townlink::values::v1 as values;

    fn dispatch(key: &SoftSm2, number: i64, payload: &str, previous: Option<&str>) -> pb::Dispatch {
        let digest = |text: &str| Sm3Digest::of(text.as_bytes()).as_bytes().to_vec();
        let value = key.sign(payload.as_bytes()).expect("a signature").into();
        let signature = values::Signature { key_id: "town".to_owned(), algorithm: "SM2-SM3".to_owned(), value };
        pb::Dispatch {
            number,
            previous_digest: previous.map(digest).unwrap_or_default().into(),
            payload: payload.to_owned().into(),
            payload_digest: digest(payload).into(),
            signatures: vec![signature],
            ..pb::Dispatch::default()
        }
    }

    #[test]
    fn papers_are_taken_in_order_each_once_and_with_the_town_s_signature() {
        let place = tempfile::tempdir().expect("a folder");
        let key = SoftSm2::generate().expect("a key");
        let other = SoftSm2::generate().expect("a key");
        let town = key.public_key();
        let mut folder = Folder::open(place.path()).expect("a folder");
        let mut taken = |dispatch: &pb::Dispatch| take(&mut folder, town, dispatch).expect("the disk works");
        assert_eq!(taken(&dispatch(&key, 2, "two", Some("one"))), Err(Fault::Sequence { expected: 1 }));
        assert_eq!(taken(&dispatch(&key, 1, "one", Some("zero"))), Err(Fault::Sequence { expected: 1 }));
        assert_eq!(taken(&dispatch(&other, 1, "one", None)), Err(Fault::Signature));
        assert_eq!(
            taken(&pb::Dispatch { signatures: vec![], ..dispatch(&key, 1, "one", None) }),
            Err(Fault::Signature)
        );
        let changed = pb::Dispatch { payload: "eins".into(), ..dispatch(&key, 1, "one", None) };
        assert_eq!(taken(&changed), Err(Fault::Digest));
        assert_eq!(taken(&pb::Dispatch::default()), Err(Fault::Empty));
        assert_eq!(taken(&dispatch(&key, 1, "one", None)), Ok(true));
        assert_eq!(taken(&dispatch(&key, 1, "one", None)), Ok(false), "the same again, signed anew");
        assert_eq!(taken(&dispatch(&key, 1, "another", None)), Err(Fault::Sequence { expected: 2 }));
        assert_eq!(taken(&dispatch(&key, 2, "two", None)), Err(Fault::Sequence { expected: 2 }));
        assert_eq!(taken(&dispatch(&key, 2, "two", Some("one"))), Ok(true));
        // After a restart it goes on where it was.
        let mut again = Folder::open(place.path()).expect("a folder");
        assert_eq!(take(&mut again, town, &dispatch(&key, 2, "two", Some("one"))).expect("read"), Ok(false));
        assert_eq!(take(&mut again, town, &dispatch(&key, 3, "three", Some("two"))).expect("kept"), Ok(true));
        let file = std::fs::read(place.path().join("00000003.json")).expect("a file");
        assert_eq!(file, b"three");
        assert!(place.path().join("00000003.json.sig").exists());
    }
}
