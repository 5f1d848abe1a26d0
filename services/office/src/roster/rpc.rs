//! The roster contract: admit, gather facts, execute, reply.

use runtime::access::{admit_read, admit_write};
use runtime::caller::PersonId;
use runtime::execute::Writer;
use runtime::layers::raw;
use runtime::people::Post as RuntimePost;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::roster_service_server::RosterService;
use vocabulary::time;

use super::Roster;
use super::decide::Command;
use super::state::{Person, Post};
use super::store::{self, Facts};
use super::wire;
use crate::fields::{Fields, page};

/// How long the id of a person may be that a list is asked for.
const PERSON_MAX: usize = 200;

/// Serves the roster.
pub(crate) struct RosterRpc {
    writer: Writer,
    roster: Roster,
}

impl RosterRpc {
    /// The contract over the office's database.
    pub(crate) fn new(writer: Writer, roster: Roster) -> Self {
        Self { writer, roster }
    }

    async fn change(&self, call: runtime::call::Call, command: Command) -> Result<Response<pb::Assignment>, Status> {
        let officer = call.access.person().map(ToString::to_string);
        let facts = Facts { today: time::town_date(call.now), officer, roster: self.roster.clone() };
        let answer = self.writer.execute::<Person>(call, command, facts).await?;
        Ok(raw(answer))
    }
}

#[tonic::async_trait]
impl RosterService for RosterRpc {
    async fn assign_role(
        &self,
        mut request: Request<pb::AssignRoleRequest>,
    ) -> Result<Response<pb::Assignment>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::assign(request.into_inner(), call.request_id)?;
        self.change(call, command).await
    }

    async fn end_assignment(
        &self,
        mut request: Request<pb::EndAssignmentRequest>,
    ) -> Result<Response<pb::Assignment>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::end(request.into_inner())?;
        self.change(call, command).await
    }

    async fn list_assignments(
        &self,
        mut request: Request<pb::ListAssignmentsRequest>,
    ) -> Result<Response<pb::ListAssignmentsResponse>, Status> {
        admit_read(&mut request)?;
        let request = request.into_inner();
        let mut fields = Fields::new();
        fields.words("person", &request.person, PERSON_MAX);
        fields.finish(Some(()))?;
        let list = format!("assignments?person={}", request.person);
        let page = page(request.page_size, &request.page_token, &list)?;
        let mut reader = self.writer.db().read().await?;
        let assignments = store::page(reader.sql(), &request.person, &page).await?;
        let (assignments, next_page_token) = page.close(assignments, store::key);
        Ok(Response::new(pb::ListAssignmentsResponse { assignments, next_page_token }))
    }

    async fn get_standing(
        &self,
        mut request: Request<pb::GetStandingRequest>,
    ) -> Result<Response<pb::Standing>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let mut fields = Fields::new();
        let person = fields.read("person", "", PersonId::parse(&request.person));
        let day = fields.some_day("date", request.date.as_ref());
        let (person, day) = fields.finish(person.zip(day))?;
        let day = day.unwrap_or_else(|| time::town_date(reading.now));
        let standing = self.roster.standing_on(&person, day).await?;
        let shown = standing
            .map(|standing| pb::Standing { post: post(standing.post).code().to_owned(), roles: standing.roles });
        Ok(Response::new(shown.unwrap_or_default()))
    }
}

const fn post(post: RuntimePost) -> Post {
    match post {
        RuntimePost::Institution(institution) => Post::Institution(institution),
        RuntimePost::TownLeaders => Post::Leaders,
    }
}
