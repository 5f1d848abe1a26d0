//! The smallest service: one contract that writes, a roster, a migration. Copy it to begin another one.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use runtime::access::{Act, admit_write};
use runtime::caller::{PersonId, Principal, ServiceName};
use runtime::db::{Columns as _, Migrations, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version, Writer, guard};
use runtime::journal::service::Grants;
use runtime::journal::{Event, Record};
use runtime::layers::raw;
use runtime::people::{People, Post, Standing};
use runtime::refusal::{Denial, Failure, Refusal};
use runtime::serve::{Blueprint, Runtime, Service, StartError};
use serde::{Deserialize, Serialize};
use tonic::{Request, Response, Status};
use townlink_proto::townlink::errors::v1::ErrorReason;
use townlink_proto::townlink::journal::v1::Refused;
use townlink_proto::townlink::receiver::v1 as pb;
use townlink_proto::townlink::receiver::v1::receiver_service_server::{ReceiverService, ReceiverServiceServer};
use vocabulary::{Date, Institution};

/// All that a service's crate exports.
pub const SERVICE: Blueprint =
    Blueprint { name: ServiceName("ledger"), migrations: MIGRATIONS, assemble: |runtime| Box::pin(assemble(runtime)) };

const MIGRATIONS: Migrations = Migrations {
    files: &[(
        "0001_pages",
        "create table pages (type text primary key, applied bigint not null, version bigint not null, recorded_us bigint not null)",
    )],
};

/// The section `[ledger]` of the settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Section {
    /// How much one directive adds.
    pub step: i64,
}

impl Default for Section {
    fn default() -> Self {
        Self { step: 1 }
    }
}

async fn assemble(runtime: Runtime) -> Result<Service, StartError> {
    let section: Section = runtime.section()?;
    let receiver = Receiver { writer: runtime.writer().clone(), step: section.step };
    Ok(Service::new(&runtime)
        .serve(ReceiverServiceServer::new(receiver))
        .people(Arc::new(Roster))
        .admit(ServiceName("office"), Act::ApplyDirective)
        .grants(Grants::none().allow_all(Principal::Service(ServiceName("office")))))
}

struct Roster;

impl People for Roster {
    fn standing<'a>(&'a self, person: &'a PersonId, _: Date) -> BoxFuture<'a, Result<Option<Standing>, Failure>> {
        let standing = match person.as_str() {
            "li" => Ok(Some(Post::Institution(Institution::Office))),
            "zhao" => Ok(Some(Post::Institution(Institution::Enforcement))),
            "qian" => Ok(Some(Post::Institution(Institution::Construction))),
            "away" => Err(Failure::unavailable("the roster", "it was put away")),
            _ => Ok(None),
        };
        let standing = standing.map(|post| post.map(|post| Standing { post, roles: vec!["RELAY_CLERK".to_owned()] }));
        Box::pin(std::future::ready(standing))
    }
}

struct Receiver {
    writer: Writer,
    step: i64,
}

#[tonic::async_trait]
impl ReceiverService for Receiver {
    async fn apply(&self, mut request: Request<pb::ApplyRequest>) -> Result<Response<pb::ApplyResponse>, Status> {
        let call = admit_write(&mut request)?;
        let command = Command { kind: request.into_inner().directive_type };
        match command.kind.as_str() {
            "PANIC" => panic!("the handler panics as it was told"),
            "SLEEP" => tokio::time::sleep(Duration::from_secs(3_600)).await,
            "NAP" => tokio::time::sleep(Duration::from_millis(300)).await,
            _ => {}
        }
        Ok(raw(self.writer.execute::<Page>(call, command, Facts { step: self.step }).await?))
    }
}

/// What is decided about as a whole: how often directives of one type were applied.
struct Page {
    applied: i64,
}

struct Command {
    kind: String,
}

struct Facts {
    step: i64,
}

/// Any event message would do; this one is at hand.
struct Applied {
    kind: String,
    by: i64,
}

impl Event for Applied {
    fn record(&self) -> Record {
        Record::of(&Refused { message: self.by.to_string(), ..Refused::default() }, format!("pages/{}", self.kind))
    }
}

impl Unit for Page {
    type Command = Command;
    type Facts = Facts;
    type Event = Applied;
    type Reply = pb::ApplyResponse;

    async fn load(tx: &mut Tx, command: &Command, _: &Facts) -> Result<(Self, Version), Denial> {
        let row = sqlx::query("select applied, version, recorded_us from pages where type = $1")
            .bind(command.kind.clone())
            .fetch_optional(tx.sql())
            .await?;
        match row {
            None => Ok((Self { applied: 0 }, Version::ABSENT)),
            Some(row) => {
                let version = Version::of(row.int("version")?, row.int("recorded_us")?)?;
                Ok((Self { applied: row.int("applied")? }, version))
            }
        }
    }

    fn decide(&self, command: &Command, facts: &Facts) -> Result<Vec<Applied>, Refusal> {
        if command.kind == "UNKNOWN" {
            return Err(Refusal::new(ErrorReason::ReDirective, "the type UNKNOWN is not owned here", "请核对指令类型")
                .with("type", &command.kind));
        }
        Ok(vec![Applied { kind: command.kind.clone(), by: facts.step }])
    }

    fn apply(self, event: &Applied) -> Self {
        Self { applied: self.applied + event.by }
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        let saved = sqlx::query(
            "insert into pages (type, applied, version, recorded_us) values ($1, $2, $3, $4) \
             on conflict (type) do update set applied = $2, version = $3, recorded_us = $4 where pages.version = $5",
        )
        .bind(saving.command.kind.clone())
        .bind(self.applied)
        .bind(saving.version.next())
        .bind(saving.recorded_us())
        .bind(saving.version.number())
        .execute(tx.sql())
        .await?;
        guard(&saved)
    }

    fn reply(&self, _: &Saving<'_, Self>) -> pb::ApplyResponse {
        pb::ApplyResponse { applied: i32::try_from(self.applied).unwrap_or(i32::MAX), faults: Vec::new() }
    }
}
