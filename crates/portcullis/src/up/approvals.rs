//! What the gate holds, brought before people through the store.

use std::sync::Arc;

use gate::approvals::{Approvals, Claimer};
use model::TenantId;
use store::Store;

use crate::config::sections;

/// A tenant's approvals, as its configuration has them.
pub(super) fn approvals(
    store: &Store,
    tenant: &TenantId,
    settings: &sections::Approvals,
) -> Approvals {
    let (votes, store, tenant) = (store.votes(), store.clone(), tenant.clone());
    let claimer: Claimer = Arc::new(move |held, now, ends| {
        let (store, tenant) = (store.clone(), tenant.clone());
        Box::pin(async move {
            store.claim(&tenant, held, now, ends).await.map_err(|error| error.to_string())
        })
    });
    Approvals { claimer, wait: settings.wait, votes }
}
