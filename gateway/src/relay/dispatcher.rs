//! Delivers what is queued, in the order of each sender and recipient (relay-and-sharing.md §8.6).
//!
//! One leader delivers. Lanes are worked side by side, a bounded number of them, and within a lane a bounded number of papers is
//! under way; the queue itself is the database, so a month of papers takes no memory. `ACCEPTED` and `RETURNED` both end a
//! delivery. Only absence is repeated: after 1, 5, 15 and 60 minutes, then hourly with an alert, by the town's clock, and at once
//! when the recipient is reached again or the gateway starts. Delivering twice is harmless: the office knows each number.

mod backoff;
mod board;
mod hold;
mod lane;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use runtime::directory::Directory;
use runtime::execute::Writer;
use runtime::refusal::Failure;
use runtime::tasks::Tasks;
use tokio::sync::watch;
use tokio::task::JoinSet;
use vocabulary::Timestamp;

use super::delivery::store::{self, Lane};
use crate::OFFICE;
use backoff::Waiting;
use lane::{Drained, Worker};

pub(crate) use board::{Board, Failing};
pub(crate) use hold::{Hold, Holding};

/// The advisory lock of the one dispatcher.
const LOCK: i64 = 7_310_579_304_412_411;

/// How many lanes are worked at once.
const LANES_AT_ONCE: usize = 8;

/// How long news is gathered before the queue is looked at.
const GATHER: Duration = Duration::from_millis(20);

/// Makes the deliveries.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    writer: Writer,
    directory: Directory,
    hold: Hold,
    board: Board,
}

impl Dispatcher {
    /// A dispatcher over the gateway's queue; `hold` may stop it in development, and `board` tells which lanes fail.
    pub(crate) fn new(writer: Writer, directory: Directory, hold: Hold, board: Board) -> Self {
        Self { writer, directory, hold, board }
    }

    /// Delivers in the background, until the process stops.
    pub(crate) fn start(self, tasks: &Tasks) {
        let set = tasks.clone();
        tasks.keep("deliver papers", move || {
            let (dispatcher, set) = (self.clone(), set.clone());
            async move {
                tokio::select! {
                    lost = dispatcher.lead() => lost,
                    () = set.stopping() => Ok(()),
                }
            }
        });
    }

    /// Waits to lead, and leads until that is lost.
    async fn lead(&self) -> Result<(), Failure> {
        loop {
            let mut lead = self.writer.db().lead(LOCK).await?;
            tokio::select! {
                failed = self.dispatch() => failed?,
                () = lead.lost() => {
                    self.board.clear();
                    tracing::warn!("another replica makes the deliveries now");
                }
            }
        }
    }

    async fn dispatch(&self) -> Result<(), Failure> {
        let mut grown = self.writer.db().journal_grown();
        let mut ready = self.directory.ready(OFFICE)?;
        let worker = Worker::new(self.writer.clone(), self.directory.clone(), self.hold.clone());
        let mut busy = HashSet::new();
        let mut waiting: HashMap<Lane, Waiting> = HashMap::new();
        // Tasks, not futures of this one: a lane that holds a connection goes on while the queue is looked at for the next.
        let mut under_way = JoinSet::new();
        loop {
            grown.mark_unchanged();
            let held = self.hold.is_on();
            if !held {
                let now = self.writer.clock().now();
                for lane in self.lanes(&busy, &waiting, now).await? {
                    busy.insert(lane.clone());
                    under_way.spawn(worker.drain(lane));
                }
            }
            gauge(&waiting);
            tokio::select! {
                Some(ended) = under_way.join_next(), if !under_way.is_empty() => {
                    let (lane, drained) = ended.map_err(Failure::internal)?;
                    busy.remove(&lane);
                    self.note(&mut waiting, lane, drained);
                }
                // The journal tells of every number that is given, here or by another replica.
                news = gathered(&mut grown) => news?,
                changed = ready.changed() => {
                    changed.map_err(Failure::internal)?;
                    if *ready.borrow_and_update() {
                        waiting.values_mut().for_each(Waiting::retry_now);
                    }
                }
                () = self.due(&waiting) => {}
                () = self.hold.changed(held) => {}
            }
        }
    }

    /// The lanes to begin with now.
    async fn lanes(
        &self,
        busy: &HashSet<Lane>,
        waiting: &HashMap<Lane, Waiting>,
        now: Timestamp,
    ) -> Result<Vec<Lane>, Failure> {
        let room = LANES_AT_ONCE.saturating_sub(busy.len());
        if room == 0 {
            return Ok(Vec::new());
        }
        let mut reader = self.writer.db().read().await?;
        let mut lanes = store::lanes(reader.sql()).await?;
        let waits = |lane: &Lane| waiting.get(lane).is_some_and(|waiting| !waiting.is_due(now));
        lanes.retain(|lane| !busy.contains(lane) && !waits(lane));
        lanes.truncate(room);
        Ok(lanes)
    }

    /// What a lane's work came to.
    fn note(&self, waiting: &mut HashMap<Lane, Waiting>, lane: Lane, drained: Drained) {
        let now = self.writer.clock().now();
        match drained {
            Drained::Empty => {
                self.board.works(&lane);
                waiting.remove(&lane);
            }
            Drained::Held => {}
            Drained::Failed { cause, progress } => {
                let before = waiting.get(&lane).filter(|_| !progress);
                let next = Waiting::after(before, now);
                let (sender, recipient, again) = (&lane.sender, lane.recipient, next.at());
                if next.is_alarming() {
                    metrics::counter!("townlink_relay_delivery_alerts_total").increment(1);
                    tracing::error!(%sender, %recipient, %again, cause, "a delivery fails again and again: telephone the recipient (请电话通知收文单位)");
                } else {
                    tracing::warn!(%sender, %recipient, %again, cause, "a delivery is tried again later");
                }
                self.board.fails(lane.clone(), Failing { failures: next.failures(), again, cause });
                waiting.insert(lane, next);
            }
        }
    }

    /// Completes when the first lane that waits is due.
    async fn due(&self, waiting: &HashMap<Lane, Waiting>) {
        match waiting.values().map(Waiting::at).min() {
            Some(at) => self.writer.clock().sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}

/// Completes a moment after the journal has grown: papers that come close together are looked for together.
async fn gathered(grown: &mut watch::Receiver<u64>) -> Result<(), Failure> {
    grown.changed().await.map_err(Failure::internal)?;
    tokio::time::sleep(GATHER).await;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; there are a few hundred lanes")]
fn gauge(waiting: &HashMap<Lane, Waiting>) {
    metrics::gauge!("townlink_relay_lanes_waiting").set(waiting.len() as f64);
}
