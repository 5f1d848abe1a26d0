//! Who an entry names.

use std::borrow::Cow;

use vocabulary::{Institution, RequestId};

use crate::call::Call;
use crate::caller::{Caller, PersonId, ServiceName};

/// Who an entry names: made from a call, from a caller, or from the service itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The key of the principal, such as `institution/OFFICE`.
    pub principal: Cow<'static, str>,
    /// The person, if any.
    pub person: Option<PersonId>,
    /// The institution, where one acts.
    pub institution: Option<Institution>,
    /// The request, where one causes the entry.
    pub request_id: Option<RequestId>,
}

impl Author {
    /// The author of what a call does.
    #[must_use]
    pub fn of_call(call: &Call) -> Self {
        Self { request_id: Some(call.request_id), ..Self::of_caller(call.access.caller()) }
    }

    /// The author of what a caller does without a request id.
    #[must_use]
    pub fn of_caller(caller: &Caller) -> Self {
        Self {
            principal: caller.principal.key(),
            person: caller.person.clone(),
            institution: caller.principal.institution(),
            request_id: None,
        }
    }

    /// A service that acts for itself: a timer, a reaction.
    #[must_use]
    pub fn service(name: ServiceName) -> Self {
        Self::of_caller(&Caller::service(name))
    }
}
