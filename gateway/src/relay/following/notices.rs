//! Tells the office of urges and recalls, again and again until it answers.
//!
//! The office was asked about a recall before it was journalled; it is told once more when the paper's deliveries have ended, since
//! one of them may have been under way at that moment. A refusal ends a notice, and is on record.

use std::time::Duration;

use futures::stream::BoxStream;
use runtime::db::Tx;
use runtime::directory::Directory;
use runtime::execute::Writer;
use runtime::journal;
use runtime::refusal::fields::instant_to_wire;
use runtime::refusal::{self, Failure};
use tonic::{Code, Status};
use townlink_proto::townlink::office::v1 as office;
use townlink_proto::townlink::office::v1::delivery_service_client::DeliveryServiceClient;
use vocabulary::{DepartmentCode, time};

use super::store::{self, Notice};
use super::wire;
use crate::OFFICE;
use crate::relay::dispatcher::{Back, Drained, Hold, Work, chain, office_returns};

/// How long the office may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Notices to the office. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Notices {
    writer: Writer,
    directory: Directory,
    hold: Hold,
}

impl Notices {
    /// The notices of a database.
    pub(crate) fn new(writer: Writer, directory: Directory, hold: Hold) -> Self {
        Self { writer, directory, hold }
    }

    async fn work(&self, sender: &DepartmentCode, progress: &mut bool) -> Result<Drained, String> {
        loop {
            if self.hold.is_on() {
                return Ok(Drained::Held);
            }
            let notice = self.next(sender).await.map_err(|failure| chain(&failure))?;
            let Some(notice) = notice else { return Ok(Drained::Empty) };
            let code = match self.tell(&notice).await.map_err(|failure| chain(&failure))? {
                Ok(()) => String::new(),
                Err(status) => refused(&status).ok_or_else(|| format!("{}: {}", status.code(), status.message()))?,
            };
            if notice.recall && !code.is_empty() {
                tracing::error!(paper = %notice.name, code, "a paper was signed for while it was recalled; settle it with its sender (请与发文机关核实)");
            }
            self.record(notice, code).await.map_err(|failure| chain(&failure))?;
            *progress = true;
        }
    }

    async fn next(&self, sender: &DepartmentCode) -> Result<Option<Notice>, Failure> {
        store::next(self.writer.db().read().await?.sql(), sender).await
    }

    async fn tell(&self, notice: &Notice) -> Result<Result<(), Status>, Failure> {
        if notice.recall {
            return Ok(ask_recall(&self.directory, notice).await?.map(|_| ()));
        }
        let request = office::UrgeRequest {
            paper: notice.name.to_string(),
            note: notice.note.clone(),
            time: Some(instant_to_wire(notice.at)),
            urge: notice.notice.clone(),
        };
        let mut office = DeliveryServiceClient::new(self.directory.channel(OFFICE)?);
        let told = tokio::time::timeout(PATIENCE, office.urge(request)).await;
        let told = told.map_err(|late| Failure::unavailable("the office", late))?;
        Ok(told.map(|_| ()))
    }

    async fn record(&self, notice: Notice, code: String) -> Result<(), Failure> {
        let input = (notice, code, self.writer.clone());
        self.writer.run(input, |(notice, code, writer), tx| Box::pin(write(tx, notice, code, writer))).await
    }
}

async fn write(tx: &mut Tx, notice: &Notice, code: &str, writer: &Writer) -> Result<(), Failure> {
    let now = writer.clock().now();
    let last = time::from_us(notice.recorded_us).map_err(Failure::internal)?;
    let record = wire::ended(&notice.name, &notice.notice, code, now);
    let entry = journal::prepare(&record, &writer.as_service(), now, Some(last))?;
    if store::end(tx, notice, code, time::to_us(now), time::to_us(entry.recorded())).await? {
        tx.append(entry);
    }
    Ok(())
}

/// Asks the office to take a paper back.
pub(super) async fn ask_recall(
    directory: &Directory,
    notice: &Notice,
) -> Result<Result<office::RecallResponse, Status>, Failure> {
    let request = office::RecallRequest {
        paper: notice.name.to_string(),
        document_number: notice.document_number.clone(),
        reason: notice.note.clone(),
        time: Some(instant_to_wire(notice.at)),
    };
    let mut office = DeliveryServiceClient::new(directory.channel(OFFICE)?);
    let asked = tokio::time::timeout(PATIENCE, office.recall(request)).await;
    let asked = asked.map_err(|late| Failure::unavailable("the office", late))?;
    Ok(asked.map(tonic::Response::into_inner))
}

/// The code with which the office refuses, if it does: an absent office, or one that fails, refuses nothing.
pub(super) fn refused(status: &Status) -> Option<String> {
    let decided = matches!(
        status.code(),
        Code::FailedPrecondition
            | Code::PermissionDenied
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
    );
    let seen = refusal::read(status).filter(|_| decided)?;
    Some(if seen.code.is_empty() { format!("{:?}", status.code()) } else { seen.code })
}

impl Work for Notices {
    type Lane = DepartmentCode;

    const LANES_AT_ONCE: usize = 4;

    const NAME: &'static str = "notices";

    async fn lanes(&self) -> Result<Vec<DepartmentCode>, Failure> {
        store::lanes(self.writer.db().read().await?.sql()).await
    }

    fn drain(&self, sender: DepartmentCode) -> impl Future<Output = Drained> + Send + 'static {
        let notices = self.clone();
        async move {
            let mut progress = false;
            match notices.work(&sender, &mut progress).await {
                Ok(drained) => drained,
                Err(cause) => Drained::Failed { cause, progress },
            }
        }
    }

    fn returns(&self) -> Result<BoxStream<'static, Back<DepartmentCode>>, Failure> {
        office_returns(&self.directory)
    }
}
