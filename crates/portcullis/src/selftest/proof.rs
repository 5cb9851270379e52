//! What the log says of a canary, and that its record is in the tree that was signed.

use anyhow::{Context, bail};
use ledger::Log;
use ledger::note::{Checkpoint, VerifierKey};
use ledger::proof::verify_inclusion;
use ledger::prove::Prover;
use ledger::verify::Folder;
use serde_json::Value;

use super::Canaries;
use crate::simulated::agent::PATIENCE;

/// Records that are read at a time.
const PAGE: usize = 64;

/// A record where it stands.
pub(super) struct Logged {
    pub(super) position: u64,
    pub(super) record: Value,
}

/// The last record of an action, which must be durable by now, or soon where the log is written
/// through at intervals.
pub(super) async fn logged(log: &Log, from: u64, id: &str) -> anyhow::Result<Logged> {
    let mut durable = log.durable();
    let found = async {
        loop {
            durable.borrow_and_update();
            if let Some(found) = look(log, from, id)? {
                return Ok(found);
            }
            durable.changed().await.context("the log has ended")?;
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.with_context(|| format!("the log has no record {id}"))?
}

fn look(log: &Log, from: u64, id: &str) -> anyhow::Result<Option<Logged>> {
    let (mut at, mut found) = (from, None);
    loop {
        let page = log.read(at, PAGE)?;
        if page.is_empty() {
            return Ok(found);
        }
        for bytes in page {
            let record: Value = serde_json::from_slice(&bytes)?;
            if record["id"] == id && record["status"] != "begun" {
                found = Some(Logged { position: at, record });
            }
            at += 1;
        }
    }
}

impl Canaries {
    /// Proves that a record is under a signed checkpoint of its log.
    pub(super) async fn prove(&self, position: u64) -> anyhow::Result<()> {
        self.log().checkpoint().await?;
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || {
            let read = |name: &str| std::fs::read_to_string(folder.join(name)).context("the log");
            let key: VerifierKey = read("vkey")?.trim().parse()?;
            let checkpoint = Checkpoint::open(read("checkpoint")?.as_bytes(), &key)?;
            let mut source = Folder::new(&folder);
            let (record, path) = Prover::new(&mut source, checkpoint.size).inclusion(position)?;
            let leaf = ledger::merkle::leaf_hash(&record);
            let holds = verify_inclusion(&leaf, position, checkpoint.size, &path, &checkpoint.root);
            if holds.is_err() {
                bail!("the record is not in the tree that was signed");
            }
            Ok(())
        })
        .await?
    }
}
