//! Papers, as rows.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use prost::Message as _;
use runtime::db::{Columns as _, Connection, Row, Statement, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version, guard};
use runtime::journal::{Prepared, Record};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure, Refusal};
use runtime::signing::Verifier;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::{Date, DepartmentCode, Institution, MessageId, Sm3Digest, Timestamp, time};

use super::decide::{self, Facts as Known};
use super::state::{Incoming, PaperName};
use super::wire::Stored;
use crate::key::{Registry, store as keys};
use crate::settings::Rules;

/// A paper that was examined and may be accepted: all of it is fixed, the entry and the signed receipt included.
#[derive(Clone, Debug)]
pub(crate) struct Accept {
    /// Its name.
    pub name: PaperName,
    /// The paper itself.
    pub paper: Arc<Incoming>,
    /// When it is accepted.
    pub at: Timestamp,
    /// The digest of its payload.
    pub payload_digest: Sm3Digest,
    /// Its summary, encoded.
    pub summary: Vec<u8>,
    /// Its particulars, encoded.
    pub particulars: Vec<u8>,
    /// The journal's record of it.
    pub record: Record,
    /// The entry, fixed before the job: the receipt names its leaf.
    pub entry: Prepared,
    /// The receipt.
    pub receipt: pb::Receipt,
    /// Whether it was tried to save it, and found another registry of keys than that of the examination.
    pub overtaken: Arc<AtomicBool>,
}

/// What the outside world knows at the commit.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Who calls.
    pub caller: DepartmentCode,
    /// The town's date.
    pub today: Date,
    /// The keys against which the paper was examined.
    pub registry: Arc<Registry>,
    /// The rules of the town.
    pub rules: Arc<Rules>,
    /// Checks signatures; not asked again, since what was signed does not change.
    pub verifier: Arc<dyn Verifier>,
}

/// What may have changed since the examination: the registry of keys, which hardly ever does. So it is not read: the statement
/// that writes the paper is guarded by its revision, and only an attempt after one that was overtaken reads it. A paper that exists
/// has a stored answer, which is found before any unit is loaded.
pub(crate) struct Acceptance {
    registry: Arc<Registry>,
}

impl Unit for Acceptance {
    type Command = Accept;
    type Facts = Facts;
    type Event = Record;
    type Reply = pb::Receipt;

    async fn load(tx: &mut Tx, accept: &Accept, facts: &Facts) -> Result<(Self, Version), Denial> {
        let registry = if accept.overtaken.load(Ordering::Relaxed) {
            Arc::new(keys::registry(tx.sql()).await?)
        } else {
            Arc::clone(&facts.registry)
        };
        Ok((Self { registry }, Version::ABSENT))
    }

    fn decide(&self, accept: &Accept, facts: &Facts) -> Result<Vec<Record>, Refusal> {
        let Facts { caller, today, rules, verifier, .. } = facts;
        let known =
            Known { caller, today: *today, registry: &self.registry, verifier: &**verifier, rules, attachments: &[] };
        decide::still_signed(&accept.paper, &known)?;
        Ok(vec![accept.record.clone()])
    }

