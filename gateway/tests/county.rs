//! Endpoints of county departments, as these tests need them: one that misbehaves as it is told, and the reference receiver.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runtime::caller::{Cell, Peer};
use runtime::pki::IdentityFiles;
use runtime::signing::PublicKey;
use runtime::testing::TestTown;
use runtime::testing::town::VALIDITY;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::county::v1 as county;
use townlink_proto::townlink::county::v1::county_receiver_service_server::CountyReceiverService;
use townlink_proto::townlink::gateway::v1 as pb;

/// What an endpoint was brought, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    /// Every dispatch that was brought and taken, also one that came again.
    pub(crate) taken: Vec<pb::Dispatch>,
    /// How many of the next answers are lost on the way.
    pub(crate) lost_answers: usize,
    /// Why it returns every paper; empty: it takes them.
    pub(crate) returns: String,
    /// Its own receipt.
    pub(crate) receipt: Vec<u8>,
}

/// An endpoint of these tests.
#[derive(Clone, Default)]
pub(crate) struct Desk(Arc<Mutex<State>>);

impl Desk {
    /// What it has.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers that were brought, in the order of their coming.
    pub(crate) fn numbers(&self) -> Vec<i64> {
        self.state().taken.iter().map(|it| it.number).collect()
    }
}

#[tonic::async_trait]
impl CountyReceiverService for Desk {
    async fn receive(
        &self,
        request: Request<county::ReceiveRequest>,
    ) -> Result<Response<county::ReceiveResponse>, Status> {
        let mut state = self.state();
        state.taken.push(request.into_inner().dispatch.expect("a dispatch"));
        if state.lost_answers > 0 {
            state.lost_answers -= 1;
            return Err(Status::unavailable("the answer is lost"));
        }
        let kind = if state.returns.is_empty() { pb::ReceiptType::Received } else { pb::ReceiptType::Returned };
        let (reason, receipt) = (state.returns.clone(), state.receipt.clone().into());
        Ok(Response::new(county::ReceiveResponse { r#type: kind.into(), reason, receipt }))
    }
}

/// A place at which an endpoint may be served, and ended, and served again.
pub(crate) struct Place {
    department: &'static str,
    port: u16,
    running: JoinSet<()>,
}

impl Place {
    /// A free place for a department.
    pub(crate) async fn free(department: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        Self { department, port, running: JoinSet::new() }
    }

    /// The settings by which the gateway finds it.
    pub(crate) fn settings(&self) -> String {
        let Self { department, port, .. } = self;
        format!("gateway.receivers.{department} = {{ address = '127.0.0.1:{port}', tls_name = 'localhost' }}\n")
    }

    /// Serves there.
    pub(crate) async fn serve(&mut self, town: &TestTown, receiver: impl CountyReceiverService) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.expect("the port is free");
        let cell = Cell::parse("zhangpu.kunshan").expect("a cell");
        let identity = self.identity(town, &cell);
        let authority = town.authority().certificate().to_owned();
        self.running.spawn(async move {
            let end = std::future::pending();
            gateway::county::serve(listener, cell, &authority, &identity, receiver, end).await.expect("it serves");
        });
    }

    /// Serves the reference receiver there. Gives what tells of new papers.
    pub(crate) async fn serve_reference(
        &mut self,
        town: &TestTown,
        key: PublicKey,
    ) -> (PathBuf, mpsc::UnboundedReceiver<pb::Dispatch>) {
        let folder = town.folder().join("received").join(self.department);
        let (news, heard) = mpsc::unbounded_channel();
        let receiver = gateway::county::Receiver::open(&folder, key, news).expect("a folder");
        self.serve(town, receiver).await;
        (folder, heard)
    }

    /// Kills what is served.
    pub(crate) async fn kill(&mut self) {
        self.running.shutdown().await;
    }

    /// The certificate of the department, with the name under which it serves.
    fn identity(&self, town: &TestTown, cell: &Cell) -> IdentityFiles {
        let files = IdentityFiles::in_folder(&town.folder().join("endpoints"), self.department);
        if !files.are_made() {
            let peer = Peer::parse(&format!("spiffe://{cell}/county/{}", self.department), cell).expect("an identity");
            let issued = town.authority().issue(&peer, &["localhost".to_owned()], VALIDITY).expect("a certificate");
            issued.write(&files).expect("the files of a certificate");
        }
        files
    }
}
