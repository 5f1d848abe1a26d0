//! The gateway's journal, as the sender of a paper sees it.
//!
//! A watcher is sent what happens to his own papers, at its position, and nothing of others. So that he need not read the same
//! stretch again after a break, and sees that the stream lives, he is told how far it was read: after a stretch without news of his,
//! and every now and then.

use std::collections::VecDeque;
use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use prost::{Message as _, Name as _};
use runtime::db::Db;
use runtime::journal::Positioned;
use runtime::refusal::Failure;
use runtime::subscription::feed::Entries;
use runtime::subscription::{Feed as _, OwnFeed};
use tonic::Status;
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::gateway::v1::watch_papers_response::Event;
use vocabulary::DepartmentCode;

use super::store;
use crate::relay::paper::state::PaperName;
use crate::relay::paper::store as papers;

/// After how much silence a watcher is told how far the journal was read.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// After how many entries of others, at most, he is told so.
const STRETCH: i64 = 256;

/// Where a watcher is.
struct Watching {
    db: Db,
    prefix: String,
    entries: Entries,
    /// How far the journal was read.
    read: i64,
    /// The last position that he was told.
    told: i64,
    ready: VecDeque<pb::WatchPapersResponse>,
}

/// What happens to a sender's papers after a position.
///
/// # Errors
/// [`Failure`] where the journal cannot be followed.
pub(crate) async fn watch(
    db: &Db,
    sender: &DepartmentCode,
    after: i64,
) -> Result<impl Stream<Item = Result<pb::WatchPapersResponse, Status>> + Send + use<>, Failure> {
    let kinds = vec![
        pb::PaperAccepted::full_name(),
        pb::ReceiptIssued::full_name(),
        pb::DeliveryEnded::full_name(),
        pb::HoldEnded::full_name(),
        pb::PaperUrged::full_name(),
        pb::PaperRecalled::full_name(),
        pb::PaperExtensionGranted::full_name(),
        pb::PaperReplied::full_name(),
    ];
    let entries = OwnFeed::new(db.clone()).watch(after, kinds).await?;
    let prefix = format!("senders/{sender}/papers/");
    let watching = Watching { db: db.clone(), prefix, entries, read: after, told: after, ready: VecDeque::new() };
    Ok(stream::unfold(Some(watching), |watching| async move {
        let mut watching = watching?;
        match watching.next().await {
            Ok(Some(message)) => Some((Ok(message), Some(watching))),
            Ok(None) => None,
            Err(failure) => Some((Err(failure.into()), None)),
        }
    }))
}

impl Watching {
    async fn next(&mut self) -> Result<Option<pb::WatchPapersResponse>, Failure> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                self.told = message.position;
                return Ok(Some(message));
            }
            if self.read - self.told >= STRETCH {
                return Ok(Some(self.alive()));
            }
            let Ok(news) = tokio::time::timeout(HEARTBEAT, self.entries.next()).await else {
                return Ok(Some(self.alive()));
            };
            let Some(message) = news.transpose()? else { return Ok(None) };
            self.read = message.position;
            if let Some(entry) = message.entry {
                let entry = Positioned { position: message.position, entry };
                if entry.subject().starts_with(&self.prefix) {
                    self.ready.extend(told_of(&self.db, &entry).await?);
                }
            }
        }
    }

    /// How far the journal was read.
    fn alive(&mut self) -> pb::WatchPapersResponse {
        self.told = self.read;
        pb::WatchPapersResponse { position: self.read, ..pb::WatchPapersResponse::default() }
    }
}

/// What an entry about one of the sender's papers tells him.
async fn told_of(db: &Db, entry: &Positioned) -> Result<Option<pb::WatchPapersResponse>, Failure> {
    let told =
        |paper: String, event| Some(pb::WatchPapersResponse { position: entry.position, paper, event: Some(event) });
    if let Some(it) = entry.event::<pb::PaperAccepted>()? {
        let name = PaperName::parse(&it.paper).ok_or_else(|| Failure::internal("an entry names no paper"))?;
        let first = papers::first_receipt(db.read().await?.sql(), &name).await?;
        return Ok(told(it.paper, Event::Receipt(decoded(first)?)));
    }
    if let Some(it) = entry.event::<pb::ReceiptIssued>()? {
        let receipt = store::receipt(db.read().await?.sql(), &it.office_entry).await?;
        return Ok(told(it.paper, Event::Receipt(decoded(receipt)?)));
    }
    if let Some(it) = entry.event::<pb::DeliveryEnded>()? {
        let pb::DeliveryEnded { paper, recipient, number, state, return_code, end_time } = it;
        return Ok(told(paper, Event::Delivery(pb::Delivery { recipient, number, state, end_time, return_code })));
    }
    if let Some(it) = entry.event::<pb::HoldEnded>()? {
        let hold = pb::HoldDecision { released: it.released, reason: it.reason };
        return Ok(told(it.paper, Event::Hold(hold)));
    }
    if let Some(it) = entry.event::<pb::PaperUrged>()? {
        let pb::PaperUrged { paper, urge, note, time } = it;
        let state = pb::NoticeState::Queued.into();
        return Ok(told(paper, Event::Urge(pb::Urge { urge, note, time, state, refusal_code: String::new() })));
    }
    if let Some(it) = entry.event::<pb::PaperRecalled>()? {
        let pb::PaperRecalled { paper, document_number, reason, time, .. } = it;
        return Ok(told(paper, Event::Recall(pb::Recall { document_number, reason, time })));
    }
    if let Some(it) = entry.event::<pb::PaperExtensionGranted>()? {
        let pb::PaperExtensionGranted { paper, institution, due, time, .. } = it;
        return Ok(told(paper, Event::Extension(pb::Extension { institution, due, time })));
    }
    if let Some(it) = entry.event::<pb::PaperReplied>()? {
        let pb::PaperReplied { paper, institution, document_number, dispatch, time, .. } = it;
        return Ok(told(paper, Event::Reply(pb::Reply { institution, document_number, dispatch, time })));
    }
    Ok(None)
}

fn decoded(receipt: Option<Vec<u8>>) -> Result<pb::Receipt, Failure> {
    let receipt = receipt.ok_or_else(|| Failure::internal("an entry tells of a receipt that is not there"))?;
    pb::Receipt::decode(&*receipt).map_err(Failure::internal)
}
