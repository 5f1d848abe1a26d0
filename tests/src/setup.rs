//! What the tests begin with: registered keys, a small catalogue, documents to confirm.

use bytes::Bytes;
use tonic::Status;
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::office::v1 as office;
use uuid::Uuid;
use vocabulary::Sm3Digest;

use crate::act::Act;
use crate::clients::Clients;
use crate::paper::Key;

/// The first day of the demo.
pub const TODAY: Date = Date { year: 2026, month: 3, day: 2 };

/// The city government, which may grant powers.
pub const GOVERNMENT: &str = "昆山市人民政府";

/// The town government; its papers go to OFFICE.
pub const TOWN_GOVERNMENT: &str = "张浦镇人民政府";

/// The columns of the power catalogue.
const POWER_COLUMNS: &str = "power_code,impl_code,name,kind,field,origin_department,basis,act,violation_basis,penalty_kinds,\
fine_min_yuan,fine_max_yuan,org_fine_min_yuan,org_fine_max_yuan,fine_rule,measures,related,related_to";

/// The columns of an annex of grants.
const GRANT_COLUMNS: &str = "power_code,mode,exercise_name,handler,supervisor,doc_no,clause,batch,from,to,published_date,\
published_place,withdraw_doc_no,provincial_basis_doc_no,scope_area,scope_amount_cap_fen,scope_target,next_evaluation";

/// A request id that was never used.
#[must_use]
pub fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// Registers the key of a sender and confirms it, as two persons of OFFICE do.
pub async fn register_key(clients: &Clients, owner: &str, key: &Key, issuers: &[&str]) {
    let issuer = |issuer: &&str| gateway::KeyIssuer { issuer: (*issuer).to_owned(), from: Some(TODAY), to: None };
    let registered = gateway::Key {
        name: format!("keys/{}", key.id),
        owner: owner.to_owned(),
        algorithm: key.signer.algorithm().to_string(),
        public_key_pem: key.signer.public_key().to_pem(),
        valid_from: Some(TODAY),
        issuers: issuers.iter().map(issuer).collect(),
        software: true,
        document_number: "昆政办发〔2026〕2号".to_owned(),
        ..Default::default()
    };
    let request = gateway::RegisterKeyRequest { request_id: request_id(), key: Some(registered) };
    let path = "/townlink.gateway.v1.KeyService/RegisterKey";
    let key: gateway::Key = Act::new(clients, "person/key-registrar", path, &request).insist().await.reply();
    let request = gateway::ConfirmKeyRequest { request_id: request_id(), name: key.name, etag: key.etag };
    let path = "/townlink.gateway.v1.KeyService/ConfirmKey";
    let key: gateway::Key = Act::new(clients, "person/key-confirmer", path, &request).insist().await.reply();
    assert_eq!(key.state(), gateway::KeyState::Active);
}

/// The code of the n-th power of the small catalogue.
#[must_use]
pub fn power_code(number: usize) -> String {
    format!("TEST-20-{number:04}")
}

/// Brings a catalogue of public services into the register, which a town may hold by assignment.
pub async fn import_powers(clients: &Clients, count: usize) {
    let row = |number: usize| format!("{},,公共服务{number},20,,市民政局,,,,,,,,,,,0,\n", power_code(number));
    let csv = format!("{POWER_COLUMNS}\n{}", (0..count).map(row).collect::<String>());
    let request = office::ImportPowersRequest { request_id: request_id(), csv: csv.into(), valid_from: None };
    let path = "/townlink.office.v1.GrantService/ImportPowers";
    let drafted: office::Import = Act::new(clients, "person/registrar", path, &request).insist().await.reply();
    assert_eq!(drafted.state(), office::ImportState::Draft, "{:?}", drafted.faults);
    let request = office::ConfirmImportRequest { request_id: request_id(), name: drafted.name, etag: drafted.etag };
    let path = "/townlink.office.v1.GrantService/ConfirmImport";
    let confirmed: office::Import = Act::new(clients, "person/confirmer", path, &request).insist().await.reply();
    assert_eq!(confirmed.state(), office::ImportState::Confirmed, "{:?}", confirmed.faults);
}

/// The annex of a document that grants powers of the small catalogue from the demo's first day on.
#[must_use]
pub fn grants_csv(document_number: &str, powers: &[String]) -> String {
    let row = |(index, power): (usize, &String)| {
        format!(
            "{power},ASSIGNED,OWN,SERVICE,SOCIAL,{document_number},{},1,2026-03-02,,2026-03-02,政府网站,,,,,,\n",
            index + 1
        )
    };
    format!("{GRANT_COLUMNS}\n{}", powers.iter().enumerate().map(row).collect::<String>())
}

/// The directive of such a document.
#[must_use]
pub fn grant_directive(annex: &[u8]) -> serde_json::Value {
    let digest = Sm3Digest::of(annex).to_string();
    serde_json::json!({"type": "GRANT_POWERS", "annex": digest, "publishedDate": "2026-03-02", "publishedPlace": "政府网站"})
}

