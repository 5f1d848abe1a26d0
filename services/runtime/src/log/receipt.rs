//! Receipts: what the sender of a paper holds in hand.
//!
//! The bytes are compact JSON with exactly these keys in this order, and the signature is a detached SM2 signature in DER
//! over exactly those bytes. As files: the bytes in `F`, without a final newline, and the DER in `F.sig`.
//!
//! ```json
//! {"v":1,"type":"SIGNED_FOR","msgId":"…","digest":"…","leafHash":"…","time":"2026-03-02T01:00:00.000000Z",
//!  "logOrigin":"…","keyId":"…","mode":"SOFT"}
//! ```
//!
//! Version 1 fixes the algorithms: `digest` is SM3 of the signed payload in hex, `leafHash` the RFC 6962 leaf hash in
//! hex, the signature `SM2-SM3`. `time` is UTC with six digits of a second. One receipt has one text: anything written in
//! another way is refused.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hash::digest_from_hex;
use super::{FormatError, Hash, Origin};
use crate::signing::Security;

/// No receipt is longer.
pub(super) const RECEIPT_BYTES_MAX: usize = 4096;

/// What happened to the paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptType {
    /// `RECEIVED`: the town has it and will not lose it.
    Received,
    /// `SIGNED_FOR` (签收): a person took it.
    SignedFor,
    /// `RETURNED(code)`: it went back for this reason.
    Returned(String),
    /// `COMPLETED` (办结).
    Completed,
}

/// How far a receipt may be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `SIMULATED`: the town clock is set by hand; the time is not a real one.
    Simulated,
    /// `SOFT`: the key is not in a certified device.
    Soft,
    /// `LIVE`.
    Live,
}

impl Mode {
    /// The mode under a clock that runs by itself; under a manual one it is [`Mode::Simulated`].
    pub fn under_a_running_clock(security: Security) -> Self {
        match security {
            Security::Soft => Self::Soft,
            Security::Certified => Self::Live,
        }
    }
}

/// A receipt; its bytes are in [`Receipt::to_bytes`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What happened.
    pub receipt_type: ReceiptType,
    /// The message id, as the sender wrote it: a UUID.
    pub message_id: String,
    /// SM3 of the signed payload.
    pub digest: [u8; 32],
    /// The leaf of the entry in the log.
    pub leaf_hash: Hash,
    /// When, in microseconds since 1970 (town time).
    pub time_us: i64,
    /// In which log.
    pub log_origin: Origin,
    /// The registered name of the key that signs.
    pub key_id: String,
    /// How far it may be relied on.
    pub mode: Mode,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    v: u8,
    r#type: String,
    msg_id: String,
    digest: String,
    leaf_hash: String,
    time: String,
    log_origin: String,
    key_id: String,
    mode: String,
}

impl Receipt {
    /// The exact bytes that are signed.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        if !is_uuid(&self.message_id) {
            return Err(FormatError("the msgId of a receipt is not a UUID"));
        }
        if !is_key_id(&self.key_id) {
            return Err(FormatError(
                "the keyId of a receipt has 1 to 128 printable ASCII characters without quote and backslash",
            ));
        }
        if let ReceiptType::Returned(code) = &self.receipt_type
            && !is_code(code)
        {
            return Err(FormatError("the reason of a RETURNED receipt is not a refusal code"));
        }
        let time = Timestamp::from_microsecond(self.time_us)
            .map_err(|_| FormatError("the time of a receipt is outside the years -9999 to 9999"))?;
        let wire = Wire {
            v: 1,
            r#type: self.receipt_type.to_string(),
            msg_id: self.message_id.clone(),
            digest: hex::encode(self.digest),
            leaf_hash: self.leaf_hash.to_string(),
            time: format!("{time:.6}"),
            log_origin: self.log_origin.to_string(),
            key_id: self.key_id.clone(),
            mode: self.mode.to_string(),
        };
        serde_json::to_vec(&wire).map_err(|_| FormatError("the receipt cannot be written"))
    }

    /// Reads the exact bytes of a receipt; every other way to write the same content is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > RECEIPT_BYTES_MAX {
            return Err(FormatError("a receipt has at most 4,096 bytes"));
        }
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|_| FormatError("a receipt is one JSON object with exactly the nine keys of version 1"))?;
        if wire.v != 1 {
            return Err(FormatError("the receipt has a version other than 1"));
        }
        let time: Timestamp = wire.time.parse().map_err(|_| FormatError("the time of the receipt is not RFC 3339"))?;
        let receipt = Self {
            receipt_type: wire.r#type.parse()?,
            message_id: wire.msg_id,
            digest: digest_from_hex(&wire.digest)?,
            leaf_hash: wire.leaf_hash.parse()?,
            time_us: time.as_microsecond(),
            log_origin: Origin::new(&wire.log_origin)
                .map_err(|_| FormatError("the logOrigin of the receipt is no log origin"))?,
            key_id: wire.key_id,
            mode: wire.mode.parse()?,
        };
        if receipt.to_bytes()? == bytes {
            Ok(receipt)
        } else {
            Err(FormatError("the receipt is not in its one exact form (key order, no white space, no final newline)"))
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_key_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
}

impl fmt::Display for ReceiptType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Received => f.write_str("RECEIVED"),
            Self::SignedFor => f.write_str("SIGNED_FOR"),
            Self::Returned(code) => write!(f, "RETURNED({code})"),
            Self::Completed => f.write_str("COMPLETED"),
        }
    }
}

impl FromStr for ReceiptType {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text {
            "RECEIVED" => Ok(Self::Received),
            "SIGNED_FOR" => Ok(Self::SignedFor),
            "COMPLETED" => Ok(Self::Completed),
            _ => text
                .strip_prefix("RETURNED(")
                .and_then(|rest| rest.strip_suffix(')'))
                .filter(|code| is_code(code))
                .map(|code| Self::Returned(code.to_owned()))
                .ok_or(FormatError("the type of a receipt is RECEIVED, SIGNED_FOR, RETURNED(code) or COMPLETED")),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simulated => "SIMULATED",
            Self::Soft => "SOFT",
            Self::Live => "LIVE",
        })
    }
}

impl FromStr for Mode {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text {
            "SIMULATED" => Ok(Self::Simulated),
            "SOFT" => Ok(Self::Soft),
            "LIVE" => Ok(Self::Live),
            _ => Err(FormatError("the mode of a receipt is SIMULATED, SOFT or LIVE")),
        }
    }
}
