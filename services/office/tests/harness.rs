//! A cell of two services in this process: the office, and a gateway that knows attachments only.

pub(crate) mod fake_gateway;

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use runtime::caller::{Peer, PersonId, ServiceName};
use runtime::config::{Loaded, Sources};
use runtime::db::Db;
use runtime::directory::{PeerChannel, Remote};
use runtime::journal::Record;
use runtime::pki::{self, Authority, IdentityFiles, Validity};
use runtime::refusal::SeenRefusal;
use runtime::serve::{Running, Runtime, Schema, StartError, start};
use runtime::testing::TestDb;
use tempfile::TempDir;
use tonic::transport::Channel;
use tonic::{Response, Status};
use townlink_proto::townlink::clock::v1 as clock;
use townlink_proto::townlink::clock::v1::clock_service_client::ClockServiceClient;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::delivery_service_client::DeliveryServiceClient;
use townlink_proto::townlink::office::v1::dispatch_service_client::DispatchServiceClient;
use townlink_proto::townlink::office::v1::document_service_client::DocumentServiceClient;
use townlink_proto::townlink::office::v1::inbox_service_client::InboxServiceClient;
use townlink_proto::townlink::office::v1::roster_service_client::RosterServiceClient;
use townlink_proto::townlink::values::v1 as values;
use uuid::Uuid;
use vocabulary::{Date, Institution, Sm3Digest, Timestamp};

pub(crate) use fake_gateway::keep;
use fake_gateway::{FAKE_GATEWAY, GATEWAYS};

const OFFICE: ServiceName = ServiceName("office");
const GATEWAY: ServiceName = ServiceName("gateway");

/// When the town's time begins in these tests: 9 o'clock of 2 March 2026 in the town.
pub(crate) const START: &str = "2026-03-02T09:00:00+08:00";

/// Who does what in these tests.
const ROSTER: &[(&str, &str, &str)] = &[
    ("wang", "OFFICE", "RELAY_CLERK"),
    ("zhao", "OFFICE", "GRANT_REGISTRAR"),
    ("qian", "OFFICE", "GRANT_CONFIRMER"),
    ("sun", "CONSTRUCTION", "RELAY_CLERK"),
    ("li", "PERSONNEL", "HR_OFFICER"),
    ("zhou", "LEADERS", "HEAD"),
];

/// The cell.
pub(crate) struct Town {
    /// Behind a lock, since a test holds the cell across its awaits.
    running: Mutex<Running>,
    gateway: Runtime,
    authority: Authority,
    address: String,
    folder: TempDir,
    /// The office's database, for a look from outside.
    pub(crate) db: Db,
}

impl Town {
    /// Starts the cell on a database, with the roster of these tests.
    pub(crate) async fn start(db: &TestDb) -> Self {
        let entries = ROSTER.iter().map(|(person, post, role)| {
            format!(
                "[[office.roster]]\nperson = '{person}'\npost = '{post}'\nrole = '{role}'\nfrom = '2012-01-01'\n\
                 document = '张委组〔2012〕1号'\n"
            )
        });
        Self::start_with(db, &entries.collect::<String>()).await.expect("the cell starts")
    }

    /// Starts the cell with settings of the office.
    pub(crate) async fn start_with(db: &TestDb, office: &str) -> Result<Self, StartError> {
        Self::start_in(tempfile::tempdir().expect("a folder"), db, office).await
    }

    /// Ends the cell and starts it again, with the keys that its database is bound to.
    pub(crate) async fn restart(self, db: &TestDb, office: &str) -> Self {
        let running = self.running.into_inner().unwrap_or_else(PoisonError::into_inner);
        assert!(here(running.drain()), "everything ends in time");
        self.db.close().await;
        Self::start_in(self.folder, db, office).await.expect("the cell starts again")
    }

