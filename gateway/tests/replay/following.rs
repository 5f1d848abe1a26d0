//! Urges, recalls, extensions and replies, replayed.

use std::collections::BTreeMap;

use runtime::db::Db;
use runtime::journal::Positioned;
use runtime::testing::assert_replay;
use townlink_proto::townlink::gateway::v1 as pb;

use super::{Row, day, each, null, paper, recorded, us};

/// Checks what senders did about their papers, and what the office did that earns no receipt.
pub(super) async fn check(db: &Db) {
    assert_replay(
        db,
        "select sender, message_id, notice, kind, accepted_us, note, document_number, act_us, state, refusal_code, ended_us, \
         recorded_us from notices order by sender, message_id, notice",
        notices,
    )
    .await;
    assert_replay(
        db,
        "select sender, message_id, place, office_entry, accepted_us, kind, institution, due, document_number, dispatch, act_us \
         from paper_marks order by sender, message_id, place",
        marks,
    )
    .await;
}

fn accepted(entries: &[Positioned]) -> BTreeMap<String, String> {
    each::<pb::PaperAccepted>(entries).map(|(_, it)| (it.paper, us(it.accept_time.as_ref()))).collect()
}

const STATE: usize = 8;
const CODE: usize = 9;
const ENDED: usize = 10;
const RECORDED: usize = 11;

fn notices(entries: &[Positioned]) -> Vec<Row> {
    let accepted = accepted(entries);
    let mut rows: BTreeMap<[String; 3], Row> = BTreeMap::new();
    let key = |name: &str, notice: &str| {
        let [sender, message] = paper(name);
        [sender, message, notice.to_owned()]
    };
    let row = |key: &[String; 3], kind: &str, texts: [String; 4], entry: &Positioned| {
        let [sender, message, notice] = key.clone();
        let queued = ["QUEUED".to_owned(), String::new(), null(), recorded(entry)];
        [sender, message, notice, kind.to_owned()].into_iter().chain(texts).chain(queued).collect::<Row>()
    };
    for entry in entries {
        let one = std::slice::from_ref(entry);
        for (_, it) in each::<pb::PaperUrged>(one) {
            let key = key(&it.paper, &it.urge);
            let texts = [accepted[&it.paper].clone(), it.note, String::new(), us(it.time.as_ref())];
            let row = row(&key, "URGE", texts, entry);
            rows.insert(key, row);
        }
        for (_, it) in each::<pb::PaperRecalled>(one) {
            let key = key(&it.paper, &it.recall);
            let texts = [accepted[&it.paper].clone(), it.reason, it.document_number, us(it.time.as_ref())];
            let row = row(&key, "RECALL", texts, entry);
            rows.insert(key, row);
        }
        for (_, it) in each::<pb::NoticeEnded>(one) {
            let row = rows.get_mut(&key(&it.paper, &it.notice)).expect("a notice");
            row[STATE] = if it.refusal_code.is_empty() { "TOLD" } else { "REFUSED" }.to_owned();
            row[CODE] = it.refusal_code;
            row[ENDED] = us(it.time.as_ref());
            row[RECORDED] = recorded(entry);
        }
    }
    rows.into_values().collect()
}

fn marks(entries: &[Positioned]) -> Vec<Row> {
    let accepted = accepted(entries);
    let mut places: BTreeMap<String, u32> = BTreeMap::new();
    let mut rows = Vec::new();
    let mut add = |name: String, entry: String, cells: [String; 6]| {
        let [sender, message] = paper(&name);
        let place = places.entry(name.clone()).or_default();
        *place += 1;
        let start = [sender, message, place.to_string(), entry, accepted[&name].clone()];
        rows.push(start.into_iter().chain(cells).collect::<Row>());
    };
    for entry in entries {
        let one = std::slice::from_ref(entry);
        for (_, it) in each::<pb::PaperExtensionGranted>(one) {
            let at = us(it.time.as_ref());
            let cells = ["EXTENDED".to_owned(), it.institution, day(it.due.as_ref()), String::new(), String::new(), at];
            add(it.paper, it.office_entry, cells);
        }
        for (_, it) in each::<pb::PaperReplied>(one) {
            let at = us(it.time.as_ref());
            let cells = ["REPLIED".to_owned(), it.institution, String::new(), it.document_number, it.dispatch, at];
            add(it.paper, it.office_entry, cells);
        }
    }
    rows.sort();
    rows
}
