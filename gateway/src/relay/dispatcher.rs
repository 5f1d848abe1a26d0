//! Makes deliveries, in the order of each lane (relay-and-sharing.md §8.6): papers into the town's inboxes, what their senders say
//! about them, and the town's own papers to the county.
//!
//! One leader delivers. Lanes are worked side by side, a bounded number of them, and within a lane a bounded number of things is
//! under way; the queue itself is the database, so a month of papers takes no memory. An answer ends a delivery, whatever it says.
//! Only absence is repeated: after 1, 5, 15 and 60 minutes, then hourly with an alert, by the town's clock, and at once when the
//! recipient is reached again or the gateway starts. Delivering twice is harmless: the recipient knows each number.
//!
//! - [`Work`]: one kind of lanes.
//! - [`board`]: which lanes fail.
//! - [`backoff`]: when a lane that failed is tried again.
//! - [`hold`]: holding everything, in development.
//! - [`lane`]: papers into the inboxes of the office.

mod backoff;
mod board;
mod hold;
mod lane;

use std::collections::HashMap;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};
use runtime::directory::Directory;
use runtime::execute::Writer;
use runtime::refusal::Failure;
use runtime::tasks::Tasks;
use tokio::sync::watch;
use tokio::task::JoinSet;
use vocabulary::Timestamp;

use crate::OFFICE;
use backoff::Waiting;

pub(crate) use board::{Board, Failing};
pub(crate) use hold::{Hold, Holding};
pub(crate) use lane::Deliveries;

/// The advisory lock of the one dispatcher.
const LOCK: i64 = 7_310_579_304_412_411;

/// How long news is gathered before the queue is looked at.
const GATHER: Duration = Duration::from_millis(20);

/// What a lane's work came to.
#[derive(Debug)]
pub(crate) enum Drained {
    /// Nothing is queued any more.
    Empty,
    /// Deliveries are held.
    Held,
    /// A delivery failed.
    Failed {
        /// Why.
        cause: String,
        /// Whether some were made before.
        progress: bool,
    },
}

/// Whoever is there again, so that what waits for him is tried at once.
#[derive(Clone, Debug)]
pub(crate) enum Back<L> {
    /// The recipient of every lane.
    All,
    /// That of one.
    Lane(L),
}

/// One kind of lanes, and how one of them is worked. Cheap to clone.
pub(crate) trait Work: Clone + Send + Sync + 'static {
    /// What is kept in order.
    type Lane: Clone + Debug + Display + Eq + Hash + Send + Sync + 'static;

    /// How many lanes are worked at once.
    const LANES_AT_ONCE: usize;

    /// The name, for logs and metrics.
    const NAME: &'static str;

    /// The lanes in which something is queued.
    fn lanes(&self) -> impl Future<Output = Result<Vec<Self::Lane>, Failure>> + Send;

    /// Works a lane until it is empty or fails.
    fn drain(&self, lane: Self::Lane) -> impl Future<Output = Drained> + Send + 'static;

    /// Tells, for as long as it is asked, who is there again.
    fn returns(&self) -> Result<BoxStream<'static, Back<Self::Lane>>, Failure>;
}

/// Whether the office is there again.
pub(crate) fn office_returns<L: Send + 'static>(directory: &Directory) -> Result<BoxStream<'static, Back<L>>, Failure> {
    let ready = directory.ready(OFFICE)?;
    let returns = stream::unfold(ready, |mut ready| async move {
        loop {
            ready.changed().await.ok()?;
            if *ready.borrow_and_update() {
                return Some((Back::All, ready));
            }
        }
    });
    Ok(returns.chain(stream::pending()).boxed())
}

/// The cause of a failure, with what it rests on.
pub(crate) fn chain(failure: &Failure) -> String {
    use std::error::Error as _;
    failure.source().map_or_else(|| failure.to_string(), |cause| format!("{failure}: {cause}"))
}

/// Makes the deliveries.
#[derive(Clone)]
pub(crate) struct Dispatcher<W, N, O> {
    writer: Writer,
    hold: Hold,
    board: Board,
    deliveries: W,
    notices: N,
    outgoing: O,
}

impl<W: Work, N: Work, O: Work> Dispatcher<W, N, O> {
    /// A dispatcher over the gateway's queues; `hold` may stop it in development, and `board` tells which lanes
    /// fail.
    pub(crate) fn new(writer: Writer, hold: Hold, board: Board, deliveries: W, notices: N, outgoing: O) -> Self {
        Self { writer, hold, board, deliveries, notices, outgoing }
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
        tokio::try_join!(
            dispatch(&self.writer, &self.hold, &self.board, &self.deliveries),
            dispatch(&self.writer, &self.hold, &self.board, &self.notices),
            dispatch(&self.writer, &self.hold, &self.board, &self.outgoing),
        )?;
        Ok(())
    }
}