    async fn start_in(folder: tempfile::TempDir, db: &TestDb, office: &str) -> Result<Self, StartError> {
        let data = folder.path().display();
        let defaults = format!(
            "data_dir = '{data}'\n[clock]\nmode = 'manual'\nstart = '{START}'\n[operations]\nlisten = 'off'\n\
             [services.office]\ndatabase = '{}'\n{office}",
            db.url()
        );
        let sources = Sources { services: vec![OFFICE, GATEWAY], defaults, ..Sources::default() };
        let loaded = Loaded::read(&sources)?;
        let settings = &loaded.settings;
        let validity = Validity { from: Date::constant(2020, 1, 1), to: Date::constant(2099, 1, 1) };
        let authority = pki::develop(&settings.pki_dir(), &settings.cell, &[OFFICE, GATEWAY], validity)?;
        // The origins of caller tokens are read from the keys that were just made.
        let running = here(start(Loaded::read(&sources)?, &[office::BLUEPRINT, FAKE_GATEWAY], Schema::Migrate))?;
        let address = running.addresses()[0].address.to_string();
        let gateway =
            GATEWAYS.lock().unwrap_or_else(PoisonError::into_inner).remove(folder.path()).expect("it was assembled");
        let running = Mutex::new(running);
        Ok(Self { running, gateway, authority, address, folder, db: db.open(&office::MIGRATIONS).await })
    }

    /// Ends the cell.
    pub(crate) async fn stop(self) {
        let running = self.running.into_inner().unwrap_or_else(PoisonError::into_inner);
        assert!(here(running.drain()), "everything ends in time");
        self.db.close().await;
    }

    /// The channel of a peer with a certificate of its own.
    pub(crate) fn channel(&self, peer: &Peer) -> Channel {
        let files = IdentityFiles::in_folder(self.folder.path(), &Uuid::new_v4().to_string());
        let validity = Validity { from: Date::constant(2020, 1, 1), to: Date::constant(2099, 1, 1) };
        self.authority.issue(peer, &[], validity).expect("a certificate").write(&files).expect("its files");
        let remote = Remote::new(&self.address, "localhost", self.authority.certificate(), &files);
        remote.expect("an identity").channel()
    }

    /// The outgoing papers, as a person sees them.
    pub(crate) fn dispatches(&self, person: &str) -> DispatchServiceClient<Channel> {
        DispatchServiceClient::new(self.person(person))
    }

    /// The channel of a person.
    pub(crate) fn person(&self, id: &str) -> Channel {
        self.channel(&Peer::Person(PersonId::parse(id).expect("an id")))
    }

    /// The inboxes, as a person sees them.
    pub(crate) fn inbox(&self, person: &str) -> InboxServiceClient<Channel> {
        InboxServiceClient::new(self.person(person))
    }

    /// The roster, as a person sees it.
    pub(crate) fn roster(&self, person: &str) -> RosterServiceClient<Channel> {
        RosterServiceClient::new(self.person(person))
    }

    /// The documents, as a person sees them.
    pub(crate) fn documents(&self, person: &str) -> DocumentServiceClient<Channel> {
        DocumentServiceClient::new(self.person(person))
    }

    /// The office, as the gateway calls it.
    pub(crate) fn gateway_channel(&self) -> PeerChannel {
        self.gateway.directory().channel(OFFICE).expect("a channel")
    }

    /// Delivers, as the gateway.
    pub(crate) async fn deliver(&self, delivery: pb::DeliverRequest) -> Result<pb::DeliverResponse, Status> {
        DeliveryServiceClient::new(self.gateway_channel()).deliver(delivery).await.map(Response::into_inner)
    }

    /// Tells something in the gateway's journal.
    pub(crate) async fn tell(&self, event: &impl prost::Name) {
        let writer = self.gateway.writer();
        let entry = writer.prepare(&Record::of(event, ""), &writer.as_service()).expect("an entry");
        let told = writer.run(entry, |entry, tx| {
            tx.append(entry.clone());
            Box::pin(async { Ok(()) })
        });
        told.await.expect("it is told");
    }

    /// Delivers a paper as the next of a chain. Gives its name in the inbox.
    pub(crate) async fn arrive(&self, chain: &mut Chain, draft: Draft) -> String {
        let answer = self.deliver(chain.next(draft)).await.expect("it is delivered");
        assert_eq!(answer.return_code, "");
        answer.inbox_paper
    }

