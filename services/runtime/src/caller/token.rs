//! Caller tokens: who acts, signed by the service that let the caller into the cell, and forwarded unchanged from there.
//!
//! A token is five lines of text and an Ed25519 signature over them. It holds for one cell and sixty seconds of machine time, and
//! is minted anew after thirty, so that a call near the end of a token still has half a minute. Tokens that verified are kept,
//! so that a call costs no signature.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use vocabulary::Institution;

use super::{Caller, Cell, PersonId, Principal, ServiceName};
use crate::signing::{PublicKey, Signer, SigningError};

/// The metadata key of a caller token.
pub const HEADER: &str = "townlink-caller";

/// How long a token holds.
const LIFE_S: u64 = 60;

/// After how long a new one is minted.
const FRESH: Duration = Duration::from_secs(30);

/// How far the clocks of two machines of a cell may stand apart.
const SKEW_S: u64 = 5;

/// How many tokens are kept, minted or verified.
const KEPT_MAX: u64 = 10_000;

/// The longest token: its fields are short.
const LENGTH_MAX: usize = 1_024;

/// The first line: what is signed, and in which form.
const FORM: &str = "townlink-caller/1";

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It has not the form of a token.
    #[error("the caller token is malformed")]
    Malformed,
    /// It was minted for another cell.
    #[error("the caller token belongs to another cell")]
    ForeignCell,
    /// The directory knows no key of the service that minted it.
    #[error("the caller token names an origin without a key in the directory")]
    UnknownOrigin,
    /// The signature is not the origin's.
    #[error("the signature of the caller token is wrong")]
    Signature,
    /// It is too old, or minted in the future.
    #[error("the caller token has expired; check the clocks of the machines")]
    Expired,
    /// The origin may not vouch for this principal.
    #[error("the origin of the caller token may not speak for its principal")]
    Unspeakable,
}

/// Mints the tokens of one service.
pub struct Minter {
    cell: Cell,
    origin: ServiceName,
    signer: Arc<dyn Signer>,
    minted: moka::sync::Cache<(Principal, Option<PersonId>), HeaderValue>,
}

impl Minter {
    /// A minter with the key of its service.
    #[must_use]
    pub fn new(cell: Cell, origin: ServiceName, signer: Arc<dyn Signer>) -> Self {
        let minted = moka::sync::Cache::builder().max_capacity(KEPT_MAX).time_to_live(FRESH).build();
        Self { cell, origin, signer, minted }
    }

    /// A token for a caller whom this service let in.
    ///
    /// # Errors
    /// [`SigningError`] where the key's device fails.
    pub fn token(&self, principal: &Principal, person: Option<&PersonId>) -> Result<HeaderValue, SigningError> {
        let who = (principal.clone(), person.cloned());
        if let Some(minted) = self.minted.get(&who) {
            return Ok(minted);
        }
        let token = self.mint(principal, person, machine_now_s())?;
        self.minted.insert(who, token.clone());
        Ok(token)
    }

    /// A token minted at a machine time.
    pub(crate) fn mint(
        &self,
        principal: &Principal,
        person: Option<&PersonId>,
        now_s: u64,
    ) -> Result<HeaderValue, SigningError> {
        let person = person.map_or("", PersonId::as_str);
        let text = format!("{FORM}\n{}\n{}\n{}\n{person}\n{now_s}", self.cell, self.origin, principal.key());
        let signature = self.signer.sign(text.as_bytes())?;
        let token = format!("{}.{}", URL_SAFE_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(signature));
        Ok(HeaderValue::from_str(&token).expect("base64 fits into a header"))
    }
}

/// What the directory knows of a service that mints tokens.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The key that its tokens verify with.
    pub key: PublicKey,
    /// The institutions that it may speak for without a person.
    pub speaks_for: Vec<Institution>,
}

/// Verifies the tokens of a cell.
pub struct Verifier {
    cell: Cell,
    origins: HashMap<ServiceName, Origin>,
    verified: moka::sync::Cache<HeaderValue, Verified>,
}

#[derive(Clone)]
struct Verified {
    caller: Arc<Caller>,
    issued_s: u64,
}

impl Verifier {
    /// A verifier that believes these origins.
    #[must_use]
    pub fn new(cell: Cell, origins: HashMap<ServiceName, Origin>) -> Self {
        let verified =
            moka::sync::Cache::builder().max_capacity(KEPT_MAX).time_to_live(Duration::from_secs(LIFE_S)).build();
        Self { cell, origins, verified }
    }

    /// The caller that a token names.
    ///
    /// # Errors
    /// [`TokenError`] where the token is not to be believed now.
    pub fn verify(&self, token: &HeaderValue) -> Result<Arc<Caller>, TokenError> {
        self.verify_at(token, machine_now_s())
    }

    pub(crate) fn verify_at(&self, token: &HeaderValue, now_s: u64) -> Result<Arc<Caller>, TokenError> {
        let verified = match self.verified.get(token) {
            Some(verified) => verified,
            None => {
                let verified = self.read(token)?;
                self.verified.insert(token.clone(), verified.clone());
                verified
            }
        };
        if verified.issued_s > now_s + SKEW_S || now_s >= verified.issued_s.saturating_add(LIFE_S) {
            return Err(TokenError::Expired);
        }
        Ok(verified.caller)
    }

    /// Reads a token and verifies all of it but its age.
    fn read(&self, token: &HeaderValue) -> Result<Verified, TokenError> {
        let token = token.to_str().ok().filter(|token| token.len() <= LENGTH_MAX).ok_or(TokenError::Malformed)?;
        let (text, signature) = token.split_once('.').ok_or(TokenError::Malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
        let (text, signature) = (decode(text)?, decode(signature)?);
        let lines = std::str::from_utf8(&text).map_err(|_| TokenError::Malformed)?;
        let [FORM, cell, origin, principal, person, issued_s] = lines.split('\n').collect::<Vec<_>>()[..] else {
            return Err(TokenError::Malformed);
        };
        if cell != self.cell.as_str() {
            return Err(TokenError::ForeignCell);
        }
        let name = self.origins.keys().find(|name| name.as_str() == origin).ok_or(TokenError::UnknownOrigin)?;
        let origin = self.origins.get(name).ok_or(TokenError::UnknownOrigin)?;
        origin.key.verify(&text, &signature).map_err(|_| TokenError::Signature)?;
        let principal = Principal::parse(principal).map_err(|_| TokenError::Malformed)?;
        let person = match person {
            "" => None,
            id => Some(PersonId::parse(id).map_err(|_| TokenError::Malformed)?),
        };
        let issued_s = issued_s.parse().map_err(|_| TokenError::Malformed)?;
        if !may_speak(origin, &principal, person.as_ref()) {
            return Err(TokenError::Unspeakable);
        }
        let caller = Arc::new(Caller { principal, person, origin: *name });
        Ok(Verified { caller, issued_s })
    }
}

/// A service vouches for whom it let in, never for another service; without a person only for its own institutions.
fn may_speak(origin: &Origin, principal: &Principal, person: Option<&PersonId>) -> bool {
    match principal {
        Principal::Institution(institution) => person.is_some() || origin.speaks_for.contains(institution),
        Principal::TownLeaders => person.is_some(),
        Principal::County(_) | Principal::Public(_) | Principal::Auditor(_) | Principal::Operator(_) => true,
        Principal::Service(_) | Principal::Unassigned => false,
    }
}

/// Seconds of machine time. Tokens live between machines of one cell, so the town's clock has no say in them.
#[expect(clippy::disallowed_methods, reason = "a token's age is machine time, never town time")]
fn machine_now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
