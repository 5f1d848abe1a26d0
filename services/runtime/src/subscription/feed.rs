//! Where entries come from: a peer's journal, or one's own.

use std::future::Future;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _};
use http_body::Body;
use tonic::client::GrpcService;
use tonic::{Code, Status};
use townlink_proto::townlink::journal::v1 as pb;
use townlink_proto::townlink::journal::v1::journal_service_client::JournalServiceClient;

use crate::db::Db;
use crate::journal::service::watch_own;
use crate::refusal::Failure;

/// The messages of a watched journal.
pub type Entries = BoxStream<'static, Result<pb::WatchEntriesResponse, Failure>>;

/// A journal that can be followed.
pub trait Feed: Send + Sync + 'static {
    /// The entries of some kinds after a position, and later ones as they come.
    fn watch(&self, after: i64, kinds: Vec<String>) -> impl Future<Output = Result<Entries, Failure>> + Send;
}

/// The journal of another service, over a channel from the directory.
#[derive(Clone, Debug)]
pub struct PeerFeed<C> {
    client: JournalServiceClient<C>,
}

/// The service's own journal.
#[derive(Clone)]
pub struct OwnFeed {
    db: Db,
}

impl<C> PeerFeed<C>
where
    C: GrpcService<tonic::body::Body>,
    C::Error: Into<tonic::codegen::StdError>,
    C::ResponseBody: Body<Data = Bytes> + Send + 'static,
    <C::ResponseBody as Body>::Error: Into<tonic::codegen::StdError> + Send,
{
    /// The feed behind a channel.
    pub fn new(channel: C) -> Self {
        Self { client: JournalServiceClient::new(channel) }
    }
}

impl<C> Feed for PeerFeed<C>
where
    C: GrpcService<tonic::body::Body> + Clone + Send + Sync + 'static,
    C::Future: Send,
    C::Error: Into<tonic::codegen::StdError>,
    C::ResponseBody: Body<Data = Bytes> + Send + 'static,
    <C::ResponseBody as Body>::Error: Into<tonic::codegen::StdError> + Send,
{
    async fn watch(&self, after: i64, kinds: Vec<String>) -> Result<Entries, Failure> {
        let request = pb::WatchEntriesRequest { after_position: after, kinds };
        let stream = self.client.clone().watch_entries(request).await.map_err(away)?.into_inner();
        Ok(stream.map(|message| message.map_err(away)).boxed())
    }
}

impl OwnFeed {
    /// The feed of the journal in a database.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db }
    }
}

impl Feed for OwnFeed {
    async fn watch(&self, after: i64, kinds: Vec<String>) -> Result<Entries, Failure> {
        Ok(watch_own(&self.db, after, kinds).map(|message| message.map_err(away)).boxed())
    }
}

fn away(status: Status) -> Failure {
    // Waiting does not help whoever follows a journal that is not the one it read before.
    if status.code() == Code::OutOfRange {
        return Failure::internal(status);
    }
    Failure::unavailable("the journal that is followed", status)
}