/// The request that registers, by hand, a document which grants powers.
#[must_use]
pub fn register_document(document_number: &str, powers: &[String]) -> office::RegisterDocumentRequest {
    let annex = Bytes::from(grants_csv(document_number, powers));
    let document = office::Document {
        document_number: document_number.to_owned(),
        title: "关于下放管理事项的决定".to_owned(),
        issuer: GOVERNMENT.to_owned(),
        issue_date: Some(TODAY),
        receive_date: Some(TODAY),
        publish_date: Some(TODAY),
        publish_place: "政府网站".to_owned(),
        r#type: office::DocumentType::Grant.into(),
        digest: Bytes::copy_from_slice(Sm3Digest::of(document_number.as_bytes()).as_bytes()),
        directive: grant_directive(&annex).to_string().into(),
        ..Default::default()
    };
    office::RegisterDocumentRequest { request_id: request_id(), document: Some(document), annex }
}

/// Asks whether the service centre holds a power today.
pub async fn holds(clients: &Clients, power: &str) -> office::HoldsResult {
    holds_on(clients, power, TODAY).await
}

/// Asks whether the service centre holds a power on a day.
pub async fn holds_on(clients: &Clients, power: &str, date: Date) -> office::HoldsResult {
    let request = office::HoldsRequest {
        institution: "SERVICE".to_owned(),
        power_code: power.to_owned(),
        date: Some(date),
        ..Default::default()
    };
    let path = "/townlink.office.v1.PowerService/Holds";
    let answer = Act::new(clients, "person/registrar", path, &request).insist().await;
    answer.reply::<office::HoldsResponse>().result()
}

/// Every paper of a sender, newest first.
pub async fn papers_of(clients: &Clients, department: &str) -> Vec<gateway::Paper> {
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let request =
            gateway::ListPapersRequest { parent: format!("senders/{department}"), page_size: 1_000, page_token: token };
        let path = "/townlink.gateway.v1.PaperService/ListPapers";
        let page: gateway::ListPapersResponse =
            Act::new(clients, &format!("county/{department}"), path, &request).insist().await.reply();
        found.extend(page.papers);
        token = page.next_page_token;
        if token.is_empty() {
            return found;
        }
    }
}

/// Every paper of an inbox, newest first.
pub async fn inbox_of(
    clients: &Clients,
    institution: &str,
    person: &str,
    stage: office::InboxStage,
) -> Vec<office::InboxPaper> {
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let request = office::ListInboxPapersRequest {
            parent: format!("inboxes/{institution}"),
            page_size: 1_000,
            page_token: token,
            stage: stage.into(),
            ..Default::default()
        };
        let path = "/townlink.office.v1.InboxService/ListInboxPapers";
        let page: office::ListInboxPapersResponse = Act::new(clients, person, path, &request).insist().await.reply();
        found.extend(page.papers);
        token = page.next_page_token;
        if token.is_empty() {
            return found;
        }
    }
}

/// What a receipt says, as JSON.
#[must_use]
pub fn receipt_of(receipt: &gateway::Receipt) -> serde_json::Value {
    serde_json::from_slice(&receipt.content).expect("a receipt is JSON")
}

/// The bytes of a message.
#[must_use]
pub fn bytes_of(message: &impl prost::Message) -> Bytes {
    message.encode_to_vec().into()
}

/// Puts an attachment at the gateway.
///
/// # Errors
/// The status that the call ended with.
pub async fn put_attachment(
    clients: &Clients,
    identity: &str,
    content: &[u8],
) -> Result<gateway::AttachmentUpload, Status> {
    put_bytes(clients, identity, content, Bytes::copy_from_slice(Sm3Digest::of(content).as_bytes())).await
}

/// Puts bytes as an attachment of this digest, whether or not it is theirs.
///
/// # Errors
/// The status that the call ended with.
pub async fn put_bytes(
    clients: &Clients,
    identity: &str,
    content: &[u8],
    digest: Bytes,
) -> Result<gateway::AttachmentUpload, Status> {
    use gateway::put_attachment_request::Part;
    let size_bytes = i64::try_from(content.len()).expect("a small attachment");
    let header = gateway::AttachmentHeader { digest, size_bytes, offset_bytes: 0 };
    let chunks = content.chunks(64 * 1024).map(|chunk| Part::Chunk(Bytes::copy_from_slice(chunk)));
    let parts: Vec<_> = std::iter::once(Part::Header(header)).chain(chunks).collect();
    let messages = parts.into_iter().map(|part| gateway::PutAttachmentRequest { part: Some(part) });
    let mut client = gateway::paper_service_client::PaperServiceClient::new(clients.channel("gateway", identity));
    client.put_attachment(tokio_stream::iter(messages)).await.map(tonic::Response::into_inner)
}
