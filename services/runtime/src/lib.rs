//! What a process needs to serve a contract. Mechanisms only: no domain word lives here. The list is closed; a new module
//! needs a decision record.
//!
//! - [`access`]: the act of a method, and who may do it.
//! - [`call`]: what a handler receives.
//! - [`caller`]: who calls: certificates, caller tokens, principals and persons.
//! - [`clock`]: the town's clock.
//! - [`config`]: settings in layers, typed and checked once.
//! - [`db`]: SQLite and PostgreSQL behind one SQL text.
//! - [`diagnosis`]: what is wrong, which party it is with, and how it is mended.
//! - [`directory`]: where each service is, as a channel.
//! - [`etag`]: the version of a resource, as the caller sees it.
//! - [`execute`]: the write path.
//! - [`in_process`]: connections inside one process.
//! - [`journal`]: the append-only record, its positions and its service.
//! - [`layers`]: what every call passes through.
//! - [`log`]: the Merkle log over a journal, as pure data.
//! - [`network`]: TCP, of the machine or of a simulated network.
//! - [`numbers`]: gap-free legal numbers.
//! - [`page`]: keyset pages.
//! - [`people`]: the post and roles of a person on a day.
//! - [`pki`]: keys, certificates and the TLS made from them.
//! - [`refusal`]: the two kinds of no.
//! - [`sequencer`]: positions, tiles and checkpoints.
//! - [`serve`]: listeners, health, drain.
//! - [`signing`]: signatures behind a trait.
//! - [`subscription`]: another journal's entries, each effect once.
//! - [`tasks`]: work in the background.
//! - [`telemetry`]: logs and traces.
//! - [`timer`]: what falls due by the town's clock, each once.
//! - [`testing`]: databases for tests, behind the feature `testing`.

pub mod access;
pub mod call;
pub mod caller;
pub mod clock;
pub mod config;
pub mod db;
pub mod diagnosis;
pub mod directory;
pub mod etag;
pub mod execute;
pub mod in_process;
pub mod journal;
pub mod layers;
pub mod log;
mod network;
pub mod numbers;
pub mod page;
pub mod people;
pub mod pki;
pub mod refusal;
pub mod sequencer;
pub mod serve;
pub mod signing;
pub mod subscription;
pub mod tasks;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod timer;
