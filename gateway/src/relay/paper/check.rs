//! From a request to a paper that may be accepted: everything that costs time is done here, before any transaction: looking
//! through attachments, checking signatures, keeping contents, signing the receipt.
//!
//! A light paper is worked on where it comes in: half a millisecond of arithmetic for one signature, a little over one for the four
//! that a paper may have, and two changes of thread are spared. All others go to threads that may block, as many at once as the
//! machine has cores; those whose attachments are large have a door of their own, so that they do not keep the others waiting.

use std::sync::Arc;

use prost::Message as _;
use runtime::execute::Writer;
use runtime::journal::Author;
use runtime::log::ReceiptType;
use runtime::refusal::Failure;
use runtime::signing::Verifier;
use tokio::sync::Semaphore;
use vocabulary::{DepartmentCode, RequestId, Sm3Digest, Timestamp, time};

use super::decide::{self, Facts};
use super::state::{Incoming, PaperName};
use super::store::Accept;
use super::wire::{self, Issue};
use crate::key::Registry;
use crate::refusal::{AttachmentFault, Marked, Refusal};
use crate::relay::content::spool::disk_failure;
use crate::relay::content::{Content, Looked};
use crate::relay::envelope::{Envelope, EnvelopeFault};
use crate::relay::findings;
use crate::relay::receipts::{Outcome, Receipts, Told};
use crate::relay::screening::{Caller, look_at_payload};
use crate::settings::Rules;

/// Attachments of a paper that together are larger wait at the door for large ones.
const LARGE_BYTES: u64 = 4 * 1024 * 1024;

/// A paper of this size without attachments touches no file, and costs little more than its signatures.
const LIGHT_BYTES: usize = 16 * 1024;

/// How many papers with large attachments are looked through at once.
const LARGE_AT_ONCE: usize = 2;

/// What a paper is examined with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    /// The write path, for the entry.
    pub writer: Writer,
    /// The rules of the town.
    pub rules: Arc<Rules>,
    /// Spool and store.
    pub content: Content,
    /// Signs receipts.
    pub receipts: Receipts,
    /// Checks signatures.
    pub verifier: Arc<dyn Verifier>,
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// Who brings a paper, and when.
#[derive(Clone, Debug)]
pub(super) struct Bringing {
    /// The department.
    pub caller: DepartmentCode,
    /// The request.
    pub request_id: RequestId,
    /// The town time of the call.
    pub now: Timestamp,
    /// Whom the entry names.
    pub author: Author,
    /// The registered keys.
    pub registry: Arc<Registry>,
}

/// What the desk says of a paper.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It may be accepted; its contents are kept.
    Good(Box<Accept>, Looked),
    /// It is refused. Its uploads are there still: a newer registry of keys may say otherwise.
    Refused(Refusal, Looked),
}

impl Desk {
    /// A desk with its doors open.
    pub(crate) fn new(
        writer: Writer,
        rules: Arc<Rules>,
        content: Content,
        receipts: Receipts,
        verifier: Arc<dyn Verifier>,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
        let (small, large) = (Arc::new(Semaphore::new(cores)), Arc::new(Semaphore::new(LARGE_AT_ONCE)));
        Self { writer, rules, content, receipts, verifier, small, large }
    }

    /// Examines a paper.
    pub(super) async fn examine(&self, issue: Issue, bringing: Bringing) -> Result<Verdict, Failure> {
        let envelope = match Envelope::parse(&issue.payload) {
            Ok(envelope) => envelope,
            Err(fault) => return Ok(Verdict::Refused(self.unreadable(&issue.payload, fault), Looked::default())),
        };
        if envelope.attachments.is_empty() && issue.payload.len() <= LIGHT_BYTES {
            return self.work(issue.with(bringing.request_id, envelope), &bringing, &Caller::default());
        }
        let size = envelope.attachments.iter().fold(0_u64, |sum, it| sum.saturating_add(it.size_bytes));
        let door = if size > LARGE_BYTES { &self.large } else { &self.small };
        let place = Arc::clone(door).acquire_owned().await.map_err(Failure::internal)?;
        let (desk, paper) = (self.clone(), issue.with(bringing.request_id, envelope));
        let caller = Caller::default();
        let (_waiting, asker) = (caller.wait(), caller.clone());
        let work = move || {
            let _place = place;
            desk.work(paper, &bringing, &asker)
        };
        tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?
    }

