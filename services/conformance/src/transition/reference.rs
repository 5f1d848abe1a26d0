//! The smallest service that holds work: it can be seeded, decided upon and handed over, and nothing else.
//!
//! How work stands is derived from dates and never stored: nothing has to happen when the first day without authority comes.
//!
//! - [`state`], [`decide`]: work, ends of authority, and the rules.
//! - [`unit`], [`store`], [`wire`], [`rpc`]: the write path, rows, messages, methods.

mod decide;
mod rpc;
mod state;
mod store;
mod unit;
mod wire;

use futures::future::BoxFuture;
use runtime::access::Act;
use runtime::caller::ServiceName;
use runtime::db::{Db, Migrations};
use runtime::refusal::{Failure, refused};
use runtime::serve::{Blueprint, Runtime, Service, StartError};
use tonic::Status;
use townlink_proto::townlink::transition::v1::transition_service_server::TransitionServiceServer;
use vocabulary::Date;

use rpc::TransitionRpc;
use state::Work;

/// The name under which the reference runs: that of the first service that will hold cases.
pub const NAME: ServiceName = ServiceName("service-center");

/// The tables of the reference.
pub const MIGRATIONS: Migrations = runtime::migrations!["0001_work"];

/// The reference, for a process to start.
pub const BLUEPRINT: Blueprint = Blueprint {
    name: NAME,
    migrations: MIGRATIONS,
    assemble: |runtime| Box::pin(assemble(runtime)) as BoxFuture<'static, Result<Service, StartError>>,
};

async fn assemble(runtime: Runtime) -> Result<Service, StartError> {
    let service = Service::new(&runtime).serve(TransitionServiceServer::new(TransitionRpc::new(runtime.clone())));
    Ok(service.admit(ServiceName("office"), Act::ApplyDirective))
}

/// Files work, as a service's own contract would. Gives its name.
///
/// # Errors
/// [`Failure`] where the database is away, or the seed cannot be.
pub async fn seed(db: &Db, seed: super::suite::Seed) -> Result<String, Failure> {
    let work = Work::of(seed)?;
    let name = work.name.clone();
    db.write(work, |work, tx| Box::pin(store::insert(tx, work))).await?;
    Ok(name)
}

/// Decides work on a day, as a service's own contract would.
///
/// # Errors
/// `AU_AUTHORITY_ENDED` where the town may not decide it any more.
pub async fn decide(db: &Db, name: &str, today: Date) -> Result<(), Status> {
    let decided = db.write((name.to_owned(), today), |(name, today), tx| {
        Box::pin(async move {
            let (work, end) = store::required(tx.sql(), name).await?;
            match decide::may_decide(&work, end.as_ref(), *today) {
                Ok(()) => store::decide(tx, name, *today).await.map(Ok),
                Err(refusal) => Ok(Err(refusal)),
            }
        })
    });
    match decided.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(refusal)) => Err(refused(&refusal, NAME)),
        Err(failure) => Err(runtime::refusal::Denial::from(failure).into()),
    }
}
