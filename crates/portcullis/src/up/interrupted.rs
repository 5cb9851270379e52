//! Actions that a crash cut short: begun in the log, never completed.

use std::sync::Arc;
use std::time::Duration;

use model::{Record, Status};
use store::Filter;

use super::core::{Core, now};

/// How long the index may take to reach the end that the log was opened with.
const LIMIT: Duration = Duration::from_secs(600);

/// Completes as `interrupted` what was begun before this start and can no longer end.
pub(super) async fn complete(core: Arc<Core>, opened_with: u64) {
    if let Err(error) = try_complete(&core, opened_with).await {
        tracing::error!(%error, "actions that the last run left open could not be completed");
    }
}

async fn try_complete(core: &Core, opened_with: u64) -> anyhow::Result<()> {
    let mut indexed = core.indexed.subscribe();
    tokio::time::timeout(LIMIT, indexed.wait_for(|at| *at >= opened_with)).await??;
    let filter = Filter { status: Some(Status::Begun), ..Filter::default() };
    let mut after = None;
    loop {
        let page =
            core.house.store.search(&core.tenant, filter.clone(), after, store::MAX_PAGE).await?;
        for hit in page.hits.iter().filter(|hit| hit.position < opened_with) {
            let bytes = core.log.read(hit.position, 1)?;
            let Some(bytes) = bytes.first() else { continue };
            let mut record = Record::decode(bytes)?;
            record.status = Status::Interrupted;
            record.time = now();
            core.record(&record).await?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}
