//! Working one lane: the next papers, in order, until none is queued or the recipient is away.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{BoxStream, FuturesOrdered};
use runtime::db::Tx;
use runtime::directory::Directory;
use runtime::execute::Writer;
use runtime::journal;
use runtime::refusal::Failure;
use tonic::{Code, Status};
use townlink_proto::townlink::office::v1 as office;
use townlink_proto::townlink::office::v1::delivery_service_client::DeliveryServiceClient;
use vocabulary::{Institution, time};

use super::hold::Hold;
use super::{Back, Drained, Work, chain, office_returns};
use crate::OFFICE;
use crate::relay::delivery::store::{self, Ended, Lane, Queued};
use crate::relay::delivery::wire;

/// How many papers of one lane are under way at once: with the largest payloads 4 MiB. The first attempt is with one, since a
/// recipient that is away need not be told of sixteen.
const WINDOW_MAX: usize = 16;

/// How often a recipient that is there is asked again at once, and after which pause of the machine's clock.
const HICCUPS_MAX: u32 = 3;
const HICCUP_PAUSE: Duration = Duration::from_millis(250);

/// Papers into the inboxes of the office. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Deliveries {
    writer: Writer,
    directory: Directory,
    hold: Hold,
}

impl Work for Deliveries {
    type Lane = Lane;

    const LANES_AT_ONCE: usize = 8;

    const NAME: &'static str = "deliveries";

    async fn lanes(&self) -> Result<Vec<Lane>, Failure> {
        store::lanes(self.writer.db().read().await?.sql()).await
    }

    fn drain(&self, lane: Lane) -> impl Future<Output = Drained> + Send + 'static {
        let worker = self.clone();
        async move {
            let mut progress = false;
            match worker.work(&lane, &mut progress).await {
                Ok(drained) => drained,
                Err(cause) => Drained::Failed { cause, progress },
            }
        }
    }

    fn returns(&self) -> Result<BoxStream<'static, Back<Lane>>, Failure> {
        office_returns(&self.directory)
    }
}

impl Deliveries {
    /// The deliveries of a database to the office.
    pub(crate) fn new(writer: Writer, directory: Directory, hold: Hold) -> Self {
        Self { writer, directory, hold }
    }

    async fn work(&self, lane: &Lane, progress: &mut bool) -> Result<Drained, String> {
        let mut window = 1;
        let mut hiccups = 0;
        loop {
            if self.hold.is_on() {
                return Ok(Drained::Held);
            }
            let queued = self.queued(lane, window).await.map_err(|failure| chain(&failure))?;
            if queued.is_empty() {
                return Ok(Drained::Empty);
            }
            let (answers, failed) = self.deliver(lane, &queued).await.map_err(|failure| chain(&failure))?;
            if !answers.is_empty() {
                self.record(lane, queued, &answers).await.map_err(|failure| chain(&failure))?;
                *progress = true;
                metrics::counter!("townlink_relay_deliveries_total").increment(answers.len() as u64);
            }
            match failed {
                None => (window, hiccups) = ((window * 2).min(WINDOW_MAX), 0),
                // What failed among others is tried alone, before anybody is called absent.
                Some(_) if window > 1 => window = 1,
                // A recipient that is there and could not for a moment is not absent.
                Some(status) if hiccups < HICCUPS_MAX && self.is_hiccup(&status) => {
                    hiccups += 1;
                    tokio::time::sleep(HICCUP_PAUSE).await;
                }
                Some(status) => return Err(format!("{}: {}", status.code(), status.message())),
            }
        }
    }

    fn is_hiccup(&self, status: &Status) -> bool {
        let passing = matches!(
            status.code(),
            Code::Unavailable | Code::ResourceExhausted | Code::Aborted | Code::DeadlineExceeded | Code::Cancelled
        );
        passing && self.directory.ready(OFFICE).is_ok_and(|ready| *ready.borrow())
    }

    async fn queued(&self, lane: &Lane, window: usize) -> Result<Vec<Queued>, Failure> {
        let limit = i64::try_from(window).map_err(Failure::internal)?;
        let mut reader = self.writer.db().read().await?;
        store::queued(reader.sql(), lane, limit).await
    }

