//! Papers in inboxes, as rows: loading them here, pages in [`list`], what the clock asks in [`clock`], writing in
//! [`save`].

pub(crate) mod clock;
pub(crate) mod list;
pub(crate) mod save;

use bytes::Bytes;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version};
use runtime::journal::Prepared;
use runtime::refusal::{Denial, Failure, Refusal};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{DepartmentCode, MessageId, Sm3Digest, time};

use self::save::Arriving;
use super::decide::{self, Actor, Command, Desk, DocumentWaits, Event, Facts, Step, allowed};
use super::event::What;
use super::state::{Arrival, Check, Paper, PaperName, Purpose, Registration, Return, SignedFor, Stage};
use super::wire::{self, work::Kept};
use super::work::{Phase, Recall, Urge, Work};
use crate::register::document;

/// The columns of a paper, without its payload.
macro_rules! columns {
    () => {
        "p.inbox, p.sender, p.message_id, p.delivered_to, p.number, p.copy, p.accepted_us, p.arrived_us, p.payload_digest, \
         p.face, p.stage, p.signed_for_by, p.signed_us, p.serial, p.registered_us, p.resolutions, p.document, p.checked_us, \
         p.return_code, p.return_reason, p.returned_us, p.work, p.version, p.recorded_us"
    };
}
use columns;

/// What an absent paper is called.
const KIND: &str = "office.townlink/InboxPaper";

/// There is no such paper.
pub(crate) fn not_found(name: &PaperName) -> Denial {
    Denial::NotFound { kind: KIND, name: name.to_string() }
}

/// Loads a paper with its payload.
pub(crate) async fn load(sql: &mut Connection, name: &PaperName) -> Result<Option<(Paper, Version)>, Failure> {
    let row = sqlx::query(concat!(
        "select ",
        columns!(),
        ", d.payload from inbox_papers p \
         join deliveries d on d.recipient = p.delivered_to and d.sender = p.sender and d.number = p.number \
         where p.inbox = $1 and p.sender = $2 and p.message_id = $3"
    ))
    .bind(name.inbox.code())
    .bind(name.sender.as_str())
    .bind(name.message.to_string())
    .fetch_optional(sql)
    .await?;
    row.map(|row| paper(&row, Bytes::from(row.bytes("payload")?))).transpose()
}

/// The names of a paper of the county in all inboxes that have it.
pub(crate) async fn names(
    sql: &mut Connection,
    sender: &DepartmentCode,
    message: MessageId,
) -> Result<Vec<PaperName>, Failure> {
    let rows = sqlx::query("select inbox from inbox_papers where sender = $1 and message_id = $2 order by inbox")
        .bind(sender.as_str())
        .bind(message.to_string())
        .fetch_all(sql)
        .await?;
    rows.iter().map(|row| Ok(PaperName { inbox: row.parsed(0)?, sender: sender.clone(), message })).collect()
}

/// The county's recall of a paper.
pub(crate) async fn recall(
    sql: &mut Connection,
    sender: &DepartmentCode,
    message: MessageId,
) -> Result<Option<Recall>, Failure> {
    let row = sqlx::query(
        "select document_number, reason, recalled_us from paper_recalls where sender = $1 and message_id = $2",
    )
    .bind(sender.as_str())
    .bind(message.to_string())
    .fetch_optional(sql)
    .await?;
    row.map(|row| Ok(Recall { document_number: row.text(0)?, reason: row.text(1)?, at: row.instant(2)? })).transpose()
}

