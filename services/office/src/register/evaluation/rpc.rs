//! The evaluation contract: admit, gather facts, execute, reply.

use std::sync::Arc;

use runtime::access::{admit_read, admit_write};
use runtime::layers::raw;
use runtime::refusal::Denial;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::evaluation_service_server::EvaluationService;
use vocabulary::time;

use super::unit::{Evaluating, Facts};
use super::{store, wire};
use crate::fields::{Fields, page};
use crate::register::Shared;

/// Serves evaluations.
pub(crate) struct EvaluationRpc {
    shared: Arc<Shared>,
}

impl EvaluationRpc {
    /// The contract over the register.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl EvaluationService for EvaluationRpc {
    async fn list_evaluations(
        &self,
        mut request: Request<pb::ListEvaluationsRequest>,
    ) -> Result<Response<pb::ListEvaluationsResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let mut fields = Fields::new();
        let by = fields.some_day("due_by", request.due_by.as_ref());
        let by = fields.finish(by)?.unwrap_or_else(|| time::town_date(reading.now));
        let page = page(request.page_size, &request.page_token, &format!("evaluations?due_by={by}"))?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let mut reader = self.shared.writer.db().read().await.map_err(Denial::from)?;
        let rows = store::page(reader.sql(), by, &page).await?;
        let key = |due: &super::state::Due| {
            format!("{}/{}", due.day.map(|day| day.to_string()).unwrap_or_default(), due.grant.0)
        };
        let (rows, next_page_token) = page.close(rows, key);
        let evaluations = rows.iter().map(|due| wire::due(due, &register)).collect();
        Ok(Response::new(pb::ListEvaluationsResponse { evaluations, next_page_token }))
    }

    async fn record_evaluation(
        &self,
        mut request: Request<pb::RecordEvaluationRequest>,
    ) -> Result<Response<pb::Grant>, Status> {
        let call = admit_write(&mut request)?;
        let wanted = wire::wanted(request.into_inner())?;
        let facts =
            Facts { index: Arc::clone(&self.shared.index), rules: Arc::clone(&self.shared.rules), now: call.now };
        Ok(raw(self.shared.writer.execute::<Evaluating>(call, wanted, facts).await?))
    }
}
