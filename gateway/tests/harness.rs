//! A town of a real gateway and a small office, and county departments that send papers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway::envelope::{ActionClass, AttachmentRef, DocType, Envelope, Openness};
use runtime::db::Db;
use runtime::refusal::SeenRefusal;
use runtime::signing::{PublicKey, Signer, SoftEd25519, SoftSm2};
use runtime::testing::{TestDb, TestTown};
use tonic::transport::Channel;
use tonic::{Response, Status};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::clock::v1::clock_service_client::ClockServiceClient;
use townlink_proto::townlink::clock::v1::{AdvanceClockRequest, GetClockRequest};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::gateway::v1::key_service_client::KeyServiceClient;
use townlink_proto::townlink::gateway::v1::paper_service_client::PaperServiceClient;
use townlink_proto::townlink::gateway::v1::put_attachment_request::Part;
use townlink_proto::townlink::values::v1 as values;
use uuid::Uuid;
use vocabulary::{DepartmentCode, MessageId, Sm3Digest, Timestamp, time};

use crate::office::{self, Office};

/// The document on which registrations rest.
pub(crate) const DOCUMENT: &str = "昆政办函〔2026〕1号";

/// How long a test waits for what happens in the background.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until an expression gives something. It is no function: what it looks at is borrowed, and awaits.
macro_rules! until {
    ($what:expr, $look:expr) => {{
        let begun = std::time::Instant::now();
        loop {
            if let Some(seen) = $look {
                break seen;
            }
            assert!(begun.elapsed() < crate::harness::PATIENCE, "in vain: {}", $what);
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }};
}

pub(crate) use until;

/// A town under test.
pub(crate) struct Town {
    /// The process.
    pub(crate) process: TestTown,
    /// The office.
    pub(crate) office: Arc<Office>,
    /// The gateway's database, for a look from outside.
    pub(crate) db: Db,
}

impl Town {
    /// Starts the town; the gateway keeps its data in `db`.
    pub(crate) async fn start(db: &TestDb) -> Self {
        Self::start_with(db, "").await
    }

    /// Starts the town with settings on top.
    pub(crate) async fn start_with(db: &TestDb, settings: &str) -> Self {
        let settings = format!("operations.listen = 'off'\nservices.gateway.database = '{}'\n{settings}", db.url());
        let process = TestTown::start_with(&[office::BLUEPRINT, gateway::BLUEPRINT], &settings).await;
        let office = Office::of(process.folder());
        Self { process, office, db: db.open(&gateway::MIGRATIONS).await }
    }

    /// The keys, as someone sees them.
    pub(crate) fn keys(&self, identity: &str) -> KeyServiceClient<Channel> {
        KeyServiceClient::new(self.process.client(gateway::NAME, identity))
    }

    /// The relay, as someone sees it.
    pub(crate) fn papers(&self, identity: &str) -> PaperServiceClient<Channel> {
        PaperServiceClient::new(self.process.client(gateway::NAME, identity))
    }

    /// Registers a key and lets the second person confirm it.
    pub(crate) async fn register(&self, department: &Department) {
        let request = pb::RegisterKeyRequest { request_id: fresh(), key: Some(department.key()) };
        self.keys("person/registrar").register_key(request).await.expect("it is registered");
        self.confirm(&department.key_name()).await.expect("it is confirmed");
    }

    /// Lets the second person confirm what waits.
    pub(crate) async fn confirm(&self, name: &str) -> Result<pb::Key, Status> {
        let request = pb::ConfirmKeyRequest { request_id: fresh(), name: name.to_owned(), etag: String::new() };
        self.keys("person/confirmer").confirm_key(request).await.map(Response::into_inner)
    }

    /// Asks for the revocation of a key.
    pub(crate) async fn revoke(&self, name: &str) -> Result<pb::Key, Status> {
        let request = pb::RevokeKeyRequest {
            request_id: fresh(),
            name: name.to_owned(),
            reason: "密钥泄露".to_owned(),
            document_number: DOCUMENT.to_owned(),
            etag: String::new(),
        };
        self.keys("person/registrar").revoke_key(request).await.map(Response::into_inner)
    }

    /// A department that is registered.
    pub(crate) async fn department(&self, code: &'static str, issuer: &str) -> Department {
        let department = Department::sm2(code, issuer);
        self.register(&department).await;
        department
    }

    /// Issues a paper.
    pub(crate) async fn issue(
        &self,
        department: &Department,
        request: pb::IssuePaperRequest,
    ) -> Result<pb::Receipt, Status> {
        self.papers(&department.identity()).issue_paper(request).await.map(Response::into_inner)
    }

    /// A paper of a department.
    pub(crate) async fn paper(&self, department: &Department, name: &str) -> pb::Paper {
        let request = pb::GetPaperRequest { name: name.to_owned() };
        self.papers(&department.identity()).get_paper(request).await.expect("it is there").into_inner()
    }

    /// Puts an attachment whole.
    pub(crate) async fn put(&self, department: &Department, content: &[u8]) -> Result<pb::AttachmentUpload, Status> {
        self.put_as(department, Sm3Digest::of(content), content, 0).await
    }

    /// Puts an attachment under a digest, from an offset on.
    pub(crate) async fn put_as(
        &self,
        department: &Department,
        digest: Sm3Digest,
        content: &[u8],
        offset: usize,
    ) -> Result<pb::AttachmentUpload, Status> {
        let header = pb::AttachmentHeader {
            digest: Bytes::copy_from_slice(digest.as_bytes()),
            size_bytes: content.len() as i64,
            offset_bytes: offset as i64,
        };
        let chunks = content[offset..].chunks(100_000).map(|chunk| Part::Chunk(Bytes::copy_from_slice(chunk)));
        self.put_parts(department, [Part::Header(header)].into_iter().chain(chunks).collect()).await
    }

    /// Sends the messages of an upload.
    pub(crate) async fn put_parts(
        &self,
        department: &Department,
        parts: Vec<Part>,
    ) -> Result<pb::AttachmentUpload, Status> {
        let messages = parts.into_iter().map(|part| pb::PutAttachmentRequest { part: Some(part) });
        let stream = futures::stream::iter(messages.collect::<Vec<_>>());
        self.papers(&department.identity()).put_attachment(stream).await.map(Response::into_inner)
    }

    /// Moves the town's clock of both services.
    pub(crate) async fn advance(&self, to: &str) {
        let to: Timestamp = to.parse().expect("an instant");
        let to = Some(prost_types::Timestamp { seconds: to.as_second(), nanos: 0 });
        for service in [office::NAME, gateway::NAME] {
            let mut clock = ClockServiceClient::new(self.process.client(service, "operator/ops"));
            clock.advance_clock(AdvanceClockRequest { to }).await.expect("the clock moves");
        }
    }

    /// The town's time, in seconds.
    pub(crate) async fn clock(&self) -> i64 {
        let mut clock = ClockServiceClient::new(self.process.client(gateway::NAME, "operator/ops"));
        let clock = clock.get_clock(GetClockRequest {}).await.expect("a clock").into_inner();
        clock.now.expect("an instant").seconds
    }

    /// Moves the gateway's clock some seconds on.
    pub(crate) async fn advance_by(&self, now: i64, seconds: i64) {
        let to = Some(prost_types::Timestamp { seconds: now + seconds, nanos: 0 });
        let mut clock = ClockServiceClient::new(self.process.client(gateway::NAME, "operator/ops"));
        clock.advance_clock(AdvanceClockRequest { to }).await.expect("the clock moves");
    }

    /// Ends the process and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.process.restart().await;
    }

    /// Ends the town, and checks the journal and what it explains.
    pub(crate) async fn stop(self) {
        let Self { process, db, .. } = self;
        assert!(process.stop().await, "everything ends in time");
        crate::replay::check(&db).await;
        db.close().await;
    }
}

