//! A small office: it takes deliveries in order, knows a roster, and lets tests write into its journal.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use prost::Name;
use runtime::access::{Act, admit_read};
use runtime::caller::{Principal, ServiceName};
use runtime::journal::Record;
use runtime::journal::service::Grants;
use runtime::refusal::Refusal;
use runtime::serve::{Blueprint, Runtime, Service};
use runtime::testing::NO_MIGRATIONS;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::errors::v1::ErrorReason;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::delivery_service_server::{DeliveryService, DeliveryServiceServer};
use townlink_proto::townlink::office::v1::roster_service_server::{RosterService, RosterServiceServer};
use vocabulary::Sm3Digest;

/// The name of the office.
pub(crate) const NAME: ServiceName = ServiceName("office");

/// Who may do what.
const ROSTER: &[(&str, &str, &[&str])] = &[
    ("registrar", "OFFICE", &["KEY_REGISTRAR"]),
    ("confirmer", "OFFICE", &["KEY_CONFIRMER"]),
    ("both", "OFFICE", &["KEY_REGISTRAR", "KEY_CONFIRMER"]),
    ("clerk", "OFFICE", &["RELAY_CLERK"]),
    ("builder", "CONSTRUCTION", &["RELAY_CLERK"]),
    ("stranger", "SOCIAL", &["RELAY_CLERK"]),
];

/// The offices of all towns under test, by their folders.
static OFFICES: LazyLock<Mutex<HashMap<PathBuf, Arc<Office>>>> = LazyLock::new(Mutex::default);

/// What an office of these tests is made of.
pub(crate) const BLUEPRINT: Blueprint = Blueprint {
    name: NAME,
    migrations: NO_MIGRATIONS,
    assemble: |runtime| {
        let folder = runtime.settings().data_dir.clone();
        let office = {
            let mut offices = OFFICES.lock().unwrap_or_else(PoisonError::into_inner);
            let office = offices.entry(folder).or_default();
            *office.runtime.lock().unwrap_or_else(PoisonError::into_inner) = Some(runtime.clone());
            Arc::clone(office)
        };
        let gateway = ServiceName("gateway");
        let kinds = [
            pb::PaperSignedFor::full_name(),
            pb::PaperChecked::full_name(),
            pb::PaperReturned::full_name(),
            pb::PaperCompleted::full_name(),
            pb::PaperExtended::full_name(),
            pb::PaperReplied::full_name(),
            pb::DispatchSent::full_name(),
        ];
        let service = Service::new(&runtime)
            .serve(DeliveryServiceServer::new(Door(office)))
            .serve(RosterServiceServer::new(Roster))
            .admit(gateway, Act::Deliver)
            .admit(gateway, Act::AskStanding)
            .grants(Grants::none().allow(Principal::Service(gateway), kinds));
        async move { Ok(service) }.boxed()
    },
};

/// The office of a town under test.
#[derive(Default)]
pub(crate) struct Office {
    runtime: Mutex<Option<Runtime>>,
    state: Mutex<State>,
}

/// What the office has, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    /// Every delivery that was taken, in the order of arrival.
    pub(crate) taken: Vec<pb::DeliverRequest>,
    /// Whether it answers that it is away.
    pub(crate) away: bool,
    /// The code with which it returns every paper; empty: it takes them.
    pub(crate) return_code: String,
    /// How many deliveries were tried, taken or not.
    pub(crate) tried: usize,
    /// Papers that somebody signed for.
    pub(crate) signed_for: Vec<String>,
    /// How often each paper was recalled here.
    pub(crate) recalls: Vec<pb::RecallRequest>,
    /// Every urge that came, also one that came again.
    pub(crate) urges: Vec<pb::UrgeRequest>,
    /// How many of the next answers to recalls and urges are lost on the way.
    pub(crate) lost_answers: usize,
}

impl Office {
    /// The office in a folder.
    pub(crate) fn of(folder: &Path) -> Arc<Self> {
        let offices = OFFICES.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(offices.get(folder).expect("the office was assembled"))
    }

    /// What the office has.
    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The papers that were taken for an inbox: number, paper, and whether it was a tombstone.
    pub(crate) fn taken(&self, recipient: &str) -> Vec<(i64, String, bool)> {
        let state = self.state();
        let taken = state.taken.iter().filter(|delivery| delivery.recipient == recipient);
        taken.map(|it| (it.number, it.paper.clone(), it.payload.is_empty())).collect()
    }

    /// Writes an event into the office's journal.
    pub(crate) async fn tell<M: prost::Message + Name>(&self, event: &M, subject: &str) {
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).clone().expect("it runs");
        let entry = runtime.writer().prepare(&Record::of(event, subject), &runtime.writer().as_service());
        let told = runtime.writer().run(entry.expect("an entry"), |entry, tx| {
            tx.append(entry.clone());
            async { Ok(()) }.boxed()
        });
        told.await.expect("it is journalled");
    }
}