    /// Makes deliveries, side by side but begun in order. Gives the answers up to the first failure.
    async fn deliver(
        &self,
        lane: &Lane,
        queued: &[Queued],
    ) -> Result<(Vec<office::DeliverResponse>, Option<Status>), Failure> {
        let channel = self.directory.channel(OFFICE)?;
        let mut calls = FuturesOrdered::new();
        for delivery in queued {
            let request = wire::deliver(delivery, lane.recipient)?;
            let mut office = DeliveryServiceClient::new(channel.clone());
            let (directory, paper) = (self.directory.clone(), delivery.name.to_string());
            calls.push_back(async move { directory.within(&paper, "deliver", office.deliver(request)).await });
        }
        let mut answers = Vec::with_capacity(queued.len());
        while let Some(answer) = calls.next().await {
            match answer {
                Ok(answer) => answers.push(answer.into_inner()),
                Err(status) => return Ok((answers, Some(status))),
            }
        }
        Ok((answers, None))
    }

    /// Records how deliveries ended, all in one transaction.
    async fn record(
        &self,
        lane: &Lane,
        mut queued: Vec<Queued>,
        answers: &[office::DeliverResponse],
    ) -> Result<(), Failure> {
        queued.truncate(answers.len());
        let codes = queued.iter().zip(answers).map(|(delivery, answer)| code(delivery, answer)).collect();
        let input = Endings { lane: lane.clone(), queued, codes, writer: self.writer.clone() };
        self.writer.run(input, |input, tx| Box::pin(write(tx, input))).await
    }
}

struct Endings {
    lane: Lane,
    queued: Vec<Queued>,
    codes: Vec<Option<String>>,
    writer: Writer,
}

/// The code with which a delivery was returned; none: delivered. A tombstone's own code says why its paper went no further.
fn code(delivery: &Queued, answer: &office::DeliverResponse) -> Option<String> {
    let returned = (!answer.return_code.is_empty()).then(|| answer.return_code.clone());
    delivery.tombstone.clone().or(returned)
}

async fn write(tx: &mut Tx, endings: &Endings) -> Result<(), Failure> {
    let Endings { lane, queued, codes, writer } = endings;
    let now = writer.clock().now();
    let mut recorded = Vec::with_capacity(queued.len());
    for run in runs(queued, codes) {
        recorded.extend(store::end(tx, lane, &run, time::to_us(now)).await?);
    }
    if recorded.len() != queued.len() {
        // The entries below would tell what did not happen here.
        return Err(Failure::unavailable("the queue", "another dispatcher recorded these deliveries"));
    }
    for ((delivery, code), (number, recorded_us)) in queued.iter().zip(codes).zip(recorded) {
        let before = time::from_us(recorded_us - 1).map_err(Failure::internal)?;
        let record = wire::ended(&delivery.name, lane.recipient, number, code.as_deref(), now);
        tx.append(journal::prepare(&record, &writer.as_service(), now, Some(before))?);
        if lane.recipient == Institution::Office && delivery.tombstone.is_none() && code.is_some() {
            stop_held(tx, writer, delivery, code.as_deref().unwrap_or_default()).await?;
        }
    }
    Ok(())
}

/// A paper that OFFICE's inbox does not take will never be looked at: what waits for OFFICE ends with it.
async fn stop_held(tx: &mut Tx, writer: &Writer, delivery: &Queued, code: &str) -> Result<(), Failure> {
    if store::open(tx, &delivery.name).await?.iter().any(|open| open.held) {
        let record = wire::hold_ended(&delivery.name, Err(code.to_owned()));
        tx.append(writer.prepare(&record, &writer.as_service())?);
    }
    Ok(())
}

/// Neighbours that ended alike, so that few statements write many endings.
fn runs(queued: &[Queued], codes: &[Option<String>]) -> Vec<Ended> {
    let mut runs: Vec<Ended> = Vec::new();
    for (delivery, code) in queued.iter().zip(codes) {
        let number = delivery.place.number;
        match runs.last_mut() {
            Some(run) if run.code == *code && run.last + 1 == number => run.last = number,
            Some(_) | None => runs.push(Ended { first: number, last: number, code: code.clone() }),
        }
    }
    runs
}
