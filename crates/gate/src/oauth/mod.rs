//! `/oauth/token` and the documents under `/.well-known/`: how an agent gets the gate's tokens,
//! and how clients find out how.

mod error;
mod form;
mod metadata;
mod token;

#[cfg(test)]
mod tests;

pub(crate) use metadata::{Challenge, challenge, document, origin};
pub(crate) use token::{refuse_authorization, serve};
