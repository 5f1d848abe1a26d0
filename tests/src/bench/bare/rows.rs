//! The rows that accepted papers leave in the database, inserted once more and by nothing but SQL.
//!
//! They are read from the database that served, so that they cannot drift from what the service really writes: every table that
//! grew by the same number of rows a paper. They go into a copy of that database as it was before the papers came, with the
//! settings that the service uses.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Connection as _, Row as _};

use crate::bench::figure::median;

/// How the service sets its SQLite connections.
const SQLITE: &str = "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
                      pragma cache_size = -512; pragma temp_store = memory";

/// On PostgreSQL positions are given later, by the sequencer; an acceptance leaves a row in `journal_pending`.
const POSITIONS: &str = "journal_positions";

/// What the runtime writes in one statement on PostgreSQL.
const RUNTIME: [&str; 2] = ["answers", "journal"];

/// A moment in the life of a database: for each table what tells later rows from earlier ones. On SQLite it is the last row
/// number, on PostgreSQL, which fills gaps in its tables, the next transaction.
pub type Moment = BTreeMap<String, i64>;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Bytes,
}

/// What a column holds.
#[derive(Clone, Debug)]
enum Value {
    Text(Option<String>),
    Number(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

/// The rows of one table.
#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    /// How many rows each paper has.
    each: usize,
}

/// One statement of a paper's transaction.
#[derive(Debug)]
struct Statement {
    text: String,
    tables: Vec<Table>,
    /// Whether it leaves the entry for the sequencer.
    pending: bool,
}

/// The rows of many papers, and the statements that insert those of one.
#[derive(Debug)]
pub struct Rows {
    sqlite: bool,
    papers: usize,
    statements: Vec<Statement>,
}

/// Opens a database as the service does.
///
/// # Errors
/// Where it cannot be opened.
pub async fn open(url: &str) -> Result<AnyConnection> {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.with_context(|| format!("opening {url}"))?;
    if is_sqlite(url) {
        sqlx::raw_sql(SQLITE).execute(&mut connection).await?;
    }
    Ok(connection)
}

fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

/// Now, in a database.
///
/// # Errors
/// Where the database cannot be read.
pub async fn now(url: &str) -> Result<Moment> {
    let mut connection = open(url).await?;
    let names = if is_sqlite(url) {
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    } else {
        "select cast(table_name as text) from information_schema.tables where table_schema = 'public'"
    };
    let mut moment = Moment::new();
    for row in sqlx::query(names).fetch_all(&mut connection).await? {
        let name: String = row.try_get(0)?;
        let text = if is_sqlite(url) {
            format!("select coalesce(max(rowid) + 1, 0) from {name}")
        } else {
            "select cast(cast(pg_current_xact_id() as text) as bigint)".to_owned()
        };
        moment.insert(name, sqlx::query(AssertSqlSafe(text)).fetch_one(&mut connection).await?.try_get(0)?);
    }
    connection.close().await?;
    Ok(moment)
}

/// How many entries of a kind a journal has.
///
/// # Errors
/// Where the database cannot be read.
pub async fn entries_of_kind(url: &str, kind: &str) -> Result<i64> {
    let mut connection = open(url).await?;
    let row = sqlx::query("select count(*) from journal where kind = $1").bind(kind).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(row.try_get(0)?)
}

/// Takes the log away from a journal, and on PostgreSQL its positions, as if every entry had just been committed. Gives the
/// number of entries.
///
/// # Errors
/// Where the database cannot be changed.
pub async fn forget_log(url: &str, postgres: bool) -> Result<u64> {
    let mut connection = open(url).await?;
    sqlx::raw_sql("delete from log_tiles; delete from log_checkpoint").execute(&mut connection).await?;
    if postgres {
        let pending = "insert into journal_pending (arrival, entry_id) \
                       select position - (select max(position) from journal_positions), entry_id from journal_positions; \
                       delete from journal_positions; analyze";
        sqlx::raw_sql(pending).execute(&mut connection).await?;
    }
    let row = sqlx::query("select count(*) from journal").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(u64::try_from(row.try_get::<i64, _>(0)?)?)
}

impl Rows {
    /// Reads the rows that `papers` accepted papers left since a moment.
    ///
    /// # Errors
    /// Where the database cannot be read, or no table grew with the papers.
    pub async fn read(url: &str, since: &Moment, papers: usize) -> Result<Self> {
        let sqlite = is_sqlite(url);
        let mut connection = open(url).await?;
        let mut tables = Vec::new();
        for (name, since) in since {
            let later = if sqlite {
                format!("from {name} where rowid >= {since} order by rowid")
            } else {
                format!("from {name} where cast(cast(xmin as text) as bigint) >= {since} order by ctid")
            };
            let table = read(&mut connection, sqlite, name, &later).await?;
            // What grew more slowly belongs to something else: tiles, checkpoints, cursors.
            let grown = table.rows.len();
            if grown < papers || (!sqlite && name == POSITIONS) {
                continue;
            }
            ensure!(
                grown.is_multiple_of(papers),
                "{name} grew by {grown} rows with {papers} papers: something else was written"
            );
            tables.push(Table { each: grown / papers, ..table });
        }
        connection.close().await?;
        ensure!(tables.iter().any(|table| table.name == "journal"), "the journal did not grow with the papers");
        Ok(Self { sqlite, papers, statements: statements(sqlite, tables) })
    }

