//! What a method does, and who may do it.
//!
//! Every rpc names its act in the contract; one table decides which principal may do which act; holding an [`Access`] is the
//! proof that a caller was admitted, and nothing outside this file can make one. Whoever the table does not name is refused.
//!
//! - [`rules`]: the act, role and effect of each method, read from the contract once.
//! - [`table`]: act × principal, transcribed from overview.md §1.4.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use tonic::{Request, Status};
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::Institution;

use crate::call::{Call, Reading};
use crate::caller::{Caller, Peer, PersonId, Principal, ServiceName};
use crate::people::Standing;
use crate::refusal::{Failure, Refusal};

pub mod rules;
pub mod table;

pub use rules::{Method, RuleError, Rules};
pub use townlink_proto::townlink::access::v1::{Act, Effect};

use table::Verdict;

/// Proof that a caller may do the act of the method that was called. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    method: Arc<Method>,
    who: Identified,
}

/// A caller and what is known of him on the town's date.
#[derive(Clone)]
pub(crate) struct Identified {
    /// Who holds the other end of the connection.
    pub peer: Arc<Peer>,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// The standing of the person, where there is one.
    pub standing: Option<Arc<Standing>>,
    /// The token that the caller came with, to be forwarded unchanged.
    pub token: Option<HeaderValue>,
}

impl Access {
    /// Who calls.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.who.caller
    }

    /// In whose name.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.who.caller.principal
    }

    /// The person, if any.
    #[must_use]
    pub fn person(&self) -> Option<&PersonId> {
        self.who.caller.person.as_ref()
    }

    /// The institution, where the caller acts for one.
    #[must_use]
    pub fn institution(&self) -> Option<Institution> {
        self.principal().institution()
    }

    /// Whether the caller holds a role of overview.md §1.7 on the town's date.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.who.has_role(role)
    }

    /// The rule of the method that was called.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Asks for a role that depends on what the request says, after the method's own rule has passed.
    ///
    /// # Errors
    /// A [`Refusal`] with `OV_NO_ROLE`.
    pub fn require_role(&self, role: &str) -> Result<(), Refusal> {
        if self.has_role(role) { Ok(()) } else { Err(no_role(&self.who.caller, role)) }
    }

    pub(crate) fn token(&self) -> Option<&HeaderValue> {
        self.who.token.as_ref()
    }

    /// An access that no rule was asked for: for tests of what comes after admission.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn for_test(method: Method, caller: Caller, standing: Option<Standing>) -> Self {
        let peer = Arc::new(Peer::Service(caller.origin));
        let who = Identified { peer, caller: Arc::new(caller), standing: standing.map(Arc::new), token: None };
        Self { method: Arc::new(method), who }
    }
}

impl fmt::Debug for Access {
    // A token is a credential for sixty seconds and stays out of every log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("method", &self.method.path)
            .field("caller", &self.who.caller)
            .finish_non_exhaustive()
    }
}

impl Identified {
    fn has_role(&self, role: &str) -> bool {
        match &self.caller.principal {
            Principal::Auditor(_) => role == "AUDITOR",
            Principal::Operator(_) => role == "SYSADMIN",
            Principal::Institution(_) | Principal::TownLeaders => {
                self.standing.as_ref().is_some_and(|standing| standing.roles.iter().any(|held| held == role))
            }
            Principal::County(_) | Principal::Public(_) | Principal::Service(_) | Principal::Unassigned => false,
        }
    }
}

/// Which services may do the acts that are for services only, as the owner of the contract names them.
#[derive(Clone, Debug, Default)]
pub struct NamedServices(Vec<(Act, ServiceName)>);

impl NamedServices {
    /// Names a service for an act.
    pub fn name(&mut self, act: Act, service: ServiceName) {
        self.0.push((act, service));
    }

    fn names(&self, act: Act, service: ServiceName) -> bool {
        self.0.contains(&(act, service))
    }
}

/// Admits a caller to a method, or says why not.
pub(crate) fn admit(method: &Arc<Method>, who: Identified, named: &NamedServices) -> Result<Access, Refusal> {
    let caller = &*who.caller;
    match table::verdict(method.act, &caller.principal) {
        Verdict::Allowed => {}
        Verdict::NamedServices => {
            // The service that holds the connection is asked for, so that nobody reaches a service act through another service.
            let named = matches!(&*who.peer, Peer::Service(peer) if named.names(method.act, *peer));
            if !named {
                return Err(denied(ErrorReason::OvAccess, method.act, caller));
            }
        }
        Verdict::Denied(reason) => return Err(denied(reason, method.act, caller)),
    }
    if method.roles.is_empty() || method.roles.iter().any(|role| who.has_role(role)) {
        return Ok(Access { method: Arc::clone(method), who });
    }
    Err(no_role(caller, &method.roles.join("/")))
}

fn denied(reason: ErrorReason, act: Act, caller: &Caller) -> Refusal {
    let (principal, act) = (caller.principal.key().into_owned(), act.as_str_name());
    let remedies = [
        (ErrorReason::OvBackExec, "后台机构不得对外办理，请转交便民服务中心或综合执法局办理"),
        (ErrorReason::OvCrossFront, "该事项由另一前台机构办理，请转交其办理"),
        (ErrorReason::OvFrontPolicy, "前台机构不得自行发布政策，请提请主管的后台机构制定"),
        (ErrorReason::OvNoRole, "此人当日无在任岗位，请先由组织人事部门登记任职"),
    ];
    let remedy = remedies.into_iter().find(|(of, _)| *of == reason);
    let remedy = remedy.map_or("该机构无权办理此事项，请由有权机构办理", |(_, remedy)| remedy);
    Refusal::new(reason, format!("{principal} may not do {act}"), remedy).with("principal", principal).with("act", act)
}

fn no_role(caller: &Caller, role: &str) -> Refusal {
    let who =
        caller.person.as_ref().map_or_else(|| "no person is named".to_owned(), |person| format!("person {person}"));
    Refusal::new(
        ErrorReason::OvNoRole,
        format!("the act asks for a person with the role {role}; {who}, for {}", caller.principal),
        format!("请由当日担任“{role}”岗位的人员办理"),
    )
    .with("role", role)
    .with("principal", caller.principal.key())
}

/// Takes the call out of a request whose method writes once for each request id.
///
/// # Errors
/// A failure where the method is not `EFFECT_WRITE` in the contract: a mistake in the service, not in the request.
pub fn admit_write<T>(request: &mut Request<T>) -> Result<Call, Status> {
    request.extensions_mut().remove::<Call>().ok_or_else(|| misused("admit_write"))
}

/// Takes the admission out of a request whose method reads, or converges by what it carries.
///
/// # Errors
/// A failure where the method is `EFFECT_WRITE` in the contract: a mistake in the service, not in the request.
pub fn admit_read<T>(request: &mut Request<T>) -> Result<Reading, Status> {
    request.extensions_mut().remove::<Reading>().ok_or_else(|| misused("admit_read"))
}

fn misused(function: &'static str) -> Status {
    Failure::internal(format!("{function} does not fit the effect that the contract names, or the layers are absent"))
        .into()
}

#[cfg(test)]
mod tests;
