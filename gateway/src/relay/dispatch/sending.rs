//! The reaction to what the office sends: the payload is written and signed as its entry comes in, its contents are kept, and one
//! transaction writes it, numbers it for each department, and moves the cursor.
//!
//! What cannot be sent is not tried for ever: it comes back to the office as a return with its reason.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::StreamExt as _;
use prost::{Message as _, Name as _};
use runtime::db::Tx;
use runtime::execute::Writer;
use runtime::journal::{self, Positioned};
use runtime::refusal::Failure;
use runtime::refusal::fields::instant;
use runtime::subscription::feed::Entries;
use runtime::subscription::{Feed, Reaction};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::journal::v1 as journal_pb;
use townlink_proto::townlink::office::v1 as office;
use vocabulary::{DepartmentCode, Sm3Digest, Timestamp, time};

use super::compose::{self, Composed, Sealer, Unsendable};
use super::state::DispatchName;
use super::store::{self, Written};
use super::wire;
use crate::relay::content::Content;
use crate::relay::content::spool::disk_failure;
use crate::relay::paper::wire::{digest_to_wire, summary};
use crate::relay::receipts::Receipts;
use crate::relay::screening::{Looks, look_at_payload};
use crate::settings::Rules;

/// How many dispatches are composed before the first of them is written.
const AHEAD: usize = 4;

/// Composed dispatches that are not written yet, by the entry of the office that they rest on.
type Drafts = Arc<Mutex<HashMap<String, Draft>>>;

/// A dispatch that is ready, or why there is none.
type Draft = Result<Written, Unsendable>;

/// Makes dispatches of what the office sends. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Composer {
    content: Content,
    receipts: Receipts,
    rules: Arc<Rules>,
    sealer: Sealer,
    drafts: Drafts,
}

/// The reaction to the office's journal.
pub(crate) struct Sending {
    writer: Writer,
    drafts: Drafts,
}

/// The office's journal, with a signed payload prepared for each dispatch.
pub(crate) struct Composing<F> {
    feed: F,
    composer: Composer,
}

/// The reaction, and the feed that it must be given.
pub(crate) fn sending<F: Feed>(
    writer: Writer,
    content: Content,
    receipts: Receipts,
    rules: Arc<Rules>,
    feed: F,
) -> (Sending, Composing<F>) {
    let drafts = Drafts::default();
    let sealer = Sealer {
        sender: rules.sender.clone(),
        key_id: receipts.key_id().to_owned(),
        algorithm: receipts.signer().algorithm().to_string(),
    };
    let composer = Composer { content, receipts, rules, sealer, drafts: Arc::clone(&drafts) };
    (Sending { writer, drafts }, Composing { feed, composer })
}

impl Composer {
    async fn prepare(
        self,
        message: journal_pb::WatchEntriesResponse,
    ) -> Result<journal_pb::WatchEntriesResponse, Failure> {
        let Some(entry) = message.entry.clone() else { return Ok(message) };
        let entry = Positioned { position: message.position, entry };
        let Some(sent) = entry.event::<office::DispatchSent>()? else { return Ok(message) };
        let (composer, id) = (self.clone(), entry.entry.id);
        let draft = tokio::task::spawn_blocking(move || composer.draft(&sent)).await.map_err(Failure::internal)??;
        drafts(&self.drafts).insert(id, draft);
        Ok(message)
    }

    /// Composes, looks for marks of secrets, keeps the contents durably and signs. Blocks for as long as that takes.
    fn draft(&self, sent: &office::DispatchSent) -> Result<Draft, Failure> {
        let composed = match compose::compose(sent, &self.sealer) {
            Ok(composed) => composed,
            Err(unsendable) => return Ok(Err(unsendable)),
        };
        if self.is_marked(&composed)? {
            tracing::error!(target: "security", dispatch = sent.dispatch, "a dispatch with the mark of a secret was stopped; tell the security officer (保密管理人员)");
            let reason = "带有密级或工作秘密标志，不得经本平台传递".to_owned();
            return Ok(Err(Unsendable { code: "OV-CLASSIFIED", reason }));
        }
        let Composed { envelope, payload, contents } = composed;
        for (named, content) in envelope.attachments.iter().zip(&contents) {
            self.content.store.keep(named.digest, &content[..]).map_err(disk_failure)?;
        }
        let signature = self.receipts.sign_bytes(&payload)?;
        let attachments = envelope.attachments.iter().map(wire::attachment).collect();
        Ok(Ok(Written {
            summary: summary(&envelope),
            digest: Sm3Digest::of(&payload),
            digests: envelope.attachments.iter().map(|named| named.digest).collect(),
            event: pb::DispatchWritten {
                dispatch: sent.dispatch.clone(),
                message_id: envelope.message_id.to_string(),
                payload,
                signatures: vec![signature],
                attachments,
                send_time: sent.time,
            },
        }))
    }

