//! Outgoing papers, as rows.
//!
//! - [`thread`]: the correspondence about a matter.

pub(super) mod thread;

use prost::Message as _;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version, guard};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure, Refusal as Wire, Violation};
use townlink_proto::townlink::office::v1 as pb;
use uuid::Uuid;
use vocabulary::{Institution, Timestamp, time};

use super::content::{Content, Source};
use super::decide::{self, Command, Desk, Event, Facts, Step};
use super::state::{Acknowledging, Dispatch, DispatchId, Stage};
use super::wire;
use crate::inbox;

/// What an absent dispatch is called.
const KIND: &str = "office.townlink/Dispatch";

/// There is no such dispatch.
pub(crate) fn not_found(id: DispatchId) -> Denial {
    Denial::NotFound { kind: KIND, name: id.to_string() }
}

/// Loads a dispatch.
pub(crate) async fn load(sql: &mut Connection, id: DispatchId) -> Result<Option<(Dispatch, Version)>, Failure> {
    let row = sqlx::query("select dispatch, content, version, recorded_us from dispatches where id = $1")
        .bind(id.0.to_string())
        .fetch_optional(sql)
        .await?;
    row.map(|row| {
        let dispatch = wire::message::read(&row.bytes(0)?, &row.bytes(1)?)?;
        Ok((dispatch, Version::of(row.int(2)?, row.int(3)?)?))
    })
    .transpose()
}

/// A dispatch as the contract shows it, with its text and files.
pub(crate) async fn show(sql: &mut Connection, id: DispatchId) -> Result<Option<pb::Dispatch>, Failure> {
    let row = sqlx::query("select dispatch, content, version from dispatches where id = $1")
        .bind(id.0.to_string())
        .fetch_optional(sql)
        .await?;
    row.map(|row| {
        let content = pb::DispatchContent::decode(row.bytes(1)?.as_slice()).map_err(Failure::internal)?;
        Ok(pb::Dispatch { content: Some(content), etag: runtime::etag::of(row.int(2)?), ..message(&row)? })
    })
    .transpose()
}

/// Which dispatches a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter {
    /// Those that this institution drafted; none: all.
    pub institution: Option<Institution>,
    /// Those at a stage; empty: at any.
    pub stage: &'static str,
    /// Those that this institution was asked to agree to and has not answered.
    pub to_cosign: Option<Institution>,
    /// Those that wait for a signature.
    pub to_sign: bool,
    /// Those that have not ended.
    pub open: bool,
    /// Sent requests without an answer.
    pub awaiting: bool,
    /// Those whose answer, or the acknowledgement of a department, is overdue.
    pub overdue: bool,
}

impl Filter {
    /// The conditions, with numbered places from 4 on, and the texts that are bound to them.
    fn conditions(&self) -> (String, Vec<&'static str>) {
        let (mut conditions, mut texts) = (String::new(), Vec::new());
        if let Some(institution) = self.institution {
            texts.push(institution.code());
            conditions.push_str("institution = $4 and ");
        }
        if let Some(institution) = self.to_cosign {
            texts.push(institution.code());
            conditions.push_str("id in (select dispatch from dispatch_cosigns where institution = $4) and ");
        }
        if !self.stage.is_empty() {
            texts.push(self.stage);
            conditions.push_str(if texts.len() == 1 { "stage = $4 and " } else { "stage = $5 and " });
        }
        if self.to_sign {
            conditions.push_str("stage in ('OFFICE_REVIEWED', 'LEGAL_REVIEWED') and ");
        }
        if self.open {
            conditions.push_str("open = 1 and ");
        }
        if self.awaiting {
            conditions.push_str("awaiting = 1 and ");
        }
        if self.overdue {
            conditions.push_str("overdue = 1 and ");
        }
        (conditions, texts)
    }
}

/// A page of dispatches, newest first; each with its place in the order.
pub(crate) async fn page(
    sql: &mut Connection,
    filter: &Filter,
    page: &Page,
) -> Result<Vec<(pb::Dispatch, String)>, Denial> {
    let (after_us, after_id) = place(page.after())?;
    let (conditions, texts) = filter.conditions();
    let text = format!(
        "select dispatch, version, drafted_us, id from dispatches \
         where {conditions}(drafted_us, id) < ($1, $2) order by drafted_us desc, id desc limit $3"
    );
    // The text is made of our own words and numbered places; what a caller sent is bound.
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(after_us).bind(after_id).bind(page.fetch());
    for text in texts {
        query = query.bind(text);
    }
    let rows = query.fetch_all(sql).await?;
    let shown = |row: &Row| -> Result<_, Failure> {
        let key = format!("{}/{}", row.int(2)?, row.text(3)?);
        Ok((pb::Dispatch { etag: runtime::etag::of(row.int(1)?), ..message(row)? }, key))
    };
    Ok(rows.iter().map(shown).collect::<Result<_, _>>()?)
}

