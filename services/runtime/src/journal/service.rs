//! The journal and its log as a contract.

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::errors::v1::ErrorReason;
use townlink_proto::townlink::journal::v1 as pb;
use townlink_proto::townlink::journal::v1::journal_service_server::JournalService;

use super::{LogReader, Positioned, entries_after, last_position, refusals};
use crate::access::admit_read;
use crate::caller::Principal;
use crate::db::Db;
use crate::log::Hash;
use crate::page::Page;
use crate::refusal::{self, Denial, Failure, Refusal, Violation};

/// How many entries are read at once for a watcher.
const PAGE: u32 = 64;

/// Which kinds of entries each principal may read. Whoever is not named may read none.
#[derive(Clone, Debug, Default)]
pub struct Grants(HashMap<Principal, Kinds>);

/// The kinds that a watcher is sent.
#[derive(Clone, Debug)]
enum Kinds {
    All,
    These(HashSet<String>),
}

impl Grants {
    /// Nobody may read anything.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Lets a principal read some kinds, by the full names of their event messages, besides those granted before.
    #[must_use]
    pub fn allow(mut self, principal: Principal, kinds: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let granted = self.0.entry(principal).or_insert_with(|| Kinds::These(HashSet::new()));
        if let Kinds::These(granted) = granted {
            granted.extend(kinds.into_iter().map(Into::into));
        }
        self
    }

    /// Lets a principal read every kind.
    #[must_use]
    pub fn allow_all(mut self, principal: Principal) -> Self {
        self.0.insert(principal, Kinds::All);
        self
    }

    /// The kinds that a watcher is sent: all that are granted, or those asked for where all of them are granted.
    fn choose(&self, principal: &Principal, wanted: Vec<String>) -> Result<Kinds, Refusal> {
        let Some(granted) = self.0.get(principal) else { return Err(not_granted("any kind")) };
        if wanted.is_empty() {
            return Ok(granted.clone());
        }
        if let Some(kind) = wanted.iter().find(|kind| !granted.has(kind)) {
            return Err(not_granted(kind));
        }
        Ok(Kinds::These(wanted.into_iter().collect()))
    }
}

impl Kinds {
    fn has(&self, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(kinds) => kinds.contains(kind),
        }
    }
}

fn not_granted(kind: &str) -> Refusal {
    Refusal::new(
        ErrorReason::OvAccess,
        format!("entries of {kind} are not granted to this caller"),
        "未获准读取该类记录；请由记录所属单位先行授权。",
    )
    .with("kind", kind)
}

/// Serves the journal and the log of one service. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    db: Db,
    log: LogReader,
    grants: Arc<Grants>,
}

impl Journal {
    /// The contract over a database, with what others may read; `tree` is [`crate::sequencer::Sequencer::tree`].
    #[must_use]
    pub fn new(db: Db, tree: watch::Receiver<u64>, grants: Grants) -> Self {
        Self { log: LogReader::new(db.clone(), tree), db, grants: Arc::new(grants) }
    }

    /// The log, for who reads it without a call.
    #[must_use]
    pub fn log(&self) -> &LogReader {
        &self.log
    }
}

/// Where a watcher is.
struct Watch {
    db: Db,
    grown: watch::Receiver<u64>,
    kinds: Kinds,
    /// Every granted entry up to here was sent.
    position: i64,
    page: VecDeque<pb::WatchEntriesResponse>,
}

impl Watch {
    /// The next message. Waits for news where all was sent; reads a page at a time, and only after the one before was taken.
    async fn next(&mut self) -> Result<pb::WatchEntriesResponse, Status> {
        loop {
            if let Some(message) = self.page.pop_front() {
                return Ok(message);
            }
            self.grown.mark_unchanged();
            let mut reader = self.db.read().await?;
            let entries = entries_after(reader.sql(), self.position, PAGE).await?;
            drop(reader);
            if entries.is_empty() {
                self.within_journal().await?;
                tokio::select! {
                    changed = self.grown.changed() => changed.map_err(|_| refusal::stream_over())?,
                    () = self.db.closing().cancelled() => return Err(refusal::stream_over()),
                }
                continue;
            }
            self.fill(entries);
        }
    }

    /// A watcher that comes from beyond the end has read a journal that is not this one: what it missed here would never be told.
    async fn within_journal(&self) -> Result<(), Status> {
        let mut reader = self.db.read().await?;
        let last = last_position(reader.sql()).await?;
        if self.position <= last {
            return Ok(());
        }
        Err(refusal::beyond_journal(self.position, last))
    }

    fn fill(&mut self, entries: Vec<Positioned>) {
        for Positioned { position, entry } in entries {
            self.position = position;
            if self.kinds.has(&entry.kind) {
                self.page.push_back(pb::WatchEntriesResponse { position, entry: Some(entry) });
            }
        }
        // A watcher of rare kinds is told how far it has come, or it would read all again after a break.
        if self.page.back().is_none_or(|last| last.position < self.position) {
            self.page.push_back(pb::WatchEntriesResponse { position: self.position, entry: None });
        }
    }
}