/// Works one kind of lanes for ever.
async fn dispatch<W: Work>(writer: &Writer, hold: &Hold, board: &Board, work: &W) -> Result<(), Failure> {
    let mut grown = writer.db().journal_grown();
    let mut returns = work.returns()?;
    // Each with whether its recipient came back since it was begun: what fails then had a connection that was lost before.
    let mut busy: HashMap<W::Lane, bool> = HashMap::new();
    let mut waiting: HashMap<W::Lane, Waiting> = HashMap::new();
    // Tasks, not futures of this one: a lane that holds a connection goes on while the queue is looked at for the next.
    let mut under_way = JoinSet::new();
    loop {
        grown.mark_unchanged();
        let held = hold.is_on();
        if !held {
            let now = writer.clock().now();
            for lane in lanes(work, &busy, &waiting, now).await? {
                busy.insert(lane.clone(), false);
                let drained = work.drain(lane.clone());
                under_way.spawn(async move { (lane, drained.await) });
            }
        }
        gauge::<W>(&waiting);
        tokio::select! {
            Some(ended) = under_way.join_next(), if !under_way.is_empty() => {
                let (lane, drained) = ended.map_err(Failure::internal)?;
                let back = busy.remove(&lane).unwrap_or_default();
                note::<W>(writer, board, &mut waiting, lane.clone(), drained);
                if back {
                    waiting.get_mut(&lane).into_iter().for_each(Waiting::retry_now);
                }
            }
            // The journal tells of every number that is given, here or by another replica.
            news = gathered(&mut grown) => news?,
            Some(back) = returns.next() => match back {
                Back::All => {
                    waiting.values_mut().for_each(Waiting::retry_now);
                    busy.values_mut().for_each(|back| *back = true);
                }
                Back::Lane(lane) => {
                    waiting.get_mut(&lane).into_iter().for_each(Waiting::retry_now);
                    busy.get_mut(&lane).into_iter().for_each(|back| *back = true);
                }
            },
            () = due(writer, &waiting) => {}
            () = hold.changed(held) => {}
        }
    }
}

/// The lanes to begin with now.
async fn lanes<W: Work>(
    work: &W,
    busy: &HashMap<W::Lane, bool>,
    waiting: &HashMap<W::Lane, Waiting>,
    now: Timestamp,
) -> Result<Vec<W::Lane>, Failure> {
    let room = W::LANES_AT_ONCE.saturating_sub(busy.len());
    if room == 0 {
        return Ok(Vec::new());
    }
    let mut lanes = work.lanes().await?;
    let waits = |lane: &W::Lane| waiting.get(lane).is_some_and(|waiting| !waiting.is_due(now));
    lanes.retain(|lane| !busy.contains_key(lane) && !waits(lane));
    lanes.truncate(room);
    Ok(lanes)
}

/// What a lane's work came to.
fn note<W: Work>(
    writer: &Writer,
    board: &Board,
    waiting: &mut HashMap<W::Lane, Waiting>,
    lane: W::Lane,
    drained: Drained,
) {
    match drained {
        Drained::Empty => {
            board.works(W::NAME, &lane);
            waiting.remove(&lane);
        }
        Drained::Held => {}
        Drained::Failed { cause, progress } => {
            let before = waiting.get(&lane).filter(|_| !progress);
            let next = Waiting::after(before, writer.clock().now());
            let (work, again) = (W::NAME, next.at());
            if next.is_alarming() {
                metrics::counter!("townlink_relay_delivery_alerts_total", "work" => work).increment(1);
                tracing::error!(work, %lane, %again, cause, "a delivery fails again and again: telephone the recipient (请电话通知收文单位)");
            } else {
                tracing::warn!(work, %lane, %again, cause, "a delivery is tried again later");
            }
            board.fails(W::NAME, &lane, Failing { failures: next.failures(), again, cause });
            waiting.insert(lane, next);
        }
    }
}

/// Completes when the first lane that waits is due.
async fn due<L>(writer: &Writer, waiting: &HashMap<L, Waiting>) {
    match waiting.values().map(Waiting::at).min() {
        Some(at) => writer.clock().sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Completes a moment after the journal has grown: papers that come close together are looked for together.
async fn gathered(grown: &mut watch::Receiver<u64>) -> Result<(), Failure> {
    grown.changed().await.map_err(Failure::internal)?;
    tokio::time::sleep(GATHER).await;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; there are a few hundred lanes")]
fn gauge<W: Work>(waiting: &HashMap<W::Lane, Waiting>) {
    metrics::gauge!("townlink_relay_lanes_waiting", "work" => W::NAME).set(waiting.len() as f64);
}
