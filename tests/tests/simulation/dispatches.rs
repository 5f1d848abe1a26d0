//! The town's own papers in a round: OFFICE drafts, signs and sends them, one department pulls and acknowledges, others are pushed
//! to, and one of these is away until all the others have theirs.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::join_all;
use tests::paper::Key;
use tests::random::Random;
use tests::setup;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio_stream::wrappers::UnboundedReceiverStream;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::gateway::v1::dispatch_service_client::DispatchServiceClient as OutgoingClient;
use townlink_proto::townlink::office::v1 as office;
use townlink_proto::townlink::office::v1::dispatch_service_client::DispatchServiceClient;

use crate::county::{ATTEMPT, SPREAD, bytes, insist, passing, register};
use crate::stage::{LATE, PULLS, PUSHED, Stage};

/// How many papers the town sends in a round.
const LETTERS: usize = 7;

/// The departments, by code and name.
pub const DEPARTMENTS: [(&str, &str); 3] =
    [(PULLS, "昆山市水务局"), (PUSHED, "昆山市住房和城乡建设局"), (LATE, "昆山市生态环境局")];

/// How long a department waits for the next message of its stream. Signs of life come every fifteen seconds.
const SILENCE: Duration = Duration::from_secs(20);

/// The pause before a department asks anew.
const ANEW: Duration = Duration::from_millis(300);

/// How many receipts a department gives at once.
const RECEIPTS_AT_ONCE: usize = 4;

/// The departments that a paper goes to, by their places in [`DEPARTMENTS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter(Vec<usize>);

impl Letter {
    /// Whether it goes to a department.
    pub fn is_to(&self, department: &str) -> bool {
        self.0.iter().any(|place| DEPARTMENTS[*place].0 == department)
    }
}

/// What a seed sends to whom. The first paper goes to all.
pub fn plan(random: &mut Random) -> Vec<Letter> {
    let letter = |number| {
        let chosen = if number == 0 { 7 } else { 1 + random.below(7) };
        Letter((0..DEPARTMENTS.len()).filter(|place| (chosen >> place) & 1 == 1).collect())
    };
    (0..LETTERS).map(letter).collect()
}

/// How many of the papers go to a department.
pub fn count(letters: &[Letter], department: &str) -> usize {
    letters.iter().filter(|letter| letter.is_to(department)).count()
}

/// Plays the round from the first draft to the last receipt.
pub async fn act(stage: &Stage, letters: &[Letter], mut random: Random) {
    let (taken, given) = mpsc::unbounded_channel();
    let (key, expected) = (Key::ed25519("water-2026"), count(letters, PULLS));
    let (mut registering, pulling, mut following) = (random.fork(), random.fork(), random.fork());
    let sending = letters.iter().enumerate().map(|(number, letter)| send(stage, number, letter, random.fork()));
    let sending: Vec<_> = sending.collect();
    let pulled = async {
        register(stage, &key, PULLS, "昆山市水务局", &mut registering).await;
        pull(stage, i64::try_from(expected).expect("a few papers"), taken, pulling).await;
    };
    let receipts = UnboundedReceiverStream::new(given)
        .map(|dispatch| acknowledge(stage, dispatch, random.fork()))
        .buffer_unordered(RECEIPTS_AT_ONCE)
        .for_each(|()| std::future::ready(()));
    let sent = async {
        let names = join_all(sending).await;
        follow(stage, &names, &mut following).await;
    };
    futures::join!(pulled, receipts, sent);
}

/// Does a step with a paper, as a person of the town.
macro_rules! step {
    ($stage:expr, $random:expr, $person:literal, $method:ident, $request:ident { $($field:ident: $value:expr),* }) => {{
        let request = office::$request { request_id: setup::request_id(), $($field: $value),* };
        let client = DispatchServiceClient::new($stage.client("office", concat!("person/", $person)));
        let first = insist($random, async || client.clone().$method(request.clone()).await).await;
        if $random.below(3) == 0 {
            let again = insist($random, async || client.clone().$method(request.clone()).await).await;
            assert_eq!(bytes(&again), bytes(&first), "the same answer, byte for byte");
        }
        first
    }};
}