/// Keeps the county's recall of a paper.
pub(crate) async fn insert_recall(
    tx: &mut Tx,
    sender: &DepartmentCode,
    message: MessageId,
    recall: &Recall,
) -> Result<(), Failure> {
    sqlx::query(
        "insert into paper_recalls (sender, message_id, document_number, reason, recalled_us) values ($1, $2, $3, $4, $5)",
    )
    .bind(sender.as_str())
    .bind(message.to_string())
    .bind(recall.document_number.as_str())
    .bind(recall.reason.as_str())
    .bind(time::to_us(recall.at))
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Whether an urge was put on a paper before.
pub(crate) async fn was_urged(tx: &mut Tx, name: &PaperName, urge: &Urge) -> Result<bool, Failure> {
    let row = sqlx::query(
        "select count(*) from inbox_urges where inbox = $1 and sender = $2 and message_id = $3 and urge = $4",
    )
    .bind(name.inbox.code())
    .bind(name.sender.as_str())
    .bind(name.message.to_string())
    .bind(urge.urge.as_str())
    .fetch_one(tx.sql())
    .await?;
    Ok(row.int(0)? > 0)
}

/// A paper of the same issuer and number, but other content, that stands in the inbox's book.
async fn namesake(sql: &mut Connection, paper: &Paper) -> Result<Option<PaperName>, Failure> {
    let row = sqlx::query(
        "select sender, message_id from inbox_papers where inbox = $1 and issuer = $2 and document_key = $3 \
         and document_key <> '' and stands = 1 and payload_digest <> $4",
    )
    .bind(paper.name.inbox.code())
    .bind(paper.arrival.summary.issuer.as_str())
    .bind(paper.arrival.summary.document_key())
    .bind(paper.arrival.payload_digest.as_bytes().as_slice())
    .fetch_optional(sql)
    .await?;
    row.map(|row| Ok(PaperName { inbox: paper.name.inbox, sender: row.parsed(0)?, message: row.parsed(1)? }))
        .transpose()
}

/// Whether the document that a paper became waits for a second person.
async fn document_waits(sql: &mut Connection, paper: &Paper) -> Result<DocumentWaits, Failure> {
    let Some(id) = paper.checked().and_then(|check| check.document.as_deref()) else { return Ok(DocumentWaits::No) };
    let row = sqlx::query("select state from documents where id = $1")
        .bind(id.trim_start_matches("documents/"))
        .fetch_optional(sql)
        .await?;
    let waits = row.map(|row| row.text(0)).transpose()?.is_some_and(|state| state == "REGISTERED");
    Ok(if waits { DocumentWaits::Yes } else { DocumentWaits::No })
}

/// The other paper that a step names.
fn other_of(name: &PaperName, step: &Step) -> Option<PaperName> {
    match step {
        Step::Register { supersedes } => supersedes.clone(),
        Step::Merge { into, .. } => Some(into.clone()),
        Step::Transfer { to, .. } => Some(PaperName { inbox: *to, ..name.clone() }),
        Step::SignFor
        | Step::Check { .. }
        | Step::Return { .. }
        | Step::ReturnForFaults { .. }
        | Step::Instruct { .. }
        | Step::Assign(_)
        | Step::DecideAssignment(_)
        | Step::RefuseAssignment { .. }
        | Step::Accept
        | Step::ReportProgress { .. }
        | Step::FinishPart { .. }
        | Step::MarkRead
        | Step::Guide { .. }
        | Step::Report { .. }
        | Step::Complete
        | Step::SendBack { .. }
        | Step::Answered { .. }
        | Step::Archive
        | Step::RequestExtension { .. }
        | Step::GrantExtension { .. }
        | Step::RefuseExtension { .. }
        | Step::Recall(_)
        | Step::Urge(_)
        | Step::Ring
        | Step::Derive => None,
    }
}

/// Whoever may not read the paper is told the same of one that is absent.
fn absent(name: &PaperName, actor: Actor) -> Denial {
    let reads = match actor {
        Actor::Officer { institution, .. } => allowed::may_read(Some(institution), name.inbox),
        Actor::Leaders | Actor::Service => Ok(()),
    };
    reads.map_or_else(|refusal| Refusal::from(refusal).into(), |()| not_found(name))
}

/// Loads what a step is decided upon.
pub(super) async fn desk(tx: &mut Tx, command: &Command, facts: &Facts) -> Result<(Desk, Version), Denial> {
    let name = &command.name;
    let (paper, version) = load(tx.sql(), name).await?.ok_or_else(|| absent(name, facts.actor))?;
    let registering = matches!(command.step, Step::Register { .. });
    let namesake = if registering { namesake(tx.sql(), &paper).await? } else { None };
    let number_holder = match &facts.directive {
        Some(Ok(directive)) => document::store::holder_of_number(tx.sql(), &directive.number).await?,
        Some(Err(_)) | None => None,
    };
    let signing = matches!(command.step, Step::SignFor);
    let recalled = if signing { recall(tx.sql(), &name.sender, name.message).await? } else { None };
    let other = match other_of(name, &command.step) {
        Some(other) => load(tx.sql(), &other).await?,
        None => None,
    };
    let document = match (&other, &command.step) {
        (Some((other, _)), Step::Register { .. }) => document_waits(tx.sql(), other).await?,
        (_, Step::Merge { .. } | Step::Archive) => document_waits(tx.sql(), &paper).await?,
        _ => DocumentWaits::No,
    };
    let (other, other_version) = other.unzip();
    // Entries about the other paper are recorded after its last one too.
    let recorded = version.recorded().max(other_version.and_then(|version: Version| version.recorded()));
    let version = recorded.map_or(Ok(version), |at| Version::of(version.number(), time::to_us(at)))?;
    Ok((Desk { paper, namesake, number_holder, other, other_version, document, recalled }, version))
}

/// Writes what was decided about a paper and the other one beside it.
pub(super) async fn save(
    tx: &mut Tx,
    desk: &Desk,
    events: &[Event],
    entries: &[Prepared],
    version: Version,
    facts: &Facts,
) -> Result<(), SaveError> {
    let rules = facts.rules.as_deref();
    // A row is recorded with the last entry about it.
    let recorded_us = |name: &PaperName| {
        let about = events.iter().zip(entries).filter(|(event, _)| event.name() == Some(name));
        time::to_us(about.last().map_or(facts.now, |(_, entry)| entry.recorded()))
    };
    if let Some((other, seen)) = desk.other.as_ref().zip(desk.other_version) {
        // What is replaced leaves the book before the later version enters it.
        if events.iter().any(|event| event.name() == Some(&other.name)) {
            save::save(tx, other, seen, recorded_us(&other.name), rules).await?;
        } else {
            save::unmoved(tx, &other.name, seen).await?;
        }
    }
    save::save(tx, &desk.paper, version, recorded_us(&desk.paper.name), rules).await?;
    for event in events {
        save::beside(tx, event).await?;
    }
    Ok(())
}

/// Writes a paper that came from another inbox.
async fn take(tx: &mut Tx, event: &Event, recorded_us: i64, facts: &Facts) -> Result<(), SaveError> {
    let Event::Worked { name, what } = event else { return Ok(()) };
    let What::Taken { arrival, from, due } = &**what else { return Ok(()) };
    let rules = facts.rules.as_deref().ok_or_else(|| Failure::internal("a transfer knows no rules"))?;
    let paper = wire::events::arrived(name, arrival, Some(from), *due);
    save::insert(tx, &[Arriving { paper, recorded_us }], rules).await
}

impl Unit for Desk {
    type Command = Command;
    type Facts = Facts;
    type Event = Event;
    type Reply = pb::InboxPaper;

    async fn load(tx: &mut Tx, command: &Command, facts: &Facts) -> Result<(Self, Version), Denial> {
        desk(tx, command, facts).await
    }

    fn decide(&self, command: &Command, facts: &Facts) -> Result<Vec<Event>, Refusal> {
        Ok(decide::decide(self, &command.step, facts)?)
    }

    fn apply(self, event: &Event) -> Self {
        decide::apply(self, event)
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        for (event, entry) in saving.events.iter().zip(saving.entries) {
            if let Event::Document(registered) = event {
                document::store::insert(tx, &registered.document, entry.recorded()).await?;
            }
            take(tx, event, time::to_us(entry.recorded()), saving.facts).await?;
        }
        save(tx, self, saving.events, saving.entries, saving.version, saving.facts).await
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::InboxPaper {
        wire::paper(&self.paper, saving.etag(), saving.facts.now, saving.facts.rules.as_deref())
    }

    fn etag(command: &Command) -> &str {
        &command.etag
    }
}

fn paper(row: &Row, payload: Bytes) -> Result<(Paper, Version), Failure> {
    let name = PaperName {
        inbox: row.parsed("inbox")?,
        sender: row.parsed("sender")?,
        message: row.parsed::<MessageId>("message_id")?,
    };
    let face = wire::read_face(&row.bytes("face")?)?;
    let arrival = Arrival {
        delivered_to: row.parsed("delivered_to")?,
        number: row.int("number")?,
        purpose: if row.flag("copy")? { Purpose::Information } else { Purpose::Action },
        summary: face.summary,
        findings: face.findings,
        attachments: face.attachments,
        signatures: face.signatures,
        payload_digest: Sm3Digest::try_from(&*row.bytes("payload_digest")?).map_err(Failure::internal)?,
        payload,
        accepted: row.instant("accepted_us")?,
        arrived: row.instant("arrived_us")?,
    };
    let version = Version::of(row.int("version")?, row.int("recorded_us")?)?;
    let kept = wire::work::read_work(&row.maybe_bytes("work")?.unwrap_or_default())?;
    let dossier = kept.dossier.clone();
    Ok((Paper { name, arrival, stage: stage(row, kept)?, dossier }, version))
}

/// What the columns of a stage hold.
struct StageColumns {
    signed: Option<SignedFor>,
    registered: Option<Registration>,
    checked: Option<Check>,
    returned: Option<Return>,
}

impl StageColumns {
    fn read(row: &Row) -> Result<Self, Failure> {
        let signed = row.maybe_text("signed_for_by")?.zip(row.maybe_instant("signed_us")?);
        let registered = row.maybe_int("serial")?.zip(row.maybe_instant("registered_us")?);
        let checked = row.maybe_bytes("resolutions")?.zip(row.maybe_instant("checked_us")?);
        let checked = checked.map(|(resolutions, at)| {
            let resolutions = wire::read_resolutions_column(&resolutions)?;
            Ok::<_, Failure>(Check { resolutions, document: row.maybe_text("document")?, at })
        });
        let returned =
            row.maybe_text("return_code")?.zip(row.maybe_text("return_reason")?).zip(row.maybe_instant("returned_us")?);
        Ok(Self {
            signed: signed.map(|(person, at)| SignedFor { person, at }),
            registered: registered.map(|(serial, at)| Registration { serial, at }),
            checked: checked.transpose()?,
            returned: returned.map(|((code, reason), at)| Return { code, reason, at }),
        })
    }
}

fn stage(row: &Row, kept: Kept) -> Result<Stage, Failure> {
    let stage = row.text("stage")?;
    let columns = StageColumns::read(row)?;
    build(&stage, columns, kept)
        .ok_or_else(|| Failure::internal(format!("the columns of a paper do not fit its stage {stage}")))
}

fn build(stage: &str, columns: StageColumns, kept: Kept) -> Option<Stage> {
    let StageColumns { signed, registered, checked, returned } = columns;
    let work = Box::new(kept.work);
    match (stage, signed, registered, checked, returned) {
        ("ARRIVED", None, None, None, None) => Some(Stage::Arrived),
        ("RECALLED", None, None, None, None) => Some(Stage::Recalled { recall: kept.recall? }),
        ("SIGNED_FOR", Some(signed), None, None, None) => Some(Stage::SignedFor { signed }),
        ("REGISTERED", Some(signed), Some(registered), None, None) => Some(Stage::Registered { signed, registered }),
        ("RETURNED", Some(signed), registered, checked, Some(returned)) => {
            let checked = checked.map(|checked| (checked, work));
            Some(Stage::Returned { signed, registered, checked, returned })
        }
        ("MERGED", Some(signed), Some(registered), checked, None) => Some(Stage::Merged {
            signed,
            registered,
            checked: checked.map(|checked| (checked, work)),
            into: kept.goes_on?,
            deed: kept.closing?,
        }),
        ("TRANSFERRED", Some(signed), Some(registered), Some(checked), None) => Some(Stage::Transferred {
            signed,
            registered,
            checked: (checked, work),
            to: kept.goes_on?,
            deed: kept.closing?,
        }),
        (phase, Some(signed), Some(registered), Some(checked), None) => {
            let work = Box::new(Work { phase: Phase::parse(phase)?, ..*work });
            Some(Stage::Worked { signed, registered, checked, work })
        }
        _ => None,
    }
}
