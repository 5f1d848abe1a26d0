//! Who calls: the peer of the connection, or the caller for whom a service of the cell brings a token.

use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};

use http::HeaderMap;

use crate::access::Identified;
use crate::caller::token::{self, Verifier};
use crate::caller::{Caller, Peer, PeerError, PersonId, Principal, ServiceName};
use crate::clock::TownClock;
use crate::people::CachedPeople;
use crate::refusal::{self, Failure};
use crate::telemetry::Seldom;

/// A connection, as far as the calls on it need to know it.
pub(crate) struct Connection {
    peer: Result<Arc<Peer>, PeerError>,
    /// The caller that the peer is by itself; a person has none until his post is known.
    caller: Option<Arc<Caller>>,
    service: ServiceName,
}

impl Connection {
    /// A connection to `service` from a peer that a certificate or a pipe has proved.
    pub fn new(peer: Result<Peer, PeerError>, service: ServiceName) -> Self {
        let caller = peer.as_ref().ok().and_then(|peer| by_itself(peer, service)).map(Arc::new);
        Self { peer: peer.map(Arc::new), caller, service }
    }
}

fn by_itself(peer: &Peer, service: ServiceName) -> Option<Caller> {
    let principal = match peer {
        Peer::Service(name) => return Some(Caller::service(*name)),
        Peer::Person(_) => return None,
        Peer::County(department) => Principal::County(department.clone()),
        Peer::Auditor(id) => Principal::Auditor(id.clone()),
        Peer::Operator(id) => Principal::Operator(id.clone()),
        Peer::Citizen(id) => Principal::Public(id.clone()),
    };
    Some(Caller { principal, person: None, origin: service })
}

/// Finds out who calls.
pub(crate) async fn identify(
    connection: &Connection,
    headers: &HeaderMap,
    verifier: &Verifier,
    people: &CachedPeople,
    clock: &TownClock,
) -> Result<Identified, tonic::Status> {
    let peer = match &connection.peer {
        Ok(peer) => Arc::clone(peer),
        Err(fault) => return Err(unknown(&fault.to_string())),
    };
    let mut tokens = headers.get_all(token::HEADER).iter();
    let (caller, token) = match (tokens.next(), tokens.next(), &*peer) {
        (None, _, Peer::Person(person)) => {
            let unplaced =
                Caller { principal: Principal::Unassigned, person: Some(person.clone()), origin: connection.service };
            (Arc::new(unplaced), None)
        }
        (None, _, _) => (connection.caller.clone().ok_or_else(|| unknown("the certificate names no caller"))?, None),
        (Some(token), None, Peer::Service(_)) => {
            let caller = verifier.verify(token).map_err(|fault| unknown(&fault.to_string()))?;
            (caller, Some(token.clone()))
        }
        (Some(_), _, _) => return Err(unknown("one caller token is taken, and from services of the cell only")),
    };
    let named = Identified { peer, caller, standing: None, token };
    match (&named.caller.person, &named.caller.principal) {
        (Some(person), Principal::Institution(_) | Principal::TownLeaders | Principal::Unassigned) => {
            let person = person.clone();
            placed(named, &person, people, clock).await.map_err(tonic::Status::from)
        }
        _ => Ok(named),
    }
}

/// Puts a person where his active assignments put him on the town's date. A token that is older than a change of post names
/// nobody any more.
async fn placed(
    mut named: Identified,
    person: &PersonId,
    people: &CachedPeople,
    clock: &TownClock,
) -> Result<Identified, Failure> {
    named.standing = people.standing(person, clock.today()).await?;
    let post = named.standing.as_ref().map(|standing| Principal::from(standing.post));
    let principal = match (post, &named.token) {
        (Some(post), Some(_)) if post != named.caller.principal => Principal::Unassigned,
        (Some(post), _) => post,
        (None, _) => Principal::Unassigned,
    };
    if principal != named.caller.principal {
        named.caller = Arc::new(Caller { principal, ..(*named.caller).clone() });
    }
    Ok(named)
}

/// The unauthenticated are counted and logged, never journalled: anyone can make as many as he likes.
fn unknown(fault: &str) -> tonic::Status {
    static LOG: LazyLock<Seldom> = LazyLock::new(|| Seldom::per_second(NonZeroU32::MIN));
    ::metrics::counter!("townlink_unauthenticated_total").increment(1);
    if LOG.may() {
        tracing::info!("unauthenticated: {fault}");
    }
    refusal::unauthenticated(fault)
}
