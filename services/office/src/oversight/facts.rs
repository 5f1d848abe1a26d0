//! What a decision knows of the world: the time, who acts, the rules, and what the service that holds a case says.

use std::sync::Arc;

use runtime::access::Access;
use runtime::caller::Principal;
use vocabulary::{Institution, Timestamp};

use super::settings::Rules;
use crate::supervision::state::CaseLine;

/// The party of a deed where the leaders act.
pub(crate) const LEADERS: &str = "LEADERS";

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    /// The institution by its code, the leaders, or the service.
    pub party: String,
    /// The person; empty for a service.
    pub person: String,
    /// When.
    pub at: Timestamp,
}

/// What the outside world knows.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The town time.
    pub now: Timestamp,
    /// The institution that acts, where one does.
    pub institution: Option<Institution>,
    /// The party that acts.
    pub party: String,
    /// The person that acts; empty where none does.
    pub person: String,
    /// The rules of the town.
    pub rules: Arc<Rules>,
    /// The case, as the service that holds it shows its line.
    pub case: Option<CaseLine>,
    /// Whether the person held a post of the institution that handled the case while it ran.
    pub was_at_front: bool,
    /// The cases that were closed, as the service that holds them lists them.
    pub closed: Vec<String>,
    /// Letters that nobody could foresee, for the seed of a draw.
    pub chance: String,
}

impl Facts {
    /// What is known where a caller acts.
    pub(crate) fn of(access: &Access, now: Timestamp, rules: &Arc<Rules>) -> Self {
        let party = match access.principal() {
            Principal::Institution(institution) => institution.code().to_owned(),
            Principal::TownLeaders => LEADERS.to_owned(),
            Principal::Service(service) => service.to_string(),
            Principal::County(_)
            | Principal::Public(_)
            | Principal::Auditor(_)
            | Principal::Operator(_)
            | Principal::Unassigned => String::new(),
        };
        Self {
            institution: access.institution(),
            party,
            person: access.person().map(ToString::to_string).unwrap_or_default(),
            ..Self::of_clock(now, rules)
        }
    }

    /// What is known where the clock, or the office by itself, acts.
    pub(crate) fn of_clock(now: Timestamp, rules: &Arc<Rules>) -> Self {
        Self {
            now,
            institution: None,
            party: String::new(),
            person: String::new(),
            rules: Arc::clone(rules),
            case: None,
            was_at_front: false,
            closed: Vec::new(),
            chance: String::new(),
        }
    }

    /// What the caller does, as a deed.
    pub(crate) fn deed(&self) -> Deed {
        Deed { party: self.party.clone(), person: self.person.clone(), at: self.now }
    }
}
