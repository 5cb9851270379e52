//! The binary's own library: configuration, command line and wiring.
//!
//! This is the only crate that reads configuration files and the environment. It holds no logic
//! of the product: it hands each room what it needs and connects them.

pub(crate) mod archive;
pub mod cli;
pub mod client;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod files;
pub mod inspection;
pub mod keys;
pub mod logging;
pub mod policies;
pub(crate) mod s3;
pub(crate) mod selftest;
mod simulated;
pub mod up;
pub mod visible;
