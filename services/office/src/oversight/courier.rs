//! Tells other services what they are to know: that a supervision opinion about their case exists, and the opinions that they asked
//! for. Each is told until it is taken; what is told twice is known by its name.
//!
//! The earliest is told first. A service that is away is told nothing more in the same round, so that nothing overtakes what it
//! missed and nobody else waits for it; what a service answers otherwise concerns that record alone, and holds up no other.

use std::sync::Arc;
use std::time::Duration;

use runtime::caller::ServiceName;
use runtime::directory::{Directory, PeerChannel};
use runtime::execute::Writer;
use runtime::refusal::{Denial, Failure};
use runtime::tasks::Tasks;
use tonic::{Code, Status};
use townlink_proto::townlink::casework::v1 as casework;
use townlink_proto::townlink::casework::v1::case_file_service_client::CaseFileServiceClient;
use townlink_proto::townlink::casework::v1::opinion_taker_service_client::OpinionTakerServiceClient;
use uuid::Uuid;
use vocabulary::Timestamp;

use super::facts::Facts;
use super::record::{Command, Desk, Resource, name};
use super::settings::Rules;
use super::store::{self, Place, Waiting};
use crate::fields::instant_to_wire;
use crate::opinion::decide::Step as ReviewStep;
use crate::opinion::state::JointReview;
use crate::supervision::decide::instrument::Step as OpinionStep;
use crate::supervision::state::SupervisionOpinion;

/// How many are told between two looks at what is still to be told.
const BATCH: i64 = 64;

/// The pause after the journal has grown: changes come in groups.
const GATHER: Duration = Duration::from_millis(20);

/// The pause after something could not be told, doubled up to the longest one.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The courier of the office. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Courier {
    writer: Writer,
    directory: Directory,
    rules: Arc<Rules>,
}

/// What came of one round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Everything is told.
    Done,
    /// Something could not be told now.
    Left,
}

impl Courier {
    /// Over the office's database.
    pub(crate) const fn new(writer: Writer, directory: Directory, rules: Arc<Rules>) -> Self {
        Self { writer, directory, rules }
    }

    /// Tells what is to be told, until the process stops.
    pub(crate) fn start(self, tasks: &Tasks) {
        let set = tasks.clone();
        tasks.keep("tell of opinions", move || {
            let (courier, set) = (self.clone(), set.clone());
            async move {
                tokio::select! {
                    ended = courier.run() => ended,
                    () = set.stopping() => Ok(()),
                }
            }
        });
    }

    async fn run(&self) -> Result<(), Failure> {
        let mut grown = self.writer.db().journal_grown();
        let mut pause = PAUSE_MIN;
        loop {
            grown.mark_unchanged();
            if self.round().await? == Round::Left {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            } else {
                pause = PAUSE_MIN;
                grown.changed().await.map_err(Failure::internal)?;
                tokio::time::sleep(GATHER).await;
            }
        }
    }

    async fn round(&self) -> Result<Round, Failure> {
        let (mut round, mut after, mut away) = (Round::Done, Place::default(), Vec::new());
        loop {
            let mut reader = self.writer.db().read().await?;
            let waiting = store::untold(reader.sql(), &after, BATCH).await?;
            drop(reader);
            let Some((_, last)) = waiting.last() else { return Ok(round) };
            after = last.clone();
            for (waiting, _) in waiting {
                match self.tell(&waiting, &mut away).await {
                    Ok(Round::Done) => {}
                    Ok(Round::Left) => round = Round::Left,
                    Err(failure) => {
                        let cause = runtime::telemetry::chain(&failure);
                        tracing::warn!(record = %waiting.id, cause, "another service could not be told; it will be tried again");
                        round = Round::Left;
                    }
                }
            }
        }
    }

    async fn tell(&self, waiting: &Waiting, away: &mut Vec<ServiceName>) -> Result<Round, Failure> {
        if waiting.kind == JointReview::TYPE {
            self.bring::<JointReview>(waiting.id, away).await
        } else {
            self.bring::<SupervisionOpinion>(waiting.id, away).await
        }
    }

