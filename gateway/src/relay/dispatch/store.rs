//! Dispatches and the receipts of departments, as rows; and the unit in which a receipt is decided.

use prost::Message as _;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version, guard};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure, Refusal};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::values::v1 as values;
use vocabulary::{DepartmentCode, Sm3Digest, time};

use super::decide;
use super::state::{Acknowledge, Acknowledged, DispatchName, Event, Facts, Kind, Outgoing};
use super::wire;

/// A dispatch that is ready to be numbered.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// What the journal says of it.
    pub event: pb::DispatchWritten,
    /// The digest of the payload.
    pub digest: Sm3Digest,
    /// The metadata.
    pub summary: values::PaperSummary,
    /// The contents that it holds.
    pub digests: Vec<Sm3Digest>,
}

/// The columns of a dispatch to a department, without its payload.
macro_rules! columns {
    ($payload:literal) => {
        concat!(
            "select o.department, o.number, o.dispatch, o.previous_digest, o.copy, o.version, o.recorded_us, d.payload_digest, \
             d.summary, d.particulars",
            $payload,
            " from outgoing o join dispatches d on d.dispatch = o.dispatch "
        )
    };
}

/// Whether a dispatch, or its message id, was written before.
pub(super) async fn is_known(sql: &mut Connection, dispatch: &str, message_id: &str) -> Result<bool, Failure> {
    let query = sqlx::query("select 1 from dispatches where dispatch = $1 or message_id = $2");
    Ok(query.bind(dispatch).bind(message_id).fetch_optional(sql).await?.is_some())
}

