//! Broken glass, as every page of a tenant tells of it: kept in memory from one change to the next, so that
//! no page asks the store whether somebody has broken it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::TenantId;
use store::{StoredElevation, WhichElevations};

use crate::App;

/// Of one tenant at once; those who break more than that are told of by the first of them.
const MAX_KEPT: usize = 16;

/// What is known of each tenant.
#[derive(Default)]
pub(crate) struct Glass(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Rises with every change, so that what was read before one is not kept after it.
    changes: u64,
    broken: HashMap<TenantId, Arc<[StoredElevation]>>,
}

impl Glass {
    /// Whatever a tenant changes may be about it: the next page reads it anew.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        let mut known = self.known();
        known.changes += 1;
        known.broken.remove(tenant);
    }

    /// Roles that were taken at once and count now.
    pub(crate) async fn broken(&self, app: &App, tenant: &TenantId) -> Vec<StoredElevation> {
        let now = (app.clock)();
        let kept = self.kept(app, tenant).await;
        kept.iter().filter(|one| one.ends > now).cloned().collect()
    }

    async fn kept(&self, app: &App, tenant: &TenantId) -> Arc<[StoredElevation]> {
        let changes = {
            let known = self.known();
            if let Some(kept) = known.broken.get(tenant) {
                return Arc::clone(kept);
            }
            known.changes
        };
        let (which, now) = (WhichElevations::BrokenGlass, (app.clock)());
        // A page is shown without it rather than not at all; the record is what alerts go by.
        let Ok(read) = app.store.elevations(tenant, which, MAX_KEPT, now).await else {
            return Arc::default();
        };
        let read: Arc<[StoredElevation]> = read.into();
        let mut known = self.known();
        if known.changes == changes {
            known.broken.insert(tenant.clone(), Arc::clone(&read));
        }
        read
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
