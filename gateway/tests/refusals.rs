//! Papers that are refused: each code, the same no for every repetition, and no trace of a secret.

use std::path::Path;

use gateway::envelope::{Directive, Envelope};
use runtime::both_databases;
use runtime::testing::{journal_entries, rows};
use serde_json::json;
use tonic::Status;
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::journal::v1::Refused;
use vocabulary::Sm3Digest;

use crate::harness::{Department, Town, attachment, code, files_with, refusal};

const ROWS: &[u8] = b"power_code,mode\nZP-02-0001,CONFIRMED\n";

/// A paper of the city government with something changed.
fn changed(department: &Department, change: impl FnOnce(&mut Envelope)) -> pb::IssuePaperRequest {
    let mut draft = department.draft("张浦镇人民政府");
    change(&mut draft);
    department.issue(&draft)
}

/// A paper with a directive.
fn directs(department: &Department, object: serde_json::Value) -> pb::IssuePaperRequest {
    changed(department, |draft| {
        draft.directive = Some(Directive::new(&object).expect("a directive"));
        draft.attachments = vec![attachment("附件1.csv", ROWS)];
    })
}

/// The payload as text, changed and signed as it is then.
fn rewritten(department: &Department, from: &str, to: &str) -> pb::IssuePaperRequest {
    let draft = department.draft("张浦镇人民政府");
    let payload = String::from_utf8(draft.to_payload()).expect("UTF-8");
    assert!(payload.contains(from), "{from}");
    department.issue_bytes(draft.message_id, payload.replacen(from, to, 1).into_bytes())
}

async fn refused_messages(town: &Town) -> Vec<Refused> {
    let entries = journal_entries(&town.db).await;
    entries.iter().filter_map(|entry| entry.event::<Refused>().expect("an event")).collect()
}