    /// A payload that is no envelope may still be a secret, and then that is what matters.
    fn unreadable(&self, payload: &[u8], fault: EnvelopeFault) -> Refusal {
        if let EnvelopeFault::NotDeclared { marking } = fault {
            return Refusal::Classified { marking, place: Marked::Declaration };
        }
        let seen = look_at_payload(payload, &self.rules.patterns);
        match (decide::refuse_marks(&seen, Marked::Payload), fault) {
            (Err(classified), _) => classified,
            (Ok(()), EnvelopeFault::Format(fault)) => Refusal::Format(fault),
            (Ok(()), EnvelopeFault::NotDeclared { marking }) => {
                Refusal::Classified { marking, place: Marked::Declaration }
            }
        }
    }

    fn work(&self, paper: Incoming, bringing: &Bringing, asker: &Caller) -> Result<Verdict, Failure> {
        let looked = self.content.look(&bringing.caller, &paper.envelope, &self.rules.patterns, asker);
        let looked = looked.map_err(disk_failure)?;
        let facts = Facts {
            caller: &bringing.caller,
            today: time::town_date(bringing.now),
            registry: &bringing.registry,
            verifier: &*self.verifier,
            rules: &self.rules,
            attachments: &looked.attached,
        };
        let examined = match decide::examine(&paper, &facts) {
            Ok(mut examined) => {
                examined.findings.extend(findings::clock_skew(paper.send_time, bringing.now));
                examined
            }
            Err(refusal) => return Ok(Verdict::Refused(refusal, looked)),
        };
        asker.is_there().map_err(Failure::internal)?;
        self.content.keep(&looked).map_err(disk_failure)?;
        let name = PaperName { sender: bringing.caller.clone(), message: paper.envelope.message_id };
        let particulars = wire::particulars(&name, &paper, &examined, bringing.now);
        let encoded = particulars.encode_to_vec();
        let record = wire::accepted(particulars, paper.payload.clone());
        let entry = self.writer.prepare(&record, &bringing.author)?;
        let payload_digest = Sm3Digest::of(&paper.payload);
        let receipt = self.receipts.sign(Told {
            what: ReceiptType::Received,
            paper: &name,
            payload_digest,
            leaf_hash: entry.leaf_hash(),
            at: bringing.now,
            institution: String::new(),
            reason: String::new(),
            outcome: Outcome::default(),
        })?;
        let accept = Accept {
            name,
            at: bringing.now,
            payload_digest,
            summary: wire::summary(&paper.envelope).encode_to_vec(),
            particulars: encoded,
            record,
            entry,
            receipt,
            overtaken: Arc::default(),
            paper: Arc::new(paper),
        };
        Ok(Verdict::Good(Box::new(accept), looked))
    }
}

impl Verdict {
    /// Whether a newer registry of keys might say otherwise.
    pub(super) const fn rests_on_keys(&self) -> bool {
        match self {
            Self::Good(..) => false,
            Self::Refused(refusal, _) => matches!(
                refusal,
                Refusal::NotRegistered | Refusal::Key { .. } | Refusal::KeyOfOther { .. } | Refusal::Issuer { .. }
            ),
        }
    }
}

/// Whether a refusal is about what the sender has put so far, and not about the paper: the same paper, signed as it is, may come
/// again once its attachments are there. Such a refusal is journalled, and not kept as the paper's answer.
pub(super) const fn may_come_again(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Attachment { fault: AttachmentFault::Absent, .. })
}
