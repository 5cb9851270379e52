//! The ledger: an append-only log whose records can be proved to be complete and unchanged.
//!
//! Records go into segment files, many with one sync ([`Log::append`]). Beside the writer a
//! second thread grows a Merkle tree over them and publishes it as C2SP tlog-tiles with signed
//! checkpoints. [`verify`] checks a log that lies there cold and trusts nothing of ours but the
//! public key it is given; [`proof`] makes and checks proofs for single records.
//!
//! What a record means is not known here: to the log it is bytes.

mod append;
pub mod archive;
mod batch;
pub mod bundle;
pub mod cosignature;
pub mod cosigned;
mod dropped;
mod error;
pub mod files;
mod frame;
mod history;
mod key;
mod log;
pub mod merkle;
pub mod note;
mod options;
mod pool;
pub mod proof;
pub mod prove;
mod read;
mod recovery;
mod segment;
mod state;
#[cfg(test)]
mod tests;
pub mod tile;
mod tiler;
mod turn;
pub mod verify;
pub mod witness;
mod writer;

pub use append::Append;
pub use dropped::Dropped;
pub use error::LogError;
pub use key::{KeyError, SigningKey};
pub use log::{Health, Log, LogReader};
pub use options::{Durability, Options};
pub use recovery::Recovery;
pub use turn::{Gather, gather, gather_while};
