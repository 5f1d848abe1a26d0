//! The contract of joint reviews: admit, gather facts, execute, reply.

use std::sync::Arc;

use runtime::access::{Access, admit_read, admit_write};
use runtime::call::{Call, Reading};
use runtime::caller::{Principal, ServiceName};
use runtime::etag;
use runtime::execute::Version;
use runtime::layers::raw;
use runtime::refusal::{Denial, Refusal as Wire};
use runtime::serve::Runtime;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::opinion_service_server::OpinionService;
use vocabulary::Institution;

use super::decide::{self, SERVICE_CENTER, Step};
use super::state::JointReview;
use super::wire;
use crate::fields::page;
use crate::oversight::facts::Facts;
use crate::oversight::record::{Command, Desk, Resource, Viewer};
use crate::oversight::refusal::Refusal;
use crate::oversight::settings::Rules;
use crate::oversight::store::{Wanted, key, not_found, page as rows, seen};
use crate::oversight::wire::read_id;

/// The roles of those who lead a joint review for SERVICE.
const LEADING: [&str; 3] = ["INTAKE_CLERK", "REVIEWER", "APPROVER"];

/// Serves joint reviews.
pub(crate) struct OpinionRpc {
    runtime: Runtime,
    rules: Arc<Rules>,
}

type Answer = Result<Response<pb::JointReview>, Status>;

impl OpinionRpc {
    /// The contract over the office's database.
    pub(crate) const fn new(runtime: Runtime, rules: Arc<Rules>) -> Self {
        Self { runtime, rules }
    }

    async fn work(&self, call: Call, command: Command<JointReview>) -> Answer {
        let facts = Facts::of(&call.access, call.now, &self.rules);
        Ok(raw(self.runtime.writer().execute::<Desk<JointReview>>(call, command, facts).await?))
    }

    /// A step that SERVICE leads. Whose it is comes before which role does it.
    async fn lead(&self, call: Call, command: Command<JointReview>) -> Answer {
        let facts = Facts::of(&call.access, call.now, &self.rules);
        let refused = match decide::leads(&facts) {
            Err(refusal) => Some(Wire::from(refusal)),
            Ok(()) => lacks_role(&call.access).or_else(|| self.unknown_service(&command)),
        };
        match refused {
            Some(refusal) => Err(self.runtime.writer().refuse(call, refusal).await.into()),
            None => self.work(call, command).await,
        }
    }

    /// Opinions are delivered to a service that holds cases, or to none.
    fn unknown_service(&self, command: &Command<JointReview>) -> Option<Wire> {
        let Step::Request(asked) = &command.step else { return None };
        let known = |name: &str| {
            let service: Option<ServiceName> = self.rules.service(name);
            service.is_some_and(|service| self.runtime.directory().channel(service).is_ok())
        };
        let unknown = !asked.service.is_empty() && !known(&asked.service);
        unknown.then(|| Refusal::Service { service: asked.service.clone() }.into())
    }

    async fn list(
        &self,
        reading: &Reading,
        wanted: Wanted,
        (page_size, page_token): (i32, &str),
        viewer: &Viewer,
    ) -> Result<(Vec<pb::JointReview>, String), Denial> {
        let page = page(page_size, page_token, &format!("jointReviews?{}", wanted.key()))?;
        let mut reader = self.runtime.db().read().await?;
        let found = rows::<JointReview>(reader.sql(), wanted, viewer, reading.now, &page).await?;
        let (found, next_page_token) = page.close(found, |(review, _)| key(review));
        let shown =
            |(review, version): &(JointReview, Version)| review.shown(viewer, reading.now, etag::of(version.number()));
        Ok((found.iter().map(shown).collect(), next_page_token))
    }
}

/// A person leads in one of the roles; the service centre by itself.
fn lacks_role(access: &Access) -> Option<Wire> {
    if matches!(access.principal(), Principal::Service(_)) || LEADING.iter().any(|role| access.has_role(role)) {
        return None;
    }
    access.require_role(&LEADING.join("/")).err()
}

