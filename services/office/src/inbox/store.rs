//! Papers in inboxes, as rows.

use bytes::Bytes;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version, guard};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure, Refusal, Violation};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Institution, MessageId, Sm3Digest, time};

use super::decide::{self, Command, Desk, Event, Facts, Step};
use super::state::{Arrival, Check, Paper, PaperName, Purpose, Registration, Return, SignedFor, Stage};
use super::wire;
use crate::register::document;

/// The columns of a paper, without its payload.
macro_rules! columns {
    () => {
        "p.inbox, p.sender, p.message_id, p.number, p.copy, p.accepted_us, p.arrived_us, p.payload_digest, p.face, p.stage, \
         p.signed_for_by, p.signed_us, p.serial, p.registered_us, p.resolutions, p.document, p.checked_us, p.return_code, \
         p.return_reason, p.returned_us, p.version, p.recorded_us"
    };
}

/// The order of a list, newest first. Papers that arrived at one moment are told apart by sender and number.
macro_rules! newest_first {
    ($limit:literal) => {
        concat!(" order by p.arrived_us desc, p.sender desc, p.number desc limit ", $limit)
    };
}

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
         join deliveries d on d.recipient = p.inbox and d.sender = p.sender and d.number = p.number \
         where p.inbox = $1 and p.sender = $2 and p.message_id = $3"
    ))
    .bind(name.inbox.code())
    .bind(name.sender.as_str())
    .bind(name.message.to_string())
    .fetch_optional(sql)
    .await?;
    row.map(|row| paper(&row, Bytes::from(row.bytes("payload")?))).transpose()
}

/// A page of an inbox, without payloads. An empty stage means all.
pub(crate) async fn page(
    sql: &mut Connection,
    inbox: Institution,
    stage: &str,
    page: &Page,
) -> Result<Vec<(Paper, Version)>, Denial> {
    let after = Key::read(page.after())?;
    let query = if stage.is_empty() {
        sqlx::query(concat!(
            "select ",
            columns!(),
            " from inbox_papers p where p.inbox = $1 and (p.arrived_us, p.sender, p.number) < ($2, $3, $4)",
            newest_first!("$5")
        ))
        .bind(inbox.code())
    } else {
        sqlx::query(concat!(
            "select ",
            columns!(),
            " from inbox_papers p where p.inbox = $1 and p.stage = $2 and (p.arrived_us, p.sender, p.number) < ($3, $4, $5)",
            newest_first!("$6")
        ))
        .bind(inbox.code())
        .bind(stage.to_owned())
    };
    let rows =
        query.bind(after.arrived_us).bind(after.sender).bind(after.number).bind(page.fetch()).fetch_all(sql).await?;
    Ok(rows.iter().map(|row| paper(row, Bytes::new())).collect::<Result<_, _>>()?)
}

/// The key of a paper in the order of a list.
pub(crate) fn key(paper: &Paper) -> String {
    format!("{}/{}/{}", time::to_us(paper.arrival.arrived), paper.name.sender, paper.arrival.number)
}

struct Key {
    arrived_us: i64,
    sender: String,
    number: i64,
}

impl Key {
    /// The key after which a page begins; without one, a key that comes before every paper.
    fn read(after: Option<&str>) -> Result<Self, Denial> {
        let Some(after) = after else { return Ok(Self { arrived_us: i64::MAX, sender: String::new(), number: 0 }) };
        let parts: Vec<_> = after.split('/').collect();
        let key = match parts.as_slice() {
            [arrived_us, sender, number] => arrived_us
                .parse()
                .ok()
                .zip(number.parse().ok())
                .map(|(arrived_us, number)| Self { arrived_us, sender: (*sender).to_owned(), number }),
            _ => None,
        };
        key.ok_or_else(|| Violation::malformed("page_token", "was not given by this list").into())
    }
}

