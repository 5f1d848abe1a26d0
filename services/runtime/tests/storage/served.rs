//! The journal and the clock as contracts, over a real connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use prost::Name as _;
use runtime::both_databases;
use runtime::call::Reading;
use runtime::clock::ClockRpc;
use runtime::db::{Columns as _, Migrations, Tx};
use runtime::execute::Writer;
use runtime::journal::{Grants, Journal, Positioned};
use runtime::log::{Checkpoint, Hash, verify_inclusion};
use runtime::refusal::{Failure, read};
use runtime::subscription::{PeerFeed, Reaction, Subscription};
use runtime::testing::{call, fresh_request_id};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Status};
use townlink_proto::townlink::clock::v1::clock_service_client::ClockServiceClient;
use townlink_proto::townlink::clock::v1::clock_service_server::ClockServiceServer;
use townlink_proto::townlink::clock::v1::{AdvanceClockRequest, GetClockRequest};
use townlink_proto::townlink::journal::v1 as pb;
use townlink_proto::townlink::journal::v1::journal_service_client::JournalServiceClient;
use townlink_proto::townlink::journal::v1::journal_service_server::JournalServiceServer;

use crate::counter::{METHOD, OFFICE, add, carry_out, count, until, writer};
use crate::journal::sequencer;

/// A served journal and its sequencer. Everything ends when it is dropped.
struct Served {
    running: [JoinHandle<()>; 2],
    address: SocketAddr,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.running.iter().for_each(JoinHandle::abort);
    }
}

impl Served {
    /// Serves a writer's journal to the office, which is granted the entries of counters.
    async fn over(writer: &Writer, address: &str) -> Self {
        let (sequencer, _) = sequencer(writer.db());
        let grants = Grants::none().allow(OFFICE, [pb::Authority::full_name()]);
        let journal = Journal::new(writer.db().clone(), sequencer.tree(), grants);
        let clock = ClockRpc::new(writer.clock().clone(), true);
        let access = call(writer.clock(), METHOD, OFFICE, fresh_request_id(), b"").access;
        let now = writer.clock().now();
        // In a process the layers do this, after they admitted the call.
        let admit = move |mut request: Request<()>| -> Result<Request<()>, Status> {
            request.extensions_mut().insert(Reading { access: access.clone(), now });
            Ok(request)
        };
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = Server::builder()
            .add_service(JournalServiceServer::with_interceptor(journal, admit))
            .add_service(ClockServiceServer::new(clock))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let serving = tokio::spawn(async move { server.await.expect("it serves") });
        Self { running: [serving, tokio::spawn(async move { sequencer.run().await })], address }
    }

    fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address)).expect("an address").connect_lazy()
    }

    fn journal(&self) -> JournalServiceClient<Channel> {
        JournalServiceClient::new(self.channel())
    }
}

/// Keeps what it is told, in another database.
struct Copies;

const COPIES: Migrations = Migrations {
    files: &[("0001_copies", "create table copies (place bigint not null primary key, subject text not null)")],
};

impl Reaction for Copies {
    fn name(&self) -> &'static str {
        "copies"
    }

    fn kinds(&self) -> Vec<String> {
        vec![pb::Authority::full_name()]
    }

    async fn react(&self, tx: &mut Tx, entry: &Positioned) -> Result<(), Failure> {
        let row = sqlx::query("select count(*) from copies").fetch_one(tx.sql()).await?;
        sqlx::query("insert into copies (place, subject) values ($1, $2)")
            .bind(row.int(0)? + 1)
            .bind(entry.subject())
            .execute(tx.sql())
            .await?;
        Ok(())
    }
}

