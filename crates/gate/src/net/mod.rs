//! The network layer: everything between a socket and an HTTP message, on both sides of the gate.
//!
//! [`listen`] serves agents, [`upstream`] calls providers, [`body`] reads bounded bodies. One worker
//! is one thread with a runtime of its own; an exchange (the agent's connection, the handler and the
//! upstream connection) is one task of one worker, so no bytes and no wake-ups cross a core. That also
//! makes cancellation immediate: an agent that hangs up drops the task, and with it the upstream side.

mod accept;
mod answer;
pub mod body;
pub mod clock;
mod connect;
mod connection;
mod error;
mod exchange;
mod head;
pub mod hop;
mod http1;
mod http2;
mod io;
pub mod listen;
pub mod peer;
mod pool;
mod relay;
mod target;
pub mod tls;
pub mod upstream;

/// An error of a body that the handler or the caller supplies.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[cfg(test)]
mod tests;