    fn apply(self, _: &Record) -> Self {
        self
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        // For the next attempt, if there is one: nothing else than another registry makes this one fail.
        saving.command.overtaken.store(true, Ordering::Relaxed);
        insert(tx, saving.command, self.registry.revision()).await
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::Receipt {
        saving.command.receipt.clone()
    }

    fn prepared<'a>(accept: &'a Accept, _: &'a Facts) -> Option<&'a Prepared> {
        Some(&accept.entry)
    }
}

/// The row of a paper, where the registry of keys has a revision.
const INSERT: &str = "insert into papers (sender, message_id, accepted_us, payload, payload_digest, summary, particulars, receipt) \
     select $1, $2, $3, $4, $5, $6, $7, $8 from key_registry where id = 1 and revision = $9";

/// Writes a paper, where the registry of keys has this revision.
async fn insert(tx: &mut Tx, accept: &Accept, revision: i64) -> Result<(), SaveError> {
    let Accept { name, paper, .. } = accept;
    let (sender, message_id) = (name.sender.to_string(), name.message.to_string());
    let bind = |query: Statement| {
        query
            .bind(&*sender)
            .bind(&*message_id)
            .bind(time::to_us(accept.at))
            .bind(&*paper.payload)
            .bind(accept.payload_digest.as_bytes().as_slice())
            .bind(&*accept.summary)
            .bind(&*accept.particulars)
            .bind(accept.receipt.encode_to_vec())
            .bind(revision)
    };
    let attachments = &paper.envelope.attachments;
    if attachments.is_empty() {
        return tx.write_one(INSERT, bind).await;
    }
    guard(&bind(sqlx::query(INSERT)).execute(tx.sql()).await?)?;
    let text = format!(
        "insert into paper_attachments (sender, message_id, place, digest) values {}",
        crate::rows::values(attachments.len(), 4)
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
    for (place, attachment) in (1_i64..).zip(attachments) {
        query = query.bind(&*sender).bind(&*message_id).bind(place).bind(attachment.digest.as_bytes().as_slice());
    }
    query.execute(tx.sql()).await?;
    Ok(())
}

/// Loads one paper, with its payload.
pub(crate) async fn load(sql: &mut Connection, name: &PaperName) -> Result<Option<Stored>, Failure> {
    let query = sqlx::query(
        "select message_id, accepted_us, payload_digest, summary, particulars, receipt, payload from papers \
         where sender = $1 and message_id = $2",
    );
    let row = query.bind(name.sender.to_string()).bind(name.message.to_string()).fetch_optional(sql).await?;
    let Some(row) = row else { return Ok(None) };
    let payload = Bytes::from(row.bytes("payload")?);
    Ok(Some(Stored { payload, ..stored(&row, &name.sender)? }))
}

/// A page of a sender's papers, newest first, without payloads.
pub(super) async fn page(sql: &mut Connection, sender: &DepartmentCode, page: &Page) -> Result<Vec<Stored>, Failure> {
    let after = page.after().and_then(|key| key.split_once('/'));
    let after = after.and_then(|(us, message_id)| Some((us.parse::<i64>().ok()?, message_id.to_owned())));
    let (us, message_id) = after.unwrap_or((i64::MAX, String::new()));
    let rows = sqlx::query(
        "select message_id, accepted_us, payload_digest, summary, particulars, receipt from papers \
         where sender = $1 and (accepted_us, message_id) < ($2, $3) order by accepted_us desc, message_id desc limit $4",
    )
    .bind(sender.to_string())
    .bind(us)
    .bind(message_id)
    .bind(page.fetch())
    .fetch_all(sql)
    .await?;
    rows.iter().map(|row| stored(row, sender)).collect()
}

/// The key of a paper in the order of a list.
pub(super) fn key(stored: &Stored) -> String {
    format!("{}/{}", stored.accepted_us, stored.name.message)
}

fn stored(row: &Row, sender: &DepartmentCode) -> Result<Stored, Failure> {
    let message: MessageId = row.parsed("message_id")?;
    Ok(Stored {
        name: PaperName { sender: sender.clone(), message },
        accepted_us: row.int("accepted_us")?,
        payload: Bytes::new(),
        payload_digest: row.bytes("payload_digest")?.into(),
        summary: row.bytes("summary")?,
        particulars: row.bytes("particulars")?,
        receipt: row.bytes("receipt")?,
    })
}

/// The digest of a paper's payload, and when the paper was accepted; none where there is no such paper.
pub(crate) async fn digest(sql: &mut Connection, name: &PaperName) -> Result<Option<(Sm3Digest, i64)>, Failure> {
    let query = sqlx::query("select payload_digest, accepted_us from papers where sender = $1 and message_id = $2");
    let row = query.bind(name.sender.to_string()).bind(name.message.to_string()).fetch_optional(sql).await?;
    let Some(row) = row else { return Ok(None) };
    let digest = Sm3Digest::try_from(&*row.bytes(0)?).map_err(Failure::internal)?;
    Ok(Some((digest, row.int(1)?)))
}

/// The receipt of a paper's acceptance, encoded; none where there is no such paper.
pub(crate) async fn first_receipt(sql: &mut Connection, name: &PaperName) -> Result<Option<Vec<u8>>, Failure> {
    let query = sqlx::query("select receipt from papers where sender = $1 and message_id = $2");
    let row = query.bind(name.sender.to_string()).bind(name.message.to_string()).fetch_optional(sql).await?;
    row.map(|row| row.bytes(0)).transpose()
}

/// How the delivery of a paper with some content to an institution stands; none where there is no such paper, content or
/// delivery.
pub(super) async fn passage(
    sql: &mut Connection,
    name: &PaperName,
    digest: Sm3Digest,
    recipient: Institution,
) -> Result<Option<String>, Failure> {
    let row = sqlx::query(
        "select d.state from deliveries d join paper_attachments a on a.sender = d.sender and a.message_id = d.message_id \
         where d.sender = $1 and d.message_id = $2 and d.recipient = $3 and a.digest = $4 limit 1",
    )
    .bind(name.sender.to_string())
    .bind(name.message.to_string())
    .bind(recipient.code())
    .bind(digest.as_bytes().as_slice())
    .fetch_optional(sql)
    .await?;
    row.map(|row| row.text(0)).transpose()
}

/// Which of some contents a paper or a dispatch refers to.
pub(crate) async fn held_contents(sql: &mut Connection, some: &[Sm3Digest]) -> Result<HashSet<Sm3Digest>, Failure> {
    let places = crate::rows::values(1, some.len());
    let text = format!(
        "select digest from paper_attachments where digest in {places} \
         union select digest from dispatch_attachments where digest in {places}"
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
    for digest in some {
        query = query.bind(digest.as_bytes().as_slice());
    }
    let rows = query.fetch_all(sql).await?;
    rows.iter().map(|row| Sm3Digest::try_from(&*row.bytes(0)?).map_err(Failure::internal)).collect()
}
