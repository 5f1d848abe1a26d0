//! The door to the inboxes: deliveries that come close together are written together.
//!
//! A gateway that was held up has thousands of papers to deliver, and a commit costs far more than a row. So the gateway may send
//! the next deliveries before the first is answered: all that wait for one way are put in order and settled in one transaction.
//! Calls overtake each other on their way here; one that comes early waits a moment for those before it, and only then is a gap.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use runtime::db::{Turn, Tx};
use runtime::execute::Writer;
use runtime::journal::{self, Author, Event as _};
use runtime::refusal::{Denial, Failure};
use runtime::tasks::Tasks;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;

use super::decide::{self, Verdict};
use super::state::{Delivery, Ending, Way};
use super::{recall, store};
use crate::inbox::rules::Rules;
use crate::refusal::{Refusal, SequenceFault};

/// How many deliveries one transaction settles at most: with the largest payloads, 16 MiB.
const TOGETHER_MAX: usize = 64;

/// How long a way must be quiet until what came early on it is a gap. Calls of one connection arrive within milliseconds of each
/// other; the bound leaves room for a busy machine, and keeps a true gap from being told late.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many may wait on one way for those before them.
const EARLY_MAX: usize = 4 * TOGETHER_MAX;

/// What the failure messages call this.
const WHAT: &str = "the door to the inboxes";

/// The door. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Queue {
    coming: mpsc::Sender<Waiting>,
}

/// A delivery that waits for its answer.
struct Waiting {
    delivery: Arc<Delivery>,
    author: Author,
    answer: oneshot::Sender<Result<Ending, Denial>>,
}

/// Deliveries of one way that came before those they follow.
struct Early {
    run: Vec<Waiting>,
    /// Since when nothing new has come on the way.
    quiet_since: Instant,
}

/// What becomes of a delivery that is ahead of its turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ahead {
    /// It waits for those before it.
    Waits,
    /// It is a gap.
    Refused,
}

impl Queue {
    /// Opens the door over the office's database.
    pub(crate) fn open(writer: Writer, rules: Arc<Rules>, tasks: &Tasks) -> Self {
        let (coming, arrivals) = mpsc::channel(TOGETHER_MAX);
        let arrivals = Arc::new(Mutex::new(arrivals));
        let running = tasks.clone();
        tasks.keep("take deliveries in", move || {
            run(writer.clone(), Arc::clone(&rules), Arc::clone(&arrivals), running.clone())
        });
        Self { coming }
    }

    /// Takes a delivery in, after those before it.
    pub(crate) async fn deliver(&self, delivery: Delivery, author: Author) -> Result<Ending, Denial> {
        let (answer, answered) = oneshot::channel();
        let closed = || Denial::from(Failure::Unavailable { what: WHAT, cause: None });
        let waiting = Waiting { delivery: Arc::new(delivery), author, answer };
        self.coming.send(waiting).await.map_err(|_| closed())?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }
}

/// Settles what comes until the process stops. Whoever is not answered by then delivers again; a client that hangs up does not
/// take its delivery back.
async fn run(
    writer: Writer,
    rules: Arc<Rules>,
    arrivals: Arc<Mutex<mpsc::Receiver<Waiting>>>,
    tasks: Tasks,
) -> Result<(), Failure> {
    let mut arrivals = arrivals.lock().await;
    let mut early: BTreeMap<Way, Early> = BTreeMap::new();
    loop {
        let mut batch = Vec::new();
        tokio::select! {
            received = arrivals.recv_many(&mut batch, TOGETHER_MAX) => if received == 0 { return Ok(()) },
            () = quiet(&early) => {}
            () = tasks.stopping() => return Ok(()),
        }
        let mut coming: BTreeMap<Way, Vec<Waiting>> = BTreeMap::new();
        for waiting in batch {
            coming.entry(waiting.delivery.way.clone()).or_default().push(waiting);
        }
        let mut over: BTreeMap<Way, Vec<Waiting>> = BTreeMap::new();
        early.retain(|way, early| {
            let gone_on = coming.get_mut(way);
            let quiet = early.quiet_since.elapsed() >= PATIENCE;
            match gone_on {
                Some(run) => run.append(&mut early.run),
                None if quiet => drop(over.insert(way.clone(), std::mem::take(&mut early.run))),
                None => return true,
            }
            false
        });
        let coming = coming.into_iter().map(|(way, run)| {
            let ahead = if run.len() > EARLY_MAX { Ahead::Refused } else { Ahead::Waits };
            settle(&writer, &rules, way, run, ahead)
        });
        let over = over.into_iter().map(|(way, run)| settle(&writer, &rules, way, run, Ahead::Refused));
        for (way, run) in join_all(coming.chain(over)).await {
            if !run.is_empty() {
                // Counted from here on: while a transaction was at work, nobody listened to what came.
                early.insert(way, Early { run, quiet_since: Instant::now() });
            }
        }
    }
}