both_databases! {
    async fn a_watcher_is_sent_what_it_was_granted_and_told_how_far_it_came(db: TestDb) {
        let writer = writer(&db).await;
        let served = Served::over(&writer, "127.0.0.1:0").await;
        carry_out(&writer, add("a", 1)).await.expect("an answer");
        carry_out(&writer, add("a", 101)).await.expect_err("a refusal, whose entry is not granted");
        let request = pb::WatchEntriesRequest { after_position: 0, kinds: Vec::new() };
        let mut stream = served.journal().watch_entries(request).await.expect("a stream").into_inner();
        let mut told = Vec::new();
        while told.last().is_none_or(|(position, _)| *position < 2) {
            let message = stream.next().await.expect("a message").expect("no end");
            told.push((message.position, message.entry.map(|entry| entry.kind)));
        }
        let counters = Some(pb::Authority::full_name());
        assert!(told == [(1, counters.clone()), (2, None)] || told == [(1, counters.clone()), (1, None), (2, None)], "{told:?}");
        // News comes without being asked for.
        carry_out(&writer, add("a", 1)).await.expect("an answer");
        let message = stream.next().await.expect("a message").expect("no end");
        assert_eq!((message.position, message.entry.map(|entry| entry.kind)), (3, counters));
        let refused = pb::WatchEntriesRequest { after_position: 0, kinds: vec![pb::Refused::full_name()] };
        let status = served.journal().watch_entries(refused).await.expect_err("not granted");
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(read(&status).map(|seen| seen.code).as_deref(), Some("OV-ACCESS"));
        let before = pb::WatchEntriesRequest { after_position: -1, kinds: Vec::new() };
        assert_eq!(served.journal().watch_entries(before).await.expect_err("malformed").code(), Code::InvalidArgument);
        // A process that stops ends its streams; a watcher resumes by position.
        writer.db().close().await;
        assert_eq!(stream.next().await.expect("an end").expect_err("it is over").code(), Code::Unavailable);
    }

    async fn proofs_are_fetched_by_leaf_hash(db: TestDb) {
        let writer = writer(&db).await;
        let served = Served::over(&writer, "127.0.0.1:0").await;
        for number in 0..5 {
            carry_out(&writer, add(&format!("c{number}"), 1)).await.expect("an answer");
        }
        let mut reader = writer.db().read().await.expect("a connection");
        let row = sqlx::query("select leaf_hash from journal where subject = 'counters/c4'").fetch_one(reader.sql()).await;
        let leaf = Hash::from_bytes(&row.expect("a row").bytes(0).expect("bytes")).expect("a hash");
        drop(reader);
        let request = pb::GetInclusionProofRequest { leaf_hash: leaf.0.to_vec().into() };
        let proof = served.journal().get_inclusion_proof(request).await.expect("a proof").into_inner();
        let head = Checkpoint::parse_unverified(proof.checkpoint.as_bytes()).expect("a checkpoint");
        let path: Vec<_> = proof.path.iter().map(|hash| Hash::from_bytes(hash).expect("a hash")).collect();
        assert_eq!(i64::try_from(head.size), Ok(proof.tree_size));
        verify_inclusion(&leaf, 4, head.size, &path, &head.root).expect("it leads to the root");
        let note = served.journal().get_checkpoint(pb::GetCheckpointRequest {}).await.expect("a note").into_inner().note;
        assert!(Checkpoint::parse_unverified(note.as_bytes()).is_ok());
        let tile = pb::GetTileRequest { path: "tile/0/000.p/5".to_owned() };
        assert_eq!(served.journal().get_tile(tile).await.expect("a tile").into_inner().data.len(), 160);
        for (hash, code) in [(vec![1; 31], Code::InvalidArgument), (vec![1; 32], Code::NotFound)] {
            let request = pb::GetInclusionProofRequest { leaf_hash: hash.into() };
            assert_eq!(served.journal().get_inclusion_proof(request).await.expect_err("no proof").code(), code);
        }
    }

    async fn a_subscriber_in_another_process_misses_nothing_while_the_other_side_goes_and_comes(db: TestDb) {
        let writer = writer(&db).await;
        let mut served = Some(Served::over(&writer, "127.0.0.1:0").await);
        let address = served.as_ref().expect("it serves").address.to_string();
        let folder = std::env::temp_dir().join(format!("townlink-copies-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let url = format!("sqlite:{}", folder.join("copies.db").display());
        let own = runtime::db::Db::open(&url, runtime::db::Options::default()).await.expect("it opens");
        own.migrate(&COPIES).await.expect("migrated");
        for round in 0..6 {
            let channel = served.as_ref().map(Served::channel).expect("it serves");
            let subscription = Subscription::new(own.clone(), Copies, PeerFeed::new(channel));
            let following = tokio::spawn(async move { subscription.follow().await });
            for number in 0..25 {
                carry_out(&writer, add(&format!("c{:03}", round * 25 + number), 1)).await.expect("an answer");
            }
            if round % 2 == 0 {
                // The journal goes away under the subscriber, and comes back at the same place.
                drop(served.take());
                tokio::time::sleep(Duration::from_millis(60)).await;
                served = Some(Served::over(&writer, &address).await);
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
            // The subscriber is killed; the next begins where it was.
            following.abort();
        }
        let channel = served.as_ref().map(Served::channel).expect("it serves");
        let subscription = Arc::new(Subscription::new(own.clone(), Copies, PeerFeed::new(channel)));
        let following = tokio::spawn(async move { subscription.follow().await });
        until(|| async { count(&own, "select count(*) from copies").await == 150 }).await;
        let copies = runtime::testing::rows(&own, "select subject from copies order by place").await;
        let expected: Vec<_> = (0..150).map(|number| vec![format!("counters/c{number:03}")]).collect();
        assert_eq!(copies, expected, "all of them, in order, once");
        following.abort();
        std::fs::remove_dir_all(folder).expect("the folder is removed");
    }
}

#[tokio::test]
async fn a_clock_moves_by_rpc_only_in_development() {
    let clock = runtime::clock::TownClock::unstored(crate::counter::start());
    let later = crate::counter::start().as_second() + 3_600;
    let to = Some(prost_types::Timestamp { seconds: later, nanos: 0 });
    for (development, code) in [(true, None), (false, Some(Code::Unimplemented))] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let rpc = ClockServiceServer::new(ClockRpc::new(clock.clone(), development));
        let serving =
            tokio::spawn(Server::builder().add_service(rpc).serve_with_incoming(TcpListenerStream::new(listener)));
        let channel = Endpoint::from_shared(format!("http://{address}")).expect("an address").connect_lazy();
        let mut client = ClockServiceClient::new(channel);
        let moved = client.advance_clock(AdvanceClockRequest { to }).await;
        assert_eq!(moved.err().map(|status| status.code()), code);
        let told = client.get_clock(GetClockRequest {}).await.expect("the time").into_inner();
        assert!(told.manual);
        assert_eq!(told.now.map(|now| now.seconds), Some(later));
        if development {
            let malformed = client.advance_clock(AdvanceClockRequest { to: None }).await;
            assert_eq!(malformed.expect_err("no instant").code(), Code::InvalidArgument);
        }
        serving.abort();
    }
}
