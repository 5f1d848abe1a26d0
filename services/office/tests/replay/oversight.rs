//! Replaying the journal gives the rows of supervision and joint reviews, column by column.

use std::collections::BTreeMap;
use std::time::Duration;

use prost::Message as _;
use runtime::db::Db;
use runtime::journal::Positioned;
use runtime::testing::{assert_replay, rows};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Timestamp, time};

/// Waits until every service has been told what it is to know: until then the office goes on writing by itself.
pub(crate) async fn quiet(db: &Db) {
    for _ in 0..600 {
        if rows(db, "select id from oversight_records where untold = 1").await.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a service is not told in thirty seconds");
}

/// Checks both tables.
pub(crate) async fn check(db: &Db) {
    assert_replay(
        db,
        "select type, id, unique_key, scope, subject, institution, stage, open, escalated, opened_us, next_us, missing_year, untold, \
         content, version, recorded_us from oversight_records order by type, id",
        |entries| replay(entries).into_values().map(|row| row.columns).collect(),
    )
    .await;
    assert_replay(
        db,
        "select type, id, party, owes, overdue_us from oversight_parties order by type, id, party",
        |entries| replay(entries).into_values().flat_map(|row| row.parties).collect(),
    )
    .await;
}

/// What the events of a record tell of its rows.
struct Row {
    columns: Vec<String>,
    parties: Vec<Vec<String>>,
    version: u64,
}

/// A record, before its version is known.
struct Told {
    kind: &'static str,
    name: String,
    unique_key: String,
    scope: String,
    subject: String,
    institution: String,
    stage: String,
    open: bool,
    escalated: bool,
    opened: Option<prost_types::Timestamp>,
    next: Option<i64>,
    missing_year: Option<i32>,
    untold: bool,
    content: Vec<u8>,
    /// Party, whether it owes, and when that is overdue.
    parties: Vec<(String, bool, Option<i64>)>,
}

const NULL: &str = "null";

fn replay(entries: &[Positioned]) -> BTreeMap<(String, String), Row> {
    let mut rows: BTreeMap<(String, String), Row> = BTreeMap::new();
    for entry in entries {
        let Some(told) = told(entry) else { continue };
        let id = told.name.split_once('/').expect("a name").1.to_owned();
        let key = (told.kind.to_owned(), id.clone());
        let version = rows.get(&key).map_or(1, |row| row.version + 1);
        let mut parties: Vec<Vec<String>> = told
            .parties
            .iter()
            .map(|(party, owes, overdue)| {
                vec![told.kind.to_owned(), id.clone(), party.clone(), flag(*owes), number(*overdue)]
            })
            .collect();
        parties.sort();
        let columns = vec![
            told.kind.to_owned(),
            id,
            maybe(told.unique_key),
            maybe(told.scope),
            maybe(told.subject),
            told.institution,
            told.stage,
            flag(told.open),
            flag(told.escalated),
            number(us(told.opened.as_ref())),
            number(told.next),
            told.missing_year.map_or(NULL.to_owned(), |year| year.to_string()),
            flag(told.untold),
            told.content.iter().map(|byte| format!("{byte:02x}")).collect(),
            version.to_string(),
            number(us(entry.entry.recorded_time.as_ref())),
        ];
        rows.insert(key, Row { columns, parties, version });
    }
    rows
}

fn told(entry: &Positioned) -> Option<Told> {
    if let Some(event) = event::<pb::SampleRecorded>(entry) {
        Some(sample(event.sample.unwrap_or_default()))
    } else if let Some(event) = event::<pb::CaseReviewRecorded>(entry) {
        Some(review(event.review.unwrap_or_default()))
    } else if let Some(event) = event::<pb::SupervisionOpinionRecorded>(entry) {
        Some(opinion(event.opinion.unwrap_or_default()))
    } else if let Some(event) = event::<pb::AccountabilityRecorded>(entry) {
        Some(accountability(event.accountability.unwrap_or_default()))
    } else {
        event::<pb::JointReviewRecorded>(entry).map(|event| joint_review(event.review.unwrap_or_default()))
    }
}

fn sample(sample: pb::Sample) -> Told {
    let scope = format!("{}/{}/{}", sample.quarter, sample.field, sample.service);
    let open = sample.draw.is_none();
    Told {
        kind: "SAMPLE",
        name: sample.name.clone(),
        unique_key: scope.clone(),
        scope,
        subject: String::new(),
        institution: sample.institution.clone(),
        stage: if open { "PLANNED" } else { "DRAWN" }.to_owned(),
        open,
        escalated: false,
        opened: at(sample.planned.as_ref()),
        next: None,
        missing_year: None,
        untold: false,
        parties: vec![(sample.institution.clone(), open, None)],
        content: sample.encode_to_vec(),
    }
}

fn review(review: pb::CaseReview) -> Told {
    let case = review.case_line.clone().unwrap_or_default();
    Told {
        kind: "CASE_REVIEW",
        name: review.name.clone(),
        unique_key: format!("{}/{}/{}", review.institution, review.service, case.name),
        scope: format!("{}/{}/{}", review.quarter, case.field, review.service),
        subject: case.name,
        institution: review.institution.clone(),
        stage: "REVIEWED".to_owned(),
        open: false,
        escalated: false,
        opened: at(review.reviewed.as_ref()),
        next: None,
        missing_year: None,
        untold: false,
        parties: vec![(review.institution.clone(), false, None)],
        content: review.encode_to_vec(),
    }
}

fn opinion(opinion: pb::SupervisionOpinion) -> Told {
    let stage = opinion.stage().as_str_name().trim_start_matches("SUPERVISION_OPINION_STAGE_").to_owned();
    let limit = opinion.limit.clone().unwrap_or_default();
    let issued = stage == "ISSUED";
    let judging = stage == "ANSWERED" || stage == "ACCEPTED";
    let missing_year = Some(limit.missing_year).filter(|year| issued && *year != 0);
    let overdue = if issued { over(&limit) } else { None };
    let alarm = if missing_year.is_some() { us(limit.since_time.as_ref()) } else { overdue };
    Told {
        kind: "SUPERVISION_OPINION",
        name: opinion.name.clone(),
        unique_key: String::new(),
        scope: String::new(),
        subject: opinion.case_line.clone().unwrap_or_default().name,
        institution: opinion.institution.clone(),
        open: stage != "CLOSED",
        stage,
        escalated: false,
        opened: at(opinion.issued.as_ref()),
        next: alarm.filter(|_| issued && opinion.alarm_time.is_none()),
        missing_year,
        untold: !opinion.noted,
        parties: vec![(opinion.front.clone(), issued, overdue), (opinion.institution.clone(), judging, None)],
        content: opinion.encode_to_vec(),
    }
}

fn accountability(proposal: pb::Accountability) -> Told {
    let stage = proposal.stage().as_str_name().trim_start_matches("ACCOUNTABILITY_STAGE_").to_owned();
    let open = stage != "HANDED_OVER";
    let mut parties = vec![(proposal.institution.clone(), open, None)];
    if !open && proposal.addressee() == pb::AccountabilityAddressee::Personnel {
        parties.push(("PERSONNEL".to_owned(), false, None));
    }
    Told {
        kind: "ACCOUNTABILITY",
        name: proposal.name.clone(),
        unique_key: String::new(),
        scope: String::new(),
        subject: proposal.person.clone(),
        institution: proposal.institution.clone(),
        stage,
        open,
        escalated: false,
        opened: at(proposal.proposed.as_ref()),
        next: None,
        missing_year: None,
        untold: false,
        parties,
        content: proposal.encode_to_vec(),
    }
}

fn joint_review(review: pb::JointReview) -> Told {
    let open = review.closed.is_none();
    let owes = |body: &&pb::OpinionBody| open && body.state() == pb::OpinionBodyState::Asked;
    let waits = review.bodies.iter().any(|body| body.state() == pb::OpinionBodyState::Waiting);
    let owing = review.bodies.iter().filter(owes).count();
    let lead = ("SERVICE".to_owned(), open && (owing == 0 || waits), None);
    let party = |body: &pb::OpinionBody| {
        let limit = body.limit.clone().unwrap_or_default();
        (body.institution.clone(), owes(&body), if owes(&body) { over(&limit) } else { None })
    };
    let opinions = i32::try_from(review.opinions.len()).expect("a count");
    Told {
        kind: "JOINT_REVIEW",
        name: review.name.clone(),
        unique_key: if open { review.application.clone() } else { String::new() },
        scope: String::new(),
        subject: review.application.clone(),
        institution: "SERVICE".to_owned(),
        stage: if open { "OPEN" } else { "CLOSED" }.to_owned(),
        open,
        escalated: review.bodies.iter().any(|body| body.escalate_time.is_some()),
        opened: at(review.requested.as_ref()),
        next: review.bodies.iter().filter(owes).filter_map(next).min(),
        missing_year: review.bodies.iter().filter(owes).filter_map(missing).min(),
        untold: !review.service.is_empty() && review.delivered < opinions,
        parties: std::iter::once(lead).chain(review.bodies.iter().map(party)).collect(),
        content: review.encode_to_vec(),
    }
}

fn missing(body: &pb::OpinionBody) -> Option<i32> {
    let year = |limit: Option<&pb::WorkingLimit>| limit.map(|limit| limit.missing_year).filter(|year| *year != 0);
    year(body.limit.as_ref()).or_else(|| year(body.escalation_limit.as_ref()))
}

fn next(body: &pb::OpinionBody) -> Option<i64> {
    let limit = body.limit.clone().unwrap_or_default();
    let escalation = body.escalation_limit.clone().unwrap_or_default();
    let tacit = !body.tacit_document.is_empty() && !body.statutory;
    let urge = begins(&limit).filter(|_| body.urge_time.is_none());
    let overdue = over(&limit).filter(|_| body.overdue_time.is_none());
    let next_day = begins(&escalation).max(over(&limit).filter(|_| escalation.due_date.is_some()));
    let escalate = next_day.filter(|_| body.escalate_time.is_none() && !tacit);
    let told = missing(body).filter(|_| body.undetermined_time.is_none()).and(us(limit.since_time.as_ref()));
    [urge, overdue, escalate, told].into_iter().flatten().min()
}

fn day(day: &Date) -> vocabulary::Date {
    let part = |part: i32| i8::try_from(part).expect("a part of a day");
    vocabulary::Date::new(i16::try_from(day.year).expect("a year"), part(day.month), part(day.day)).expect("a day")
}

fn begins(limit: &pb::WorkingLimit) -> Option<i64> {
    limit.due_date.as_ref().map(|due| time::to_us(time::start_of_day(day(due))))
}

/// The instant after the end of the last day, as the database keeps it.
fn over(limit: &pb::WorkingLimit) -> Option<i64> {
    limit.due_date.as_ref().map(|due| time::to_us(time::end_of_day(day(due))) + 1)
}

fn at(deed: Option<&pb::Deed>) -> Option<prost_types::Timestamp> {
    deed.and_then(|deed| deed.time)
}

fn us(at: Option<&prost_types::Timestamp>) -> Option<i64> {
    at.map(|at| time::to_us(Timestamp::new(at.seconds, at.nanos).expect("an instant")))
}

fn number(number: Option<i64>) -> String {
    number.map_or(NULL.to_owned(), |number| number.to_string())
}

fn flag(flag: bool) -> String {
    u8::from(flag).to_string()
}

fn maybe(text: String) -> String {
    if text.is_empty() { NULL.to_owned() } else { text }
}

fn event<M: prost::Message + prost::Name + Default>(entry: &Positioned) -> Option<M> {
    entry.event().expect("the bytes are such an event")
}
