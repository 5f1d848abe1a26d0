//! What is wrong, which party it is with, and how it is mended: the checks behind `townlink doctor`.
//!
//! The same checks run in two places: in each service, which knows its own troubles and tells them to an operator by contract, and
//! in a program beside the files, where no service runs. A check never changes anything, and never fails for another's trouble:
//! what cannot be looked at is a finding itself.
//!
//! - [`checks`]: certificates, disk, calendar, clocks.
//! - [`database`]: what is wrong with a database and the log in it.
//! - [`service`]: the diagnosis as a contract.

pub mod checks;
pub mod database;
pub mod service;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use townlink_proto::townlink::diagnosis::v1 as pb;

use crate::refusal::Failure;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something will go wrong if nothing is done.
    Warning,
    /// Something is wrong now.
    Fault,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Who has to mend it: a service, or an identity such as `county/government`.
    pub party: String,
    /// The check that found it, such as `DR-CERT-EXPIRED`.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub fault: String,
    /// What to do about it (办法).
    pub remedy: String,
}

impl Finding {
    /// Something that is wrong now.
    #[must_use]
    pub fn fault(party: impl Into<String>, rule: &str, fault: impl Into<String>, remedy: &str) -> Self {
        let (party, rule, remedy) = (party.into(), rule.to_owned(), remedy.to_owned());
        Self { party, rule, severity: Severity::Fault, fault: fault.into(), remedy }
    }

    /// Something that will go wrong.
    #[must_use]
    pub fn warning(party: impl Into<String>, rule: &str, fault: impl Into<String>, remedy: &str) -> Self {
        Self { severity: Severity::Warning, ..Self::fault(party, rule, fault, remedy) }
    }

    /// The finding as it travels.
    #[must_use]
    pub fn to_wire(self) -> pb::Finding {
        let severity = match self.severity {
            Severity::Warning => pb::Severity::Warning,
            Severity::Fault => pb::Severity::Fault,
        };
        let Self { party, rule, fault, remedy, .. } = self;
        pb::Finding { party, rule, severity: severity.into(), fault, remedy }
    }

    /// A finding that a service told.
    #[must_use]
    pub fn of_wire(told: pb::Finding) -> Self {
        let severity = match told.severity() {
            pb::Severity::Warning => Severity::Warning,
            pb::Severity::Fault | pb::Severity::Unspecified => Severity::Fault,
        };
        Self { party: told.party, rule: told.rule, severity, fault: told.fault, remedy: told.remedy }
    }
}

/// What a service looks at beside what every service does.
pub trait Check: Send + Sync {
    /// What is wrong.
    fn findings(&self) -> BoxFuture<'_, Result<Vec<Finding>, Failure>>;
}

/// The section `[diagnosis]`: from when on something is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct DiagnosisSettings {
    /// The room that a disk must have left, in MiB.
    pub disk_free_min_mib: u64,
    /// For how many days a certificate must hold yet.
    pub certificate_days_min: u32,
    /// How long the log may lag behind the journal, in seconds.
    pub sequencer_lag_max_seconds: u64,
    /// How far the clocks of two machines may be apart, in seconds.
    pub clock_skew_max_seconds: u64,
    /// How long a paper may wait for its delivery, in minutes of town time.
    pub delivery_wait_max_minutes: u64,
}

impl Default for DiagnosisSettings {
    fn default() -> Self {
        Self {
            disk_free_min_mib: 1_024,
            certificate_days_min: 30,
            sequencer_lag_max_seconds: 5,
            clock_skew_max_seconds: 300,
            delivery_wait_max_minutes: 60,
        }
    }
}
