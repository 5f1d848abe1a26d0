//! Matters between institutions, as rows.

use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version, guard};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure, Refusal};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Timestamp, time};

use super::decide::{self, Command, Desk, Event, Facts, Opened, Opening, Source, Step};
use super::state::{Item, ItemId};
use super::viewer::{Viewer, Wanted};
use super::{duty, wire};
use crate::fields::bad_token;
use crate::inbox;
use crate::inbox::state::PaperName;

/// What an absent matter is called.
const KIND: &str = "office.townlink/CoordinationItem";

/// There is no such matter.
pub(crate) fn not_found(id: ItemId) -> Denial {
    Denial::NotFound { kind: KIND, name: id.to_string() }
}

/// Loads a matter.
pub(crate) async fn load(sql: &mut Connection, id: ItemId) -> Result<Option<(Item, Version)>, Failure> {
    let row = sqlx::query("select content, version, recorded_us from coordination_items where id = $1")
        .bind(id.0.to_string())
        .fetch_optional(sql)
        .await?;
    row.as_ref().map(item).transpose()
}

fn item(row: &Row) -> Result<(Item, Version), Failure> {
    let item = wire::read_content(&row.bytes("content")?)?;
    Ok((item, Version::of(row.int("version")?, row.int("recorded_us")?)?))
}

/// A page of the matters that a viewer sees, newest first. An empty type means all.
pub(crate) async fn page(
    sql: &mut Connection,
    kind: &str,
    wanted: Wanted,
    viewer: Viewer,
    now: Timestamp,
    page: &Page,
) -> Result<Vec<(Item, Version)>, Denial> {
    let (after_us, after_id) = after(page)?;
    let party = viewer.party().map_or("", crate::roster::state::Post::code);
    let rows = sqlx::query(
        "select content, version, recorded_us from coordination_items i \
         where (opened_us, id) < ($1, $2) and ($3 = '' or type = $3) \
         and ($4 = 1 or exists (select 1 from coordination_parties p where p.item = i.id and p.party = $5)) \
         and ($6 = 0 or exists (select 1 from coordination_duties d where d.subject = 'coordinationItems/' || i.id)) \
         and ($7 = 0 or exists (select 1 from coordination_duties d where d.subject = 'coordinationItems/' || i.id \
             and d.overdue_us <= $8)) \
         and ($9 = 0 or exists (select 1 from coordination_duties d where d.subject = 'coordinationItems/' || i.id \
             and d.party = $5)) \
         order by opened_us desc, id desc limit $10",
    )
    .bind(after_us)
    .bind(after_id)
    .bind(kind.to_owned())
    .bind(i64::from(matches!(viewer, Viewer::All(_))))
    .bind(party)
    .bind(i64::from(wanted.open))
    .bind(i64::from(wanted.overdue))
    .bind(time::to_us(now))
    .bind(i64::from(wanted.mine))
    .bind(page.fetch())
    .fetch_all(sql)
    .await?;
    Ok(rows.iter().map(item).collect::<Result<_, _>>()?)
}

/// The key of a matter in the order of a list.
pub(crate) fn key(item: &Item) -> String {
    format!("{}/{}", time::to_us(item.opened.at), item.id.0)
}

/// The key after which a page begins; without one, a key that comes before every row.
pub(crate) fn after(page: &Page) -> Result<(i64, String), Denial> {
    let Some(after) = page.after() else { return Ok((i64::MAX, String::new())) };
    let key = after.split_once('/').and_then(|(us, id)| us.parse().ok().map(|us| (us, id.to_owned())));
    key.ok_or_else(bad_token)
}

/// A paper in an inbox that is drawn on; none where there is no such paper.
pub(crate) async fn source(sql: &mut Connection, name: &PaperName) -> Result<Option<Source>, Failure> {
    let Some((paper, _)) = inbox::store::load(sql, name).await? else { return Ok(None) };
    let opened = sqlx::query("select count(*) as opened from coordination_items where source_paper = $1")
        .bind(name.to_string())
        .fetch_one(sql)
        .await?;
    Ok(Some(Source {
        document_number: paper.arrival.summary.document_number.clone(),
        title: paper.arrival.summary.title.clone(),
        returned: paper.stage.as_str() == "RETURNED",
        opened: opened.int("opened")? > 0,
    }))
}

async fn insert(tx: &mut Tx, item: &Item, recorded_us: i64) -> Result<(), SaveError> {
    sqlx::query(
        "insert into coordination_items (id, type, stage, opened_us, source_paper, content, version, recorded_us) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(item.id.0.to_string())
    .bind(item.type_name())
    .bind(item.stage())
    .bind(time::to_us(item.opened.at))
    .bind(item.paper().map(str::to_owned))
    .bind(wire::content(item))
    .bind(Version::ABSENT.next())
    .bind(recorded_us)
    .execute(tx.sql())
    .await?;
    Ok(())
}

async fn update(tx: &mut Tx, item: &Item, version: Version, recorded_us: i64) -> Result<(), SaveError> {
    let saved = sqlx::query(
        "update coordination_items set stage = $1, content = $2, version = $3, recorded_us = $4 \
         where id = $5 and version = $6",
    )
    .bind(item.stage())
    .bind(wire::content(item))
    .bind(version.next())
    .bind(recorded_us)
    .bind(item.id.0.to_string())
    .bind(version.number())
    .execute(tx.sql())
    .await?;
    guard(&saved)
}

/// The parties of a matter only grow: those to whom an answer is published come later.
async fn add_parties(tx: &mut Tx, item: &Item) -> Result<(), SaveError> {
    for party in item.parties() {
        sqlx::query(
            "insert into coordination_parties (party, item) values ($1, $2) on conflict (party, item) do nothing",
        )
        .bind(party.code())
        .bind(item.id.0.to_string())
        .execute(tx.sql())
        .await?;
    }
    Ok(())
}

impl Unit for Desk {
    type Command = Command;
    type Facts = Facts;
    type Event = Event;
    type Reply = pb::CoordinationItem;

    async fn load(tx: &mut Tx, command: &Command, _: &Facts) -> Result<(Self, Version), Denial> {
        if let Step::Open(Opening { matter, .. }) = &command.step {
            let source = match matter {
                Opened::Supervision { paper, .. } => match PaperName::parse(paper) {
                    Some(name) if name.inbox == vocabulary::Institution::Office => source(tx.sql(), &name).await?,
                    Some(_) | None => None,
                },
                Opened::WorkInfo { .. } | Opened::Clue | Opened::Consultation { .. } => None,
            };
            return Ok((Self { item: None, source }, Version::ABSENT));
        }
        let (item, version) = load(tx.sql(), command.id).await?.ok_or_else(|| not_found(command.id))?;
        Ok((Self { item: Some(item), source: None }, version))
    }

    fn decide(&self, command: &Command, facts: &Facts) -> Result<Vec<Event>, Refusal> {
        Ok(decide::decide(self, command.id, &command.step, facts)?)
    }

    fn apply(self, event: &Event) -> Self {
        decide::apply(self, event)
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        let Some(item) = &self.item else { return Ok(()) };
        if saving.version == Version::ABSENT {
            insert(tx, item, saving.recorded_us()).await?;
        } else {
            update(tx, item, saving.version, saving.recorded_us()).await?;
        }
        add_parties(tx, item).await?;
        Ok(duty::store::put(tx, &item.id.to_string(), &item.duties).await?)
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::CoordinationItem {
        let item = self.item.as_ref();
        item.map(|item| wire::shown(item, saving.facts.now, saving.etag())).unwrap_or_default()
    }

    fn etag(command: &Command) -> &str {
        &command.etag
    }
}
