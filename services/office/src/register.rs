//! The register of powers (下放权力清单): what the law provides, who holds it, under which document, since when.
//!
//! The register is decided upon as a whole: a grant depends on the catalogue, on documents and on other grants, so one decision
//! sees all of them and may write several rows. Everything in it is an immutable version; a correction is a new version and both
//! are kept. Every write that a look-up could notice passes one head row, whose revision therefore orders record time.
//!
//! - [`state`]: the register as one decision sees it.
//! - [`index`]: the register in memory.
//! - [`holds`]: whether an institution holds a power; [`lookup`]: the other look-ups.
//! - [`catalogue`]: powers, and the file of a power catalogue.
//! - [`grant`]: grants, and the file of grants.
//! - [`basis`]: decisions of the province.
//! - [`document`]: grant documents and their confirmation by a second person.
//! - [`directive`]: what the machine-readable part of a paper does.
//! - [`import`]: imports by hand.
//! - [`evaluation`]: whether what was handed down is exercised well.
//! - [`history`]: what happened to a power, and under which documents; [`public`]: the list for everyone to read.
//! - [`settings`]: issuers with their rank, departments, fields, and how the town is called.
//! - [`event`], [`fault`], [`refusal`], [`store`]: what is journalled, what is wrong with a row, why the register says no, rows.
//! - [`cells`], [`kept`], [`table`]: reading cells, reading back what was written, reading files.

use std::sync::Arc;

use runtime::access::Act;
use runtime::directory::Directory;
use runtime::execute::Writer;
use runtime::refusal::Failure;
use runtime::serve::{Runtime, Service};
use runtime::timer;
use townlink_proto::townlink::office::v1::document_service_server::DocumentServiceServer;
use townlink_proto::townlink::office::v1::evaluation_service_server::EvaluationServiceServer;
use townlink_proto::townlink::office::v1::grant_service_server::GrantServiceServer;
use townlink_proto::townlink::office::v1::power_service_server::PowerServiceServer;
use townlink_proto::townlink::office::v1::public_list_service_server::PublicListServiceServer;
use townlink_proto::townlink::receiver::v1::receiver_service_server::ReceiverServiceServer;

use vocabulary::InstitutionNames;

use crate::receiver::ReceiverRpc;

pub(crate) mod basis;
pub(crate) mod catalogue;
pub(crate) mod cells;
pub(crate) mod directive;
pub(crate) mod document;
pub(crate) mod evaluation;
pub(crate) mod event;
pub(crate) mod fault;
pub(crate) mod grant;
pub(crate) mod history;
pub(crate) mod holds;
pub(crate) mod import;
pub(crate) mod index;
pub(crate) mod kept;
pub(crate) mod lookup;
#[cfg(test)]
mod properties;
pub(crate) mod public;
pub(crate) mod refusal;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod table;
#[cfg(test)]
pub(crate) mod testing;

use index::Index;
use settings::Rules;

/// What the contracts of the register share.
pub(crate) struct Shared {
    /// The write path.
    pub writer: Writer,
    /// Where the owners of directives are.
    pub directory: Directory,
    /// The register in memory.
    pub index: Arc<Index>,
    /// The town's settings.
    pub rules: Arc<Rules>,
    /// How the town and its institutions are called.
    pub names: Arc<InstitutionNames>,
}

/// Adds the contracts of the register to the office: powers, grants, documents and the receiver of directives.
///
/// # Errors
/// [`Failure`] where the register cannot be loaded.
pub(crate) async fn serve(
    service: Service,
    runtime: &Runtime,
    rules: Rules,
    names: Arc<InstitutionNames>,
) -> Result<Service, Failure> {
    let shared = Arc::new(Shared {
        writer: runtime.writer().clone(),
        directory: runtime.directory().clone(),
        index: Arc::new(Index::open(runtime.db().clone()).await?),
        rules: Arc::new(rules),
        names,
    });
    evaluation::unit::take_over(&shared.writer, &shared.index).await?;
    timer::start(evaluation::unit::Overdues(shared.writer.clone()), &shared.writer, runtime.tasks());
    Ok(service
        .serve(PowerServiceServer::new(catalogue::rpc::PowerRpc::new(Arc::clone(&shared))))
        .serve(GrantServiceServer::new(grant::rpc::GrantRpc::new(Arc::clone(&shared))))
        .serve(EvaluationServiceServer::new(evaluation::rpc::EvaluationRpc::new(Arc::clone(&shared))))
        .serve(PublicListServiceServer::new(public::rpc::PublicListRpc::new(Arc::clone(&shared))))
        .serve(DocumentServiceServer::new(document::rpc::DocumentRpc::new(Arc::clone(&shared))))
        .serve(ReceiverServiceServer::new(ReceiverRpc::new(shared)))
        .admit(document::owner::OFFICE, Act::ApplyDirective))
}
