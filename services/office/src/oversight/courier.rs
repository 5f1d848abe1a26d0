//! Tells other services what they are to know: that a supervision opinion about their case exists, and the opinions that they asked
//! for. Each is told until it is taken; what is told twice is known by its name.
//!
//! The earliest is told first. A service that is away is told nothing more in the same round, so that nothing overtakes what it
//! missed and nobody else waits for it; what a service answers otherwise concerns that record alone, and holds up no other.

use std::sync::Arc;
use std::time::Duration;

use runtime::caller::ServiceName;
use runtime::directory::Directory;
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

    /// Tells one thing, where its service is not away.
    async fn tell(&self, waiting: &Waiting, away: &mut Vec<ServiceName>) -> Result<Round, Failure> {
        let mut reader = self.writer.db().read().await?;
        if waiting.kind == JointReview::TYPE {
            let found = store::load::<JointReview>(reader.sql(), waiting.id).await?;
            drop(reader);
            let Some((review, _)) = found else { return Ok(Round::Done) };
            let service = self.service(&review.service)?;
            if away.contains(&service) {
                return Ok(Round::Left);
            }
            let taken = self.deliver(service, waiting.id, &review).await?;
            noticed(taken, service, away)
                .map_err(|status| Failure::unavailable("the service that asked for opinions", status))?;
            let count = review.opinions.len();
            self.done::<JointReview>(waiting.id, move || ReviewStep::Delivered { count }).await?;
        } else {
            let found = store::load::<SupervisionOpinion>(reader.sql(), waiting.id).await?;
            drop(reader);
            let Some((opinion, _)) = found else { return Ok(Round::Done) };
            let service = self.service(&opinion.service)?;
            if away.contains(&service) {
                return Ok(Round::Left);
            }
            let taken = self.note(service, waiting.id, &opinion).await?;
            noticed(taken, service, away)
                .map_err(|status| Failure::unavailable("the service that holds the case", status))?;
            self.done::<SupervisionOpinion>(waiting.id, || OpinionStep::Noted).await?;
        }
        Ok(Round::Done)
    }

    async fn note(
        &self,
        service: ServiceName,
        id: Uuid,
        opinion: &SupervisionOpinion,
    ) -> Result<Result<(), Status>, Failure> {
        let channel = self.directory.channel(service)?;
        let request = casework::TakeSupervisionOpinionRequest {
            opinion: name::<SupervisionOpinion>(id),
            case_name: opinion.case.name.clone(),
            number: opinion.number(),
            institution: opinion.institution.code().to_owned(),
            issue_time: Some(instant_to_wire(opinion.issued.at)),
        };
        let taken = CaseFileServiceClient::new(channel).take_supervision_opinion(request).await;
        Ok(taken.map(|_| ()))
    }

    async fn deliver(
        &self,
        service: ServiceName,
        id: Uuid,
        review: &JointReview,
    ) -> Result<Result<(), Status>, Failure> {
        let channel = self.directory.channel(service)?;
        let request = casework::TakeOpinionsRequest {
            review: name::<JointReview>(id),
            application: review.application.clone(),
            opinions: crate::opinion::wire::opinions(id, review),
        };
        let taken = OpinionTakerServiceClient::new(channel).take_opinions(request).await;
        Ok(taken.map(|_| ()))
    }

    fn service(&self, name: &str) -> Result<ServiceName, Failure> {
        self.rules.service(name).ok_or_else(|| Failure::internal(format!("{name} is no service that holds cases")))
    }

    async fn done<R: Resource>(
        &self,
        id: Uuid,
        step: impl Fn() -> R::Step + Send + Sync + 'static,
    ) -> Result<(), Failure> {
        let input = (self.clone(), id, step);
        self.writer
            .run(input, |(courier, id, step), tx| {
                Box::pin(async move {
                    let now: Timestamp = courier.writer.clock().now();
                    let command = Command::<R> { id: *id, etag: String::new(), step: step() };
                    let facts = Facts::of_clock(now, &courier.rules);
                    courier.writer.carry_out::<Desk<R>>(tx, &command, &facts).await.map_err(Denial::unforeseen)?;
                    Ok(())
                })
            })
            .await
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