    /// How many papers there are.
    #[must_use]
    pub const fn papers(&self) -> usize {
        self.papers
    }

    /// What each paper leaves, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        let tables = self.statements.iter().flat_map(|statement| &statement.tables);
        tables.map(|table| format!("{} {}", table.each, table.name)).collect::<Vec<_>>().join(", ")
    }

    /// Inserts the rows of all papers into a SQLite copy, `batch` papers a commit.
    ///
    /// # Errors
    /// Where a statement fails.
    pub async fn insert_in_batches(&self, url: &str, batch: usize) -> Result<()> {
        let mut connection = open(url).await?;
        for first in (0..self.papers).step_by(batch.max(1)) {
            execute(&mut connection, "begin immediate").await?;
            for paper in first..self.papers.min(first + batch) {
                self.insert(&mut connection, paper).await?;
            }
            execute(&mut connection, "commit").await?;
        }
        Ok(connection.close().await?)
    }

    /// Inserts the rows of all papers, each in a transaction of its own, over several connections at once.
    ///
    /// # Errors
    /// Where a statement fails.
    pub async fn insert_at_once(self: &Arc<Self>, url: &str, connections: usize) -> Result<()> {
        let next = Arc::new(AtomicUsize::new(0));
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let (rows, next, url) = (Arc::clone(self), Arc::clone(&next), url.to_owned());
            running.spawn(async move {
                let mut connection = open(&url).await?;
                loop {
                    let paper = next.fetch_add(1, Ordering::Relaxed);
                    if paper >= rows.papers {
                        return Ok::<_, anyhow::Error>(connection.close().await?);
                    }
                    rows.transact(&mut connection, paper).await?;
                }
            });
        }
        while let Some(ended) = running.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// The median time of one paper's durable transaction, one after the other.
    ///
    /// # Errors
    /// Where a statement fails.
    pub async fn insert_latency(&self, url: &str) -> Result<Duration> {
        let mut connection = open(url).await?;
        let mut times = Vec::new();
        for paper in 0..self.papers {
            let begin = Instant::now();
            self.transact(&mut connection, paper).await?;
            times.push(begin.elapsed());
        }
        connection.close().await?;
        median(&times).context("there were no rows")
    }

    async fn transact(&self, connection: &mut AnyConnection, paper: usize) -> Result<()> {
        execute(connection, if self.sqlite { "begin immediate" } else { "begin" }).await?;
        self.insert(connection, paper).await?;
        execute(connection, "commit").await
    }

    async fn insert(&self, connection: &mut AnyConnection, paper: usize) -> Result<()> {
        for statement in &self.statements {
            let query = sqlx::query(AssertSqlSafe(statement.text.clone()));
            statement.bind(query, paper)?.execute(&mut *connection).await?;
        }
        Ok(())
    }
}

/// The statements of one paper. SQLite takes all inserts in one text. On PostgreSQL they are as the service has them: one for each
/// of its own tables, and one for what the runtime writes with them.
fn statements(sqlite: bool, tables: Vec<Table>) -> Vec<Statement> {
    if sqlite {
        let mut parameter = 0;
        let inserts: Vec<_> = tables.iter().map(|table| table.insert(&mut parameter)).collect();
        return vec![Statement { text: inserts.join("; "), tables, pending: false }];
    }
    let (of_runtime, own): (Vec<_>, Vec<_>) = tables.into_iter().partition(|table| RUNTIME.contains(&&*table.name));
    let alone = |table: Table| Statement { text: table.insert(&mut 0), tables: vec![table], pending: false };
    let mut statements: Vec<_> = own.into_iter().map(alone).collect();
    let (mut parameter, mut text) = (0, "with ".to_owned());
    for table in &of_runtime {
        let _ = write!(text, "of_{} as ({}), ", table.name, table.insert(&mut parameter));
    }
    let values = format!("(nextval('journal_arrivals'), ${})", parameter + 1);
    let text =
        format!("{} insert into journal_pending (arrival, entry_id) values {values}", text.trim_end_matches(", "));
    statements.push(Statement { text, tables: of_runtime, pending: true });
    statements
}