/// A page of void numbers, newest first; each with its place in the order.
pub(crate) async fn void_numbers(sql: &mut Connection, page: &Page) -> Result<Vec<(pb::VoidNumber, String)>, Denial> {
    let (after_us, after_id) = place(page.after())?;
    let rows = sqlx::query(
        "select record, voided_us, dispatch from void_numbers where (voided_us, dispatch) < ($1, $2) \
         order by voided_us desc, dispatch desc limit $3",
    )
    .bind(after_us)
    .bind(after_id)
    .bind(page.fetch())
    .fetch_all(sql)
    .await?;
    let shown = |row: &Row| -> Result<_, Failure> {
        let record = pb::VoidNumber::decode(row.bytes(0)?.as_slice()).map_err(Failure::internal)?;
        Ok((record, format!("{}/{}", row.int(1)?, row.text(2)?)))
    };
    Ok(rows.iter().map(shown).collect::<Result<_, _>>()?)
}

/// The place after which a page begins; without one, a place before every row.
fn place(after: Option<&str>) -> Result<(i64, String), Denial> {
    let Some(after) = after else { return Ok((i64::MAX, String::new())) };
    let place = after.split_once('/').and_then(|(us, id)| us.parse().ok().map(|us| (us, id.to_owned())));
    place.ok_or_else(|| Violation::malformed("page_token", "was not given by this list").into())
}

fn message(row: &Row) -> Result<pb::Dispatch, Failure> {
    pb::Dispatch::decode(row.bytes("dispatch")?.as_slice()).map_err(Failure::internal)
}

/// The dispatch that has a number.
pub(crate) async fn of_number(sql: &mut Connection, number: &str) -> Result<Option<DispatchId>, Failure> {
    let row = sqlx::query("select id from dispatches where document_number = $1")
        .bind(number.to_owned())
        .fetch_optional(sql)
        .await?;
    row.map(|row| id(&row)).transpose()
}

/// The earliest instant at which a missing answer or acknowledgement is told.
pub(super) async fn next(sql: &mut Connection) -> Result<Option<Timestamp>, Failure> {
    let row = sqlx::query(
        "select min(at_us) from ( \
         select min(next_us) as at_us from dispatches where next_us is not null union all \
         select min(silence_us) from dispatches where silence_us is not null) soonest",
    );
    row.fetch_one(sql).await?.maybe_instant(0)
}

/// What is told of a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Its answer is missing.
    Answer,
    /// The acknowledgement of a department is missing.
    Acknowledgement,
}

