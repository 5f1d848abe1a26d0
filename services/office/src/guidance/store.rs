//! Guidance, as rows.

use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version, guard};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure, Refusal};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, Timestamp, time};

use super::decide::{self, Command, Desk, Event, Step};
use super::state::{Guidance, GuidanceId, ObjectionId};
use super::wire;
use crate::coordination::decide::Facts;
use crate::coordination::duty;
use crate::coordination::store::{after, source};
use crate::coordination::viewer::{Viewer, Wanted};
use crate::inbox::state::PaperName;

/// What absent guidance is called.
const KIND: &str = "office.townlink/Guidance";

/// What an absent objection is called.
const OBJECTION: &str = "office.townlink/Objection";

/// There is no such guidance.
pub(crate) fn not_found(id: GuidanceId) -> Denial {
    Denial::NotFound { kind: KIND, name: id.to_string() }
}

/// Loads guidance.
pub(crate) async fn load(sql: &mut Connection, id: GuidanceId) -> Result<Option<(Guidance, Version)>, Failure> {
    let row = sqlx::query("select content, version, recorded_us from guidances where id = $1")
        .bind(id.0.to_string())
        .fetch_optional(sql)
        .await?;
    row.as_ref().map(guidance).transpose()
}

fn guidance(row: &Row) -> Result<(Guidance, Version), Failure> {
    let guidance = wire::read_content(&row.bytes("content")?)?;
    Ok((guidance, Version::of(row.int("version")?, row.int("recorded_us")?)?))
}

/// A page of guidance, newest first. An empty stage means all.
pub(crate) async fn page(
    sql: &mut Connection,
    stage: &str,
    wanted: Wanted,
    viewer: Viewer,
    now: Timestamp,
    page: &Page,
) -> Result<Vec<(Guidance, Version)>, Denial> {
    let (after_us, after_id) = after(page)?;
    let rows = sqlx::query(
        "select content, version, recorded_us from guidances g \
         where (drafted_us, id) < ($1, $2) and ($3 = '' or stage = $3) and $4 = 1 \
         and ($5 = 0 or exists (select 1 from coordination_duties d where d.subject = 'guidances/' || g.id)) \
         and ($6 = 0 or exists (select 1 from coordination_duties d where d.subject = 'guidances/' || g.id \
             and d.overdue_us <= $7)) \
         and ($8 = 0 or exists (select 1 from coordination_duties d where d.subject = 'guidances/' || g.id \
             and d.party = $9)) \
         order by drafted_us desc, id desc limit $10",
    )
    .bind(after_us)
    .bind(after_id)
    .bind(stage.to_owned())
    .bind(i64::from(viewer != Viewer::Nothing))
    .bind(i64::from(wanted.open))
    .bind(i64::from(wanted.overdue))
    .bind(time::to_us(now))
    .bind(i64::from(wanted.mine))
    .bind(viewer.party().map_or("", crate::roster::state::Post::code))
    .bind(page.fetch())
    .fetch_all(sql)
    .await?;
    Ok(rows.iter().map(guidance).collect::<Result<_, _>>()?)
}

/// A page of the guidance that was in force on a day, newest first. An empty field means every field.
pub(crate) async fn in_force(
    sql: &mut Connection,
    field: &str,
    day: Date,
    viewer: Viewer,
    page: &Page,
) -> Result<Vec<(Guidance, Version)>, Denial> {
    let (after_us, after_id) = after(page)?;
    let rows = sqlx::query(
        "select content, version, recorded_us from guidances g \
         where (drafted_us, id) < ($1, $2) and force_from <= $3 and force_to >= $3 and $4 = 1 \
         and ($5 = '' or exists (select 1 from guidance_fields f where f.guidance = g.id and f.field in ($5, ''))) \
         order by drafted_us desc, id desc limit $6",
    )
    .bind(after_us)
    .bind(after_id)
    .bind(day.to_string())
    .bind(i64::from(viewer != Viewer::Nothing))
    .bind(field.to_owned())
    .bind(page.fetch())
    .fetch_all(sql)
    .await?;
    Ok(rows.iter().map(guidance).collect::<Result<_, _>>()?)
}

/// The key of guidance in the order of a list.
pub(crate) fn key(guidance: &Guidance) -> String {
    format!("{}/{}", time::to_us(guidance.drafted.at), guidance.id.0)
}

