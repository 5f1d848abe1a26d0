//! Which session of a PostgreSQL server keeps a database from its service.
//!
//! A server tells who holds what, so the party is named instead of found by waiting for it. A lock counts once the same
//! transaction has held it for [`PATIENCE`]: a migration of a moment and a job at work are no trouble.

use std::time::Duration;

use sqlx::Row as _;

use super::{Connection, migrate};

/// How long a session may hold what others wait for before it is told: as long as on SQLite.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often the server is asked meanwhile.
const PACE: Duration = Duration::from_millis(200);

/// Locks of the tables of the service that keep others from writing or reading them, rows held by a transaction that does
/// nothing, and the lock under which a schema is migrated. `since` tells two transactions of one session apart; of a session of
/// another role a user without the right learns neither that nor its name.
const HELD: &str = "\
    select coalesce(l.pid, 0)::bigint, \
           coalesce(a.usename::text, ''), coalesce(a.application_name, ''), coalesce(host(a.client_addr), ''), \
           coalesce(a.state, ''), \
           max(case when l.locktype = 'advisory' then 1 else 0 end)::bigint, \
           coalesce(min(c.relname::text), ''), count(distinct c.relname)::bigint, \
           coalesce(case when bool_or(l.mode <> 'RowExclusiveLock') then a.xact_start else a.state_change end, \
                    a.backend_start)::text \
    from pg_locks l \
    left join pg_stat_activity a on a.pid = l.pid \
    left join pg_class c on l.locktype = 'relation' and c.oid = l.relation and c.relkind in ('r', 'p') \
         and c.relnamespace in (select oid from pg_namespace where nspname = any (current_schemas(false))) \
    where l.granted and l.pid is distinct from pg_backend_pid() \
      and l.database = (select oid from pg_database where datname = current_database()) \
      and ((c.oid is not null \
            and (l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') \
                 or (l.mode = 'RowExclusiveLock' and (l.pid is null or a.state like 'idle in transaction%')))) \
           or (l.locktype = 'advisory' and l.objsubid = 1 \
               and l.classid::bigint = $1 and l.objid::bigint = $2)) \
    group by l.pid, a.usename, a.application_name, a.client_addr, a.state, a.xact_start, a.state_change, a.backend_start \
    order by 1";

/// A session that holds what the service needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process of the server; none where a prepared transaction holds it, which belongs to no session.
    pub pid: Option<i64>,
    /// The role, the name that the program gave itself, and the address that it came from, as far as they are to be had.
    pub who: Vec<String>,
    /// What the session does, such as `idle in transaction`; empty where that is not to be had.
    pub state: String,
    /// What it holds: tables, or the lock under which a schema is migrated.
    pub what: String,
}

/// A holder as the server showed it once.
struct Shown {
    holder: Holder,
    since: Option<String>,
}

/// Who holds the database for longer than a moment.
pub(super) async fn holders(connection: &mut Connection) -> Result<Vec<Holder>, sqlx::Error> {
    let begun = tokio::time::Instant::now();
    let mut held = shown(connection).await?;
    while !held.is_empty() && begun.elapsed() < PATIENCE {
        tokio::time::sleep(PACE).await;
        let now = shown(connection).await?;
        let is_same = |one: &Shown, other: &Shown| (one.holder.pid, &one.since) == (other.holder.pid, &other.since);
        held = now.into_iter().filter(|it| held.iter().any(|before| is_same(before, it))).collect();
    }
    Ok(held.into_iter().map(|it| it.holder).collect())
}

async fn shown(connection: &mut Connection) -> Result<Vec<Shown>, sqlx::Error> {
    // A lock by one number is shown as its two halves.
    let (high, low) = (migrate::POSTGRES_LOCK_KEY >> 32, migrate::POSTGRES_LOCK_KEY & 0xFFFF_FFFF);
    let rows = sqlx::query(HELD).bind(high).bind(low).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

fn read(row: &super::Row) -> Result<Shown, sqlx::Error> {
    let pid = Some(row.try_get::<i64, _>(0)?).filter(|pid| *pid != 0);
    let text = |column: usize| row.try_get::<String, _>(column);
    let named = [("role", text(1)?), ("application", text(2)?), ("from", text(3)?)];
    let who = named.into_iter().filter(|(_, name)| !name.is_empty()).map(|(what, name)| format!("{what} {name}"));
    let holder =
        Holder { pid, who: who.collect(), state: text(4)?, what: what(row.try_get(5)?, &text(6)?, row.try_get(7)?) };
    Ok(Shown { holder, since: row.try_get(8)? })
}

/// What is held, in words.
fn what(migration: i64, table: &str, tables: i64) -> String {
    let tables = match tables {
        0 => None,
        1 => Some(format!("the table {table}")),
        more => Some(format!("the table {table} and {} more", more - 1)),
    };
    let migration = (migration > 0).then(|| "the lock of the migration".to_owned());
    [migration, tables].into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "the session of process {pid}")?,
            None => f.write_str("a prepared transaction")?,
        }
        if !self.who.is_empty() {
            write!(f, " ({})", self.who.join(", "))?;
        }
        write!(f, ", which holds {}", self.what)?;
        if self.state.is_empty() { Ok(()) } else { write!(f, " and is {:?}", self.state) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_told_as_far_as_it_is_known() {
        assert_eq!(what(1, "", 0), "the lock of the migration");
        assert_eq!(what(0, "inbox", 1), "the table inbox");
        assert_eq!(what(1, "inbox", 3), "the lock of the migration and the table inbox and 2 more");
        let known = Holder {
            pid: Some(7),
            who: vec!["role town".to_owned(), "application psql".to_owned()],
            state: "idle in transaction".to_owned(),
            what: what(0, "inbox", 1),
        };
        let told = "the session of process 7 (role town, application psql), which holds the table inbox and is \
                    \"idle in transaction\"";
        assert_eq!(known.to_string(), told);
        let unknown = Holder { pid: None, who: Vec::new(), state: String::new(), what: what(0, "inbox", 1) };
        assert_eq!(unknown.to_string(), "a prepared transaction, which holds the table inbox");
    }
}
