//! Running an instance: every room opened, connected, and closed again in order.
//!
//! Start: log, store, control state, gate, console. Ready means that a request can be decided,
//! recorded and answered; `addresses.json` in the data folder then says where. Stop: the gate
//! drains, the index catches up, the log is closed with a signed checkpoint.

mod addresses;
mod approvals;
mod archive;
mod control;
mod core;
mod credentials;
mod custody;
mod export;
mod house;
mod indexer;
mod interrupted;
mod issuers;
mod journal;
mod keeping;
mod leaked;
mod limits;
mod mcp;
mod mend;
mod once;
mod providers;
mod reload;
mod retention;
mod root;
mod selftest;
mod sessions;
mod sign_on;
mod snapshot;
mod start;
mod targets;
mod tenants;
mod tls;
mod traces;
mod trust;
mod vault;
mod witnesses;

pub use addresses::{ADDRESSES, Addresses};
pub(crate) use custody::inspection_secret;
pub(crate) use snapshot::fail_open;
pub use start::{Running, start};