impl Statement {
    fn bind<'q>(&self, mut query: Query<'q, Any, AnyArguments>, paper: usize) -> Result<Query<'q, Any, AnyArguments>> {
        let mut entry = None;
        for table in &self.tables {
            for row in table.rows.iter().skip(paper * table.each).take(table.each) {
                if let (true, Some(Value::Text(id))) = (table.name == "journal", row.first()) {
                    entry.clone_from(id);
                }
                for value in row {
                    query = match value.clone() {
                        Value::Text(text) => query.bind(text),
                        Value::Number(number) => query.bind(number),
                        Value::Bytes(bytes) => query.bind(bytes),
                    };
                }
            }
        }
        Ok(if self.pending { query.bind(entry.context("every paper has an entry")?) } else { query })
    }
}

impl Table {
    fn insert(&self, parameter: &mut usize) -> String {
        let mut text = format!("insert into {} ({}) values ", self.name, self.columns.join(", "));
        for row in 0..self.each {
            let values: Vec<_> = self
                .columns
                .iter()
                .map(|_| {
                    *parameter += 1;
                    format!("${parameter}")
                })
                .collect();
            let _ = write!(text, "{}({})", if row == 0 { "" } else { ", " }, values.join(", "));
        }
        text
    }
}

async fn execute(connection: &mut AnyConnection, statement: &'static str) -> Result<()> {
    // As the service does: kept prepared on SQLite, one message on PostgreSQL.
    if connection.backend_name() == "SQLite" {
        sqlx::query(statement).execute(connection).await?;
    } else {
        sqlx::raw_sql(statement).execute(connection).await?;
    }
    Ok(())
}

/// Some rows of a table.
async fn read(connection: &mut AnyConnection, sqlite: bool, name: &str, which: &str) -> Result<Table> {
    let described = if sqlite {
        format!("select name, type from pragma_table_info('{name}') order by cid")
    } else {
        format!(
            "select cast(column_name as text), cast(data_type as text) from information_schema.columns \
             where table_schema = 'public' and table_name = '{name}' order by ordinal_position"
        )
    };
    let mut columns = Vec::new();
    let mut kinds = Vec::new();
    for row in sqlx::query(AssertSqlSafe(described)).fetch_all(&mut *connection).await? {
        columns.push(row.try_get::<String, _>(0)?);
        kinds.push(match row.try_get::<String, _>(1)?.to_lowercase().as_str() {
            "text" => Kind::Text,
            "bigint" => Kind::Number,
            "bytea" => Kind::Bytes,
            other => bail!("{name} has a column of the type {other}"),
        });
    }
    let text = format!("select {} {which}", columns.join(", "));
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(connection).await?;
    let rows = rows.iter().map(|row| values(row, &kinds)).collect::<Result<_>>()?;
    Ok(Table { name: name.to_owned(), columns, rows, each: 0 })
}

fn values(row: &AnyRow, kinds: &[Kind]) -> Result<Vec<Value>> {
    let value = |(column, kind): (usize, &Kind)| {
        Ok(match kind {
            Kind::Text => Value::Text(row.try_get(column)?),
            Kind::Number => Value::Number(row.try_get(column)?),
            Kind::Bytes => Value::Bytes(row.try_get(column)?),
        })
    };
    kinds.iter().enumerate().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn database(folder: &tempfile::TempDir, name: &str) -> Result<String> {
        let url = format!("sqlite:{}?mode=rwc", folder.path().join(name).display());
        let mut connection = open(&url).await?;
        let tables = "create table journal (id text not null primary key, salt bytea); \
                      create table notes (paper text not null, number bigint); create table tiles (level bigint)";
        sqlx::raw_sql(tables).execute(&mut connection).await?;
        connection.close().await?;
        Ok(url)
    }

    async fn fill(url: &str, ids: std::ops::Range<i64>) -> Result<()> {
        let mut connection = open(url).await?;
        for id in ids {
            let text = "insert into journal values ($1, $2); insert into notes values ($1, $3), ($1, null)";
            sqlx::query(text).bind(id.to_string()).bind(vec![7_u8; 16]).bind(id).execute(&mut connection).await?;
        }
        sqlx::raw_sql("insert into tiles values (1)").execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    #[tokio::test]
    async fn the_rows_of_the_papers_come_back_and_no_others() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let served = database(&folder, "served.db").await?;
        fill(&served, 0..3).await?;
        let before = now(&served).await?;
        fill(&served, 3..8).await?;
        let rows = Rows::read(&served, &before, 5).await?;
        assert_eq!(rows.describe(), "1 journal, 2 notes");

        let copy = database(&folder, "copy.db").await?;
        rows.insert_in_batches(&copy, 2).await?;
        let filled = now(&copy).await?;
        assert_eq!((filled["journal"], filled["notes"], filled["tiles"]), (6, 11, 0));
        let other = database(&folder, "other.db").await?;
        rows.insert_latency(&other).await?;
        assert_eq!(now(&other).await?, filled);
        Ok(())
    }

    #[tokio::test]
    async fn rows_of_something_else_are_noticed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let served = database(&folder, "served.db").await?;
        let before = now(&served).await?;
        fill(&served, 0..5).await?;
        assert!(Rows::read(&served, &before, 4).await.is_err());
        Ok(())
    }
}
