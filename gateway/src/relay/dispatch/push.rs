//! Brings dispatches to the endpoints of departments that serve one, each department by itself: the outage of one delays no other.
//!
//! Within a department one dispatch is under way at a time, since the next one follows it. What a department answers ends the
//! delivery; absence is repeated by the back-off of the dispatcher, and at once when its endpoint is reached again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use runtime::db::Tx;
use runtime::directory::Remote;
use runtime::execute::Writer;
use runtime::refusal::{Denial, Failure};
use tokio::sync::watch;
use tonic::transport::Channel;
use townlink_proto::townlink::county::v1 as county;
use townlink_proto::townlink::county::v1::county_receiver_service_client::CountyReceiverServiceClient;
use vocabulary::DepartmentCode;
use vocabulary::text::is_plain;

use super::state::{Acknowledge, DispatchName, Facts, Kind};
use super::store::{self, Kept};
use super::wire;
use crate::relay::dispatcher::{Back, Drained, Hold, Work, chain};

/// How long a department may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pauses, by the machine's clock, between two looks at an endpoint that was not reached.
const LOOK_MIN: Duration = Duration::from_millis(100);
const LOOK_MAX: Duration = Duration::from_secs(5);

/// The reason of a return that gives none which could be kept.
const NO_REASON: &str = "（未说明理由）";

/// The endpoint of a department.
#[derive(Clone)]
pub(crate) struct County {
    channel: Channel,
    remote: Remote,
    /// How often in a row it was not reached.
    failures: watch::Sender<u64>,
}

impl County {
    /// An endpoint somewhere.
    pub(crate) fn new(remote: Remote) -> Self {
        Self { channel: remote.channel(), remote, failures: watch::Sender::new(0) }
    }
}

/// Pushes dispatches. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Push {
    writer: Writer,
    hold: Hold,
    endpoints: Arc<HashMap<DepartmentCode, County>>,
}

impl Push {
    /// Pushes to these departments; all others pull.
    pub(crate) fn new(writer: Writer, hold: Hold, endpoints: HashMap<DepartmentCode, County>) -> Self {
        Self { writer, hold, endpoints: Arc::new(endpoints) }
    }

    async fn work(
        &self,
        department: &DepartmentCode,
        endpoint: &County,
        progress: &mut bool,
    ) -> Result<Drained, String> {
        loop {
            if self.hold.is_on() {
                return Ok(Drained::Held);
            }
            let kept = self.next(department).await.map_err(|failure| chain(&failure))?;
            let Some(kept) = kept else { return Ok(Drained::Empty) };
            let name = kept.outgoing.name.clone();
            let mut client = CountyReceiverServiceClient::new(endpoint.channel.clone());
            let request = county::ReceiveRequest { dispatch: Some(kept.shown) };
            let answer = match tokio::time::timeout(PATIENCE, client.receive(request)).await {
                Ok(Ok(answer)) => answer.into_inner(),
                Ok(Err(status)) => return Err(format!("{}: {}", status.code(), status.message())),
                Err(_) => return Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
            };
            let answers = answers(&name, answer).ok_or("the endpoint answered neither RECEIVED nor RETURNED")?;
            self.record(answers).await.map_err(|failure| chain(&failure))?;
            *progress = true;
            metrics::counter!("townlink_relay_dispatches_pushed_total").increment(1);
        }
    }

    async fn next(&self, department: &DepartmentCode) -> Result<Option<Kept>, Failure> {
        store::next(self.writer.db().read().await?.sql(), department).await
    }

    async fn record(&self, answers: Vec<Acknowledge>) -> Result<(), Failure> {
        self.writer
            .run((answers, self.writer.clone()), |(answers, writer), tx| Box::pin(write(tx, answers, writer)))
            .await
    }
}

