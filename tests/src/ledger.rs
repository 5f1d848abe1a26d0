//! What must be true of every journal once the town stands still: positions are dense, each leaf is that of its entry, and
//! replaying the entries gives the rows, column by column.

use std::collections::BTreeMap;

use prost::{Message, Name};
use runtime::journal::Positioned;
use runtime::testing::journal_entries;

use crate::database::Databases;
use crate::town::SERVICES;

// Each service tells in its own tests what its rows are made of; a whole town is held to the same.
#[path = "../../gateway/tests/replay.rs"]
mod gateway;
#[path = "../../services/office/tests/replay.rs"]
mod office;
#[path = "../../services/office/tests/register/replay.rs"]
mod register;

/// The journals of a town.
#[derive(Debug, Default)]
pub struct Ledgers(BTreeMap<&'static str, Vec<Positioned>>);

impl Ledgers {
    /// The entries of a service's journal, in order.
    #[must_use]
    pub fn entries(&self, service: &str) -> &[Positioned] {
        self.0.get(service).map_or(&[], Vec::as_slice)
    }

    /// The events of one kind in a service's journal, in order.
    ///
    /// # Panics
    /// Where an event cannot be read.
    #[must_use]
    pub fn events<M: Message + Name + Default>(&self, service: &str) -> Vec<M> {
        let read = |entry: &Positioned| entry.event::<M>().expect("an event of its kind");
        self.entries(service).iter().filter_map(read).collect()
    }
}

/// Checks every journal of a town that does not run, and gives them back.
///
/// # Panics
/// Where something is not as it must be.
pub async fn check(databases: &Databases) -> Ledgers {
    let mut ledgers = Ledgers::default();
    for service in SERVICES {
        let db = databases.open(service).await;
        match service {
            "gateway" => gateway::check(&db).await,
            _ => {
                office::check(&db).await;
                register::check(&db).await;
            }
        }
        ledgers.0.insert(service, journal_entries(&db).await);
    }
    ledgers
}