/// A paper of the same issuer and number, but other content, that stands in the inbox's book.
async fn namesake(sql: &mut Connection, paper: &Paper) -> Result<Option<PaperName>, Failure> {
    let row = sqlx::query(
        "select sender, message_id from inbox_papers where inbox = $1 and issuer = $2 and document_key = $3 \
         and document_key <> '' and stage in ('REGISTERED', 'CHECKED') and payload_digest <> $4",
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

/// Loads what a step is decided upon.
pub(super) async fn desk(tx: &mut Tx, command: &Command, facts: &Facts) -> Result<(Desk, Version), Denial> {
    let (paper, version) = load(tx.sql(), &command.name).await?.ok_or_else(|| not_found(&command.name))?;
    let namesake = if command.step == Step::Register { namesake(tx.sql(), &paper).await? } else { None };
    let number_holder = match &facts.directive {
        Some(Ok(directive)) => document::store::holder_of_number(tx.sql(), &directive.number).await?,
        Some(Err(_)) | None => None,
    };
    Ok((Desk { paper, namesake, number_holder }, version))
}

/// Writes the stage of a paper, where its version is still the one that was loaded.
pub(super) async fn save(tx: &mut Tx, paper: &Paper, version: Version, recorded_us: i64) -> Result<(), SaveError> {
    let columns = StageColumns::of(&paper.stage);
    let saved = sqlx::query(
        "update inbox_papers set stage = $1, signed_for_by = $2, signed_us = $3, book_year = $4, serial = $5, \
         registered_us = $6, resolutions = $7, document = $8, checked_us = $9, return_code = $10, return_reason = $11, \
         returned_us = $12, version = $13, recorded_us = $14 \
         where inbox = $15 and sender = $16 and message_id = $17 and version = $18",
    )
    .bind(paper.stage.as_str())
    .bind(columns.signed.map(|signed| signed.person.as_str()))
    .bind(columns.signed.map(|signed| time::to_us(signed.at)))
    .bind(columns.registered.map(|registered| i64::from(registered.year())))
    .bind(columns.registered.map(|registered| registered.serial))
    .bind(columns.registered.map(|registered| time::to_us(registered.at)))
    .bind(columns.checked.map(|checked| wire::resolutions(&checked.resolutions)))
    .bind(columns.checked.and_then(|checked| checked.document.as_deref()))
    .bind(columns.checked.map(|checked| time::to_us(checked.at)))
    .bind(columns.returned.map(|returned| returned.code.as_str()))
    .bind(columns.returned.map(|returned| returned.reason.as_str()))
    .bind(columns.returned.map(|returned| time::to_us(returned.at)))
    .bind(version.next())
    .bind(recorded_us)
    .bind(paper.name.inbox.code())
    .bind(paper.name.sender.as_str())
    .bind(paper.name.message.to_string())
    .bind(version.number())
    .execute(tx.sql())
    .await?;
    guard(&saved)
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
        }
        save(tx, &self.paper, saving.version, saving.recorded_us()).await
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::InboxPaper {
        wire::paper(&self.paper, saving.etag())
    }

    fn etag(command: &Command) -> &str {
        &command.etag
    }
}

/// What the columns of a stage hold.
#[derive(Default)]
struct StageColumns<'a> {
    signed: Option<&'a SignedFor>,
    registered: Option<&'a Registration>,
    checked: Option<&'a Check>,
    returned: Option<&'a Return>,
}

impl<'a> StageColumns<'a> {
    fn of(stage: &'a Stage) -> Self {
        match stage {
            Stage::Arrived => Self::default(),
            Stage::SignedFor { signed } => Self { signed: Some(signed), ..Self::default() },
            Stage::Registered { signed, registered } => {
                Self { signed: Some(signed), registered: Some(registered), ..Self::default() }
            }
            Stage::Checked { signed, registered, checked } => {
                Self { signed: Some(signed), registered: Some(registered), checked: Some(checked), ..Self::default() }
            }
            Stage::Returned { signed, registered, checked, returned } => Self {
                signed: Some(signed),
                registered: registered.as_ref(),
                checked: checked.as_ref(),
                returned: Some(returned),
            },
        }
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
    Ok((Paper { name, arrival, stage: stage(row)? }, version))
}

fn stage(row: &Row) -> Result<Stage, Failure> {
    let signed = row.maybe_text("signed_for_by")?.zip(row.maybe_instant("signed_us")?);
    let signed = signed.map(|(person, at)| SignedFor { person, at });
    let registered = row.maybe_int("serial")?.zip(row.maybe_instant("registered_us")?);
    let registered = registered.map(|(serial, at)| Registration { serial, at });
    let checked = row.maybe_bytes("resolutions")?.zip(row.maybe_instant("checked_us")?);
    let checked = checked.map(|(resolutions, at)| {
        let resolutions = wire::read_resolutions_column(&resolutions)?;
        Ok::<_, Failure>(Check { resolutions, document: row.maybe_text("document")?, at })
    });
    let returned =
        row.maybe_text("return_code")?.zip(row.maybe_text("return_reason")?).zip(row.maybe_instant("returned_us")?);
    let returned = returned.map(|((code, reason), at)| Return { code, reason, at });
    let stage = row.text("stage")?;
    match (&*stage, signed, registered, checked.transpose()?, returned) {
        ("ARRIVED", None, None, None, None) => Ok(Stage::Arrived),
        ("SIGNED_FOR", Some(signed), None, None, None) => Ok(Stage::SignedFor { signed }),
        ("REGISTERED", Some(signed), Some(registered), None, None) => Ok(Stage::Registered { signed, registered }),
        ("CHECKED", Some(signed), Some(registered), Some(checked), None) => {
            Ok(Stage::Checked { signed, registered, checked })
        }
        ("RETURNED", Some(signed), registered, checked, Some(returned)) => {
            Ok(Stage::Returned { signed, registered, checked, returned })
        }
        _ => Err(Failure::internal(format!("the columns of a paper do not fit its stage {stage}"))),
    }
}
