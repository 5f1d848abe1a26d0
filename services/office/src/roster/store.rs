//! Persons and their assignments, as rows. The row of the person guards them all: two officers cannot put one person at two posts.

use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::etag;
use runtime::execute::{SaveError, Saving, Unit, Version, guard};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure, Refusal};
use townlink_proto::townlink::office::v1 as pb;
use uuid::Uuid;
use vocabulary::Date;

use super::Roster;
use super::decide::{self, Command, Event};
use super::state::{Assignment, AssignmentName, Days, Duty, Person, Post, Role};
use super::wire;

/// The columns of an assignment.
macro_rules! columns {
    () => {
        "a.id, a.person, a.post, a.role, a.from_day, a.to_day, a.document_number, a.end_document_number"
    };
}

/// What an absent assignment is called.
const KIND: &str = "office.townlink/Assignment";

/// What the outside world knows.
pub(crate) struct Facts {
    /// The day it is in the town.
    pub today: Date,
    /// Who assigns or ends.
    pub officer: Option<String>,
    /// Who answers what a person may do, to be told of the change.
    pub roster: Roster,
}

/// Loads a person with all assignments; an unknown person has none.
pub(crate) async fn load(sql: &mut Connection, person: &str) -> Result<(Person, Version), Failure> {
    let row = sqlx::query("select version, recorded_us from roster_persons where person = $1")
        .bind(person.to_owned())
        .fetch_optional(&mut *sql)
        .await?;
    let version = match row {
        Some(row) => Version::of(row.int(0)?, row.int(1)?)?,
        None => Version::ABSENT,
    };
    Ok((Person { id: person.to_owned(), assignments: assignments(sql, person).await? }, version))
}

/// The assignments of a person.
pub(crate) async fn assignments(sql: &mut Connection, person: &str) -> Result<Vec<Assignment>, Failure> {
    let rows =
        sqlx::query(concat!("select ", columns!(), " from roster_assignments a where a.person = $1 order by a.id"))
            .bind(person.to_owned())
            .fetch_all(sql)
            .await?;
    rows.iter().map(assignment).collect()
}

/// A page of assignments as the contract shows them, by person; of one person where one is named.
pub(crate) async fn page(sql: &mut Connection, person: &str, page: &Page) -> Result<Vec<pb::Assignment>, Failure> {
    let (after_person, after_id) = page.after().and_then(|key| key.split_once('/')).unwrap_or_default();
    let query = if person.is_empty() {
        sqlx::query(concat!(
            "select ",
            columns!(),
            ", p.version from roster_assignments a join roster_persons p on p.person = a.person \
             where (a.person, a.id) > ($1, $2) order by a.person, a.id limit $3"
        ))
        .bind(after_person.to_owned())
    } else {
        sqlx::query(concat!(
            "select ",
            columns!(),
            ", p.version from roster_assignments a join roster_persons p on p.person = a.person \
             where a.person = $1 and a.id > $2 order by a.id limit $3"
        ))
        .bind(person.to_owned())
    };
    let rows = query.bind(after_id.to_owned()).bind(page.fetch()).fetch_all(sql).await?;
    let shown = |row: &Row| {
        let etag = etag::of(row.int("version")?);
        Ok(wire::assignment(&row.text("person")?, &assignment(row)?, etag))
    };
    rows.iter().map(shown).collect()
}

/// The key of an assignment in the order of a list.
pub(crate) fn key(assignment: &pb::Assignment) -> String {
    format!("{}/{}", assignment.person, assignment.name.trim_start_matches("assignments/"))
}

/// Whether nobody was ever assigned anything.
pub(crate) async fn is_empty(sql: &mut Connection) -> Result<bool, Failure> {
    Ok(sqlx::query("select 1 from roster_persons limit 1").fetch_optional(sql).await?.is_none())
}

