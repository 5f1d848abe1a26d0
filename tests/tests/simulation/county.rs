//! What the county and the persons of the town do in a round. Each act is repeated until it is answered, and some are repeated
//! although they were: the same request gets the same bytes.

use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use prost::Message;
use tests::paper::{Key, Paper};
use tests::random::Random;
use tests::setup::{self, GOVERNMENT, TODAY, TOWN_GOVERNMENT};
use tonic::{Code, Response, Status};
use townlink_proto::townlink::clock::v1::AdvanceClockRequest;
use townlink_proto::townlink::clock::v1::clock_service_client::ClockServiceClient;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::gateway::v1::key_service_client::KeyServiceClient;
use townlink_proto::townlink::gateway::v1::paper_service_client::PaperServiceClient;
use townlink_proto::townlink::office::v1 as office;
use townlink_proto::townlink::office::v1::inbox_service_client::InboxServiceClient;

use crate::stage::{SERVICES, START, Stage};

/// How many papers the county issues in a round.
pub const PAPERS: usize = 12;

/// How long one attempt may take.
pub const ATTEMPT: Duration = Duration::from_secs(8);

/// The longest pause before another attempt.
const PAUSE_MAX: u64 = 1_500;

/// Over how much time the papers are issued.
pub const SPREAD: u64 = 40_000;

/// After how much time five minutes of the town pass.
const HOUR_PAUSE: Duration = Duration::from_secs(30);

/// Plays the round from the first key to the last receipt.
pub async fn act(stage: &Stage, mut random: Random) {
    let key = Key::ed25519("government-2026");
    register(stage, &key, "government", GOVERNMENT, &mut random).await;
    let issued = (0..PAPERS).map(|number| issue(stage, number, &key, random.fork()));
    let receipts = join_all(issued).await;
    let signed = receipts.iter().map(|paper| sign_for(stage, paper, random.fork()));
    join_all(signed).await;
    for paper in &receipts {
        told(stage, paper, &mut random).await;
    }
}

/// Lets the town's hours pass, so that what waits for them is tried again also where nothing else brings it on.
pub async fn hours(stage: &Stage) {
    let mut clocks = SERVICES.map(|service| ClockServiceClient::new(stage.channel(service, "operator/ops")));
    let mut now: jiff::Timestamp = START.parse().expect("an instant");
    loop {
        tokio::time::sleep(HOUR_PAUSE).await;
        now += jiff::SignedDuration::from_mins(5);
        let to = prost_types::Timestamp { seconds: now.as_second(), nanos: 0 };
        for clock in &mut clocks {
            // A service that is away learns of it with the next.
            drop(tokio::time::timeout(ATTEMPT, clock.advance_clock(AdvanceClockRequest { to: Some(to) })).await);
        }
    }
}

/// Registers the key of a department and confirms it, as two persons of OFFICE do.
pub async fn register(stage: &Stage, key: &Key, department: &str, issuer: &str, random: &mut Random) {
    let issuer = gateway::KeyIssuer { issuer: issuer.to_owned(), from: Some(TODAY), to: None };
    let registered = gateway::Key {
        name: format!("keys/{}", key.id),
        owner: format!("county/{department}"),
        algorithm: key.signer.algorithm().to_string(),
        public_key_pem: key.signer.public_key().to_pem(),
        valid_from: Some(TODAY),
        issuers: vec![issuer],
        software: true,
        document_number: "昆政办发〔2026〕2号".to_owned(),
        ..Default::default()
    };
    let request = gateway::RegisterKeyRequest { request_id: setup::request_id(), key: Some(registered) };
    let client = KeyServiceClient::new(stage.client("gateway", "person/registrar"));
    let pending = insist(random, async || client.clone().register_key(request.clone()).await).await;
    let request =
        gateway::ConfirmKeyRequest { request_id: setup::request_id(), name: pending.name, etag: pending.etag };
    let client = KeyServiceClient::new(stage.client("gateway", "person/confirmer"));
    let active = insist(random, async || client.clone().confirm_key(request.clone()).await).await;
    assert_eq!(active.state(), gateway::KeyState::Active);
}

/// Issues a paper, repeats some, and gives its name.
async fn issue(stage: &Stage, number: usize, key: &Key, mut random: Random) -> String {
    tokio::time::sleep(Duration::from_millis(random.below(SPREAD))).await;
    let paper = Paper::new("government", GOVERNMENT, TOWN_GOVERNMENT);
    let request = paper.with("docNo", format!("昆政发〔2026〕{}号", number + 1)).sign(key);
    let client = PaperServiceClient::new(stage.client("gateway", "county/government"));
    let first = insist(&mut random, async || client.clone().issue_paper(request.clone()).await).await;
    while random.below(2) == 0 {
        let again = insist(&mut random, async || client.clone().issue_paper(request.clone()).await).await;
        assert_eq!(bytes(&again), bytes(&first), "the same receipt, byte for byte");
    }
    first.paper
}

/// Signs for a paper once it has arrived.
async fn sign_for(stage: &Stage, paper: &str, mut random: Random) {
    let name = paper.replace("senders/", "inboxes/OFFICE/papers/").replacen("/papers/", "\0", 1);
    let (inbox, rest) = name.split_once('\0').expect("a name of a paper");
    let name = format!("{inbox}/papers/{}", rest.replace("/papers/", "-"));
    let client = InboxServiceClient::new(stage.client("office", "person/clerk"));
    let request = office::SignForPaperRequest { request_id: setup::request_id(), name, etag: String::new() };
    let signed = insist(&mut random, async || client.clone().sign_for_paper(request.clone()).await).await;
    if random.below(2) == 0 {
        let again = insist(&mut random, async || client.clone().sign_for_paper(request.clone()).await).await;
        assert_eq!(bytes(&again), bytes(&signed), "the same answer, byte for byte");
    }
}

/// Waits until the county has the receipt of the person who signed.
async fn told(stage: &Stage, paper: &str, random: &mut Random) {
    let client = PaperServiceClient::new(stage.client("gateway", "county/government"));
    let request = gateway::GetPaperRequest { name: paper.to_owned() };
    loop {
        let seen = insist(random, async || client.clone().get_paper(request.clone()).await).await;
        let kinds: Vec<_> = seen.receipts.iter().map(gateway::Receipt::r#type).collect();
        if kinds == [gateway::ReceiptType::Received, gateway::ReceiptType::SignedFor] {
            return;
        }
        assert_eq!(kinds, [gateway::ReceiptType::Received], "no receipt twice, and none of another kind");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Acts again and again until the town answers.
pub async fn insist<T>(random: &mut Random, act: impl AsyncFn() -> Result<Response<T>, Status>) -> T {
    loop {
        match tokio::time::timeout(ATTEMPT, act()).await {
            Ok(Ok(answer)) => return answer.into_inner(),
            Ok(Err(status)) => assert!(passing(&status), "the town says no: {status:?}"),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(50 + random.below(PAUSE_MAX))).await;
    }
}

/// What another attempt may mend: a status with a source was made here, of a connection that is gone, and is no answer of the town.
/// A paper that has not arrived yet is not found.
pub fn passing(status: &Status) -> bool {
    let code = matches!(
        status.code(),
        Code::Unavailable | Code::Unknown | Code::Cancelled | Code::DeadlineExceeded | Code::Aborted | Code::NotFound
    );
    code || std::error::Error::source(status).is_some()
}

/// The bytes of an answer.
pub fn bytes(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}
