//! The registered senders of the county: who of those that call has papers to issue, to follow and to take (overview.md §1.4).

use std::sync::Arc;

use runtime::access::Access;
use runtime::caller::Principal;
use runtime::refusal::{Denial, Failure};
use runtime::serve::Runtime;
use vocabulary::DepartmentCode;

use super::registry::{LiveRegistry, Registry};
use super::store;
use crate::refusal::Refusal;

/// Knows the registered senders. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Senders {
    live: LiveRegistry,
    runtime: Runtime,
}

impl Senders {
    /// Over the registry that is in use; the runtime keeps the record of denials.
    pub(crate) const fn new(live: LiveRegistry, runtime: Runtime) -> Self {
        Self { live, runtime }
    }

    /// The registry as it is known now.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.live.get()
    }

    /// Reads the registry again where another replica has changed it. Tells whether it had.
    pub(crate) async fn refresh(&self) -> Result<bool, Failure> {
        let mut snapshot = self.runtime.db().snapshot().await?;
        if store::revision(snapshot.sql()).await? == self.live.get().revision() {
            return Ok(false);
        }
        self.live.replace(&store::registry(snapshot.sql()).await?.into());
        Ok(true)
    }

    /// The registered sender that calls. Nobody else has papers of his own.
    pub(crate) async fn calling(&self, access: &Access) -> Result<DepartmentCode, Denial> {
        let caller = department(access)?;
        let known = self.live.get().is_sender(&caller) || (self.refresh().await? && self.live.get().is_sender(&caller));
        if known {
            return Ok(caller);
        }
        Err(self.runtime.deny(access, Refusal::NotRegistered.into()).await)
    }
}

/// The department that calls. The table of acts lets nobody else come here.
pub(crate) fn department(access: &Access) -> Result<DepartmentCode, Failure> {
    match access.principal() {
        Principal::County(department) => Ok(department.clone()),
        Principal::Institution(_)
        | Principal::TownLeaders
        | Principal::Public(_)
        | Principal::Auditor(_)
        | Principal::Operator(_)
        | Principal::Service(_)
        | Principal::Unassigned => Err(Failure::internal("the relay was called by no department")),
    }
}