/// The entries of a journal from a position on, and later ones as they come.
fn watch_entries(
    db: &Db,
    after: i64,
    kinds: Kinds,
) -> impl Stream<Item = Result<pb::WatchEntriesResponse, Status>> + use<> {
    let watch = Watch { db: db.clone(), grown: db.journal_grown(), kinds, position: after, page: VecDeque::new() };
    futures::stream::unfold(Some(watch), |watch| async move {
        let mut watch = watch?;
        match watch.next().await {
            Ok(message) => Some((Ok(message), Some(watch))),
            Err(status) => Some((Err(status), None)),
        }
    })
}

/// As [`JournalService::watch_entries`], for a service that follows its own journal.
pub(crate) fn watch_own(
    db: &Db,
    after: i64,
    kinds: Vec<String>,
) -> impl Stream<Item = Result<pb::WatchEntriesResponse, Status>> + use<> {
    watch_entries(db, after, Kinds::These(kinds.into_iter().collect()))
}

#[tonic::async_trait]
impl JournalService for Journal {
    type WatchEntriesStream = Pin<Box<dyn Stream<Item = Result<pb::WatchEntriesResponse, Status>> + Send>>;

    async fn watch_entries(
        &self,
        mut request: Request<pb::WatchEntriesRequest>,
    ) -> Result<Response<Self::WatchEntriesStream>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let kinds = self.grants.choose(reading.access.principal(), request.kinds)?;
        if request.after_position < 0 {
            return Err(Denial::from(Violation::malformed("after_position", "must not be negative")).into());
        }
        Ok(Response::new(Box::pin(watch_entries(&self.db, request.after_position, kinds))))
    }

    async fn list_refusals(
        &self,
        mut request: Request<pb::ListRefusalsRequest>,
    ) -> Result<Response<pb::ListRefusalsResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let wanted = refusals::institution(&request.institution).map_err(Denial::from)?;
        let list = format!("refusals?institution={}", request.institution);
        let page = Page::parse(request.page_size, &request.page_token, &list).map_err(Denial::from)?;
        let whose = refusals::Whose::of(reading.access.principal(), wanted);
        let mut reader = self.db.read().await?;
        let rows = refusals::page(reader.sql(), &page, &whose).await?;
        let (rows, next_page_token) = page.close(rows, refusals::Row::key);
        let refusals = rows.into_iter().map(|row| row.refusal).collect();
        Ok(Response::new(pb::ListRefusalsResponse { refusals, next_page_token }))
    }

    async fn get_checkpoint(&self, _: Request<pb::GetCheckpointRequest>) -> Result<Response<pb::Checkpoint>, Status> {
        Ok(Response::new(pb::Checkpoint { note: self.log.checkpoint().await? }))
    }

    async fn get_tile(&self, request: Request<pb::GetTileRequest>) -> Result<Response<pb::Tile>, Status> {
        Ok(Response::new(pb::Tile { data: self.log.tile(&request.get_ref().path).await?.into() }))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<pb::GetInclusionProofRequest>,
    ) -> Result<Response<pb::InclusionProof>, Status> {
        let leaf_hash = Hash::from_bytes(&request.get_ref().leaf_hash)
            .map_err(|error| Denial::from(Violation::malformed("leaf_hash", error.to_string())))?;
        let proof = self.log.prove(leaf_hash).await?;
        let signed = |number: u64| i64::try_from(number).map_err(Failure::internal);
        Ok(Response::new(pb::InclusionProof {
            index: signed(proof.index)?,
            tree_size: signed(proof.size)?,
            path: proof.path.iter().map(|hash| hash.0.to_vec().into()).collect(),
            checkpoint: proof.checkpoint,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_chooses_among_what_it_was_granted() {
        let (office, auditor) = (Principal::TownLeaders, Principal::Auditor("a".to_owned()));
        let grants =
            Grants::none().allow(office.clone(), ["a"]).allow(office.clone(), ["b"]).allow_all(auditor.clone());
        let chosen = |principal: &Principal, wanted: &[&str]| {
            let wanted = wanted.iter().map(|kind| (*kind).to_owned()).collect();
            let kinds = grants.choose(principal, wanted).map_err(|refusal| refusal.reason)?;
            Ok(["a", "b", "c"].into_iter().filter(|kind| kinds.has(kind)).collect::<String>())
        };
        assert_eq!(chosen(&office, &[]).as_deref(), Ok("ab"));
        assert_eq!(chosen(&office, &["b"]).as_deref(), Ok("b"));
        assert_eq!(chosen(&auditor, &[]).as_deref(), Ok("abc"));
        assert_eq!(chosen(&auditor, &["c"]).as_deref(), Ok("c"));
        let stranger = Principal::Operator("x".to_owned());
        for refused in [chosen(&office, &["b", "c"]), chosen(&stranger, &[]), chosen(&stranger, &["a"])] {
            assert_eq!(refused, Err(ErrorReason::OvAccess));
        }
    }
}
