//! The papers that the town sends (发文): drafted, agreed, reviewed, signed, numbered, sealed, sent, and followed to their end
//! (relay-and-sharing.md §8.5), under the rules of address of §8.3.
//!
//! OFFICE reviews, numbers, seals and sends for all eight institutions; the head of the town signs. The gateway carries what is
//! sent ([`decide::Event::Sent`]) and tells back what each recipient says ([`following`]).
//!
//! - [`content`]: what a dispatch says.
//! - [`rules`], [`normative`], [`screening`]: what may go out, and to whom.
//! - [`following`], [`answering`], [`reminders`]: what journals and the clock bring.
//! - [`settings`]: numbers, addressees, limits.

pub(crate) mod answering;
pub(crate) mod content;
pub(crate) mod decide;
pub(crate) mod following;
mod normative;
pub(crate) mod refusal;
pub(crate) mod reminders;
pub(crate) mod rpc;
mod rules;
#[cfg(test)]
mod samples;
mod screening;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod wire;

use std::sync::Arc;

use runtime::serve::{Runtime, Service, StartError};
use runtime::subscription::{OwnFeed, PeerFeed, Subscription};
use runtime::timer;
use townlink_proto::townlink::office::v1::dispatch_service_server::DispatchServiceServer;
use vocabulary::{Timestamp, WorkingCalendar};

use crate::GATEWAY;
use decide::Facts;
use settings::DispatchRules;

/// How large a request may be: the text, the files, and what is around them.
const REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What every step is decided with besides its call.
pub(crate) struct Desks {
    /// The settings.
    pub rules: Arc<DispatchRules>,
    /// The working calendar.
    pub calendar: Arc<WorkingCalendar>,
}

impl Desks {
    /// What a timer or a reaction knows: nobody acts.
    pub(crate) fn facts(&self, now: Timestamp) -> Facts {
        let (rules, calendar) = (Arc::clone(&self.rules), Arc::clone(&self.calendar));
        Facts { now, person: String::new(), institution: None, rules, calendar }
    }
}

/// Serves the outgoing papers, and follows them in the background.
///
/// # Errors
/// [`StartError`] where the gateway has no address, or the database is away.
pub(crate) async fn serve(
    service: Service,
    runtime: &Runtime,
    rules: DispatchRules,
    calendar: WorkingCalendar,
) -> Result<Service, StartError> {
    let desks = Arc::new(Desks { rules: Arc::new(rules), calendar: Arc::new(calendar) });
    let writer = runtime.writer().clone();
    reminders::determine(&writer, &desks).await?;
    let rpc = rpc::DispatchRpc::new(runtime.clone(), Arc::clone(&desks));
    let contract = DispatchServiceServer::new(rpc).max_decoding_message_size(REQUEST_BYTES_MAX);
    let gateway = PeerFeed::new(runtime.directory().channel(GATEWAY)?);
    let db = runtime.db().clone();
    Ok(service.serve(contract).background(move |tasks| {
        let own = OwnFeed::new(db.clone());
        let receipts = following::Receipts::new(writer.clone(), Arc::clone(&desks));
        Subscription::new(db.clone(), receipts, gateway).start(tasks);
        let replies = following::Replies::new(writer.clone(), Arc::clone(&desks));
        Subscription::new(db.clone(), replies, own.clone()).start(tasks);
        Subscription::new(db, answering::Answers::new(writer.clone()), own).start(tasks);
        timer::start(reminders::Reminders::new(writer.clone(), desks), &writer, tasks);
    }))
}