both_databases! {
    async fn every_code_of_the_relay_is_refused_for_good(db: TestDb) {
        let town = Town::start(&db).await;
        let city = town.department("government", "昆山市人民政府").await;
        let water = town.department("water", "昆山市水务局").await;
        let unconfirmed = Department::sm2("government", "昆山市人民政府");
        let digest = Sm3Digest::of(ROWS).to_string();
        let mut unsigned = changed(&city, |_| {});
        unsigned.signatures.clear();
        let mut other_key = changed(&city, |_| {});
        other_key.signatures[0].algorithm = "Ed25519".to_owned();
        let cases: Vec<(&str, pb::IssuePaperRequest)> = vec![
            ("RE-FORMAT", rewritten(&city, "\"title\"", " \"title\"")),
            ("RE-FORMAT", rewritten(&city, "\"docType\":\"函\"", "\"docType\":\"方案\"")),
            ("RE-FORMAT", rewritten(&city, "\"urgency\":null", "\"urgency\":\"火急\"")),
            ("RE-FORMAT", rewritten(&city, "\"matters\":1", "\"matters\":1,\"matters\":1")),
            ("RE-FORMAT", pb::IssuePaperRequest { request_id: crate::harness::fresh(), ..changed(&city, |_| {}) }),
            ("OV-CLASSIFIED", rewritten(&city, "\"secrecy\":\"NONE\"", "\"secrecy\":\"秘密\"")),
            ("OV-CLASSIFIED", rewritten(&city, "\"secrecy\":\"NONE\",", "")),
            ("OV-CLASSIFIED", changed(&city, |it| it.title = "关于 绝密 ★ 事项的函".to_owned())),
            ("RE-SENDER", changed(&city, |it| it.issuer = "苏州市人民政府".to_owned())),
            ("RE-SENDER", changed(&city, |it| it.sender = "water".parse().expect("a department"))),
            ("RE-SENDER", changed(&city, |it| it.key_id = water.key_id())),
            ("RE-KEY", changed(&city, |it| it.key_id = "nobody".to_owned())),
            ("RE-KEY", changed(&unconfirmed, |_| {})),
            ("RE-SIGNATURE", unsigned),
            ("RE-ALG", other_key),
            ("RE-ALG", changed(&city, |it| it.algorithm = "RSA".to_owned())),
            ("RE-ADDRESSEE", changed(&city, |it| it.main_to.clear())),
            ("RE-ADDRESSEE", changed(&city, |it| it.main_to = vec!["张浦镇水利站".to_owned()])),
            ("RE-FRONT", changed(&city, |it| it.main_to = vec!["综合执法局".to_owned()])),
            ("RE-FRONT", changed(&city, |it| it.copy_to = vec!["张浦镇行政审批局".to_owned()])),
            ("RE-ATTACHMENT", changed(&city, |it| it.attachments = vec![attachment("工具.exe", ROWS)])),
            ("RE-DIGEST", changed(&city, |it| {
                it.attachments = vec![attachment("附件1.csv", ROWS)];
                it.attachments[0].size_bytes += 1;
            })),
            ("RE-DIRECTIVE", directs(&city, json!({"type": "DO_SOMETHING", "annex": digest}))),
            ("RE-DIRECTIVE", directs(&city, json!({"type": "GRANT_POWERS"}))),
            ("RE-DIRECTIVE", directs(&city, json!({"type": "GRANT_POWERS", "annex": Sm3Digest::of(b"x").to_string()}))),
        ];
        for (expected, request) in cases {
            // A refusal may let an upload go, so each paper finds its own.
            town.put(&city, ROWS).await.expect("put");
            let first = town.issue(&city, request.clone()).await.expect_err(expected);
            let again = town.issue(&city, request.clone()).await.expect_err(expected);
            assert_eq!(first.details(), again.details(), "{expected}: a repetition gets the same bytes");
            assert_eq!(code(Err::<(), _>(first)), expected, "{:?}", String::from_utf8_lossy(&request.payload));
        }
        // Nothing was accepted, and what was refused is told without its content.
        assert!(rows(&town.db, "select message_id from papers").await.is_empty());
        let refused = refused_messages(&town).await;
        assert_eq!(refused.len(), 25, "one entry for each, none for a repetition");
        for content in ["绝密", "协助", "水利站", "火急", "苏州", "nobody", "工具"] {
            assert!(refused.iter().all(|it| !it.message.contains(content)), "{content}");
        }
        town.stop().await;
    }

    async fn only_a_registered_sender_may_send(db: TestDb) {
        let town = Town::start(&db).await;
        let stranger = Department::sm2("housing", "昆山市住房和城乡建设局");
        let draft = stranger.draft("张浦镇人民政府");
        assert_eq!(code(town.issue(&stranger, stranger.issue(&draft)).await), "RE-SENDER");
        assert_eq!(code(town.put(&stranger, b"x").await), "RE-SENDER");
        // A key that waits for its second person makes no sender.
        let request = pb::RegisterKeyRequest { request_id: crate::harness::fresh(), key: Some(stranger.key()) };
        town.keys("person/registrar").register_key(request).await.expect("registered");
        assert_eq!(code(town.put(&stranger, b"x").await), "RE-SENDER");
        town.confirm(&stranger.key_name()).await.expect("confirmed");
        town.put(&stranger, b"x").await.expect("now he is");
        let next = stranger.draft("张浦镇人民政府");
        town.issue(&stranger, stranger.issue(&next)).await.expect("accepted");
        // The first no stands: a remedy needs a new id.
        assert_eq!(code(town.issue(&stranger, stranger.issue(&draft)).await), "RE-SENDER");
        town.stop().await;
    }

    async fn a_flipped_byte_is_refused(db: TestDb) {
        let town = Town::start(&db).await;
        let city = town.department("government", "昆山市人民政府").await;
        let length = city.draft("张浦镇人民政府").to_payload().len();
        for at in (0..length).step_by(29) {
            let mut request = changed(&city, |_| {});
            let mut payload = request.payload.to_vec();
            // The document number is random, and so is the length.
            let at = at.min(payload.len() - 1);
            payload[at] ^= 1;
            request.payload = payload.into();
            let seen = refusal(town.issue(&city, request).await);
            assert!(seen.code.starts_with("RE-") || seen.code == "OV-CLASSIFIED", "byte {at}: {seen:?}");
        }
        let signature = changed(&city, |_| {}).signatures[0].value.len();
        for at in (0..signature).step_by(7) {
            let mut request = changed(&city, |_| {});
            let mut value = request.signatures[0].value.to_vec();
            let at = at.min(value.len() - 1);
            value[at] ^= 1;
            request.signatures[0].value = value.into();
            assert_eq!(code(town.issue(&city, request).await), "RE-SIGNATURE", "byte {at}");
        }
        assert!(rows(&town.db, "select message_id from papers").await.is_empty());
        town.stop().await;
    }

    // Worked example 5 of §8.9.
    async fn a_secret_leaves_no_byte(db: TestDb) {
        let town = Town::start(&db).await;
        let city = town.department("government", "昆山市人民政府").await;
        let witness = "本页所载坐标仅限内部掌握不得外传";
        let small = format!("秘密★1年\n{witness}\n");
        let large = format!("{small}{}", witness.repeat(5_000));
        for (name, content) in [("正文.txt", &small), ("正文.txt", &large)] {
            town.put(&city, content.as_bytes()).await.expect("put");
            let request = changed(&city, |it| {
                it.title = format!("关于{witness}的函");
                it.attachments = vec![attachment(name, content.as_bytes())];
            });
            let seen = refusal(town.issue(&city, request).await);
            assert_eq!((seen.code.as_str(), seen.reason.as_str()), ("OV-CLASSIFIED", "OV_CLASSIFIED"));
            // The spool let it go at once.
            let digest = Sm3Digest::of(content.as_bytes());
            let request = pb::GetAttachmentUploadRequest { digest: digest.as_bytes().to_vec().into() };
            let upload = town.papers("county/government").get_attachment_upload(request).await.expect("a state");
            assert_eq!((upload.get_ref().received_bytes, upload.get_ref().complete), (0, false));
        }
        let refused = refused_messages(&town).await;
        let marking = Sm3Digest::of("秘密★".as_bytes()).to_string();
        assert!(refused.iter().all(|it| it.message.contains(&marking)), "{refused:?}");
        assert_no_trace(&town, &db.url(), witness).await;
        town.stop().await;
    }

    async fn a_broken_envelope_with_a_mark_is_a_secret_too(db: TestDb) {
        let town = Town::start(&db).await;
        let city = town.department("government", "昆山市人民政府").await;
        let request = rewritten(&city, "\"title\":\"", " \"title\":\"机密★");
        assert_eq!(code(town.issue(&city, request).await), "OV-CLASSIFIED");
        let escaped = rewritten(&city, "\"title\":\"", " \"title\":\"\\u673a\\u5bc6\\u2606");
        assert_eq!(code(town.issue(&city, escaped).await), "OV-CLASSIFIED");
        town.stop().await;
    }

    async fn a_malformed_request_is_told_every_field(db: TestDb) {
        let town = Town::start(&db).await;
        let city = town.department("government", "昆山市人民政府").await;
        let mut request = changed(&city, |_| {});
        let line = request.signatures[0].clone();
        request.signatures = vec![line; 5];
        request.signatures[1].key_id.clear();
        let status: Status = town.issue(&city, request).await.expect_err("malformed");
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        let seen = runtime::refusal::read(&status).expect("details");
        let fields: Vec<_> = seen.violations.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(fields, ["signatures", "signatures[1]"]);
        town.stop().await;
    }
}

/// No file of the town and no row of its database holds a text.
async fn assert_no_trace(town: &Town, url: &str, text: &str) {
    assert_eq!(files_with(town.process.folder(), text.as_bytes()), [""; 0]);
    if let Some(file) = url.strip_prefix("sqlite:") {
        let folder = Path::new(file).parent().expect("a folder");
        assert_eq!(files_with(folder, text.as_bytes()), [""; 0]);
    }
    let needle = hex::encode(text);
    for query in [
        "select payload, leaf_hash from journal",
        "select outcome, fingerprint from answers",
        "select payload from papers",
    ] {
        let found = rows(&town.db, query).await;
        assert!(found.iter().flatten().all(|cell| !cell.contains(&needle)), "{query}");
    }
}