/// Writes a dispatch.
pub(super) async fn insert(tx: &mut Tx, written: &Written, sent_us: i64, particulars: &[u8]) -> Result<(), Failure> {
    let Written { event, digest, summary, digests } = written;
    sqlx::query(
        "insert into dispatches (dispatch, message_id, sent_us, payload, payload_digest, summary, particulars) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&*event.dispatch)
    .bind(&*event.message_id)
    .bind(sent_us)
    .bind(&*event.payload)
    .bind(digest.as_bytes().as_slice())
    .bind(summary.encode_to_vec())
    .bind(particulars)
    .execute(tx.sql())
    .await?;
    for (place, digest) in (1_i64..).zip(digests) {
        sqlx::query("insert into dispatch_attachments (dispatch, place, digest) values ($1, $2, $3)")
            .bind(&*event.dispatch)
            .bind(place)
            .bind(digest.as_bytes().as_slice())
            .execute(tx.sql())
            .await?;
    }
    Ok(())
}

/// The last number of a department, and the digest of its payload; none where nothing was sent to it yet.
pub(super) async fn head(tx: &mut Tx, department: &DepartmentCode) -> Result<Option<(i64, Sm3Digest)>, Failure> {
    let row = sqlx::query(
        "select o.number, d.payload_digest from outgoing o join dispatches d on d.dispatch = o.dispatch \
         where o.department = $1 order by o.number desc limit 1",
    );
    let row = row.bind(department.as_str()).fetch_optional(tx.sql()).await?;
    row.map(|row| Ok((row.int(0)?, digest(&row.bytes(1)?)?))).transpose()
}

/// Writes the way of a dispatch to a department.
pub(super) async fn insert_outgoing(
    tx: &mut Tx,
    name: &DispatchName,
    dispatch: &str,
    previous: Option<Sm3Digest>,
    copy: bool,
    recorded_us: i64,
) -> Result<(), Failure> {
    sqlx::query(
        "insert into outgoing (department, number, dispatch, previous_digest, copy, state, version, recorded_us) \
         values ($1, $2, $3, $4, $5, 'QUEUED', 1, $6)",
    )
    .bind(name.department.as_str())
    .bind(name.number)
    .bind(dispatch)
    .bind(previous.map(|digest| digest.as_bytes().to_vec()))
    .bind(i64::from(copy))
    .bind(recorded_us)
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// A dispatch to a department, with its receipts.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The decision's view of it.
    pub outgoing: Outgoing,
    /// As the department sees it; the payload is there where it was asked for.
    pub shown: pb::Dispatch,
    version: Version,
}

/// Loads one dispatch, with its payload.
pub(super) async fn load(sql: &mut Connection, name: &DispatchName) -> Result<Option<Kept>, Failure> {
    let query = sqlx::query(concat!(columns!(", d.payload"), "where o.department = $1 and o.number = $2"));
    let row = query.bind(name.department.as_str()).bind(name.number).fetch_optional(&mut *sql).await?;
    let Some(row) = row else { return Ok(None) };
    let mut kept = vec![kept(&row, true)?];
    add_receipts(sql, &mut kept).await?;
    Ok(kept.pop())
}

/// The next dispatches of a department after a number, in order, with their payloads.
pub(super) async fn after(
    sql: &mut Connection,
    department: &DepartmentCode,
    number: i64,
    limit: i64,
) -> Result<Vec<Kept>, Failure> {
    let query = sqlx::query(concat!(
        columns!(", d.payload"),
        "where o.department = $1 and o.number > $2 order by o.number limit $3"
    ));
    let rows = query.bind(department.as_str()).bind(number).bind(limit).fetch_all(&mut *sql).await?;
    let mut kept = rows.iter().map(|row| kept(row, true)).collect::<Result<Vec<_>, _>>()?;
    add_receipts(sql, &mut kept).await?;
    Ok(kept)
}

/// A page of a department's dispatches, newest first, without payloads.
pub(super) async fn page(sql: &mut Connection, department: &DepartmentCode, page: &Page) -> Result<Vec<Kept>, Failure> {
    let before = page.after().and_then(|key| key.parse::<i64>().ok()).unwrap_or(i64::MAX);
    let query =
        sqlx::query(concat!(columns!(""), "where o.department = $1 and o.number < $2 order by o.number desc limit $3"));
    let rows = query.bind(department.as_str()).bind(before).bind(page.fetch()).fetch_all(&mut *sql).await?;
    let mut kept = rows.iter().map(|row| kept(row, false)).collect::<Result<Vec<_>, _>>()?;
    add_receipts(sql, &mut kept).await?;
    Ok(kept)
}

/// The key of a dispatch in the order of a list.
pub(super) fn key(kept: &Kept) -> String {
    kept.outgoing.name.number.to_string()
}

fn kept(row: &Row, with_payload: bool) -> Result<Kept, Failure> {
    let name = DispatchName { department: row.parsed("department")?, number: row.int("number")? };
    let particulars = pb::DispatchWritten::decode(&*row.bytes("particulars")?).map_err(Failure::internal)?;
    let summary = values::PaperSummary::decode(&*row.bytes("summary")?).map_err(Failure::internal)?;
    let payload = if with_payload { row.bytes("payload")? } else { Vec::new() };
    let shown = pb::Dispatch {
        name: name.to_string(),
        number: name.number,
        previous_digest: row.maybe_bytes("previous_digest")?.unwrap_or_default().into(),
        payload: payload.into(),
        payload_digest: row.bytes("payload_digest")?.into(),
        signatures: particulars.signatures,
        attachments: particulars.attachments,
        summary: Some(summary),
        copy: row.flag("copy")?,
        send_time: particulars.send_time,
        acknowledgements: Vec::new(),
    };
    let outgoing = Outgoing { name, dispatch: row.text("dispatch")?, acknowledged: Vec::new() };
    Ok(Kept { outgoing, shown, version: Version::of(row.int("version")?, row.int("recorded_us")?)? })
}

/// Adds the receipts to dispatches of one department.
async fn add_receipts(sql: &mut Connection, kept: &mut [Kept]) -> Result<(), Failure> {
    let numbers = || kept.iter().map(|it| it.outgoing.name.number);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else { return Ok(()) };
    let department = kept[0].outgoing.name.department.to_string();
    let rows = sqlx::query(
        "select number, type, reason, act_us, receipt from outgoing_receipts \
         where department = $1 and number between $2 and $3 order by number, place",
    );
    for row in rows.bind(department).bind(first).bind(last).fetch_all(sql).await? {
        let number = row.int("number")?;
        let Some(kept) = kept.iter_mut().find(|it| it.outgoing.name.number == number) else { continue };
        let kind = Kind::parse(&row.text("type")?).ok_or_else(|| Failure::internal("a receipt is of no kind"))?;
        let reason = row.text("reason")?;
        let receipt = row.bytes("receipt")?.into();
        kept.shown.acknowledgements.push(wire::shown(kind, reason.clone(), row.instant("act_us")?, receipt));
        kept.outgoing.acknowledged.push(Acknowledged { kind, reason });
    }
    Ok(())
}

impl Unit for Kept {
    type Command = Acknowledge;
    type Facts = Facts;
    type Event = Event;
    type Reply = pb::Dispatch;

    async fn load(tx: &mut Tx, acknowledge: &Acknowledge, _: &Facts) -> Result<(Self, Version), Denial> {
        let kept = load(tx.sql(), &acknowledge.name).await?;
        let kept = kept.ok_or_else(|| wire::not_found(&acknowledge.name.to_string()))?;
        let version = kept.version;
        Ok((kept, version))
    }

    fn decide(&self, acknowledge: &Acknowledge, facts: &Facts) -> Result<Vec<Event>, Refusal> {
        Ok(decide::decide(&self.outgoing, acknowledge, *facts)?.into_iter().collect())
    }

    fn apply(mut self, event: &Event) -> Self {
        let Acknowledge { kind, reason, receipt, .. } = event.acknowledge.clone();
        self.shown.acknowledgements.push(wire::shown(kind, reason, event.at, receipt));
        self.outgoing = decide::apply(self.outgoing, event);
        self
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        for event in saving.events {
            let Acknowledge { name, kind, reason, receipt } = &event.acknowledge;
            let moved = sqlx::query(
                "update outgoing set state = $1, version = $2, recorded_us = $3 \
                 where department = $4 and number = $5 and version = $6",
            )
            .bind(kind.word())
            .bind(saving.version.next())
            .bind(saving.recorded_us())
            .bind(name.department.as_str())
            .bind(name.number)
            .bind(saving.version.number())
            .execute(tx.sql())
            .await?;
            guard(&moved)?;
            sqlx::query(
                "insert into outgoing_receipts (department, number, place, type, reason, act_us, receipt_digest, receipt) \
                 values ($1, $2, (select count(*) + 1 from outgoing_receipts where department = $1 and number = $2), \
                 $3, $4, $5, $6, $7)",
            )
            .bind(name.department.as_str())
            .bind(name.number)
            .bind(kind.word())
            .bind(&**reason)
            .bind(time::to_us(event.at))
            .bind(wire::receipt_digest(receipt))
            .bind(&receipt[..])
            .execute(tx.sql())
            .await?;
        }
        Ok(())
    }

    fn reply(&self, _: &Saving<'_, Self>) -> pb::Dispatch {
        pb::Dispatch { payload: bytes::Bytes::new(), ..self.shown.clone() }
    }
}

/// The departments to which something is queued.
pub(super) async fn lanes(sql: &mut Connection) -> Result<Vec<DepartmentCode>, Failure> {
    let rows = sqlx::query("select distinct department from outgoing where state = 'QUEUED' order by department");
    let rows = rows.fetch_all(sql).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// The next dispatch of a department that it has not received, with its payload.
pub(super) async fn next(sql: &mut Connection, department: &DepartmentCode) -> Result<Option<Kept>, Failure> {
    let query = sqlx::query(concat!(
        columns!(", d.payload"),
        "where o.department = $1 and o.state = 'QUEUED' order by o.number limit 1"
    ));
    let row = query.bind(department.as_str()).fetch_optional(sql).await?;
    row.map(|row| kept(&row, true)).transpose()
}

/// Whether a dispatch to a department holds some content.
pub(super) async fn holds(sql: &mut Connection, name: &DispatchName, digest: Sm3Digest) -> Result<bool, Failure> {
    let query = sqlx::query(
        "select 1 from outgoing o join dispatch_attachments a on a.dispatch = o.dispatch \
         where o.department = $1 and o.number = $2 and a.digest = $3",
    );
    let query = query.bind(name.department.as_str()).bind(name.number).bind(digest.as_bytes().as_slice());
    Ok(query.fetch_optional(sql).await?.is_some())
}

fn digest(bytes: &[u8]) -> Result<Sm3Digest, Failure> {
    Sm3Digest::try_from(bytes).map_err(Failure::internal)
}
