//! The gate: the data plane that every action of an agent passes through.
//!
//! [`net`] is everything between a socket and an HTTP message. [`worker`] takes a request from
//! there to the room that answers it: [`llm`] for model APIs, [`mcp`] for tools. On the way it is identified
//! ([`identify`]), held against containment and limits ([`snapshot`], [`limits`]), inspected and
//! decided; what is refused becomes an answer in the protocol's own shape ([`refusal`]); and
//! whatever happens leaves a record ([`action`]),
//! and with it what is to be kept of request and answer ([`keeping`]).

pub mod action;
pub mod answer;
pub mod approvals;
pub mod books;
pub mod classifier;
pub mod flow;
pub mod gate;
pub mod identify;
pub mod keeping;
pub mod limits;
pub mod llm;
pub mod loops;
pub mod mcp;
pub mod metrics;
pub mod net;
mod oauth;
pub mod refusal;
pub mod route;
pub mod snapshot;
pub mod sse;
pub mod unrecorded;
pub mod vault;
pub mod worker;

pub use books::Books;
pub use gate::Gate;
pub use snapshot::Snapshot;
pub use worker::Worker;
