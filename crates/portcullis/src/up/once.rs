//! What may be said once: the gate keeps it in memory, the store over a restart.

use std::sync::Arc;

use gate::Gate;
use store::Store;

use super::core::now;

/// Gives the gate what an earlier run heard, and where to write down what comes.
pub(super) async fn restore(gate: &Gate, store: &Store) -> anyhow::Result<()> {
    let said = store.said(now()).await?;
    let store = store.clone();
    gate.once.restore(
        said,
        Arc::new(move |what, until| {
            let store = store.clone();
            Box::pin(async move {
                store.note_said(what, until, now()).await.map_err(|error| error.to_string())
            })
        }),
    );
    Ok(())
}
