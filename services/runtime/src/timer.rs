//! What falls due by the town's clock: reminders, alarms, limits that run out. Each takes effect once, also after a restart and
//! with several replicas.
//!
//! A thing that has something due keeps the next instant in a column of its own row, so that what is due is a question to the
//! database and no list in memory that a restart would lose. Whatever changes the row sets the column anew; where nothing is
//! due any more, it is null. Replicas may fire at the same moment: the version guard lets one of them have the effect, and the
//! other finds nothing left to do.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use vocabulary::Timestamp;

use crate::db::{Connection, Tx};
use crate::execute::Writer;
use crate::refusal::Failure;
use crate::tasks::Tasks;

/// The pause after the journal has grown, before the next instant is asked for again: changes come in groups.
const GATHER: Duration = Duration::from_millis(20);

/// The pause after nothing took effect although something was due.
const STUCK: Duration = Duration::from_secs(1);

/// A kind of things that fall due.
pub trait Timed: Send + Sync + 'static {
    /// The name, for logs and metrics.
    fn name(&self) -> &'static str;

    /// The earliest instant at which something falls due; none where nothing waits.
    fn next(&self, sql: &mut Connection) -> impl Future<Output = Result<Option<Timestamp>, Failure>> + Send;

    /// Lets take effect what is due at `now`, in one transaction: a bounded number of things, the earliest first. Each of them sets
    /// its next instant later than `now`, or to none. Gives how many they were. May run more than once, like every job; and since
    /// another replica may fire between the reading of what is due and its effect, the decision looks at the thing itself again.
    fn fire(&self, tx: &mut Tx, now: Timestamp) -> impl Future<Output = Result<usize, Failure>> + Send;
}

/// Fires what is due, until the process stops.
pub fn start(timed: impl Timed, writer: &Writer, tasks: &Tasks) {
    let timed = Arc::new(timed);
    let (writer, set) = (writer.clone(), tasks.clone());
    tasks.keep("timer", move || {
        let (timed, writer, set) = (Arc::clone(&timed), writer.clone(), set.clone());
        async move {
            tokio::select! {
                ended = follow(&timed, &writer) => ended,
                () = set.stopping() => Ok(()),
            }
        }
    });
}

async fn follow<T: Timed>(timed: &Arc<T>, writer: &Writer) -> Result<(), Failure> {
    let mut grown = writer.db().journal_grown();
    loop {
        grown.mark_unchanged();
        let next = timed.next(writer.db().read().await?.sql()).await?;
        let now = writer.clock().now();
        match next {
            Some(at) if at <= now => {
                // Nothing took effect: another replica was faster, or what is due cannot be.
                if fire(timed, writer).await? == 0 {
                    tokio::time::sleep(STUCK).await;
                }
            }
            next => {
                tokio::select! {
                    () = sleep_until(writer, next) => {}
                    changed = grown.changed() => {
                        changed.map_err(Failure::internal)?;
                        tokio::time::sleep(GATHER).await;
                    }
                }
            }
        }
    }
}

async fn sleep_until(writer: &Writer, next: Option<Timestamp>) {
    match next {
        Some(at) => writer.clock().sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn fire<T: Timed>(timed: &Arc<T>, writer: &Writer) -> Result<usize, Failure> {
    let job = (Arc::clone(timed), writer.clone());
    let fired = writer.run(job, |(timed, writer), tx| Box::pin(timed.fire(tx, writer.clock().now()))).await?;
    metrics::counter!("townlink_timer_fired_total", "timer" => timed.name())
        .increment(u64::try_from(fired).unwrap_or_default());
    Ok(fired)
}
