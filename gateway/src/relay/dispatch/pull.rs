//! The live stream of a department's dispatches.

use std::collections::VecDeque;
use std::time::Duration;

use futures::{Stream, stream};
use runtime::db::Db;
use runtime::refusal::Failure;
use tokio::sync::watch;
use tonic::Status;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::DepartmentCode;

use super::store;

/// How many dispatches are read at once: with the largest payloads 2 MiB.
const PAGE: i64 = 8;

/// After how much silence a department is told that the stream lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Where a department is.
struct Pulling {
    db: Db,
    department: DepartmentCode,
    grown: watch::Receiver<u64>,
    /// Every dispatch up to here was sent.
    number: i64,
    page: VecDeque<pb::Dispatch>,
}

/// A department's dispatches after a number, and later ones as they are sent.
pub(super) fn pull(
    db: &Db,
    department: DepartmentCode,
    after: i64,
) -> impl Stream<Item = Result<pb::PullDispatchesResponse, Status>> + Send + use<> {
    let (grown, page) = (db.journal_grown(), VecDeque::new());
    let pulling = Pulling { db: db.clone(), department, grown, number: after, page };
    stream::unfold(Some(pulling), |pulling| async move {
        let mut pulling = pulling?;
        match pulling.next().await {
            Ok(dispatch) => Some((Ok(pb::PullDispatchesResponse { dispatch }), Some(pulling))),
            Err(failure) => Some((Err(failure.into()), None)),
        }
    })
}

impl Pulling {
    /// The next dispatch; none as a sign of life.
    async fn next(&mut self) -> Result<Option<pb::Dispatch>, Failure> {
        loop {
            if let Some(dispatch) = self.page.pop_front() {
                self.number = dispatch.number;
                return Ok(Some(dispatch));
            }
            self.grown.mark_unchanged();
            let mut reader = self.db.read().await?;
            let page = store::after(reader.sql(), &self.department, self.number, PAGE).await?;
            drop(reader);
            self.page.extend(page.into_iter().map(|kept| kept.shown));
            if self.page.is_empty() {
                match tokio::time::timeout(HEARTBEAT, self.grown.changed()).await {
                    Ok(changed) => changed.map_err(Failure::internal)?,
                    Err(_) => return Ok(None),
                }
            }
        }
    }
}
