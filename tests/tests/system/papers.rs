//! What is changed on the way is refused, and what two want at once one gets.

use bytes::Bytes;
use futures::future::join_all;
use tests::act::{Act, code_of};
use tests::ledger;
use tests::paper::{Key, Paper};
use tests::random::Random;
use tests::raw::Answer;
use tests::setup::{self, GOVERNMENT, TOWN_GOVERNMENT};
use tests::town::Town;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::office::v1 as office;

const ISSUE: &str = "/townlink.gateway.v1.PaperService/IssuePaper";
const CONFIRM: &str = "/townlink.office.v1.DocumentService/ConfirmDocument";

/// How many confirm one document at once.
const RACERS: usize = 1_000;

/// One bit of one byte is changed: a random one, since each must be noticed.
fn flipped(bytes: &[u8], at: usize, random: &mut Random) -> Bytes {
    let mut changed = bytes.to_vec();
    // A signature in DER is a byte longer or shorter each time.
    let at = at.min(changed.len() - 1);
    changed[at] ^= 1 << random.below(8);
    changed.into()
}

/// How long the parts are in which a byte is flipped: payload, key id, signature.
fn parts(request: &gateway::IssuePaperRequest) -> [usize; 3] {
    let signature = &request.signatures[0];
    [request.payload.len(), signature.key_id.len(), signature.value.len()]
}

fn flip(
    mut request: gateway::IssuePaperRequest,
    part: usize,
    at: usize,
    random: &mut Random,
) -> Option<gateway::IssuePaperRequest> {
    let signature = &mut request.signatures[0];
    match part {
        0 => request.payload = flipped(&request.payload, at, random),
        // A key id is a text; a flip that makes it none cannot be put into the message at all.
        1 => signature.key_id = String::from_utf8(flipped(signature.key_id.as_bytes(), at, random).into()).ok()?,
        _ => signature.value = flipped(&signature.value, at, random),
    }
    Some(request)
}

crate::both_databases! {
    async fn one_flipped_byte_anywhere_is_refused(backend: Backend) {
        let mut town = Town::up(backend).await;
        let seed = Random::new_seed();
        println!("seed {seed}");
        let mut random = Random::of_seed(seed);
        let key = Key::sm2("government-2026");
        setup::register_key(&town.clients, "county/government", &key, &[GOVERNMENT]).await;
        let attachment = "正文".repeat(100).into_bytes();
        setup::put_attachment(&town.clients, "county/government", &attachment).await.expect("the attachment is taken");
        let paper = Paper::new("government", GOVERNMENT, TOWN_GOVERNMENT).attach("正文.txt", &attachment);

        let intact = paper.clone().sign(&key);
        let accepted = Act::new(&town.clients, "county/government", ISSUE, &intact).insist().await;
        let accepted: gateway::Receipt = accepted.reply();
        // An id that was answered is never looked at again, so each flip has an id of its own.
        for (part, length) in parts(&intact).into_iter().enumerate() {
            for at in 0..length {
                let fresh = paper.clone().with_new_id().sign(&key);
                let Some(changed) = flip(fresh, part, at, &mut random) else { continue };
                let answer = Act::new(&town.clients, "county/government", ISSUE, &changed).insist().await;
                let refused = matches!(answer, Answer::Refusal { .. });
                assert!(refused, "byte {at} of part {part} was changed and the paper accepted: {changed:?}");
            }
        }

        for at in [0, attachment.len() / 2, attachment.len() - 1] {
            let changed = flipped(&attachment, at, &mut random);
            let digest = vocabulary::Sm3Digest::of(b"another").as_bytes().to_vec();
            let put = setup::put_bytes(&town.clients, "county/government", &changed, digest.into()).await;
            assert_eq!(tests::act::seen(&put.expect_err("the bytes do not match")).code, "RE-DIGEST");
        }
        let missing = paper.with_new_id().attach("附件.txt", b"never put").sign(&key);
        let answer = Act::new(&town.clients, "county/government", ISSUE, &missing).insist().await;
        assert_eq!(code_of(&answer), "RE-ATTACHMENT");

        let papers = setup::papers_of(&town.clients, "government").await;
        let names: Vec<_> = papers.iter().map(|paper| paper.name.as_str()).collect();
        assert_eq!(names, [accepted.paper.as_str()], "nothing that was changed is there");
        town.stop();
        ledger::check(&town.databases).await;
    }

    async fn of_a_thousand_racing_confirmations_one_wins(backend: Backend) {
        let mut town = Town::up(backend).await;
        setup::import_powers(&town.clients, 1).await;
        let request = setup::register_document("昆政发〔2026〕5号", &[setup::power_code(0)]);
        let path = "/townlink.office.v1.DocumentService/RegisterDocument";
        let registered: office::Document = Act::new(&town.clients, "person/registrar", path, &request).insist().await.reply();
        let confirm = |number: usize| {
            let request = office::ConfirmDocumentRequest {
                request_id: setup::request_id(),
                name: registered.name.clone(),
                etag: String::new(),
            };
            let person = if number.is_multiple_of(2) { "person/confirmer" } else { "person/relay-clerk" };
            Act::new(&town.clients, person, CONFIRM, &request)
        };
        let acts: Vec<_> = (0..RACERS).map(confirm).collect();
        let answers = join_all(acts.iter().map(Act::insist)).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| matches!(answer, Answer::Reply(_)));
        assert_eq!(won.len(), 1, "one wins");
        for answer in &lost {
            assert_eq!(code_of(answer), "OV-HISTORY-EDIT");
        }
        for (act, answer) in acts.iter().zip(&answers).step_by(RACERS / 50) {
            assert_eq!(act.insist().await, *answer, "each keeps its answer");
        }
        assert_eq!(setup::holds(&town.clients, &setup::power_code(0)).await, office::HoldsResult::Yes);
        town.stop();
        let ledgers = ledger::check(&town.databases).await;
        assert_eq!(ledgers.events::<office::DocumentConfirmed>("office").len(), 1);
        assert_eq!(ledgers.events::<office::GrantRecorded>("office").len(), 1);
    }
}
