//! What the tenants of a running instance share: the process, its store, its gate.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use arc_swap::ArcSwap;
use gate::identify::Directory;
use gate::{Gate, Snapshot};
use model::TenantId;
use store::{KeyStore, Store};
use tokio::sync::Mutex;

use super::core::Core;
use super::root::Roots;
use super::selftest::SelfTest;
use super::tls::Certificates;
use crate::config::{Environment, Loaded};

/// A running instance, without its listeners.
pub(super) struct House {
    pub(super) data: PathBuf,
    /// The configuration file, if there is one.
    pub(super) file: Option<PathBuf>,
    pub(super) environment: Environment,
    pub(super) store: Store,
    pub(super) key_store: KeyStore,
    pub(super) roots: Roots,
    pub(super) gate: Arc<Gate>,
    pub(super) selftest: SelfTest,
    pub(super) certificates: Certificates,
    pub(super) started: Instant,
    /// One publication at a time, so that an older state never replaces a newer one.
    publishing: Mutex<()>,
    /// One reload at a time.
    pub(super) reloading: Mutex<()>,
    /// `main` first.
    tenants: ArcSwap<Vec<Arc<Core>>>,
}

impl House {
    pub(super) fn new(
        loaded: &Loaded,
        environment: &Environment,
        store: Store,
        (key_store, roots): (KeyStore, Roots),
        (gate, selftest): (Arc<Gate>, SelfTest),
    ) -> Self {
        Self {
            data: loaded.config.data.dir.clone(),
            file: loaded.file.clone(),
            environment: environment.clone(),
            store,
            key_store,
            roots,
            gate,
            selftest,
            certificates: Certificates::default(),
            started: Instant::now(),
            publishing: Mutex::new(()),
            reloading: Mutex::new(()),
            tenants: ArcSwap::default(),
        }
    }

    pub(super) fn tenants(&self) -> Arc<Vec<Arc<Core>>> {
        self.tenants.load_full()
    }

    pub(super) fn tenant(&self, name: &TenantId) -> Option<Arc<Core>> {
        self.tenants.load().iter().find(|core| core.tenant == *name).cloned()
    }

    /// The platform's own.
    pub(super) fn main(&self) -> anyhow::Result<Arc<Core>> {
        self.tenant(&TenantId::main()).context("the instance has not started")
    }

    /// Says which tenants there are; the next publication makes it so.
    pub(super) fn set_tenants(&self, tenants: Vec<Arc<Core>>) {
        self.tenants.store(Arc::new(tenants));
    }

    /// Builds the snapshot from the store and puts it in force. Where only one tenant changed, the
    /// others stay as they are: none waits for another's state to be read.
    pub(super) async fn publish(&self, changed: Option<&TenantId>) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let _one = self.publishing.lock().await;
        let before = self.gate.snapshot().clone();
        let tenants = self.tenants();
        let mut next = Snapshot { revision: before.revision + 1, ..Snapshot::default() };
        for core in tenants.iter() {
            let kept = before.tenants.get(&core.tenant);
            let kept = kept.filter(|_| changed.is_some_and(|changed| *changed != core.tenant));
            match kept {
                Some(kept) => _ = next.tenants.insert(core.tenant.clone(), kept.clone()),
                None => core.build_into(&mut next, tenants.len()).await?,
            }
        }
        let stays = |tenant: &TenantId| changed.is_some_and(|changed| changed != tenant);
        let keys = before
            .keys
            .iter()
            .filter(|(_, opens)| stays(&opens.tenant) && next.tenants.contains_key(&opens.tenant));
        let keys: Vec<_> = keys.map(|(hash, opens)| (*hash, opens.clone())).collect();
        next.keys.extend(keys);
        next.directory = Directory::of(next.tenants.values().map(AsRef::as_ref));
        // Canaries are nobody whom a certificate or a token could name.
        let met = tenants.iter().find(|core| self.selftest.is_turn_of(&core.tenant));
        if let Some(core) = met.or(tenants.first()) {
            self.selftest.join(&mut next, &core.settings.load().controls)?;
        }
        self.gate.publish(next);
        Ok(begun.elapsed())
    }
}