/// A county department with a key.
#[derive(Clone)]
pub(crate) struct Department {
    /// Its code.
    pub(crate) code: &'static str,
    /// The issuer it signs for.
    pub(crate) issuer: String,
    /// Its key.
    pub(crate) signer: Arc<dyn Signer>,
}

impl Department {
    /// With a new SM2 key.
    pub(crate) fn sm2(code: &'static str, issuer: &str) -> Self {
        let signer = Arc::new(SoftSm2::generate().expect("a key"));
        Self { code, issuer: issuer.to_owned(), signer }
    }

    /// With a new Ed25519 key.
    pub(crate) fn ed25519(code: &'static str, issuer: &str) -> Self {
        let signer = Arc::new(SoftEd25519::generate().expect("a key"));
        Self { code, issuer: issuer.to_owned(), signer }
    }

    /// The identity in its certificate.
    pub(crate) fn identity(&self) -> String {
        format!("county/{}", self.code)
    }

    /// The id of its key.
    pub(crate) fn key_id(&self) -> String {
        self.signer.public_key().key_id()
    }

    /// The name of its key.
    pub(crate) fn key_name(&self) -> String {
        format!("keys/{}", self.key_id())
    }

    /// Its key, as it is registered.
    pub(crate) fn key(&self) -> pb::Key {
        let from = Some(Date { year: 2026, month: 1, day: 1 });
        pb::Key {
            owner: self.identity(),
            public_key_pem: self.signer.public_key().to_pem(),
            valid_from: from,
            issuers: vec![pb::KeyIssuer { issuer: self.issuer.clone(), from, to: None }],
            software: true,
            document_number: DOCUMENT.to_owned(),
            ..pb::Key::default()
        }
    }