    /// Moves the town's clock of the office.
    pub(crate) async fn advance(&self, to: &str) {
        let to: Timestamp = to.parse().expect("an instant");
        let to = Some(prost_types::Timestamp { seconds: to.as_second(), nanos: 0 });
        let mut clock = ClockServiceClient::new(self.channel(&Peer::Operator("ops".to_owned())));
        clock.advance_clock(clock::AdvanceClockRequest { to }).await.expect("the clock moves");
    }

    /// What the town's clock of the office says, in microseconds.
    pub(crate) async fn now(&self) -> i64 {
        let mut clock = ClockServiceClient::new(self.channel(&Peer::Operator("ops".to_owned())));
        let clock = clock.get_clock(clock::GetClockRequest {}).await.expect("the clock").into_inner();
        let now = clock.now.expect("it shows a time");
        now.seconds * 1_000_000 + i64::from(now.nanos / 1_000)
    }

    /// Signs for a paper and registers it.
    pub(crate) async fn register(&self, name: &str) -> pb::InboxPaper {
        self.sign_for(name).await;
        let request = pb::RegisterPaperRequest { request_id: fresh(), name: name.to_owned(), ..Default::default() };
        self.inbox("wang").register_paper(request).await.expect("it is registered").into_inner()
    }

    /// Signs for a paper.
    pub(crate) async fn sign_for(&self, name: &str) -> pb::InboxPaper {
        let request = pb::SignForPaperRequest { request_id: fresh(), name: name.to_owned(), ..Default::default() };
        self.inbox("wang").sign_for_paper(request).await.expect("it is signed for").into_inner()
    }

    /// Passes the check with these resolutions.
    pub(crate) async fn check(&self, name: &str, resolutions: Vec<pb::Resolution>) -> Result<pb::InboxPaper, Status> {
        let request =
            pb::CheckPaperRequest { request_id: fresh(), name: name.to_owned(), resolutions, ..Default::default() };
        self.inbox("wang").check_paper(request).await.map(Response::into_inner)
    }

    /// Sends a paper back.
    pub(crate) async fn send_back(&self, name: &str) -> Result<pb::InboxPaper, Status> {
        let request = pb::ReturnPaperRequest {
            request_id: fresh(),
            name: name.to_owned(),
            code: "RE-NOT-AGREED".to_owned(),
            reason: "未协商一致".to_owned(),
            ..Default::default()
        };
        self.inbox("wang").return_paper(request).await.map(Response::into_inner)
    }

    /// A paper, with its payload.
    pub(crate) async fn paper(&self, name: &str) -> pb::InboxPaper {
        let request = pb::GetInboxPaperRequest { name: name.to_owned() };
        self.inbox("wang").get_inbox_paper(request).await.expect("it is there").into_inner()
    }
}

/// Waits for what cannot move between threads, as starting and ending a cell cannot.
fn here<T>(what: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(what))
}

/// The id of a request.
pub(crate) fn fresh() -> String {
    Uuid::new_v4().to_string()
}

/// The refusal in an answer.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> SeenRefusal {
    let status = answer.expect_err("it is refused");
    runtime::refusal::read(&status).unwrap_or_else(|| panic!("a bare status: {status:?}"))
}

/// The reason of the refusal in an answer.
pub(crate) fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let seen = refusal(answer);
    assert!(!seen.remedy.is_empty(), "it says what to do: {seen:?}");
    seen.reason
}

/// The order of one sender into one inbox, as the gateway keeps it.
pub(crate) struct Chain {
    sender: &'static str,
    recipient: Institution,
    number: i64,
    previous: Bytes,
}

/// What a paper says.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) document_number: String,
    pub(crate) issue_date: &'static str,
    /// The directive with its type.
    pub(crate) directive: Option<(&'static str, String)>,
    pub(crate) findings: Vec<&'static str>,
    pub(crate) attachments: Vec<Bytes>,
    pub(crate) copy: bool,
    /// The number of the document that it refers to.
    pub(crate) refers_to: String,
}