/// Each institution sees what it is asked, SERVICE what it leads.
fn viewer(access: &Access) -> Viewer {
    let party = match access.principal() {
        Principal::Service(service) if service.as_str() == SERVICE_CENTER => Institution::Service.code().to_owned(),
        Principal::Institution(institution) => institution.code().to_owned(),
        Principal::Service(_)
        | Principal::TownLeaders
        | Principal::County(_)
        | Principal::Public(_)
        | Principal::Auditor(_)
        | Principal::Operator(_)
        | Principal::Unassigned => String::new(),
    };
    Viewer { party, all: false }
}

#[tonic::async_trait]
impl OpinionService for OpinionRpc {
    async fn request_opinions(&self, mut request: Request<pb::RequestOpinionsRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let command = wire::request(call.request_id.uuid(), request.into_inner())?;
        self.lead(call, command).await
    }

    async fn give_opinion(&self, mut request: Request<pb::GiveOpinionRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let command = wire::give(request.into_inner())?;
        self.work(call, command).await
    }

    async fn merge_supplement(&self, mut request: Request<pb::MergeSupplementRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let command = wire::merge(request.into_inner())?;
        self.lead(call, command).await
    }

    async fn receive_supplement(&self, mut request: Request<pb::ReceiveSupplementRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let command = wire::receive(request.into_inner())?;
        self.lead(call, command).await
    }

    async fn close_joint_review(&self, mut request: Request<pb::CloseJointReviewRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let command = wire::close(request.into_inner())?;
        self.lead(call, command).await
    }

    async fn get_joint_review(&self, mut request: Request<pb::GetJointReviewRequest>) -> Answer {
        let reading = admit_read(&mut request)?;
        let id = read_id::<JointReview>(&request.into_inner().name)?;
        let viewer = viewer(&reading.access);
        let found = seen::<JointReview>(self.runtime.db().read().await?.sql(), id, &viewer).await?;
        let (review, version) = found.ok_or_else(|| not_found::<JointReview>(id))?;
        Ok(Response::new(review.shown(&viewer, reading.now, etag::of(version.number()))))
    }

    async fn list_joint_reviews(
        &self,
        mut request: Request<pb::ListJointReviewsRequest>,
    ) -> Result<Response<pb::ListJointReviewsResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let wanted = Wanted { open: request.open, overdue: request.overdue, mine: request.mine, ..Wanted::default() };
        let viewer = viewer(&reading.access);
        let page = (request.page_size, request.page_token.as_str());
        let (reviews, next_page_token) = self.list(&reading, wanted, page, &viewer).await?;
        Ok(Response::new(pb::ListJointReviewsResponse { reviews, next_page_token }))
    }

    async fn list_escalated_reviews(
        &self,
        mut request: Request<pb::ListEscalatedReviewsRequest>,
    ) -> Result<Response<pb::ListEscalatedReviewsResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let leaders = *reading.access.principal() == Principal::TownLeaders;
        let office = reading.access.institution() == Some(Institution::Office);
        let party = reading.access.institution().map(|it| it.code().to_owned()).unwrap_or_default();
        // OFFICE urges and does not decide: it sees no reasons of a grant.
        let viewer = Viewer { party, all: leaders };
        let wanted = Wanted { escalated: true, ..Wanted::default() };
        let page = (request.page_size, request.page_token.as_str());
        let listed = Viewer { all: leaders || office, ..viewer.clone() };
        let (mut reviews, next_page_token) = self.list(&reading, wanted, page, &listed).await?;
        if !viewer.all {
            for review in &mut reviews {
                review.reasons.clear();
                review.minutes.clear();
            }
        }
        Ok(Response::new(pb::ListEscalatedReviewsResponse { reviews, next_page_token }))
    }
}