/// Writes the row of a person, where its version is still the one that was loaded.
pub(super) async fn save_person(
    tx: &mut Tx,
    person: &str,
    version: Version,
    changes: i64,
    recorded_us: i64,
) -> Result<(), SaveError> {
    if version == Version::ABSENT {
        sqlx::query("insert into roster_persons (person, version, recorded_us) values ($1, $2, $3)")
            .bind(person.to_owned())
            .bind(changes)
            .bind(recorded_us)
            .execute(tx.sql())
            .await?;
        return Ok(());
    }
    let saved =
        sqlx::query("update roster_persons set version = $1, recorded_us = $2 where person = $3 and version = $4")
            .bind(version.number() + changes)
            .bind(recorded_us)
            .bind(person.to_owned())
            .bind(version.number())
            .execute(tx.sql())
            .await?;
    guard(&saved)
}

/// Writes what an event says. The person's row is written before it.
pub(super) async fn write(tx: &mut Tx, event: &Event) -> Result<(), SaveError> {
    match event {
        Event::Assigned { person, assignment } => {
            sqlx::query(
                "insert into roster_assignments (id, person, post, role, from_day, to_day, document_number, end_document_number) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(assignment.name.0.to_string())
            .bind(person.as_str())
            .bind(assignment.duty.post().code())
            .bind(assignment.duty.role().as_str())
            .bind(assignment.days.from().to_string())
            .bind(assignment.days.to().map(|to| to.to_string()))
            .bind(assignment.document_number.as_str())
            .bind(assignment.end_document_number.as_deref())
            .execute(tx.sql())
            .await?;
        }
        Event::Ended { name, to, document_number } => {
            sqlx::query("update roster_assignments set to_day = $1, end_document_number = $2 where id = $3")
                .bind(to.to_string())
                .bind(document_number.as_str())
                .bind(name.0.to_string())
                .execute(tx.sql())
                .await?;
        }
    }
    Ok(())
}

impl Unit for Person {
    type Command = Command;
    type Facts = Facts;
    type Event = Event;
    type Reply = pb::Assignment;

    async fn load(tx: &mut Tx, command: &Command, _: &Facts) -> Result<(Self, Version), Denial> {
        let person = match command {
            Command::Assign { person, .. } => person.clone(),
            Command::End { name, .. } => holder(tx.sql(), *name).await?,
        };
        Ok(load(tx.sql(), &person).await?)
    }

    fn decide(&self, command: &Command, facts: &Facts) -> Result<Vec<Event>, Refusal> {
        Ok(decide::decide(self, command, facts.today, facts.officer.as_deref())?)
    }

    fn apply(self, event: &Event) -> Self {
        decide::apply(self, event)
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        save_person(tx, &self.id, saving.version, 1, saving.recorded_us()).await?;
        for event in saving.events {
            write(tx, event).await?;
        }
        Ok(())
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::Assignment {
        let name = saving.command.name();
        let changed = self.assignments.iter().find(|assignment| assignment.name == name);
        changed.map(|assignment| wire::assignment(&self.id, assignment, saving.etag())).unwrap_or_default()
    }

    fn etag(command: &Command) -> &str {
        match command {
            Command::Assign { .. } => "",
            Command::End { etag, .. } => etag,
        }
    }

    fn committed(&self, _: &Command, facts: &Facts) {
        facts.roster.changed();
    }
}

/// The person who holds an assignment.
async fn holder(sql: &mut Connection, name: AssignmentName) -> Result<String, Denial> {
    let row = sqlx::query("select person from roster_assignments where id = $1")
        .bind(name.0.to_string())
        .fetch_optional(sql)
        .await?;
    match row {
        Some(row) => Ok(row.text(0)?),
        None => Err(Denial::NotFound { kind: KIND, name: name.to_string() }),
    }
}

fn assignment(row: &Row) -> Result<Assignment, Failure> {
    let damaged = |what: &str| Failure::internal(format!("an assignment has a bad {what}"));
    let post = Post::parse(&row.text("post")?).ok_or_else(|| damaged("post"))?;
    let role = Role::parse(&row.text("role")?).ok_or_else(|| damaged("role"))?;
    let days = Days::recorded(row.day("from_day")?, row.maybe_day("to_day")?);
    Ok(Assignment {
        name: AssignmentName(row.parsed::<Uuid>("id")?),
        duty: Duty::new(post, role).ok_or_else(|| damaged("role at its post"))?,
        days: days.ok_or_else(|| damaged("period"))?,
        document_number: row.text("document_number")?,
        end_document_number: row.maybe_text("end_document_number")?,
    })
}