/// Sends a paper, and gives its name.
async fn send(stage: &Stage, number: usize, letter: &Letter, mut random: Random) -> String {
    tokio::time::sleep(Duration::from_millis(random.below(SPREAD))).await;
    let random = &mut random;
    let (any, words) = (String::new, || "同意".to_owned());
    let content = office::DispatchContent {
        issuer: "GOVERNMENT".to_owned(),
        doc_type: "函".to_owned(),
        title: format!("关于第{number}件事项的函"),
        text: format!("现将第{number}件事项有关情况函告如下。"),
        main_to: letter.0.iter().map(|place| DEPARTMENTS[*place].1.to_owned()).collect(),
        openness: "依申请公开".to_owned(),
        ..office::DispatchContent::default()
    };
    let drafted = step!(stage, random, "clerk", draft_dispatch, DraftDispatchRequest { content: Some(content) });
    let name = || drafted.name.clone();
    step!(stage, random, "chief", review_dispatch, ReviewDispatchRequest { name: name(), words: words(), etag: any() });
    step!(stage, random, "mayor", sign_dispatch, SignDispatchRequest { name: name(), words: words(), etag: any() });
    step!(stage, random, "clerk", number_dispatch, NumberDispatchRequest { name: name(), etag: any() });
    step!(stage, random, "clerk", seal_dispatch, SealDispatchRequest { name: name(), etag: any() });
    let sent = step!(stage, random, "clerk", send_dispatch, SendDispatchRequest { name: name(), etag: any() });
    assert_eq!((sent.stage(), sent.recipients.len()), (office::DispatchStage::Sent, letter.0.len()));
    sent.name
}

/// Pulls until every paper is in the folder of the department. It begins anew again and again, with what its folder says, and
/// sometimes asks for what it has.
async fn pull(stage: &Stage, expected: i64, taken: UnboundedSender<gateway::Dispatch>, mut random: Random) {
    let client = OutgoingClient::new(stage.client("gateway", "county/water"));
    loop {
        let receiver = stage.receiver(PULLS);
        let last = receiver.last();
        if last == expected {
            return;
        }
        let back = random.below(3).min(u64::try_from(last).expect("a number from 0"));
        let after_number = last - i64::try_from(back).expect("at most 2");
        let request = gateway::PullDispatchesRequest { parent: format!("departments/{PULLS}"), after_number };
        match tokio::time::timeout(ATTEMPT, client.clone().pull_dispatches(request)).await {
            Ok(Ok(opened)) => {
                let mut stream = opened.into_inner();
                for _ in 0..1 + random.below(5) {
                    let Ok(Ok(Some(message))) = tokio::time::timeout(SILENCE, stream.message()).await else { break };
                    let Some(dispatch) = message.dispatch else { continue };
                    receiver.take(&dispatch).expect("it follows the one before, and the town signed it");
                    taken.send(dispatch).expect("somebody gives receipts");
                    if receiver.last() == expected {
                        return;
                    }
                }
            }
            Ok(Err(status)) => assert!(passing(&status), "the town says no: {status:?}"),
            Err(_) => {}
        }
        tokio::time::sleep(ANEW).await;
    }
}

/// Gives the receipts for a paper, some of them again with the same and with another request.
async fn acknowledge(stage: &Stage, dispatch: gateway::Dispatch, mut random: Random) {
    let client = OutgoingClient::new(stage.client("gateway", "county/water"));
    for kind in [gateway::ReceiptType::Received, gateway::ReceiptType::SignedFor] {
        loop {
            let request = gateway::AcknowledgeDispatchRequest {
                request_id: setup::request_id(),
                name: dispatch.name.clone(),
                r#type: kind.into(),
                reason: String::new(),
                receipt: Bytes::from_static("水务局收文回执".as_bytes()),
            };
            let act = async || client.clone().acknowledge_dispatch(request.clone()).await;
            let first = insist(&mut random, &act).await;
            if random.below(2) == 0 {
                assert_eq!(bytes(&insist(&mut random, &act).await), bytes(&first), "the same answer, byte for byte");
            }
            if random.below(3) > 0 {
                break;
            }
        }
    }
}

/// Waits until the office knows of every receipt. One department is away until all others have theirs: nobody waits for it.
async fn follow(stage: &Stage, names: &[String], random: &mut Random) {
    let arrived = |it: &office::DispatchDelivery| it.state() != office::DispatchDeliveryState::Pending;
    for name in names {
        until(stage, name, random, |dispatch| {
            let late = dispatch.recipients.iter().filter(|it| it.department == LATE);
            assert_eq!(late.filter(|it| arrived(it)).count(), 0, "who is away has nothing");
            dispatch.recipients.iter().all(|it| it.department == LATE || arrived(it))
        })
        .await;
    }
    stage.open();
    for name in names {
        until(stage, name, random, |dispatch| {
            let signed = |it: &office::DispatchDelivery| it.state() == office::DispatchDeliveryState::SignedFor;
            let pulled = dispatch.recipients.iter().filter(|it| it.department == PULLS);
            dispatch.stage() == office::DispatchStage::Delivered && pulled.clone().all(signed)
        })
        .await;
    }
}

async fn until(stage: &Stage, name: &str, random: &mut Random, holds: impl Fn(&office::Dispatch) -> bool) {
    let client = DispatchServiceClient::new(stage.client("office", "person/clerk"));
    let request = office::GetDispatchRequest { name: name.to_owned() };
    while !holds(&insist(random, async || client.clone().get_dispatch(request.clone()).await).await) {
        tokio::time::sleep(ANEW).await;
    }
}
