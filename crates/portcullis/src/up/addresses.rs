//! `addresses.json`: where a running instance listens, for scripts and for people.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The file's name in the data folder.
pub const ADDRESSES: &str = "addresses.json";

/// Where a running instance listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    pub gate: SocketAddr,
    pub console: SocketAddr,
    /// The Unix socket of the admin API.
    pub admin: PathBuf,
    pub pid: u32,
}

impl Addresses {
    /// Written beside and moved into place, so that it is never seen half.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        let beside = folder.join("addresses.json.new");
        std::fs::write(&beside, serde_json::to_vec(self)?)?;
        std::fs::rename(beside, folder.join(ADDRESSES))
    }

    /// What a killed process left is wrong, whatever it says.
    pub fn remove(folder: &Path) {
        // It need not be there.
        let _ = std::fs::remove_file(folder.join(ADDRESSES));
    }
}
