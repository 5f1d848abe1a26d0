//! Replaying the journal gives the rows of the outgoing papers, column by column.

use std::collections::BTreeMap;

use prost::Message as _;
use runtime::db::Db;
use runtime::journal::Positioned;
use runtime::testing::{assert_replay, check_journal};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::DispatchStage as Stage;
use vocabulary::text::normalise;
use vocabulary::{Date, DocumentNumber, Sm3Digest, Timestamp, time};

/// Checks the journal, and every table of outgoing papers.
pub(crate) async fn check(db: &Db) {
    check_journal(db).await;
    assert_replay(
        db,
        "select id, institution, stage, open, awaiting, document_number, request_key, ref_key, drafted_us, content, dispatch, \
         next_us, silent, silence_us, overdue, version, recorded_us from dispatches order by id",
        dispatches,
    )
    .await;
    assert_replay(db, "select institution, dispatch from dispatch_cosigns order by institution, dispatch", cosigns)
        .await;
    assert_replay(db, "select dispatch, voided_us, record from void_numbers order by dispatch", void_numbers).await;
    assert_replay(
        db,
        "select name, inbox, document_key, ref_key, arrived_us, paper from thread_papers order by name",
        papers,
    )
    .await;
}

/// A dispatch as the journal tells it.
struct Told {
    dispatch: pb::Dispatch,
    content: pb::DispatchContent,
    version: i64,
    recorded: String,
}

fn dispatches(entries: &[Positioned]) -> Vec<Vec<String>> {
    all(entries).into_values().map(row).collect()
}

