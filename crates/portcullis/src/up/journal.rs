//! The log, as the admin API asks for it.

use std::path::PathBuf;
use std::sync::Arc;

use console::{Failure, Journal, LogFile, Task};
use ledger::prove::Prover;
use ledger::verify::Folder;
use model::{Record, TenantId};
use serde_json::{Value, json};

use super::core::{Core, LOG};
use super::house::House;

pub(super) struct Adapter {
    pub(super) house: Arc<House>,
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure(error.to_string())
}

/// The folder of a tenant's log.
pub(super) fn folder(core: &Core) -> PathBuf {
    core.house.data.join("ledger").join(core.tenant.as_str())
}

impl Journal for Adapter {
    fn record(&self, record: Record) -> Task<'_, Result<(), Failure>> {
        Box::pin(async move {
            let core = self.tenant(&record.tenant)?;
            core.record(&record).await.map_err(|error| failed(format!("{error:#}")))
        })
    }

    fn read(
        &self,
        tenant: TenantId,
        log: String,
        position: u64,
    ) -> Task<'_, Result<Vec<u8>, Failure>> {
        Box::pin(async move {
            let ledger = self.own(&tenant, &log)?.log.clone();
            let read = tokio::task::spawn_blocking(move || ledger.read(position, 1));
            let records = read.await.map_err(failed)?.map_err(failed)?;
            records
                .into_iter()
                .next()
                .ok_or_else(|| Failure("the log does not reach that far".into()))
        })
    }

    fn prove(
        &self,
        tenant: TenantId,
        log: String,
        position: u64,
    ) -> Task<'_, Result<Value, Failure>> {
        Box::pin(async move {
            let core = self.own(&tenant, &log)?;
            let latest = core.log.latest_checkpoint();
            if latest.is_none_or(|checkpoint| checkpoint.size <= position) {
                core.log.checkpoint().await.map_err(failed)?;
            }
            let folder = folder(&core);
            tokio::task::spawn_blocking(move || proof(folder, position)).await.map_err(failed)?
        })
    }

    fn file(&self, tenant: TenantId, file: LogFile) -> Task<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let folder = folder(&*self.house.tenant(&tenant)?);
            let path = match file {
                LogFile::Checkpoint => folder.join("checkpoint"),
                LogFile::VerifierKey => folder.join("vkey"),
                LogFile::Checkpoints => folder.join("checkpoints"),
                LogFile::Dropped => folder.join("dropped"),
                LogFile::Cosigned => folder.join("cosigned"),
                LogFile::Tile(tile) => folder.join("tile").join(tile),
                LogFile::Entries(bundle) => folder.join("tile/entries").join(bundle),
            };
            tokio::task::spawn_blocking(move || std::fs::read(path).ok()).await.ok().flatten()
        })
    }
}

impl Adapter {
    fn tenant(&self, tenant: &TenantId) -> Result<Arc<Core>, Failure> {
        let found = self.house.tenant(tenant);
        found.ok_or_else(|| Failure("there is no such tenant here".into()))
    }

    fn own(&self, tenant: &TenantId, log: &str) -> Result<Arc<Core>, Failure> {
        let found = self.house.tenant(tenant).filter(|_| log == LOG);
        found.ok_or_else(|| Failure("there is no such log here".into()))
    }
}

/// An inclusion proof under the newest checkpoint (RFC 9162, section 2.1.3), with all that a
/// stranger needs to check it.
fn proof(folder: PathBuf, position: u64) -> Result<Value, Failure> {
    let checkpoint = std::fs::read_to_string(folder.join("checkpoint")).map_err(failed)?;
    let vkey = std::fs::read_to_string(folder.join("vkey")).map_err(failed)?;
    let size: u64 = checkpoint
        .lines()
        .nth(1)
        .and_then(|line| line.parse().ok())
        .ok_or_else(|| failed("the checkpoint has no size"))?;
    let mut source = Folder::new(&folder);
    let (record, path) = Prover::new(&mut source, size).inclusion(position).map_err(failed)?;
    Ok(json!({
        "index": position,
        "tree_size": size,
        "leaf_hash": ledger::merkle::leaf_hash(&record),
        "hashes": path,
        "checkpoint": checkpoint,
        "vkey": vkey.trim(),
    }))
}