/// What an answer acknowledges: whoever returns a paper has received it.
fn answers(name: &DispatchName, answer: county::ReceiveResponse) -> Option<Vec<Acknowledge>> {
    let receipt = if answer.receipt.len() > wire::RECEIPT_BYTES_MAX {
        tracing::error!(dispatch = %name, "the receipt of an endpoint is too long to be kept");
        Bytes::new()
    } else {
        answer.receipt.clone()
    };
    let acknowledge = |kind, reason, receipt| Acknowledge { name: name.clone(), kind, reason, receipt };
    match wire::kind(answer.r#type())? {
        Kind::Received => Some(vec![acknowledge(Kind::Received, String::new(), receipt)]),
        Kind::Returned => {
            let reason: String = answer.reason.chars().take(wire::REASON_MAX).collect();
            let reason = if reason.trim().is_empty() || !is_plain(&reason) { NO_REASON.to_owned() } else { reason };
            let received = acknowledge(Kind::Received, String::new(), Bytes::new());
            Some(vec![received, acknowledge(Kind::Returned, reason, receipt)])
        }
        Kind::SignedFor | Kind::Completed => None,
    }
}

async fn write(tx: &mut Tx, answers: &[Acknowledge], writer: &Writer) -> Result<(), Failure> {
    let facts = Facts { now: writer.clock().now() };
    for acknowledge in answers {
        match writer.carry_out::<Kept>(tx, acknowledge, &facts).await {
            Ok(_) => {}
            // The department has acknowledged more than that by itself meanwhile.
            Err(Denial::Refused(refusal)) => {
                tracing::info!(dispatch = %acknowledge.name, refusal = refusal.message, "an answer came late");
            }
            Err(denial) => return Err(denial.unforeseen()),
        }
    }
    Ok(())
}

impl Work for Push {
    type Lane = DepartmentCode;

    const LANES_AT_ONCE: usize = 64;

    const NAME: &'static str = "dispatches";

    async fn lanes(&self) -> Result<Vec<DepartmentCode>, Failure> {
        if self.endpoints.is_empty() {
            return Ok(Vec::new());
        }
        let mut lanes = store::lanes(self.writer.db().read().await?.sql()).await?;
        lanes.retain(|department| self.endpoints.contains_key(department));
        Ok(lanes)
    }

    fn drain(&self, department: DepartmentCode) -> impl Future<Output = Drained> + Send + 'static {
        let push = self.clone();
        async move {
            let Some(endpoint) = push.endpoints.get(&department) else { return Drained::Empty };
            let mut progress = false;
            match push.work(&department, endpoint, &mut progress).await {
                Ok(drained) => {
                    endpoint.failures.send_replace(0);
                    drained
                }
                Err(cause) => {
                    endpoint.failures.send_modify(|failures| *failures = if progress { 1 } else { *failures + 1 });
                    Drained::Failed { cause, progress }
                }
            }
        }
    }

    fn returns(&self) -> Result<BoxStream<'static, Back<DepartmentCode>>, Failure> {
        let endpoints: Vec<_> = self.endpoints.iter().map(|(code, it)| (code.clone(), it.clone())).collect();
        let looks = endpoints.into_iter().map(|(department, endpoint)| {
            let look = Look { failures: endpoint.failures.subscribe(), endpoint, told: false };
            stream::unfold((look, department), |(mut look, department)| async move {
                look.returned().await?;
                Some((Back::Lane(department.clone()), (look, department)))
            })
            .boxed()
        });
        Ok(stream::select_all(looks).chain(stream::pending()).boxed())
    }
}

/// Looks whether an endpoint that was not reached is there again.
struct Look {
    endpoint: County,
    failures: watch::Receiver<u64>,
    /// Whether a return was told since the endpoint last answered: one that takes connections and answers none waits for the
    /// back-off, and not for this.
    told: bool,
}

impl Look {
    /// Completes when a connection to the endpoint stands again, with the proof of who it is; never, where the dispatcher is gone.
    async fn returned(&mut self) -> Option<()> {
        let mut absent = false;
        let mut pause = LOOK_MIN;
        loop {
            if *self.failures.borrow_and_update() == 0 {
                (absent, self.told, pause) = (false, false, LOOK_MIN);
                self.failures.changed().await.ok()?;
                continue;
            }
            let reached = self.endpoint.remote.probe().await.is_ok();
            if reached && (absent || !self.told) {
                self.told = true;
                return Some(());
            }
            absent = !reached;
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LOOK_MAX),
                changed = self.failures.changed() => changed.ok()?,
            }
        }
    }
}