    /// A paper of it to somebody, that breaks no rule.
    pub(crate) fn draft(&self, main_to: &str) -> Envelope {
        let id = Uuid::new_v4();
        Envelope {
            message_id: MessageId::try_from(id).expect("an id"),
            doc_type: DocType::Letter,
            document_number: format!("昆函〔2026〕{}号", id.as_u128() % 90_000 + 1),
            title: "关于商请协助有关工作的函".to_owned(),
            issuer: self.issuer.clone(),
            signatory: None,
            main_to: vec![main_to.to_owned()],
            copy_to: Vec::new(),
            urgency: None,
            issue_date: time::parse_date("2026-03-02").expect("a day"),
            due: None,
            action_class: Some(ActionClass::Read),
            openness: Some(Openness::OnApplication),
            ref_document_number: None,
            attachments: Vec::new(),
            algorithm: self.signer.algorithm().to_string(),
            key_id: self.key_id(),
            sender: DepartmentCode::parse(self.code).expect("a department"),
            consent: None,
            agreed_by: Vec::new(),
            matters: 1,
            directive: None,
        }
    }

    /// The signature over some bytes.
    pub(crate) fn sign(&self, payload: &[u8]) -> values::Signature {
        values::Signature {
            key_id: self.key_id(),
            algorithm: self.signer.algorithm().to_string(),
            value: self.signer.sign(payload).expect("a signature").into(),
        }
    }

    /// The request to issue a paper.
    pub(crate) fn issue(&self, envelope: &Envelope) -> pb::IssuePaperRequest {
        self.issue_bytes(envelope.message_id, envelope.to_payload())
    }

    /// The request to issue some bytes as a paper.
    pub(crate) fn issue_bytes(&self, id: MessageId, payload: Vec<u8>) -> pb::IssuePaperRequest {
        let signatures = vec![self.sign(&payload)];
        pb::IssuePaperRequest { request_id: id.to_string(), payload: payload.into(), signatures, send_time: None }
    }

    /// The name of a paper of it.
    pub(crate) fn name(&self, envelope: &Envelope) -> String {
        format!("senders/{}/papers/{}", self.code, envelope.message_id)
    }
}

/// An attachment of a content.
pub(crate) fn attachment(name: &str, content: &[u8]) -> AttachmentRef {
    AttachmentRef { name: name.to_owned(), size_bytes: content.len() as u64, digest: Sm3Digest::of(content) }
}

/// The id of a request.
pub(crate) fn fresh() -> String {
    Uuid::new_v4().to_string()
}

/// The refusal in an answer.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> SeenRefusal {
    let status = answer.expect_err("it is refused");
    let seen = runtime::refusal::read(&status).unwrap_or_else(|| panic!("a bare status: {status:?}"));
    assert!(!seen.remedy.is_empty(), "it says what to do: {seen:?}");
    seen
}

/// The code of the refusal in an answer.
pub(crate) fn code<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    refusal(answer).code
}

/// The town's own key, by the id that a receipt names.
pub(crate) async fn town_key(town: &Town, department: &Department, id: &str) -> PublicKey {
    let request = pb::GetKeyRequest { name: format!("keys/{id}") };
    let key = town.keys(&department.identity()).get_key(request).await.expect("it is listed").into_inner();
    assert_eq!(key.owner, "town");
    PublicKey::from_pem(&key.public_key_pem).expect("a key")
}

/// Every file below a folder that holds some bytes.
pub(crate) fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if std::fs::read(&path).is_ok_and(|content| content.windows(bytes.len()).any(|part| part == bytes)) {
            found.push(path.display().to_string());
        }
    }
    found
}