    /// §8.1: no secret leaves the town this way either.
    fn is_marked(&self, composed: &Composed) -> Result<bool, Failure> {
        let patterns = &self.rules.patterns;
        if look_at_payload(&composed.payload, patterns).secret.is_some() {
            return Ok(true);
        }
        let mut looks = Looks::new(patterns);
        for (named, content) in composed.envelope.attachments.iter().zip(&composed.contents) {
            let mut reader = std::io::Cursor::new(&content[..]);
            let look = looks.look(&named.name, named.digest, &mut reader).map_err(Failure::internal)?;
            if look.seen.secret.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<F: Feed> Feed for Composing<F> {
    async fn watch(&self, after: i64, kinds: Vec<String>) -> Result<Entries, Failure> {
        let entries = self.feed.watch(after, kinds).await?;
        // Whatever an earlier stream left was written by another replica, or comes again.
        drafts(&self.composer.drafts).clear();
        let composer = self.composer.clone();
        let prepared = entries.map(move |message| {
            let composer = composer.clone();
            async move { composer.prepare(message?).await }
        });
        Ok(prepared.buffered(AHEAD).boxed())
    }
}

impl Reaction for Sending {
    fn name(&self) -> &'static str {
        "gateway.dispatches"
    }

    fn kinds(&self) -> Vec<String> {
        vec![office::DispatchSent::full_name()]
    }

    async fn react(&self, tx: &mut Tx, entry: &Positioned) -> Result<(), Failure> {
        let Some(sent) = entry.event::<office::DispatchSent>()? else { return Ok(()) };
        let draft = drafts(&self.drafts).get(&entry.entry.id).cloned();
        let draft = draft.ok_or_else(|| Failure::internal("a dispatch was not composed before it was written"))?;
        if store::is_known(tx.sql(), &sent.dispatch, &sent.message_id).await? {
            tracing::error!(dispatch = sent.dispatch, "the office sends a dispatch, or its message id, a second time");
            return Ok(());
        }
        let (recipients, unknown) = compose::recipients(&sent);
        for department in unknown {
            self.returned(tx, &sent, &department, "RE-ADDRESSEE 收文单位代码不存在".to_owned())?;
        }
        match draft {
            Ok(written) => self.number(tx, &written, recipients).await,
            Err(unsendable) => {
                for (department, _) in recipients {
                    self.returned(tx, &sent, department.as_str(), unsendable.told())?;
                }
                Ok(())
            }
        }
    }

    fn committed(&self, entries: &[Positioned]) {
        let mut drafts = drafts(&self.drafts);
        for entry in entries {
            drafts.remove(&entry.entry.id);
        }
    }
}

impl Sending {
    /// Writes a dispatch, and gives it a number with each department.
    async fn number(
        &self,
        tx: &mut Tx,
        written: &Written,
        recipients: Vec<(DepartmentCode, bool)>,
    ) -> Result<(), Failure> {
        let sent_at = written.event.send_time.as_ref().and_then(instant);
        let sent_at = sent_at.ok_or_else(|| Failure::internal("a dispatch of the office has no time"))?;
        let particulars = pb::DispatchWritten { payload: Bytes::new(), ..written.event.clone() };
        store::insert(tx, written, time::to_us(sent_at), &particulars.encode_to_vec()).await?;
        let record = journal::Record::of(&written.event, written.event.dispatch.clone()).done_at(sent_at);
        tx.append(self.writer.prepare(&record, &self.writer.as_service())?);
        for (department, copy) in recipients {
            let (number, previous) = match store::head(tx, &department).await? {
                None => (1, None),
                Some((number, digest)) => (number + 1, Some(digest)),
            };
            let event = pb::DispatchNumbered {
                dispatch: written.event.dispatch.clone(),
                department: department.to_string(),
                number,
                previous_digest: previous.map(digest_to_wire).unwrap_or_default(),
                copy,
                message_id: written.event.message_id.clone(),
            };
            let name = DispatchName { department, number };
            let record = journal::Record::of(&event, name.to_string());
            let entry = self.writer.prepare(&record, &self.writer.as_service())?;
            let recorded_us = time::to_us(entry.recorded());
            store::insert_outgoing(tx, &name, &event.dispatch, previous, copy, recorded_us).await?;
            tx.append(entry);
        }
        Ok(())
    }

    /// Tells the office that a department does not get a dispatch. It has no number, so none is lost.
    fn returned(
        &self,
        tx: &mut Tx,
        sent: &office::DispatchSent,
        department: &str,
        reason: String,
    ) -> Result<(), Failure> {
        let now: Timestamp = self.writer.clock().now();
        let record = wire::unsent(&sent.dispatch, department, reason, now);
        tx.append(self.writer.prepare(&record, &self.writer.as_service())?);
        Ok(())
    }
}

fn drafts(drafts: &Drafts) -> MutexGuard<'_, HashMap<String, Draft>> {
    drafts.lock().unwrap_or_else(PoisonError::into_inner)
}
