//! The public list (权力清单): what the town may do, under which document, for everyone to read (authority.md §2.8).
//!
//! It is the register itself, seen from outside: an entry for each grant that is published and in force on a day. So it never lags
//! behind a change, and the 20 working days of 政府信息公开条例 art. 26 cannot run out.
//!
//! - [`list`]: which grants are on it.
//! - [`export`]: the whole of it as a file, in pieces.
//! - [`wire`], [`rpc`]: messages, methods.

pub(crate) mod export;
pub(crate) mod list;
pub(crate) mod rpc;
pub(crate) mod wire;
