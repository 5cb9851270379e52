//! The keys of a tenant, and what they sealed.

use std::sync::Arc;

use anyhow::Context;
use console::{
    Asker, Custody, ErasedKey, Failure, KeyLevel, PayloadPart, PayloadPlace, PayloadView, Task,
};
use inspect::encoding;
use model::{DataSubject, Month, Secret, TenantId, UserName};
use payloads::{Direction, Kept, Keyring, Names, Payloads, Place, ReadError};
use serde_json::Value;
use store::{KeyFilter, KeyStore};

use super::core::{Core, now};
use super::house::House;
use super::root::Roots;
use super::{retention, vault};
use crate::config::Config;
use crate::config::sections::PersonNames;
use crate::keys::InspectionSecret;

/// Bytes that a kept payload may come to when its content coding is undone to be shown.
const MAX_DECODED: usize = 64 << 20;

/// Everything that is kept under the root key.
pub(super) struct Keys {
    pub(super) keyring: Arc<Keyring>,
    pub(super) payloads: Arc<Payloads>,
    pub(super) vault: Arc<gate::vault::Vault>,
    /// Also where new records call people by name: old ones may not.
    pub(super) names: Arc<Names>,
    pub(super) inspection: Arc<InspectionSecret>,
}

impl Keys {
    /// Opens them, or makes the first. A root key that does not open what is there is refused.
    /// Whoever calls holds the data folder.
    pub(super) async fn open(
        config: &Config,
        house: &House,
        tenant: &TenantId,
    ) -> anyhow::Result<Self> {
        let (store, keys, roots) = (&house.store, house.key_store.clone(), &house.roots);
        // An earlier version, which had one tenant, made its keys from the root key itself.
        let first = roots.secret().filter(|_| *tenant == TenantId::main());
        if keys.all(tenant).await?.is_empty() {
            vault::check_first(store, tenant, first.as_ref()).await?;
        }
        let (root, previous) = roots.in_force();
        let keyring = Keyring::open(tenant.clone(), keys, root, previous, now).await?;
        let keyring = Arc::new(keyring);
        let folder = config.data.dir.join("payloads").join(tenant.as_str());
        let payloads = Payloads::open(&folder, keyring.clone());
        let payloads = payloads.with_context(|| format!("the folder {}", folder.display()))?;
        let secret = keyring.vault_secret(first.as_ref()).await?;
        let vault = vault::open(store, tenant, &secret, &keyring).await?;
        let inspection = Arc::new(InspectionSecret::new(secret));
        let names = Arc::new(Names::open(keyring.clone()).await?);
        Ok(Self { keyring, payloads: Arc::new(payloads), vault, names, inspection })
    }
}

/// The secret of inspection alone, for a command: opened, or made, as an instance does it.
pub(crate) async fn inspection_secret(
    config: &Config,
    tenant: &TenantId,
) -> anyhow::Result<Secret> {
    super::start::prepare(&config.data.dir)?;
    let keys = KeyStore::open(&config.data.dir.join("keys.db")).context("the keys in keys.db")?;
    let roots = Roots::load(config, &keys).await?;
    let (root, previous) = roots.in_force();
    let keyring = Keyring::open(tenant.clone(), keys, root, previous, now).await?;
    let first = roots.secret().filter(|_| *tenant == TenantId::main());
    Ok(keyring.vault_secret(first.as_ref()).await?)
}

pub(super) struct Adapter {
    pub(super) house: Arc<House>,
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure(error.to_string())
}

impl Adapter {
    fn tenant(&self, tenant: &TenantId) -> Result<Arc<Core>, Failure> {
        let found = self.house.tenant(tenant);
        found.ok_or_else(|| Failure("there is no such tenant here".into()))
    }

    /// The root key is above the keys of all tenants.
    async fn rotate_root(&self) -> Result<u64, Failure> {
        let tenants = self.house.tenants();
        let ring = |core: &Arc<Core>| (core.tenant.clone(), core.keys.keyring.clone());
        let rings: Vec<_> = tenants.iter().map(ring).collect();
        let closed = self.house.key_store.tenants().await.map_err(failed)?;
        let closed =
            closed.into_iter().find(|(name, _)| rings.iter().all(|(open, _)| open != name));
        if let Some((name, _)) = closed {
            let text = "is not configured now, and its keys would be lost under the old root key";
            return Err(failed(format!(
                "the tenant \"{name}\" {text}; configure it, or erase it, first"
            )));
        }
        self.house.roots.rotate(&rings).await.map_err(|error| failed(format!("{error:#}")))
    }
}

