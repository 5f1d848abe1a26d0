//! The unit that these tests decide about: a counter that may not exceed a hundred.

use prost::Name as _;
use runtime::call::Call;
use runtime::caller::{Principal, ServiceName};
use runtime::clock::TownClock;
use runtime::db::{Columns as _, Db, Migrations, Statement, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version, Writer, guard};
use runtime::journal::{Event, Positioned, Prepared, Record};
use runtime::numbers::{Series, Taken};
use runtime::refusal::{Denial, Refusal};
use runtime::testing::{TestDb, call, fresh_request_id};
use townlink_proto::townlink::errors::v1::ErrorReason;
use townlink_proto::townlink::journal::v1::Authority;
use vocabulary::{Institution, RequestId, Timestamp};

/// The table of counters.
pub const MIGRATIONS: Migrations = Migrations {
    files: &[(
        "0001_counters",
        "create table counters (name text not null primary key, version bigint not null, recorded_us bigint not null, \
         value bigint not null check (value <= 100))",
    )],
};

/// A method that writes.
pub const METHOD: &str = "/townlink.receiver.v1.ReceiverService/Apply";

/// A counter.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    pub name: String,
    pub value: i64,
}

/// Adds to a counter.
#[derive(Clone, Debug, Default)]
pub struct Add {
    pub name: String,
    pub by: i64,
    pub etag: String,
    /// Takes a number from this series.
    pub series: Option<&'static str>,
    pub trouble: Option<Trouble>,
}

/// What goes wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    PanicInDecide,
    PanicAfterSave,
    AbsentAfterSave,
}

/// The entry fixed before the job, if any.
#[derive(Default)]
pub struct Facts {
    pub prepared: Option<Prepared>,
}

/// A counter was added to.
#[derive(Clone, Debug, PartialEq)]
pub struct Added {
    pub name: String,
    pub by: i64,
    pub series: Option<&'static str>,
    pub number: i64,
}

impl Event for Added {
    fn record(&self) -> Record {
        let message = Authority {
            grant: self.name.clone(),
            document_number: self.by.to_string(),
            clause: if self.series.is_some() { self.number.to_string() } else { String::new() },
        };
        Record::of(&message, format!("counters/{}", self.name))
    }

    fn series(&self) -> Option<Series> {
        self.series.map(|name| Series { name: name.to_owned(), year: 2026 })
    }

    fn set_number(&mut self, number: Taken) {
        self.number = number.number;
    }
}

impl Unit for Counter {
    type Command = Add;
    type Facts = Facts;
    type Event = Added;
    type Reply = Authority;

    async fn load(tx: &mut Tx, command: &Add, _: &Facts) -> Result<(Self, Version), Denial> {
        let row = sqlx::query("select version, recorded_us, value from counters where name = $1")
            .bind(command.name.as_str())
            .fetch_optional(tx.sql())
            .await?;
        let (value, version) = match row {
            Some(row) => (row.int(2)?, Version::of(row.int(0)?, row.int(1)?)?),
            None if command.name == "absent" => {
                return Err(Denial::NotFound { kind: "test.townlink/Counter", name: command.name.clone() });
            }
            None => (0, Version::ABSENT),
        };
        Ok((Self { name: command.name.clone(), value }, version))
    }

    fn decide(&self, command: &Add, _: &Facts) -> Result<Vec<Added>, Refusal> {
        assert_ne!(command.trouble, Some(Trouble::PanicInDecide), "a decision panics");
        if self.value.saturating_add(command.by) > 100 {
            return Err(Refusal::new(ErrorReason::OvNoGrant, "the counter would exceed 100", "不得超过一百。"));
        }
        if command.by == 0 {
            return Ok(Vec::new());
        }
        Ok(vec![Added { name: self.name.clone(), by: command.by, series: command.series, number: 0 }])
    }

