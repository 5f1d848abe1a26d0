//! Lists of papers in inboxes, page by page.

use bytes::Bytes;
use runtime::db::{Connection, Row};
use runtime::execute::Version;
use runtime::page::Page;
use runtime::refusal::{Denial, Violation};
use sqlx::AssertSqlSafe;
use sqlx::query::Query;
use vocabulary::{Date, Institution, time};

use super::super::state::Paper;
use super::{columns, paper};

/// Which papers of an inbox are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Whose inbox.
    pub inbox: Institution,
    /// Only at this stage; empty: all.
    pub stage: &'static str,
    /// Only those that have come to no end.
    pub open: Open,
    /// Only those whose due ran out before this day.
    pub overdue_before: Option<Date>,
    /// Only those in which this institution has a part.
    pub mine: Option<Institution>,
}

/// Whether papers that have come to an end are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    /// They are not.
    Only,
    /// They are.
    Any,
}

/// A page of an inbox, newest first, without payloads.
pub(crate) async fn page(sql: &mut Connection, filter: &Filter, page: &Page) -> Result<Vec<(Paper, Version)>, Denial> {
    let after = Key::read(page.after(), Key::newest())?;
    let mut text = format!(
        "select {} from inbox_papers p where p.inbox = $1 and (p.arrived_us, p.sender, p.number, p.message_id) < \
         ($2, $3, $4, $5)",
        columns!()
    );
    let mut place = 6;
    let mut values = Vec::new();
    let mut condition = |text: &mut String, condition: &str, value: String| {
        text.push_str(&condition.replace('?', &format!("${place}")));
        place += 1;
        values.push(value);
    };
    if !filter.stage.is_empty() {
        condition(&mut text, " and p.stage = ?", filter.stage.to_owned());
    }
    if let Some(day) = filter.overdue_before {
        condition(&mut text, " and p.runs = 1 and p.due_day < ?", day.to_string());
    }
    if let Some(institution) = filter.mine {
        let mine = " and exists (select 1 from inbox_parts i where i.institution = ? and i.inbox = p.inbox \
                    and i.sender = p.sender and i.message_id = p.message_id)";
        condition(&mut text, mine, institution.code().to_owned());
    }
    if filter.open == Open::Only {
        text.push_str(" and p.open = 1");
    }
    let order = " order by p.arrived_us desc, p.sender desc, p.number desc, p.message_id desc limit ";
    text.push_str(&format!("{order}${place}"));
    let query = sqlx::query(AssertSqlSafe(text)).bind(filter.inbox.code());
    let query = values.into_iter().fold(after.bind(query), Query::bind);
    let rows = query.bind(page.fetch()).fetch_all(sql).await?;
    read(&rows)
}

/// A page of the leaders' desk, oldest first, without payloads.
pub(crate) async fn desk(sql: &mut Connection, page: &Page) -> Result<Vec<(Paper, Version)>, Denial> {
    let (inbox, after) = match page.after() {
        None => (String::new(), Key::oldest()),
        Some(key) => {
            let (inbox, key) = key.split_once('/').ok_or_else(bad_token)?;
            (inbox.to_owned(), Key::read(Some(key), Key::oldest())?)
        }
    };
    let query = sqlx::query(concat!(
        "select ",
        columns!(),
        " from inbox_papers p where p.with_leaders = 1 \
         and (p.arrived_us, p.inbox, p.sender, p.number, p.message_id) > ($1, $2, $3, $4, $5) \
         order by p.arrived_us, p.inbox, p.sender, p.number, p.message_id limit $6"
    ));
    let Key { arrived_us, sender, number, message } = after;
    let query = query.bind(arrived_us).bind(inbox).bind(sender).bind(number).bind(message);
    let rows = query.bind(page.fetch()).fetch_all(sql).await?;
    read(&rows)
}

fn read(rows: &[Row]) -> Result<Vec<(Paper, Version)>, Denial> {
    Ok(rows.iter().map(|row| paper(row, Bytes::new())).collect::<Result<_, _>>()?)
}

/// The key of a paper in the order of an inbox. What arrived at one moment is told apart by sender, number and message.
pub(crate) fn key(paper: &Paper) -> String {
    let us = time::to_us(paper.arrival.arrived);
    format!("{us}/{}/{}/{}", paper.name.sender, paper.arrival.number, paper.name.message)
}

/// The key of a paper in the order of the leaders' desk.
pub(crate) fn desk_key(paper: &Paper) -> String {
    format!("{}/{}", paper.name.inbox, key(paper))
}

struct Key {
    arrived_us: i64,
    sender: String,
    number: i64,
    message: String,
}

impl Key {
    /// A key that comes before every paper, newest first.
    const fn newest() -> Self {
        Self { arrived_us: i64::MAX, sender: String::new(), number: 0, message: String::new() }
    }

    /// A key that comes before every paper, oldest first.
    const fn oldest() -> Self {
        Self { arrived_us: i64::MIN, sender: String::new(), number: 0, message: String::new() }
    }

    /// The key after which a page begins.
    fn read(after: Option<&str>, first: Self) -> Result<Self, Denial> {
        let Some(after) = after else { return Ok(first) };
        let parts: Vec<_> = after.split('/').collect();
        let key = match parts.as_slice() {
            [arrived_us, sender, number, message] => {
                arrived_us.parse().ok().zip(number.parse().ok()).map(|(arrived_us, number)| Self {
                    arrived_us,
                    sender: (*sender).to_owned(),
                    number,
                    message: (*message).to_owned(),
                })
            }
            _ => None,
        };
        key.ok_or_else(bad_token)
    }

    fn bind<'q>(
        self,
        query: Query<'q, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Query<'q, sqlx::Any, sqlx::any::AnyArguments> {
        query.bind(self.arrived_us).bind(self.sender).bind(self.number).bind(self.message)
    }
}

fn bad_token() -> Denial {
    Violation::malformed("page_token", "was not given by this list").into()
}
