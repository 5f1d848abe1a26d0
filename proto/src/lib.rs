//! The contracts of Townlink, compiled: messages, clients, servers and the descriptor set. Nothing here is written by hand
//! but this file.

include!(concat!(env!("OUT_DIR"), "/contracts.rs"));

/// The descriptor set of every contract, with custom options and comments kept.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor_set.bin"));