    fn apply(self, event: &Added) -> Self {
        Self { value: self.value + event.by, ..self }
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        let absent = saving.version == Version::ABSENT;
        let text = if absent {
            "insert into counters (name, version, recorded_us, value) values ($1, $2, $3, $4)"
        } else {
            "update counters set version = $2, recorded_us = $3, value = $4 where name = $1 and version = $5"
        };
        let bind = |query: Statement| {
            let query = query.bind(self.name.as_str()).bind(saving.version.next()).bind(saving.recorded_us());
            let query = query.bind(self.value);
            if absent { query } else { query.bind(saving.version.number()) }
        };
        // Both ways of saving one row.
        if self.value % 2 == 0 {
            tx.write_one(text, bind).await?;
        } else {
            guard(&bind(sqlx::query(text)).execute(tx.sql()).await?)?;
        }
        assert_ne!(saving.command.trouble, Some(Trouble::PanicAfterSave), "a save panics");
        if saving.command.trouble == Some(Trouble::AbsentAfterSave) {
            return Err(runtime::refusal::Failure::internal("a save fails").into());
        }
        Ok(())
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> Authority {
        let number = saving.events.first().map(|event| event.number).unwrap_or_default();
        Authority {
            grant: format!("{} #{number}", self.name),
            document_number: self.value.to_string(),
            clause: saving.etag(),
        }
    }

    fn etag(command: &Add) -> &str {
        &command.etag
    }

    fn prepared<'a>(_: &'a Add, facts: &'a Facts) -> Option<&'a Prepared> {
        facts.prepared.as_ref()
    }
}

/// The start of the manual clock.
pub fn start() -> Timestamp {
    "2026-03-02T01:00:00Z".parse().expect("an instant")
}

/// A writer over a fresh database.
pub async fn writer(db: &TestDb) -> Writer {
    over(db.open(&MIGRATIONS).await)
}

/// A writer over an open database.
pub fn over(db: Db) -> Writer {
    Writer::new(db, TownClock::unstored(start()), ServiceName("office"))
}

/// Adds to a counter.
pub fn add(name: &str, by: i64) -> Add {
    Add { name: name.to_owned(), by, ..Add::default() }
}

/// The institution in whose name these tests act.
pub const OFFICE: Principal = Principal::Institution(Institution::Office);

/// A call of the office.
pub fn called(writer: &Writer, id: RequestId, content: &[u8]) -> Call {
    call(writer.clock(), METHOD, OFFICE, id, content)
}

/// Carries out a command under a new request id. Gives the value of the counter.
pub async fn carry_out(writer: &Writer, command: Add) -> Result<i64, Denial> {
    let call = called(writer, fresh_request_id(), command.name.as_bytes());
    let answer = writer.execute::<Counter>(call, command, Facts::default()).await?;
    Ok(answer.reply.document_number.parse().expect("a number"))
}

/// The counters that a journal tells of, as the rows of [`COUNTERS`].
pub fn replay(entries: &[Positioned]) -> Vec<Vec<String>> {
    let mut counters = std::collections::BTreeMap::<String, (i64, i64, i64)>::new();
    for entry in entries.iter().filter(|entry| entry.entry.kind == Authority::full_name()) {
        let event: Authority = entry.event().expect("an event").expect("not erased");
        let at = entry.entry.recorded_time.as_ref().expect("a time");
        let (version, recorded_us, value) = counters.entry(event.grant).or_default();
        *version += 1;
        *recorded_us = at.seconds * 1_000_000 + i64::from(at.nanos) / 1_000;
        *value += event.document_number.parse::<i64>().expect("a number");
    }
    let row = |(name, (version, recorded_us, value)): (String, (i64, i64, i64))| {
        vec![name, version.to_string(), recorded_us.to_string(), value.to_string()]
    };
    counters.into_iter().map(row).collect()
}

/// The counters as they are kept.
pub const COUNTERS: &str = "select name, version, recorded_us, value from counters order by name";

/// How many answers are kept.
pub async fn answers(db: &Db) -> i64 {
    count(db, "select count(*) from answers").await
}

/// What a counting query gives.
pub async fn count(db: &Db, query: &'static str) -> i64 {
    let mut reader = db.read().await.expect("a connection");
    let row = sqlx::query(query).fetch_one(reader.sql()).await.expect("a row");
    row.int(0).expect("a number")
}

/// Waits until a condition holds; the test's own time-out is the limit.
pub async fn until<F: Future<Output = bool>>(mut condition: impl FnMut() -> F) {
    for _ in 0..600 {
        if condition().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the condition did not come true within 15 seconds");
}
