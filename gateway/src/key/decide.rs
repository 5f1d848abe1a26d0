//! What may happen to a key (overview.md §1.4 and §1.7; relay-and-sharing.md §8.6).
//!
//! Two persons act on every change. The one asks, the other makes it count; only a revocation stops the key at once, since
//! waiting for the second person would leave a stolen key signing.

use vocabulary::Timestamp;

use super::departments::Departments;
use super::state::{Key, Owner, Registration, Revocation, Stage};
use crate::refusal::Refusal;
use runtime::caller::PersonId;
use runtime::signing::Algorithm;
use vocabulary::DocumentNumber;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Register a key.
    Register(Box<Registration>),
    /// Confirm what another person asked for.
    Confirm,
    /// Ask to revoke a key.
    Revoke {
        /// Why.
        reason: String,
        /// The document it rests on.
        document_number: DocumentNumber,
    },
}

/// What the outside world knows.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The town time.
    pub now: Timestamp,
    /// Who acts.
    pub person: &'a PersonId,
    /// Whether the same public key, or the id, is registered already.
    pub known: bool,
    /// The names of the county's departments.
    pub departments: &'a Departments,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was registered.
    Registered(Box<Key>),
    /// It was confirmed.
    Confirmed {
        /// The second person.
        confirmer: PersonId,
    },
    /// Its revocation was asked for.
    RevocationAsked(Revocation),
    /// It was revoked.
    Revoked {
        /// The second person.
        revoker: PersonId,
    },
}

/// Says what happens, or why not. `key` is none before it is registered.
///
/// # Errors
/// The first [`Refusal`] that applies.
pub fn decide(key: Option<&Key>, command: &Command, facts: &Facts<'_>) -> Result<Event, Refusal> {
    match (key, command) {
        (None, Command::Register(registration)) => register(registration, facts),
        (Some(_), Command::Register(_)) => Err(Refusal::KeyKnown),
        (Some(key), Command::Confirm) => confirm(key, facts),
        (Some(key), Command::Revoke { reason, document_number }) => revoke(key, reason, document_number, facts),
        // Whoever loads the key tells that there is none before deciding.
        (None, Command::Confirm | Command::Revoke { .. }) => Err(Refusal::KeyDone),
    }
}

fn register(registration: &Registration, facts: &Facts<'_>) -> Result<Event, Refusal> {
    if facts.known {
        return Err(Refusal::KeyKnown);
    }
    consistent(registration, facts.departments)?;
    let key = Key { registration: registration.clone(), registrar: facts.person.clone(), stage: Stage::Pending };
    Ok(Event::Registered(Box::new(key)))
}

/// A key's periods and issuers contradict neither its owner nor each other.
fn consistent(registration: &Registration, departments: &Departments) -> Result<(), Refusal> {
    let fault = |fault| Err(Refusal::KeyIssuer { fault });
    let Registration { owner, valid, issuers, public_key, .. } = registration;
    if !valid.are_some() || issuers.iter().any(|issuer| !issuer.days.are_some()) {
        return fault("a period ends on or before its first day");
    }
    match owner {
        Owner::Town if !issuers.is_empty() => return fault("a key of the town signs receipts, and for no issuer"),
        Owner::Town if public_key.algorithm() != Algorithm::Sm2Sm3 => return fault("receipts are signed with SM2"),
        Owner::Department(_) if issuers.is_empty() => return fault("a key of a department names no issuer"),
        Owner::Department(department) => {
            if issuers.iter().any(|issuer| !departments.may_issue_as(department, &issuer.name)) {
                return fault("an issuer is another organ than the owner");
            }
        }
        Owner::Town => {}
    }
    if issuers.iter().any(|issuer| !issuer.days.overlap(valid)) {
        return fault("an issuer's period lies outside the key's validity");
    }
    let twice = |(at, issuer): (usize, &super::state::Issuer)| {
        issuers[..at].iter().any(|other| other.name == issuer.name && other.days.overlap(&issuer.days))
    };
    if issuers.iter().enumerate().any(twice) {
        return fault("an issuer has two periods that overlap");
    }
    Ok(())
}

fn confirm(key: &Key, facts: &Facts<'_>) -> Result<Event, Refusal> {
    let person = facts.person.clone();
    match &key.stage {
        Stage::Pending => four_eyes(&key.registrar, facts).map(|()| Event::Confirmed { confirmer: person }),
        Stage::RevocationPending { revocation, .. } => {
            four_eyes(&revocation.registrar, facts).map(|()| Event::Revoked { revoker: person })
        }
        Stage::Active { .. } | Stage::Revoked { .. } => Err(Refusal::KeyDone),
    }
}

fn revoke(key: &Key, reason: &str, document: &DocumentNumber, facts: &Facts<'_>) -> Result<Event, Refusal> {
    match &key.stage {
        Stage::Pending | Stage::Active { .. } => Ok(Event::RevocationAsked(Revocation {
            registrar: facts.person.clone(),
            reason: reason.to_owned(),
            document_number: document.clone(),
            time: facts.now,
        })),
        Stage::RevocationPending { .. } | Stage::Revoked { .. } => Err(Refusal::KeyDone),
    }
}

/// No person is both author and approver of one step (overview.md §1.6(6)).
fn four_eyes(asked: &PersonId, facts: &Facts<'_>) -> Result<(), Refusal> {
    if asked == facts.person { Err(Refusal::KeyFourEyes) } else { Ok(()) }
}

/// The key after an event. What was decided about a stage can be applied to it; anything else leaves the key as it is.
#[must_use]
pub fn apply(key: Option<Key>, event: &Event) -> Option<Key> {
    if let Event::Registered(key) = event {
        return Some(Key::clone(key));
    }
    let mut key = key?;
    key.stage = match (key.stage, event) {
        (Stage::Pending, Event::Confirmed { confirmer }) => Stage::Active { confirmer: confirmer.clone() },
        (Stage::Pending, Event::RevocationAsked(revocation)) => {
            Stage::RevocationPending { confirmer: None, revocation: revocation.clone() }
        }
        (Stage::Active { confirmer }, Event::RevocationAsked(revocation)) => {
            Stage::RevocationPending { confirmer: Some(confirmer), revocation: revocation.clone() }
        }
        (Stage::RevocationPending { confirmer, revocation }, Event::Revoked { revoker }) => {
            Stage::Revoked { confirmer, revocation, revoker: revoker.clone() }
        }
        (stage, _) => stage,
    };
    Some(key)
}

#[cfg(test)]
mod tests;
