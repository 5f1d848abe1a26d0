//! Notices and marks, as rows; and the unit in which a sender's urge or recall is decided.

use std::collections::HashMap;

use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version, guard};
use runtime::refusal::{Denial, Failure, Refusal};
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::{DepartmentCode, MessageId, Timestamp, time};

use super::decide;
use super::state::{Command, Event, Facts, Followed};
use super::wire;
use crate::relay::delivery::store as deliveries;
use crate::relay::paper::state::PaperName;
use crate::relay::paper::{store as papers, wire as paper_wire};

/// What the office is told of a paper.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// The paper.
    pub name: PaperName,
    /// The id.
    pub notice: String,
    /// Whether it is a recall; else it is an urge.
    pub recall: bool,
    /// What the sender says, or why he recalls.
    pub note: String,
    /// The document of a recall.
    pub document_number: String,
    /// When.
    pub at: Timestamp,
    /// How far it is.
    pub state: pb::NoticeState,
    /// The code with which the office refused it.
    pub refusal_code: String,
    /// When it was last recorded; as long as it is not, its own time.
    pub recorded_us: i64,
}

/// What the office did with a paper that earns no receipt.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// The paper.
    pub name: PaperName,
    /// Whether a due date was extended; else the paper was replied to.
    pub extended: bool,
    /// The institution, by its code.
    pub institution: String,
    /// The new due date, as text; empty for a reply.
    pub due: String,
    /// The number of the document that replies; empty for an extension.
    pub document_number: String,
    /// The dispatch that replies.
    pub dispatch: String,
    /// When.
    pub at: Timestamp,
}

/// What became of a paper.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate {
    /// Its deliveries.
    pub deliveries: Vec<pb::Delivery>,
    /// Its receipts after the first, oldest first.
    pub receipts: Vec<pb::Receipt>,
    /// Its urges, oldest first.
    pub urges: Vec<pb::Urge>,
    /// Its recall.
    pub recall: Option<pb::Recall>,
    /// Extensions, oldest first.
    pub extensions: Vec<pb::Extension>,
    /// Replies, oldest first.
    pub replies: Vec<pb::Reply>,
}

/// What became of a sender's papers that were accepted within a span of time.
pub(crate) async fn fates(
    sql: &mut Connection,
    sender: &DepartmentCode,
    from_us: i64,
    to_us: i64,
) -> Result<HashMap<MessageId, Fate>, Failure> {
    let mut fates: HashMap<MessageId, Fate> = HashMap::new();
    for (message, (deliveries, receipts)) in deliveries::sent(sql, sender, from_us, to_us).await? {
        fates.insert(message, Fate { deliveries, receipts, ..Fate::default() });
    }
    let rows = sqlx::query(
        "select message_id, notice, kind, note, document_number, act_us, state, refusal_code, recorded_us from notices \
         where sender = $1 and accepted_us between $2 and $3 order by act_us, notice",
    );
    for row in rows.bind(sender.as_str()).bind(from_us).bind(to_us).fetch_all(&mut *sql).await? {
        let notice = notice(&row, sender)?;
        let fate = fates.entry(notice.name.message).or_default();
        if notice.recall {
            fate.recall = Some(wire::shown_recall(notice));
        } else {
            fate.urges.push(wire::shown_urge(notice));
        }
    }
    let rows = sqlx::query(
        "select message_id, kind, institution, due, document_number, dispatch, act_us from paper_marks \
         where sender = $1 and accepted_us between $2 and $3 order by place",
    );
    for row in rows.bind(sender.as_str()).bind(from_us).bind(to_us).fetch_all(sql).await? {
        let mark = mark(&row, sender)?;
        let fate = fates.entry(mark.name.message).or_default();
        if mark.extended {
            fate.extensions.push(wire::shown_extension(mark));
        } else {
            fate.replies.push(wire::shown_reply(mark));
        }
    }
    Ok(fates)
}

fn notice(row: &Row, sender: &DepartmentCode) -> Result<Notice, Failure> {
    Ok(Notice {
        name: PaperName { sender: sender.clone(), message: row.parsed("message_id")? },
        notice: row.text("notice")?,
        recall: row.text("kind")? == "RECALL",
        note: row.text("note")?,
        document_number: row.text("document_number")?,
        at: row.instant("act_us")?,
        state: wire::state(&row.text("state")?)?,
        refusal_code: row.text("refusal_code")?,
        recorded_us: row.int("recorded_us")?,
    })
}

