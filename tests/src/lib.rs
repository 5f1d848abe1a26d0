//! The harness of the whole-system tests: the real program as child processes, real databases, real clients over mutual TLS.
//!
//! - [`act`]: acts of clients as bytes, which can be repeated.
//! - [`bench`]: the benchmarks.
//! - [`clients`]: clients of a town, under any identity.
//! - [`crash`]: SIGKILL at random moments under load, and the reckoning.
//! - [`database`]: the databases of one town, on SQLite or PostgreSQL.
//! - [`ledger`]: what must be true of every journal once the town stands still.
//! - [`paper`]: papers as a county department signs them.
//! - [`program`]: the real program as a child process.
//! - [`random`]: chance that can be repeated.
//! - [`raw`]: calls whose requests and replies stay bytes.
//! - [`setup`]: what tests begin with: keys, powers, documents.
//! - [`town`]: a whole town under test.
//! - [`wait`]: waiting for conditions, with a deadline.

pub mod act;
pub mod bench;
pub mod clients;
pub mod crash;
pub mod database;
pub mod ledger;
pub mod paper;
pub mod program;
pub mod random;
pub mod raw;
pub mod setup;
pub mod town;
pub mod wait;
