//! One durable commit of as many bytes as an entry of the journal has, and nothing else.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sqlx::{AnyConnection, Connection as _, Row as _};

use crate::bench::bare::rows::open;
use crate::bench::figure::median;

/// How many commits are made for one figure.
const COMMITS: usize = 200;

/// A database with one table, on the disk where the town has its own.
#[derive(Debug)]
pub struct Commits(AnyConnection);

impl Commits {
    /// Makes the table in an empty database.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub async fn open(url: &str) -> Result<Self> {
        let mut connection = open(url).await?;
        sqlx::query("create table bare (id bigint primary key, body bytea not null)").execute(&mut connection).await?;
        Ok(Self(connection))
    }

    /// The median time of a commit of one row with a body of so many bytes.
    ///
    /// # Errors
    /// Where a statement fails.
    pub async fn of_bytes(&mut self, bytes: usize) -> Result<Duration> {
        sqlx::query("delete from bare").execute(&mut self.0).await?;
        let body = vec![0x5a; bytes];
        let mut times = Vec::new();
        for id in 0..COMMITS {
            let begin = Instant::now();
            let row = sqlx::query("insert into bare (id, body) values ($1, $2)");
            row.bind(i64::try_from(id)?).bind(body.as_slice()).execute(&mut self.0).await?;
            times.push(begin.elapsed());
        }
        median(&times).context("there were no commits")
    }

    /// Lets the database go.
    ///
    /// # Errors
    /// Where it cannot be.
    pub async fn close(self) -> Result<()> {
        Ok(self.0.close().await?)
    }
}

/// How many bytes the entries of a kind have, on average.
///
/// # Errors
/// Where there is no such entry.
pub async fn entry_bytes(url: &str, kind: &str) -> Result<usize> {
    let mut connection = open(url).await?;
    let row =
        sqlx::query("select count(*), cast(coalesce(sum(length(payload)), 0) as bigint) from journal where kind = $1")
            .bind(kind)
            .fetch_one(&mut connection)
            .await?;
    let (count, bytes): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    connection.close().await?;
    ensure!(count > 0, "no entry is of the kind {kind}");
    Ok(usize::try_from(bytes / count)?)
}