fn mark(row: &Row, sender: &DepartmentCode) -> Result<Mark, Failure> {
    Ok(Mark {
        name: PaperName { sender: sender.clone(), message: row.parsed("message_id")? },
        extended: row.text("kind")? == "EXTENDED",
        institution: row.text("institution")?,
        due: row.text("due")?,
        document_number: row.text("document_number")?,
        dispatch: row.text("dispatch")?,
        at: row.instant("act_us")?,
    })
}

/// Writes a mark.
pub(crate) async fn insert_mark(tx: &mut Tx, mark: &Mark, office_entry: &str, accepted_us: i64) -> Result<(), Failure> {
    sqlx::query(
        "insert into paper_marks (sender, message_id, place, office_entry, accepted_us, kind, institution, due, \
         document_number, dispatch, act_us) values ($1, $2, \
         (select count(*) + 1 from paper_marks where sender = $1 and message_id = $2), $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(mark.name.sender.as_str())
    .bind(mark.name.message.to_string())
    .bind(office_entry)
    .bind(accepted_us)
    .bind(if mark.extended { "EXTENDED" } else { "REPLIED" })
    .bind(&*mark.institution)
    .bind(&*mark.due)
    .bind(&*mark.document_number)
    .bind(&*mark.dispatch)
    .bind(time::to_us(mark.at))
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// A paper with all that its sender sees of it.
pub(crate) struct Kept {
    stored: paper_wire::Stored,
    fate: Fate,
    followed: Followed,
}

/// Loads a paper with what became of it; none where there is no such paper.
pub(super) async fn load(sql: &mut Connection, name: &PaperName) -> Result<Option<Kept>, Failure> {
    let Some(stored) = papers::load(sql, name).await? else { return Ok(None) };
    let at = stored.accepted_us;
    let fate = fates(sql, &name.sender, at, at).await?.remove(&name.message).unwrap_or_default();
    let signed = |receipt: &pb::Receipt| receipt.r#type() == pb::ReceiptType::SignedFor;
    let followed = Followed {
        name: name.clone(),
        urges: fate.urges.len(),
        recalled: fate.recall.is_some(),
        signed_for: fate.receipts.iter().any(signed),
    };
    Ok(Some(Kept { stored, fate, followed }))
}

impl Kept {
    /// What a decision sees of it.
    pub(super) const fn followed(&self) -> &Followed {
        &self.followed
    }
}

/// An order of a sender about one of his papers.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The paper.
    pub name: PaperName,
    /// What is wanted.
    pub command: Command,
}

impl Unit for Kept {
    type Command = Order;
    type Facts = Facts;
    type Event = Event;
    type Reply = pb::Paper;

    async fn load(tx: &mut Tx, order: &Order, _: &Facts) -> Result<(Self, Version), Denial> {
        let kept = load(tx.sql(), &order.name).await?;
        let kept = kept.ok_or_else(|| paper_wire::not_found(&order.name.to_string()))?;
        // A notice is a row of its own: its key, and where it is written, guard it.
        Ok((kept, Version::ABSENT))
    }

    fn decide(&self, order: &Order, facts: &Facts) -> Result<Vec<Event>, Refusal> {
        Ok(vec![decide::decide(&self.followed, &order.command, facts)?])
    }

    fn apply(mut self, event: &Event) -> Self {
        self.followed = decide::apply(self.followed, event);
        let (notice, recall, note, document_number, at) = match event {
            Event::Urged { urge, at, .. } => (&urge.urge, false, &urge.note, String::new(), *at),
            Event::Recalled { recall, at, .. } => {
                (&recall.recall, true, &recall.reason, recall.document_number.clone(), *at)
            }
        };
        let (name, state) = (self.followed.name.clone(), pb::NoticeState::Queued);
        let (notice, note, refusal_code) = (notice.clone(), note.clone(), String::new());
        let recorded_us = time::to_us(at);
        let notice = Notice { name, notice, recall, note, document_number, at, state, refusal_code, recorded_us };
        if recall {
            self.fate.recall = Some(wire::shown_recall(notice));
        } else {
            self.fate.urges.push(wire::shown_urge(notice));
        }
        self
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        for event in saving.events {
            insert_notice(tx, event, self.stored.accepted_us, saving.recorded_us()).await?;
        }
        Ok(())
    }

    fn reply(&self, _: &Saving<'_, Self>) -> pb::Paper {
        let stored = paper_wire::Stored { payload: bytes::Bytes::new(), ..self.stored.clone() };
        // What is stored was written by this service; a damaged row shows as a paper with its name alone.
        paper_wire::paper(stored, self.fate.clone())
            .unwrap_or_else(|_| pb::Paper { name: self.followed.name.to_string(), ..pb::Paper::default() })
    }
}

/// Writes a notice, where the paper was not recalled meanwhile.
async fn insert_notice(tx: &mut Tx, event: &Event, accepted_us: i64, recorded_us: i64) -> Result<(), SaveError> {
    let (name, notice, kind, note, document_number, at) = match event {
        Event::Urged { name, urge, at } => (name, &urge.urge, "URGE", &urge.note, "", at),
        Event::Recalled { name, recall, at } => {
            (name, &recall.recall, "RECALL", &recall.reason, recall.document_number.as_str(), at)
        }
    };
    let written = sqlx::query(
        "insert into notices (sender, message_id, notice, kind, accepted_us, note, document_number, act_us, state, \
         refusal_code, recorded_us) select $1, $2, $3, $4, $5, $6, $7, $8, 'QUEUED', '', $9 where not exists \
         (select 1 from notices where sender = $1 and message_id = $2 and kind = 'RECALL')",
    )
    .bind(name.sender.as_str())
    .bind(name.message.to_string())
    .bind(&**notice)
    .bind(kind)
    .bind(accepted_us)
    .bind(&**note)
    .bind(document_number)
    .bind(time::to_us(*at))
    .bind(recorded_us)
    .execute(tx.sql())
    .await?;
    guard(&written)
}

/// The senders of whose papers the office is to be told something now. Nothing is told of a paper whose deliveries are not
/// numbered yet, or still queued.
pub(super) async fn lanes(sql: &mut Connection) -> Result<Vec<DepartmentCode>, Failure> {
    let rows = sqlx::query(
        "select distinct n.sender from notices n where n.state = 'QUEUED' \
         and exists (select 1 from deliveries d where d.sender = n.sender and d.message_id = n.message_id) \
         and not exists (select 1 from deliveries d where d.sender = n.sender and d.message_id = n.message_id \
                         and d.state = 'QUEUED') order by n.sender",
    );
    let rows = rows.fetch_all(sql).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// The next thing that the office is to be told of a sender's papers.
pub(super) async fn next(sql: &mut Connection, sender: &DepartmentCode) -> Result<Option<Notice>, Failure> {
    let row = sqlx::query(
        "select n.message_id, n.notice, n.kind, n.note, n.document_number, n.act_us, n.state, n.refusal_code, n.recorded_us \
         from notices n where n.sender = $1 and n.state = 'QUEUED' \
         and exists (select 1 from deliveries d where d.sender = n.sender and d.message_id = n.message_id) \
         and not exists (select 1 from deliveries d where d.sender = n.sender and d.message_id = n.message_id \
                         and d.state = 'QUEUED') order by n.act_us, n.notice limit 1",
    );
    let row = row.bind(sender.as_str()).fetch_optional(sql).await?;
    row.map(|row| notice(&row, sender)).transpose()
}

/// Ends a notice. Tells whether it was still queued.
pub(super) async fn end(
    tx: &mut Tx,
    notice: &Notice,
    refusal_code: &str,
    ended_us: i64,
    recorded_us: i64,
) -> Result<bool, Failure> {
    let ended = sqlx::query(
        "update notices set state = $1, refusal_code = $2, ended_us = $3, recorded_us = $4 \
         where sender = $5 and message_id = $6 and notice = $7 and state = 'QUEUED'",
    )
    .bind(if refusal_code.is_empty() { "TOLD" } else { "REFUSED" })
    .bind(refusal_code)
    .bind(ended_us)
    .bind(recorded_us)
    .bind(notice.name.sender.as_str())
    .bind(notice.name.message.to_string())
    .bind(&*notice.notice)
    .execute(tx.sql())
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// The receipt that rests on an entry of the office.
pub(super) async fn receipt(sql: &mut Connection, office_entry: &str) -> Result<Option<Vec<u8>>, Failure> {
    let row = sqlx::query("select receipt from receipts where office_entry = $1").bind(office_entry);
    row.fetch_optional(sql).await?.map(|row| row.bytes(0)).transpose()
}