struct Door(Arc<Office>);

/// How often a delivery that overtook those before it looks whether they came.
const LOOKS: u32 = 50;

#[tonic::async_trait]
impl DeliveryService for Door {
    async fn deliver(&self, mut request: Request<pb::DeliverRequest>) -> Result<Response<pb::DeliverResponse>, Status> {
        admit_read(&mut request)?;
        let delivery = request.into_inner();
        self.0.state().tried += 1;
        for _ in 0..LOOKS {
            if let Some(answer) = self.0.state().take(&delivery)? {
                return Ok(Response::new(answer));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(Status::failed_precondition("those before it did not come"))
    }

    async fn recall(&self, mut request: Request<pb::RecallRequest>) -> Result<Response<pb::RecallResponse>, Status> {
        admit_read(&mut request)?;
        let request = request.into_inner();
        let mut state = self.0.state();
        state.is_there()?;
        if state.signed_for.contains(&request.paper) {
            return Err(Refusal::new(ErrorReason::ReRecall, "somebody signed for it", "已签收，不能撤回。").into());
        }
        let held = state.taken.iter().filter(|it| it.paper == request.paper).map(|it| it.recipient.clone()).collect();
        state.recalls.push(request);
        state.answer(pb::RecallResponse { institutions: held })
    }

    async fn urge(&self, mut request: Request<pb::UrgeRequest>) -> Result<Response<pb::UrgeResponse>, Status> {
        admit_read(&mut request)?;
        let request = request.into_inner();
        let mut state = self.0.state();
        state.is_there()?;
        assert!(state.taken.iter().any(|it| it.paper == request.paper), "the paper came before its urge");
        state.urges.push(request);
        state.answer(pb::UrgeResponse {})
    }
}

impl State {
    fn is_there(&self) -> Result<(), Status> {
        if self.away { Err(Status::unavailable("the office is away")) } else { Ok(()) }
    }

    /// An answer that may be lost.
    fn answer<T>(&mut self, answer: T) -> Result<Response<T>, Status> {
        if self.lost_answers > 0 {
            self.lost_answers -= 1;
            return Err(Status::unavailable("the answer is lost"));
        }
        Ok(Response::new(answer))
    }

    /// Takes a delivery in its turn; none where it came too early.
    fn take(&mut self, delivery: &pb::DeliverRequest) -> Result<Option<pb::DeliverResponse>, Status> {
        if self.away {
            return Err(Status::unavailable("the office is away"));
        }
        let answer = pb::DeliverResponse { return_code: self.return_code.clone(), inbox_paper: String::new() };
        let lane = || self.taken.iter().filter(|it| it.sender == delivery.sender && it.recipient == delivery.recipient);
        if lane().any(|it| it.number == delivery.number && it.paper == delivery.paper) {
            return Ok(Some(answer));
        }
        let last = lane().map(|it| it.number).max().unwrap_or(0);
        if delivery.number > last + 1 {
            return Ok(None);
        }
        let before = lane().find(|it| it.number == delivery.number - 1);
        let previous = before.map(|it| it.payload_digest.clone()).unwrap_or_default();
        assert_eq!((delivery.number, &delivery.previous_digest), (last + 1, &previous), "it follows the one before");
        let whole = Sm3Digest::of(&delivery.payload);
        assert!(delivery.payload.is_empty() || delivery.payload_digest == whole.as_bytes().as_slice(), "its digest");
        self.taken.push(delivery.clone());
        Ok(Some(answer))
    }
}

struct Roster;

#[tonic::async_trait]
impl RosterService for Roster {
    async fn assign_role(&self, _: Request<pb::AssignRoleRequest>) -> Result<Response<pb::Assignment>, Status> {
        Err(Status::unimplemented("the roster of these tests is fixed"))
    }

    async fn end_assignment(&self, _: Request<pb::EndAssignmentRequest>) -> Result<Response<pb::Assignment>, Status> {
        Err(Status::unimplemented("the roster of these tests is fixed"))
    }

    async fn list_assignments(
        &self,
        _: Request<pb::ListAssignmentsRequest>,
    ) -> Result<Response<pb::ListAssignmentsResponse>, Status> {
        Err(Status::unimplemented("the roster of these tests is fixed"))
    }

    async fn get_standing(
        &self,
        mut request: Request<pb::GetStandingRequest>,
    ) -> Result<Response<pb::Standing>, Status> {
        admit_read(&mut request)?;
        let known = ROSTER.iter().find(|(person, ..)| *person == request.get_ref().person);
        let standing = known.map(|(_, post, roles)| pb::Standing {
            post: (*post).to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        });
        Ok(Response::new(standing.unwrap_or_default()))
    }
}