    /// Tells a record to its service, where that is not away.
    async fn bring<R: Told>(&self, id: Uuid, away: &mut Vec<ServiceName>) -> Result<Round, Failure> {
        let mut reader = self.writer.db().read().await?;
        let found = store::load::<R>(reader.sql(), id).await?;
        drop(reader);
        let Some((record, _)) = found else { return Ok(Round::Done) };
        let service = self.service(record.service())?;
        if away.contains(&service) {
            return Ok(Round::Left);
        }
        let taken = record.bring(id, self.directory.channel(service)?).await;
        noticed(taken, service, away).map_err(|status| Failure::unavailable(R::TAKER, status))?;
        self.done(id, record).await?;
        Ok(Round::Done)
    }

    fn service(&self, name: &str) -> Result<ServiceName, Failure> {
        self.rules.service(name).ok_or_else(|| Failure::internal(format!("{name} is no service that holds cases")))
    }

    async fn done<R: Told>(&self, id: Uuid, record: R) -> Result<(), Failure> {
        let input = (self.clone(), id, record);
        self.writer
            .run(input, |(courier, id, record), tx| {
                Box::pin(async move {
                    let now: Timestamp = courier.writer.clock().now();
                    let command = Command::<R> { id: *id, etag: String::new(), step: record.told() };
                    let facts = Facts::of_clock(now, &courier.rules);
                    courier.writer.carry_out::<Desk<R>>(tx, &command, &facts).await.map_err(Denial::unforeseen)?;
                    Ok(())
                })
            })
            .await
    }
}

/// A record that another service is told of.
trait Told: Resource {
    /// What the service is to it, for the failure that it is away.
    const TAKER: &'static str;

    /// The name of the service.
    fn service(&self) -> &str;

    /// Brings it to the service.
    fn bring(&self, id: Uuid, to: PeerChannel) -> impl Future<Output = Result<(), Status>> + Send;

    /// The step by which it is known to be told, as it was brought.
    fn told(&self) -> Self::Step;
}

impl Told for SupervisionOpinion {
    const TAKER: &'static str = "the service that holds the case";

    fn service(&self) -> &str {
        &self.service
    }

    async fn bring(&self, id: Uuid, to: PeerChannel) -> Result<(), Status> {
        let request = casework::TakeSupervisionOpinionRequest {
            opinion: name::<Self>(id),
            case_name: self.case.name.clone(),
            number: self.number(),
            institution: self.institution.code().to_owned(),
            issue_time: Some(instant_to_wire(self.issued.at)),
        };
        CaseFileServiceClient::new(to).take_supervision_opinion(request).await.map(|_| ())
    }

    fn told(&self) -> OpinionStep {
        OpinionStep::Noted
    }
}

impl Told for JointReview {
    const TAKER: &'static str = "the service that asked for opinions";

    fn service(&self) -> &str {
        &self.service
    }

    async fn bring(&self, id: Uuid, to: PeerChannel) -> Result<(), Status> {
        let request = casework::TakeOpinionsRequest {
            review: name::<Self>(id),
            application: self.application.clone(),
            opinions: crate::opinion::wire::opinions(id, self),
        };
        OpinionTakerServiceClient::new(to).take_opinions(request).await.map(|_| ())
    }

    fn told(&self) -> ReviewStep {
        ReviewStep::Delivered { count: self.opinions.len() }
    }
}

/// Notes a service that gave no answer of its own.
fn noticed(taken: Result<(), Status>, service: ServiceName, away: &mut Vec<ServiceName>) -> Result<(), Status> {
    let absent = |status: &Status| {
        matches!(
            status.code(),
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::ResourceExhausted
        )
    };
    taken.inspect_err(|status| {
        if absent(status) {
            away.push(service);
        }
    })
}
