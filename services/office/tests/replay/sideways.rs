//! Replaying the journal gives the rows of guidance and of matters between institutions.

use std::collections::BTreeMap;

use prost::Message as _;
use runtime::db::Db;
use runtime::journal::Positioned;
use runtime::testing::assert_replay;
use townlink_proto::google::r#type::Date as WireDate;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, time};

use super::{event, hex, instant, maybe, us};

pub(super) async fn check(db: &Db) {
    assert_replay(
        db,
        "select id, institution, year, serial, stage, force_from, force_to, drafted_us, content, version, recorded_us \
         from guidances order by id",
        guidances,
    )
    .await;
    assert_replay(db, "select guidance, field from guidance_fields order by guidance, field", fields).await;
    assert_replay(
        db,
        "select id, type, stage, opened_us, source_paper, content, version, recorded_us from coordination_items order by id",
        items,
    )
    .await;
    assert_replay(db, "select item, party from coordination_parties order by item, party", parties).await;
    assert_replay(
        db,
        "select subject, place, party, type, overdue_us, missing_year, next_us from coordination_duties \
         order by subject, place",
        duties,
    )
    .await;
}

/// The last state of each thing, by its name, with its version and when it was recorded.
type Last<T> = BTreeMap<String, (T, i64, String)>;

fn last<T>(entries: &[Positioned], of: impl Fn(&Positioned) -> Option<(String, T)>) -> Last<T> {
    let mut last = Last::new();
    for entry in entries {
        if let Some((name, state)) = of(entry) {
            let version = last.get(&name).map_or(1, |(_, version, _)| version + 1);
            last.insert(name, (state, version, us(entry.entry.recorded_time.as_ref())));
        }
    }
    last
}

fn last_guidances(entries: &[Positioned]) -> Last<pb::Guidance> {
    last(entries, |entry| {
        let guidance = event::<pb::GuidanceRecorded>(entry)?.guidance?;
        Some((guidance.name.clone(), guidance))
    })
}

fn last_items(entries: &[Positioned]) -> Last<pb::CoordinationItem> {
    last(entries, |entry| {
        let item = event::<pb::CoordinationRecorded>(entry)?.item?;
        Some((item.name.clone(), item))
    })
}

fn id(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).expect("the prefix of its enum").to_owned()
}

fn date(day: &WireDate) -> Date {
    let narrow = |part: i32| i8::try_from(part).expect("a part of a day");
    Date::new(i16::try_from(day.year).expect("a year"), narrow(day.month), narrow(day.day)).expect("a day")
}

fn town_day(at: Option<&prost_types::Timestamp>) -> Option<Date> {
    at.map(|at| time::town_date(instant(at)))
}

fn guidances(entries: &[Positioned]) -> Vec<Vec<String>> {
    let row = |(guidance, version, recorded): (pb::Guidance, i64, String)| {
        let issued = town_day(guidance.issue_time.as_ref());
        let text = |day: Option<Date>| day.map_or_else(|| "null".to_owned(), |day| day.to_string());
        let (from, to) = (guidance.from.as_ref().map(date), guidance.to.as_ref().map(date));
        let ended = town_day(guidance.end_time.as_ref()).map(|day| day.yesterday().expect("a day before"));
        let last = ended.map_or(to, |ended| to.min(Some(ended)));
        vec![
            id(&guidance.name),
            guidance.institution.clone(),
            issued.map_or_else(|| "null".to_owned(), |day| day.year().to_string()),
            maybe(issued.is_some(), guidance.serial.to_string()),
            word(guidance.stage().as_str_name(), "GUIDANCE_STAGE_"),
            text(issued.and(from.max(issued))),
            text(issued.and(last)),
            us(guidance.draft_time.as_ref()),
            hex(&guidance.encode_to_vec()),
            version.to_string(),
            recorded,
        ]
    };
    last_guidances(entries).into_values().map(row).collect()
}

fn fields(entries: &[Positioned]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (guidance, _, _) in last_guidances(entries).into_values() {
        let fields = if guidance.fields.is_empty() { vec![String::new()] } else { guidance.fields };
        rows.extend(fields.into_iter().map(|field| vec![id(&guidance.name), field]));
    }
    rows.sort();
    rows
}

fn items(entries: &[Positioned]) -> Vec<Vec<String>> {
    let row = |(item, version, recorded): (pb::CoordinationItem, i64, String)| {
        vec![
            id(&item.name),
            word(item.r#type().as_str_name(), "COORDINATION_TYPE_"),
            word(item.stage().as_str_name(), "COORDINATION_STAGE_"),
            us(item.open_time.as_ref()),
            maybe(!item.source_paper.is_empty(), item.source_paper.clone()),
            hex(&item.encode_to_vec()),
            version.to_string(),
            recorded,
        ]
    };
    last_items(entries).into_values().map(row).collect()
}

fn parties(entries: &[Positioned]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (item, _, _) in last_items(entries).into_values() {
        let parties = std::iter::once(&item.from_party).chain(&item.to_parties).chain(&item.published_to);
        rows.extend(parties.map(|party| vec![id(&item.name), party.clone()]));
    }
    rows.sort();
    rows.dedup();
    rows
}

fn duties(entries: &[Positioned]) -> Vec<Vec<String>> {
    let guidances = last_guidances(entries).into_values().map(|(guidance, _, _)| (guidance.name, guidance.duties));
    let items = last_items(entries).into_values().map(|(item, _, _)| (item.name, item.duties));
    let mut by_name: BTreeMap<String, Vec<pb::Duty>> = BTreeMap::new();
    by_name.extend(guidances.chain(items));
    let row = |name: &str, place: usize, duty: &pb::Duty| {
        let overdue = duty.due_date.as_ref().map(|day| (time::to_us(time::end_of_day(date(day))) + 1).to_string());
        let overdue = overdue.unwrap_or_else(|| "null".to_owned());
        let next = match (&duty.alarm_time, duty.missing_year) {
            (Some(_), _) => "null".to_owned(),
            (None, 0) => overdue.clone(),
            (None, _) => us(duty.since_time.as_ref()),
        };
        let missing = maybe(duty.missing_year != 0, duty.missing_year.to_string());
        let kind = word(duty.r#type().as_str_name(), "DUTY_TYPE_");
        vec![name.to_owned(), place.to_string(), duty.party.clone(), kind, overdue, missing, next]
    };
    by_name
        .iter()
        .flat_map(|(name, duties)| duties.iter().enumerate().map(|(place, duty)| row(name, place, duty)))
        .collect()
}