impl Default for Draft {
    fn default() -> Self {
        static SERIAL: Mutex<u32> = Mutex::new(0);
        let mut serial = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
        *serial += 1;
        Self {
            document_number: format!("昆政发〔2026〕{serial}号"),
            issue_date: "2026-03-01",
            directive: None,
            findings: Vec::new(),
            attachments: Vec::new(),
            copy: false,
            refers_to: String::new(),
        }
    }
}

impl Chain {
    /// The order of `government` into an inbox.
    pub(crate) fn into(recipient: Institution) -> Self {
        Self { sender: "government", recipient, number: 0, previous: Bytes::new() }
    }

    /// The order of another department into OFFICE's inbox.
    pub(crate) fn into_from(sender: &'static str) -> Self {
        Self { sender, ..Self::into(Institution::Office) }
    }

    /// The next delivery.
    pub(crate) fn next(&mut self, draft: Draft) -> pb::DeliverRequest {
        self.number += 1;
        let message = Uuid::new_v4();
        let payload = draft.payload(&message);
        let digest = digest(&payload);
        let previous_digest = std::mem::replace(&mut self.previous, digest.clone());
        pb::DeliverRequest {
            recipient: self.recipient.code().to_owned(),
            sender: self.sender.to_owned(),
            number: self.number,
            previous_digest,
            paper: format!("senders/{}/papers/{message}", self.sender),
            payload,
            payload_digest: digest,
            signatures: vec![values::Signature {
                key_id: "government-1".to_owned(),
                algorithm: "SM2-SM3".to_owned(),
                value: Bytes::from_static(b"signed"),
            }],
            copy: draft.copy,
            accept_time: Some(prost_types::Timestamp { seconds: 1_772_413_100, nanos: 0 }),
            findings: draft.findings.iter().map(finding).collect(),
            attachments: draft.attachments.iter().map(attachment).collect(),
            summary: Some(draft.summary()),
        }
    }
}

impl Draft {
    fn payload(&self, message: &Uuid) -> Bytes {
        let directive =
            self.directive.as_ref().map(|(_, object)| format!(",\"directive\":{object}")).unwrap_or_default();
        format!("{{\"v\":1,\"msgId\":\"{message}\",\"docNo\":\"{}\"{directive}}}", self.document_number).into()
    }

    fn summary(&self) -> values::PaperSummary {
        values::PaperSummary {
            doc_type: "通知".to_owned(),
            document_number: self.document_number.clone(),
            title: "关于下放权力的通知".to_owned(),
            issuer: "昆山市人民政府".to_owned(),
            main_to: vec!["张浦镇人民政府".to_owned()],
            issue_date: self.issue_date.to_owned(),
            ref_document_number: self.refers_to.clone(),
            directive_type: self.directive.as_ref().map(|(kind, _)| (*kind).to_owned()).unwrap_or_default(),
            ..values::PaperSummary::default()
        }
    }
}

fn finding(code: &&'static str) -> values::Finding {
    values::Finding {
        code: (*code).to_owned(), law: "§8.3".to_owned(), message: format!("发现{code}"), blocking: true
    }
}

fn attachment(content: &Bytes) -> values::Attachment {
    let size_bytes = i64::try_from(content.len()).expect("a small file");
    values::Attachment { name: "附件.csv".to_owned(), size_bytes, digest: digest(content), screened: true }
}

/// The SM3 digest of some bytes.
pub(crate) fn digest(content: &[u8]) -> Bytes {
    Bytes::copy_from_slice(Sm3Digest::of(content).as_bytes())
}

/// The encoded message, to compare answers byte by byte.
pub(crate) fn bytes(message: &impl prost::Message) -> Vec<u8> {
    message.encode_to_vec()
}

/// The event messages of a kind, in the order of the journal.
pub(crate) async fn events<M: prost::Message + prost::Name + Default>(db: &Db) -> Vec<M> {
    let entries = runtime::testing::journal_entries(db).await;
    let of_kind = entries.iter().filter_map(|entry| entry.event::<M>().expect("an event"));
    of_kind.collect()
}

/// The reasons of the refusals in the journal.
pub(crate) async fn refused(db: &Db) -> Vec<String> {
    let refusals = events::<townlink_proto::townlink::journal::v1::Refused>(db).await;
    refusals.into_iter().map(|refused| refused.reason).collect()
}
