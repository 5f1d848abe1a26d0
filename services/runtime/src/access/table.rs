//! Act × principal: the separation-of-powers matrix and the platform acts of overview.md §1.4, row by row.
//!
//! A mark in the matrix says who performs the act itself: D decides, X executes towards people, N executes inside, S supervises.
//! O (gives an opinion), "requests" and "prepares" are acts of their own and do not let a caller into the row that they stand in.
//! Where §1.5 names a code for who is refused, the row gives it; else the code is `OV-ACCESS`.

use townlink_proto::townlink::access::v1::Act;
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::{Institution, institution::Side};

use crate::caller::Principal;

/// What the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The principal may do the act.
    Allowed,
    /// The act is for services that the owner of the contract names.
    NamedServices,
    /// The principal may not, for this reason.
    Denied(ErrorReason),
}

use Institution::{Construction, Economy, Enforcement, Finance, Office, Personnel, Service, Social};

/// May this principal do this act?
#[must_use]
pub fn verdict(act: Act, principal: &Principal) -> Verdict {
    if *principal == Principal::Unassigned {
        return Verdict::Denied(ErrorReason::OvNoRole);
    }
    let leaders = || *principal == Principal::TownLeaders;
    let one_of = |institutions: &[Institution]| {
        principal.institution().is_some_and(|institution| institutions.contains(&institution))
    };
    let county = || matches!(principal, Principal::County(_));
    let auditor = || matches!(principal, Principal::Auditor(_));
    let operator = || matches!(principal, Principal::Operator(_));
    let allowed = match act {
        Act::Unspecified => false,

        // The matrix.
        Act::AdoptPolicy => leaders() || one_of(&[Personnel, Finance, Economy, Construction, Social]),
        Act::RegisterPower => one_of(&[Office]),
        Act::AcceptApplication => one_of(&[Service]),
        Act::DecideApproval => leaders() || one_of(&[Service]),
        // The service that leads joint reviews asks by itself too.
        Act::GiveOpinion if matches!(principal, Principal::Service(_)) => return Verdict::NamedServices,
        Act::GiveOpinion => one_of(&[Service, Enforcement, Personnel, Finance, Economy, Construction, Social]),
        Act::SuperviseHolder => one_of(&[Enforcement, Personnel, Finance, Economy, Construction, Social]),
        Act::Investigate => one_of(&[Enforcement]),
        Act::ReviewPenalty => one_of(&[Office, Enforcement]),
        Act::SignPenalty => leaders(),
        Act::ReceiveFine => one_of(&[Finance]),
        Act::MovePeople => leaders() || one_of(&[Personnel]),
        Act::Pay => leaders() || one_of(&[Finance]),
        Act::GuideFront => leaders() || one_of(&[Office, Personnel, Finance, Economy, Construction, Social]),
        Act::CallToAccount => leaders() || one_of(&[Office, Personnel, Finance, Economy, Construction, Social]),
        Act::ReportStatistics => one_of(&[Economy]),

        // The platform acts.
        Act::IssuePaper => county(),
        // The addressed bureau handles its own inbox: that the paper is its own is checked where the paper is known.
        Act::HandlePaper => principal.institution().is_some(),
        Act::ConfirmPower | Act::KeepKeys => one_of(&[Office]),
        Act::ReadRegister => principal.institution().is_some() || leaders() || county() || auditor(),
        Act::ReadPublic | Act::FetchProof => true,
        Act::Technical | Act::MoveClock => operator(),
        // Which services, the journal says: it grants each of them its kinds of entries.
        Act::ReadJournal => matches!(principal, Principal::Service(_)),
        Act::Deliver | Act::AskStanding => return for_services(principal, false),
        // The office applies in the name of the officer who confirmed.
        Act::ApplyDirective => return for_services(principal, one_of(&[Office])),
    };
    if allowed { Verdict::Allowed } else { Verdict::Denied(reason(act, principal)) }
}

/// A service acts for itself, or for an officer on whose confirmation the act rests.
fn for_services(principal: &Principal, officer: bool) -> Verdict {
    if officer || matches!(principal, Principal::Service(_)) {
        Verdict::NamedServices
    } else {
        Verdict::Denied(ErrorReason::OvAccess)
    }
}

/// The code of a denial: §1.5 where it names one.
fn reason(act: Act, principal: &Principal) -> ErrorReason {
    let Some(institution) = principal.institution() else {
        return ErrorReason::OvAccess;
    };
    match (act, institution.side()) {
        (Act::AcceptApplication | Act::DecideApproval | Act::Investigate | Act::SignPenalty, Side::Back) => {
            ErrorReason::OvBackExec
        }
        (Act::AcceptApplication | Act::DecideApproval, Side::Front) | (Act::Investigate, Side::Front) => {
            ErrorReason::OvCrossFront
        }
        // Enforcement prepares what the leaders sign; the service centre has no part in a penalty.
        (Act::SignPenalty, Side::Front) if institution == Service => ErrorReason::OvCrossFront,
        (Act::AdoptPolicy | Act::GuideFront, Side::Front) => ErrorReason::OvFrontPolicy,
        _ => ErrorReason::OvAccess,
    }
}
