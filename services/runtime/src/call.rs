//! What a handler receives: who calls, that the call is allowed, and when it is in town time.

use vocabulary::{RequestId, Sm3Digest, Timestamp};

use crate::access::Access;

/// A call that may change state. Made by the replay layer for each method whose effect is `EFFECT_WRITE`, and taken out of
/// the request by [`crate::access::admit_write`].
#[derive(Clone, Debug)]
pub struct Call {
    /// Proof that the caller may do the act of the method.
    pub access: Access,
    /// The id under which the answer is kept, unique for each principal.
    pub request_id: RequestId,
    /// The digest of what makes two requests the same request: the fields that the contract names, or all.
    pub fingerprint: Sm3Digest,
    /// The town time at which the call was admitted.
    pub now: Timestamp,
}

/// A call that reads. Taken out of the request by [`crate::access::admit_read`].
#[derive(Clone, Debug)]
pub struct Reading {
    /// Proof that the caller may do the act of the method.
    pub access: Access,
    /// The town time at which the call was admitted.
    pub now: Timestamp,
}
