//! Making and removing a database on a server, for a development town that begins with none and for a demonstration that leaves
//! none behind.

use sqlx::{AssertSqlSafe, Connection as _};

use super::Backend;
use super::open::connect;
use crate::refusal::Failure;

/// Makes a database of a PostgreSQL server where it has none of this name. `server` is the address of any database of the server.
///
/// # Errors
/// [`Failure`] where the server is away, does not let the user make databases, or the name is none.
pub async fn create(server: &str, name: &str) -> Result<(), Failure> {
    check(name)?;
    let mut connection = connect(server, Backend::Postgres).await.map_err(away)?;
    let known = sqlx::query("select 1 from pg_database where datname = $1").bind(name).fetch_optional(&mut connection);
    if known.await.map_err(away)?.is_none() {
        let statement = AssertSqlSafe(format!("create database {name}"));
        sqlx::raw_sql(statement).execute(&mut connection).await.map_err(away)?;
    }
    connection.close().await.map_err(away)
}

/// Removes a database of a PostgreSQL server with all that it holds, if there is one.
///
/// # Errors
/// [`Failure`] where the server is away, does not let the user remove it, or the name is none.
pub async fn remove(server: &str, name: &str) -> Result<(), Failure> {
    check(name)?;
    let mut connection = connect(server, Backend::Postgres).await.map_err(away)?;
    let statement = AssertSqlSafe(format!("drop database if exists {name} with (force)"));
    sqlx::raw_sql(statement).execute(&mut connection).await.map_err(away)?;
    connection.close().await.map_err(away)
}

/// A name cannot be a parameter of a statement, so only what needs no quoting is let into one.
fn check(name: &str) -> Result<(), Failure> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > 63 || !name.bytes().all(plain) {
        return Err(Failure::internal(format!("{name} is no name of a database: lower-case letters, digits and _")));
    }
    Ok(())
}

fn away(cause: sqlx::Error) -> Failure {
    Failure::unavailable("the database server", cause)
}
