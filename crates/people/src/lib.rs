//! The people who run an installation: their roles, and how they prove who they are.
//!
//! Passwords ([`password`]) never stand alone: a second factor ([`totp`], [`recovery`]) is asked of
//! everybody, or a passkey ([`webauthn`]), which is both. A session ([`session`]) is a random token of which only the hash is kept.
//! Nothing here does input or output: time and randomness are parameters.

pub mod challenge;
pub mod elevation;
pub mod hours;
pub mod lockout;
pub mod password;
pub mod recovery;
pub mod review;
mod role;
mod seal;
pub mod session;
pub mod token;
pub mod totp;
pub mod travel;
mod way;
pub mod webauthn;

pub use elevation::Elevation;
pub use review::Review;
pub use role::{Role, UnknownRole};
pub use seal::{SealError, Sealer};
pub use travel::Travel;
pub use way::is_local;