async fn insert(tx: &mut Tx, guidance: &Guidance, recorded_us: i64) -> Result<(), SaveError> {
    let id = guidance.id.0.to_string();
    sqlx::query(
        "insert into guidances (id, institution, stage, drafted_us, content, version, recorded_us) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id.clone())
    .bind(guidance.institution.code())
    .bind(guidance.stage())
    .bind(time::to_us(guidance.drafted.at))
    .bind(wire::content(guidance))
    .bind(Version::ABSENT.next())
    .bind(recorded_us)
    .execute(tx.sql())
    .await?;
    let fields: Vec<_> = guidance.terms.fields.iter().map(ToString::to_string).collect();
    for field in if fields.is_empty() { vec![String::new()] } else { fields } {
        sqlx::query("insert into guidance_fields (field, guidance) values ($1, $2)")
            .bind(field)
            .bind(id.clone())
            .execute(tx.sql())
            .await?;
    }
    Ok(())
}

async fn update(tx: &mut Tx, guidance: &Guidance, version: i64, recorded_us: i64) -> Result<(), SaveError> {
    let (issued, force) = (guidance.issued(), guidance.in_force());
    let saved = sqlx::query(
        "update guidances set year = $1, serial = $2, stage = $3, force_from = $4, force_to = $5, content = $6, \
         version = $7, recorded_us = $8 where id = $9 and version = $10",
    )
    .bind(issued.map(|issued| i64::from(issued.year())))
    .bind(issued.map(|issued| issued.serial))
    .bind(guidance.stage())
    .bind(force.map(|(from, _)| from.to_string()))
    .bind(force.map(|(_, to)| to.to_string()))
    .bind(wire::content(guidance))
    .bind(version.saturating_add(1))
    .bind(recorded_us)
    .bind(guidance.id.0.to_string())
    .bind(version)
    .execute(tx.sql())
    .await?;
    guard(&saved)
}

/// The objection that a step is about.
const fn objection(step: &Step) -> Option<ObjectionId> {
    match step {
        Step::Forward(objection) | Step::Answer { objection, .. } | Step::Settle { objection, .. } => Some(*objection),
        Step::Draft(_)
        | Step::Review
        | Step::Issue
        | Step::Withdraw { .. }
        | Step::SignFor
        | Step::Object(_)
        | Step::FallDue => None,
    }
}

/// The version of guidance, recorded when the earlier one was at the earliest: both get an entry in one step.
fn later(version: Version, earlier: Option<&Version>) -> Result<Version, Failure> {
    let recorded = version.recorded().max(earlier.and_then(Version::recorded));
    recorded.map_or(Ok(version), |at| match version.number() {
        0 => Ok(version),
        number => Version::of(number, time::to_us(at)),
    })
}

impl Unit for Desk {
    type Command = Command;
    type Facts = Facts;
    type Event = Event;
    type Reply = pb::Guidance;

    async fn load(tx: &mut Tx, command: &Command, _: &Facts) -> Result<(Self, Version), Denial> {
        if let Step::Draft(terms) = &command.step {
            let earlier = match terms.supersedes {
                Some(earlier) => load(tx.sql(), earlier).await?.map(|(earlier, _)| earlier),
                None => None,
            };
            let paper = terms.source_paper.as_deref().and_then(PaperName::parse);
            let source = match paper {
                Some(paper) => source(tx.sql(), &paper).await?,
                None => None,
            };
            return Ok((Self { guidance: None, earlier, earlier_version: 0, source }, Version::ABSENT));
        }
        let (guidance, version) = load(tx.sql(), command.id).await?.ok_or_else(|| not_found(command.id))?;
        if let Some(missing) =
            objection(&command.step).filter(|id| !guidance.objections.iter().any(|known| known.id == *id))
        {
            return Err(Denial::NotFound { kind: OBJECTION, name: missing.to_string() });
        }
        let earlier = match guidance.terms.supersedes.filter(|_| command.step == Step::Issue) {
            Some(earlier) => load(tx.sql(), earlier).await?,
            None => None,
        };
        let version = later(version, earlier.as_ref().map(|(_, version)| version))?;
        let (earlier, earlier_version) =
            earlier.map_or((None, 0), |(earlier, version)| (Some(earlier), version.number()));
        Ok((Self { guidance: Some(guidance), earlier, earlier_version, source: None }, version))
    }

    fn decide(&self, command: &Command, facts: &Facts) -> Result<Vec<Event>, Refusal> {
        Ok(decide::decide(self, command.id, &command.step, facts)?)
    }

    fn apply(self, event: &Event) -> Self {
        decide::apply(self, event)
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        for (event, entry) in saving.events.iter().zip(saving.entries) {
            let (guidance, recorded_us) = (&event.guidance, time::to_us(entry.recorded()));
            if guidance.id != saving.command.id {
                update(tx, guidance, self.earlier_version, recorded_us).await?;
            } else if saving.version == Version::ABSENT {
                insert(tx, guidance, recorded_us).await?;
            } else {
                update(tx, guidance, saving.version.number(), recorded_us).await?;
            }
            duty::store::put(tx, &guidance.id.to_string(), &guidance.duties).await?;
        }
        Ok(())
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::Guidance {
        let guidance = self.guidance.as_ref();
        guidance.map(|guidance| wire::shown(guidance, saving.facts.now, saving.etag())).unwrap_or_default()
    }

    fn etag(command: &Command) -> &str {
        &command.etag
    }
}