impl Custody for Adapter {
    fn payload(&self, place: PayloadPlace) -> Task<'_, Result<Option<PayloadView>, Failure>> {
        Box::pin(async move {
            let core = self.tenant(&place.tenant)?;
            let direction = match place.part {
                PayloadPart::Request => Direction::Request,
                PayloadPart::Response => Direction::Response,
            };
            let PayloadPlace { tenant, record, reference, .. } = place;
            match core.keys.payloads.read(Place { tenant, record, direction }, &reference).await {
                Ok(kept) => Ok(Some(view(kept))),
                Err(ReadError::Erased) => Ok(None),
                Err(error) => Err(failed(error)),
            }
        })
    }

    fn kept_as(&self, tenant: &TenantId, subject: DataSubject) -> DataSubject {
        match self.house.tenant(tenant) {
            Some(core) => core.keys.names.kept_as(subject),
            None => subject,
        }
    }

    fn shown(&self, tenant: TenantId, person: UserName) -> Task<'_, Result<UserName, Failure>> {
        Box::pin(async move {
            let core = self.tenant(&tenant)?;
            let names = core.settings.load().config.identity.person_names;
            match names {
                _ if person.is_pseudonym() => Ok(person),
                PersonNames::Clear => Ok(person),
                PersonNames::Pseudonymous => {
                    core.keys.names.pseudonym(&person).await.map_err(failed)
                }
            }
        })
    }

    fn name_of(&self, tenant: &TenantId, pseudonym: &UserName) -> Option<UserName> {
        self.house.tenant(tenant)?.keys.names.name(pseudonym)
    }

    fn forget_name(&self, tenant: TenantId, person: UserName) -> Task<'_, Result<bool, Failure>> {
        Box::pin(
            async move { self.tenant(&tenant)?.keys.names.erase(&person).await.map_err(failed) },
        )
    }

    fn erase(
        &self,
        tenant: TenantId,
        subject: DataSubject,
        month: Option<Month>,
    ) -> Task<'_, Result<Vec<ErasedKey>, Failure>> {
        Box::pin(async move {
            let filter = KeyFilter { subject: Some(subject), month };
            let erased = self.tenant(&tenant)?.keys.keyring.erase(filter).await.map_err(failed)?;
            Ok(erased.into_iter().map(|(subject, month)| ErasedKey { subject, month }).collect())
        })
    }

    fn forget_values(
        &self,
        tenant: TenantId,
        subject: DataSubject,
    ) -> Task<'_, Result<u64, Failure>> {
        Box::pin(async move {
            let core = self.tenant(&tenant)?;
            // Nobody is given one back from here on; then it goes from the disk.
            core.keys.vault.forget_of(&subject);
            self.house.store.forget_values(&tenant, subject).await.map_err(failed)
        })
    }

    fn retain(&self, tenant: TenantId, who: Asker) -> Task<'_, Result<Value, Failure>> {
        Box::pin(async move {
            let core = self.tenant(&tenant)?;
            retention::run(&core, who.record, &who.name, &who.address).await
        })
    }

    fn rotate(&self, tenant: TenantId, level: KeyLevel) -> Task<'_, Result<u64, Failure>> {
        Box::pin(async move {
            let core = self.tenant(&tenant)?;
            let rotated = match level {
                KeyLevel::Root if tenant != TenantId::main() => {
                    let text = "the root key is above the keys of all tenants; whoever runs the platform rotates it, in the tenant `main`";
                    return Err(failed(text));
                }
                KeyLevel::Root => return self.rotate_root().await,
                KeyLevel::Tenant => core.keys.keyring.rotate_tenant().await,
                KeyLevel::Data => core.keys.keyring.rotate_data().await,
            };
            rotated.map(|rotated| rotated.keys).map_err(failed)
        })
    }
}

/// Decoded where that can be done: people read text, and what was cut off cannot be decoded.
fn view(kept: Kept) -> PayloadView {
    let decoded = encoding::parse(&kept.coding)
        .and_then(|codings| encoding::decode(&codings, &kept.bytes, MAX_DECODED));
    match decoded {
        Ok(bytes) => PayloadView { coding: String::new(), bytes, is_truncated: kept.is_truncated },
        Err(_) => {
            PayloadView { coding: kept.coding, bytes: kept.bytes, is_truncated: kept.is_truncated }
        }
    }
}
