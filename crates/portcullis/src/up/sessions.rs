//! What agents' sessions had come to before the gate began, from the records of the log.

use std::sync::Arc;
use std::time::Duration;

use gate::flow::{Before, Labels};

use super::core::Core;

/// How long the start of the gate waits for the index, which follows the log.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two looks at an index that has much to catch up with.
const PAUSE: Duration = Duration::from_secs(30);

/// Tells the gate which sessions had labels. Where the index is not there yet, every session that is
/// not known is taken for the worst until it is.
pub(super) async fn remember(core: &Arc<Core>) {
    core.books.sessions.darken();
    if core.catch_up(PATIENCE).await && load(core).await {
        return;
    }
    let late = Arc::downgrade(core);
    tokio::spawn(async move {
        while let Some(core) = late.upgrade() {
            if core.catch_up(PAUSE).await && load(&core).await {
                return;
            }
        }
    });
}

async fn load(core: &Core) -> bool {
    match core.house.store.labelled_sessions(&core.tenant).await {
        Ok(found) => {
            let before = found.into_iter().map(|one| {
                let (untrusted, confidential) = (one.untrusted, one.confidential);
                let labels = Labels { untrusted, confidential, ..Labels::default() };
                let store::LabelledSession { agent, person, session, .. } = one;
                Before { agent, person, session, labels }
            });
            core.books.sessions.remember(&core.tenant, before);
            true
        }
        Err(error) => {
            tracing::error!(%error, tenant = %core.tenant, "labels of sessions could not be read; unknown sessions are taken for the worst");
            tokio::time::sleep(PAUSE).await;
            false
        }
    }
}