/// Who was asked and has not answered.
fn cosigns(entries: &[Positioned]) -> Vec<Vec<String>> {
    let asked = all(entries)
        .into_values()
        .map(|told| told.dispatch)
        .filter(|dispatch| [Stage::Draft, Stage::Cosigned].contains(&dispatch.stage()));
    let rows = asked.flat_map(|dispatch| {
        let id = dispatch.name.trim_start_matches("dispatches/").to_owned();
        let pending = dispatch.cosigns.into_iter().filter(|cosign| cosign.mark.is_none());
        pending.map(move |cosign| vec![cosign.institution, id.clone()]).collect::<Vec<_>>()
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

fn all(entries: &[Positioned]) -> BTreeMap<String, Told> {
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    for entry in entries {
        let recorded = us(entry.entry.recorded_time.as_ref());
        if let Some(event) = event::<pb::DispatchDrafted>(entry) {
            let mut dispatch = event.dispatch.unwrap_or_default();
            let content = dispatch.content.clone().unwrap_or_default();
            dispatch.content = Some(face(&content));
            told.insert(dispatch.name.clone(), Told { dispatch, content, version: 1, recorded });
            continue;
        }
        if let Some(known) = told.get_mut(entry.subject())
            && follow(known, entry)
        {
            known.recorded = recorded;
        }
    }
    told
}

/// Whether the entry begins a change: the second event of a decision is of the same version.
fn follow(told: &mut Told, entry: &Positioned) -> bool {
    let mut changes = course(told, entry);
    let second = sending(told, entry, &mut changes);
    if changes && !second {
        told.version += 1;
    }
    changes
}

fn course(told: &mut Told, entry: &Positioned) -> bool {
    let dispatch = &mut told.dispatch;
    if let Some(event) = event::<pb::DispatchRevised>(entry) {
        told.content = event.content.unwrap_or_default();
        revise(dispatch, &told.content, event.mark.unwrap_or_default());
    } else if let Some(event) = event::<pb::CosignRequested>(entry) {
        let asked = event.institutions.into_iter();
        dispatch.cosigns.extend(asked.map(|institution| pb::Cosign { institution, ..Default::default() }));
        dispatch.set_stage(Stage::Draft);
    } else if let Some(event) = event::<pb::DispatchCosigned>(entry) {
        let given = event.cosign.unwrap_or_default();
        for cosign in dispatch.cosigns.iter_mut().filter(|it| it.institution == given.institution) {
            *cosign = given.clone();
        }
        let all = dispatch.cosigns.iter().all(|cosign| cosign.agrees);
        dispatch.set_stage(if all { Stage::Cosigned } else { Stage::Draft });
    } else if let Some(event) = event::<pb::DispatchReviewed>(entry) {
        dispatch.review = event.mark;
        dispatch.set_stage(Stage::OfficeReviewed);
    } else if let Some(event) = event::<pb::DispatchLegalityReviewed>(entry) {
        dispatch.legality = event.mark;
        dispatch.set_stage(Stage::LegalReviewed);
    } else if let Some(event) = event::<pb::DispatchSigned>(entry) {
        dispatch.signature = event.mark;
        dispatch.issuer_name = event.issuer_name;
        dispatch.issue_date = event.issue_date;
        dispatch.set_stage(Stage::Signed);
    } else if let Some(event) = event::<pb::DispatchNumbered>(entry) {
        dispatch.number = event.number;
        dispatch.set_stage(Stage::Numbered);
    } else if let Some(event) = event::<pb::DispatchSealed>(entry) {
        dispatch.seal = event.mark;
        dispatch.digest = event.digest;
        dispatch.set_stage(Stage::Sealed);
    } else if let Some(event) = event::<pb::NumberVoided>(entry) {
        unsign(dispatch);
        dispatch.ending = event.void_number.unwrap_or_default().mark;
        dispatch.set_stage(Stage::Void);
    } else if let Some(event) = event::<pb::DispatchWithdrawn>(entry) {
        unsign(dispatch);
        dispatch.ending = event.mark;
        dispatch.set_stage(Stage::Withdrawn);
    } else {
        return false;
    }
    true
}

/// Follows what comes from the sending on. Gives whether the event is the second of its decision.
fn sending(told: &mut Told, entry: &Positioned, changes: &mut bool) -> bool {
    let dispatch = &mut told.dispatch;
    let mut second = false;
    if event::<pb::DispatchSent>(entry).is_some() {
        *changes = true;
    } else if let Some(event) = event::<pb::DispatchFollowed>(entry) {
        (*changes, second) = (true, true);
        dispatch.sending = event.mark;
        dispatch.recipients = event.recipients;
        dispatch.reply_due = event.reply_due;
        dispatch.reply_due_missing_year = event.reply_due_missing_year;
        dispatch.next_reminder_time = event.next_reminder_time;
        dispatch.acknowledgement_due = event.acknowledgement_due;
        dispatch.acknowledgement_due_missing_year = event.acknowledgement_due_missing_year;
        dispatch.set_stage(Stage::Sent);
    } else if let Some(event) = event::<pb::DispatchRecipientChanged>(entry) {
        *changes = true;
        let changed = event.recipient.unwrap_or_default();
        for recipient in dispatch.recipients.iter_mut().filter(|it| it.name == changed.name) {
            *recipient = changed.clone();
        }
    } else if event::<pb::DispatchDelivered>(entry).is_some() {
        (*changes, second) = (true, true);
        dispatch.set_stage(Stage::Delivered);
    } else if let Some(event) = event::<pb::DispatchReplied>(entry) {
        *changes = true;
        dispatch.replies.extend(event.reply);
        if dispatch.stage() != Stage::Closed {
            dispatch.set_stage(Stage::Replied);
        }
    } else if let Some(event) = event::<pb::ReplyOverdue>(entry) {
        *changes = true;
        dispatch.reminders = event.reminders;
        dispatch.next_reminder_time = event.next_reminder_time;
    } else if let Some(event) = event::<pb::AcknowledgementOverdue>(entry) {
        *changes = true;
        dispatch.acknowledgement_overdue_time = event.time;
    } else if let Some(event) = event::<pb::DispatchUrged>(entry) {
        *changes = true;
        dispatch.urges.extend(event.urge);
    } else if let Some(event) = event::<pb::DispatchClosed>(entry) {
        *changes = true;
        dispatch.ending = event.mark;
        dispatch.set_stage(Stage::Closed);
    }
    second
}

fn revise(dispatch: &mut pb::Dispatch, content: &pb::DispatchContent, mark: pb::DispatchMark) {
    unsign(dispatch);
    dispatch.content = Some(face(content));
    dispatch.files = content.files.iter().map(file).collect();
    if !dispatch.authors.contains(&mark.person) {
        dispatch.authors.push(mark.person);
    }
    for cosign in &mut dispatch.cosigns {
        (cosign.agrees, cosign.mark) = (false, None);
    }
    dispatch.set_stage(Stage::Draft);
}

fn unsign(dispatch: &mut pb::Dispatch) {
    *dispatch = pb::Dispatch {
        review: None,
        legality: None,
        signature: None,
        issuer_name: String::new(),
        issue_date: None,
        seal: None,
        digest: bytes::Bytes::new(),
        ..std::mem::take(dispatch)
    };
}

fn face(content: &pb::DispatchContent) -> pb::DispatchContent {
    pb::DispatchContent { text: String::new(), files: Vec::new(), ..content.clone() }
}

fn file(file: &pb::DispatchFile) -> pb::DispatchFileInfo {
    pb::DispatchFileInfo {
        name: file.name.clone(),
        size_bytes: i64::try_from(file.content.len()).expect("a small file"),
        digest: crate::harness::digest(&file.content),
    }
}

fn row(told: Told) -> Vec<String> {
    let Told { dispatch, content, version, recorded } = told;
    let stage = dispatch.stage();
    let ended = [Stage::Closed, Stage::Void, Stage::Withdrawn].contains(&stage);
    let request = content.doc_type == "请示";
    let awaiting = request && [Stage::Sent, Stage::Delivered].contains(&stage);
    let Silence { silent, told, next } = silence(&dispatch);
    let overdue = awaiting && dispatch.reminders > 0 || silent && told;
    let parts = || {
        let to = content.main_to.first().map(String::as_str).unwrap_or_default();
        let matter = content.matters.first().map(String::as_str).unwrap_or_default();
        [content.issuer.as_str(), to, matter].map(normalise).join("\n")
    };
    vec![
        dispatch.name.trim_start_matches("dispatches/").to_owned(),
        dispatch.institution.clone(),
        stage.as_str_name().trim_start_matches("DISPATCH_STAGE_").to_owned(),
        u8::from(!ended).to_string(),
        u8::from(awaiting).to_string(),
        dispatch.number.as_ref().map_or_else(|| "null".to_owned(), |number| number.document_number.clone()),
        if request { hex(Sm3Digest::of(parts().as_bytes()).as_bytes()) } else { "null".to_owned() },
        DocumentNumber::parse(&content.ref_document_number).map(|it| it.to_string()).unwrap_or_default(),
        us(dispatch.draft_time.as_ref()),
        hex(&content.encode_to_vec()),
        hex(&dispatch.encode_to_vec()),
        if awaiting { us(dispatch.next_reminder_time.as_ref()) } else { "null".to_owned() },
        u8::from(silent).to_string(),
        next,
        u8::from(overdue).to_string(),
        version.to_string(),
        recorded,
    ]
}

/// Whether a department is silent, whether that was told, and when it is.
struct Silence {
    silent: bool,
    told: bool,
    next: String,
}

fn silence(dispatch: &pb::Dispatch) -> Silence {
    let followed = [Stage::Sent, Stage::Delivered, Stage::Replied].contains(&dispatch.stage());
    let pending =
        |it: &pb::DispatchDelivery| !it.department.is_empty() && it.state() == pb::DispatchDeliveryState::Pending;
    let due = dispatch.acknowledgement_due;
    let awaited = due.is_some() || dispatch.acknowledgement_due_missing_year != 0;
    let silent = followed && awaited && dispatch.recipients.iter().any(pending);
    let told = dispatch.acknowledgement_overdue_time.is_some();
    let next = due.filter(|_| silent && !told).map_or_else(
        || "null".to_owned(),
        |due| {
            let part = |number: i32| i8::try_from(number).expect("a part of a date");
            let day = Date::new(i16::try_from(due.year).expect("a year"), part(due.month), part(due.day));
            time::to_us(time::end_of_day(day.expect("a day"))).to_string()
        },
    );
    Silence { silent, told, next }
}

fn void_numbers(entries: &[Positioned]) -> Vec<Vec<String>> {
    let mut rows = BTreeMap::new();
    for event in entries.iter().filter_map(event::<pb::NumberVoided>) {
        let record = event.void_number.unwrap_or_default();
        let id = record.dispatch.trim_start_matches("dispatches/").to_owned();
        let at = record.mark.as_ref().and_then(|mark| mark.time);
        rows.insert(id.clone(), vec![id, us(at.as_ref()), hex(&record.encode_to_vec())]);
    }
    rows.into_values().collect()
}

fn papers(entries: &[Positioned]) -> Vec<Vec<String>> {
    let mut rows = BTreeMap::new();
    for event in entries.iter().filter_map(event::<pb::PaperArrived>).filter(|event| !event.tombstone) {
        let paper = event.paper.unwrap_or_default();
        let summary = paper.summary.unwrap_or_default();
        let key = |number: &str| DocumentNumber::parse(number).map(|it| it.to_string()).unwrap_or_default();
        let shown = pb::ThreadPaper {
            name: paper.name.clone(),
            document_number: summary.document_number.clone(),
            ref_document_number: summary.ref_document_number.clone(),
            doc_type: summary.doc_type,
            title: summary.title,
            issuer: summary.issuer,
            time: paper.arrive_time,
        };
        let row = vec![
            paper.name.clone(),
            paper.name.split('/').nth(1).unwrap_or_default().to_owned(),
            key(&summary.document_number),
            key(&summary.ref_document_number),
            us(paper.arrive_time.as_ref()),
            hex(&shown.encode_to_vec()),
        ];
        rows.insert(paper.name, row);
    }
    rows.into_values().collect()
}

fn event<M: prost::Message + prost::Name + Default>(entry: &Positioned) -> Option<M> {
    entry.event().expect("the bytes are such an event")
}

fn us(at: Option<&prost_types::Timestamp>) -> String {
    let at = at.map(|at| Timestamp::new(at.seconds, at.nanos).expect("an instant"));
    at.map_or_else(|| "null".to_owned(), |at| time::to_us(at).to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