/// Those of which something missing is to be told by now, the earliest first.
pub(super) async fn due(
    sql: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(DispatchId, Missing)>, Failure> {
    let rows = sqlx::query(
        "select id, acknowledgement from ( \
         select id, next_us as at_us, 0 as acknowledgement from dispatches where next_us <= $1 union all \
         select id, silence_us, 1 from dispatches where silence_us <= $1) due \
         order by at_us, id, acknowledgement limit $2",
    );
    let rows = rows.bind(time::to_us(now)).bind(limit).fetch_all(sql).await?;
    let read = |row: &Row| {
        let missing = if row.flag(1)? { Missing::Acknowledgement } else { Missing::Answer };
        Ok((id(row)?, missing))
    };
    rows.iter().map(read).collect()
}

/// Those that wait for an answer or an acknowledgement and lack the calendar of a year, after one of them.
pub(super) async fn undetermined(
    sql: &mut Connection,
    after: Option<DispatchId>,
    limit: i64,
) -> Result<Vec<DispatchId>, Failure> {
    let rows = sqlx::query(
        "select id from dispatches \
         where (awaiting = 1 and next_us is null or silent = 1 and silence_us is null and overdue = 0) and id > $1 \
         order by id limit $2",
    )
    .bind(after.map(|after| after.0.to_string()).unwrap_or_default())
    .bind(limit)
    .fetch_all(sql)
    .await?;
    rows.iter().map(id).collect()
}

fn id(row: &Row) -> Result<DispatchId, Failure> {
    Ok(DispatchId(Uuid::try_parse(&row.text(0)?).map_err(Failure::internal)?))
}

/// Another request on the same matter to the same superior that waits for its answer.
async fn waiting(sql: &mut Connection, own: DispatchId, content: &Content) -> Result<Option<DispatchId>, Failure> {
    let Some(key) = content.request_key() else { return Ok(None) };
    let row = sqlx::query("select id from dispatches where request_key = $1 and awaiting = 1 and id <> $2 limit 1")
        .bind(key)
        .bind(own.0.to_string())
        .fetch_optional(sql)
        .await?;
    row.map(|row| id(&row)).transpose()
}

/// The text by which another asked: that of a dispatch. Of an inbox paper it is only made sure that it is there.
async fn original(sql: &mut Connection, content: &Content) -> Result<Option<String>, Denial> {
    match &content.request_of {
        None => Ok(None),
        Some(Source::Inbox(name)) => {
            let found = inbox::store::load(sql, name).await?;
            found.map(|_| None).ok_or_else(|| inbox::store::not_found(name))
        }
        Some(Source::Dispatch(id)) => {
            let (dispatch, _) = load(sql, *id).await?.ok_or_else(|| not_found(*id))?;
            Ok(Some(dispatch.content.text))
        }
    }
}

/// The number of the paper that is answered.
async fn answered_number(sql: &mut Connection, content: &Content) -> Result<Option<String>, Denial> {
    let Some(name) = &content.answers else { return Ok(None) };
    let found = inbox::store::load(sql, name).await?;
    let (paper, _) = found.ok_or_else(|| inbox::store::not_found(name))?;
    Ok(Some(paper.arrival.summary.document_key()).filter(|number| !number.is_empty()))
}

/// What a step is decided upon.
async fn desk(tx: &mut Tx, command: &Command, facts: &Facts) -> Result<(Desk, Version), Denial> {
    let (dispatch, version) = match (load(tx.sql(), command.id).await?, &command.step) {
        (Some((dispatch, version)), _) => (Some(dispatch), version),
        (None, Step::Draft(_)) => (None, Version::ABSENT),
        (None, _) => return Err(not_found(command.id)),
    };
    let content = match &command.step {
        Step::Draft(content) | Step::Revise(content) => Some(content.as_ref()),
        Step::Sign(_) | Step::Send => dispatch.as_ref().map(|dispatch| &dispatch.content),
        Step::RequestCosign(_)
        | Step::Cosign(_, _)
        | Step::Review(_)
        | Step::ReviewLegality(_)
        | Step::Number
        | Step::Void(_)
        | Step::Seal
        | Step::RecordDelivery { .. }
        | Step::Urge { .. }
        | Step::Close(_)
        | Step::Withdraw(_)
        | Step::Receipt(_)
        | Step::Reply(_)
        | Step::Remind
        | Step::TellSilence
        | Step::Determine => None,
    };
    let mut desk = Desk { dispatch: None, waiting: None, original: None, answered_number: None };
    if let Some(content) = content {
        desk.waiting = waiting(tx.sql(), command.id, &decide::named(content, facts)).await?;
        desk.original = original(tx.sql(), content).await?;
        desk.answered_number = answered_number(tx.sql(), content).await?;
    }
    Ok((Desk { dispatch, ..desk }, version))
}

impl Unit for Desk {
    type Command = Command;
    type Facts = Facts;
    type Event = Event;
    type Reply = pb::Dispatch;

    async fn load(tx: &mut Tx, command: &Command, facts: &Facts) -> Result<(Self, Version), Denial> {
        desk(tx, command, facts).await
    }

    fn decide(&self, command: &Command, facts: &Facts) -> Result<Vec<Event>, Wire> {
        Ok(decide::decide(self, command, facts)?)
    }

    fn apply(self, event: &Event) -> Self {
        decide::apply(self, event)
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        let Some(dispatch) = &self.dispatch else { return Ok(()) };
        if saving.version == Version::ABSENT {
            return insert(tx, dispatch, saving.recorded_us()).await;
        }
        let content = saving.events.iter().any(|event| matches!(event, Event::Revised(_, _, _)));
        update(tx, dispatch, saving.version, saving.recorded_us()).await?;
        if content {
            rewrite(tx, dispatch).await?;
        }
        if !dispatch.cosigns.is_empty() {
            ask(tx, dispatch).await?;
        }
        if let Stage::Void(number, mark) = &dispatch.stage {
            let record = wire::void_number(dispatch.id, number, mark);
            sqlx::query("insert into void_numbers (dispatch, voided_us, record) values ($1, $2, $3)")
                .bind(dispatch.id.0.to_string())
                .bind(time::to_us(mark.at))
                .bind(record.encode_to_vec())
                .execute(tx.sql())
                .await?;
        }
        Ok(())
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::Dispatch {
        self.dispatch.as_ref().map(|it| wire::message::dispatch(it, saving.etag())).unwrap_or_default()
    }

    fn etag(command: &Command) -> &str {
        &command.etag
    }
}

async fn insert(tx: &mut Tx, dispatch: &Dispatch, recorded_us: i64) -> Result<(), SaveError> {
    sqlx::query(
        "insert into dispatches (id, institution, stage, open, awaiting, document_number, request_key, ref_key, drafted_us, \
         content, dispatch, next_us, version, recorded_us) \
         values ($1, $2, $3, 1, 0, null, $4, $5, $6, $7, $8, null, 1, $9)",
    )
    .bind(dispatch.id.0.to_string())
    .bind(dispatch.institution.code())
    .bind(dispatch.stage.as_str())
    .bind(dispatch.content.request_key())
    .bind(dispatch.ref_key())
    .bind(time::to_us(dispatch.drafted))
    .bind(wire::message::content(&dispatch.content).encode_to_vec())
    .bind(wire::message::dispatch(dispatch, String::new()).encode_to_vec())
    .bind(recorded_us)
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Writes how far a dispatch is, where its version is still the one that was loaded.
async fn update(tx: &mut Tx, dispatch: &Dispatch, version: Version, recorded_us: i64) -> Result<(), SaveError> {
    let (awaited, silent) = (dispatch.awaiting(), dispatch.unacknowledged().map(|(_, acknowledging)| acknowledging));
    let saved = sqlx::query(
        "update dispatches set stage = $1, open = $2, awaiting = $3, document_number = $4, dispatch = $5, next_us = $6, \
         silent = $7, silence_us = $8, overdue = $9, version = $10, recorded_us = $11 where id = $12 and version = $13",
    )
    .bind(dispatch.stage.as_str())
    .bind(i64::from(!dispatch.stage.is_end()))
    .bind(i64::from(awaited.is_some()))
    .bind(dispatch.number().map(ToString::to_string))
    .bind(wire::message::dispatch(dispatch, String::new()).encode_to_vec())
    .bind(awaited.and_then(|awaited| awaited.next).map(time::to_us))
    .bind(i64::from(silent.is_some()))
    .bind(silent.and_then(Acknowledging::next).map(time::to_us))
    .bind(i64::from(dispatch.is_overdue()))
    .bind(version.next())
    .bind(recorded_us)
    .bind(dispatch.id.0.to_string())
    .bind(version.number())
    .execute(tx.sql())
    .await?;
    guard(&saved)
}

/// Writes who was asked to agree and has not answered; after the review nobody is asked any more.
async fn ask(tx: &mut Tx, dispatch: &Dispatch) -> Result<(), SaveError> {
    let id = dispatch.id.0.to_string();
    sqlx::query("delete from dispatch_cosigns where dispatch = $1").bind(id.as_str()).execute(tx.sql()).await?;
    if !matches!(dispatch.stage, Stage::Draft | Stage::Cosigned) {
        return Ok(());
    }
    for cosign in dispatch.cosigns.iter().filter(|cosign| cosign.answer.is_none()) {
        sqlx::query("insert into dispatch_cosigns (institution, dispatch) values ($1, $2)")
            .bind(cosign.institution.code())
            .bind(id.as_str())
            .execute(tx.sql())
            .await?;
    }
    Ok(())
}

/// Writes what a dispatch says now. The row is held since its version was written.
async fn rewrite(tx: &mut Tx, dispatch: &Dispatch) -> Result<(), SaveError> {
    sqlx::query("update dispatches set request_key = $1, ref_key = $2, content = $3 where id = $4")
        .bind(dispatch.content.request_key())
        .bind(dispatch.ref_key())
        .bind(wire::message::content(&dispatch.content).encode_to_vec())
        .bind(dispatch.id.0.to_string())
        .execute(tx.sql())
        .await?;
    Ok(())
}