/// Waits until a way on which some came early has been quiet for long enough; for ever, where there is none.
async fn quiet(early: &BTreeMap<Way, Early>) {
    match early.values().map(|early| early.quiet_since + PATIENCE).min() {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Settles what waits for one way, in order, in one transaction. Gives those back that go on waiting.
async fn settle(
    writer: &Writer,
    rules: &Arc<Rules>,
    way: Way,
    mut run: Vec<Waiting>,
    ahead: Ahead,
) -> (Way, Vec<Waiting>) {
    run.sort_by_key(|waiting| waiting.delivery.number);
    let coming: Vec<_> = run.iter().map(|waiting| (Arc::clone(&waiting.delivery), waiting.author.clone())).collect();
    let input = (way.clone(), coming, writer.clone(), Arc::clone(rules));
    let settled =
        writer.run(input, |(way, coming, writer, rules), tx| Box::pin(write(tx, way, coming, writer, rules))).await;
    let early = match settled {
        Ok(endings) => {
            run.into_iter().zip(endings).filter_map(|(waiting, ending)| answer(waiting, ending, ahead)).collect()
        }
        Err(failure) => {
            fail(run, failure);
            Vec::new()
        }
    };
    (way, early)
}

/// The job: a delivery that is refused changes nothing, and those behind it are refused as a gap.
async fn write(
    tx: &mut Tx,
    way: &Way,
    coming: &[(Arc<Delivery>, Author)],
    writer: &Writer,
    rules: &Rules,
) -> Result<Vec<Result<Ending, Refusal>>, Failure> {
    let deliveries: Vec<_> = coming.iter().map(|(delivery, _)| Arc::clone(delivery)).collect();
    recall::take_turn(tx, &way.sender, Turn::Together).await?;
    let mut lane = store::lane(tx.sql(), way, &deliveries).await?;
    let now = writer.clock().now();
    let (mut endings, mut events, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for (delivery, author) in coming {
        endings.push(match decide::decide(&lane, delivery, now, rules) {
            Ok(Verdict::Again(ending)) => Ok(ending),
            Ok(Verdict::Settles(event)) => {
                lane = decide::apply(lane, &event);
                entries.push(journal::prepare(&event.record(), author, now, None)?);
                let ending = event.ending();
                events.push(*event);
                Ok(ending)
            }
            Err(refusal) => Err(refusal),
        });
    }
    store::insert(tx, &events, &entries, rules).await?;
    for entry in entries {
        tx.append(entry);
    }
    Ok(endings)
}

/// Answers a delivery; or gives it back, where it waits for those before it and somebody still waits for it.
fn answer(waiting: Waiting, ending: Result<Ending, Refusal>, ahead: Ahead) -> Option<Waiting> {
    let gap = matches!(ending, Err(Refusal::Sequence { fault: SequenceFault::Gap, .. }));
    if gap && ahead == Ahead::Waits && !waiting.answer.is_closed() {
        return Some(waiting);
    }
    // Whoever hung up gets the same answer when he delivers again.
    let _ = waiting.answer.send(ending.map_err(|refusal| runtime::refusal::Refusal::from(refusal).into()));
    None
}

/// One failure that several deliveries share.
fn fail(run: Vec<Waiting>, failure: Failure) {
    let contention = matches!(failure, Failure::Contention);
    let mut first = Some(failure);
    for waiting in run {
        let other = if contention { Failure::Contention } else { Failure::Unavailable { what: WHAT, cause: None } };
        let failure = first.take().unwrap_or(other);
        let _ = waiting.answer.send(Err(failure.into()));
    }
}
