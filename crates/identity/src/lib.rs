//! Who is acting, and for whom: the formats that say so, and what makes them true.
//!
//! Tokens ([`jws`], [`jwk`], [`claims`]), the gate's own among them ([`token`]); the chain of
//! agents that act for a person ([`chain`]) and how it grows ([`exchange`]). Nothing here does
//! input or output: keys, the time and randomness are parameters.

pub mod assertion;
pub mod certificate;
pub mod chain;
pub mod claims;
pub mod dpop;
pub mod exchange;
pub mod issuer;
pub mod jwk;
pub mod jws;
pub mod sign_on;
pub mod signature;
pub mod token;

#[cfg(test)]
mod tests;

pub use certificate::Certificate;
pub use chain::{Actor, Chain, ChainError, Shown};
pub use exchange::{ExchangeError, Subject, Terms, Wanted, exchange};
pub use jwk::{Algorithm, JwkSet, PublicKey};
pub use jws::{MAX_TOKEN, TokenError, Unverified};
pub use signature::SignatureError;
pub use token::{Audience, Delegation, GateKey, Use};
