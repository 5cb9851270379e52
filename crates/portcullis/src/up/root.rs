//! The root key: as configured, or a file of our own, and how that file is exchanged.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use model::{Secret, TenantId};
use payloads::{Keyring, Root};
use store::KeyStore;

use crate::config::Config;
use crate::config::root_key::RootKey;
use crate::keys::random;

/// The root key in force, and where it was taken from.
pub(super) struct Roots {
    current: Mutex<Current>,
    /// The one before it: keys that it still wraps are wrapped anew when they are met.
    previous: Option<Arc<Root>>,
    /// Our own file, which a rotation may exchange.
    own: Option<PathBuf>,
}

#[derive(Clone)]
struct Current {
    root: Arc<Root>,
    /// Its own text, where it is one that we hold.
    secret: Option<Secret>,
}

impl Roots {
    /// As configured; otherwise from `root.key` in the data folder, which is made where there is none.
    pub(super) async fn load(config: &Config, keys: &KeyStore) -> anyhow::Result<Self> {
        let previous = config.data.previous_root_key.as_ref().map(root_of).transpose()?;
        let previous = previous.map(|(root, _)| root);
        if let Some(configured) = &config.data.root_key {
            let (root, secret) = root_of(configured)?;
            return Ok(Self { current: Mutex::new(Current { root, secret }), previous, own: None });
        }
        let path = config.data.dir.join("root.key");
        let tenants = keys.tenants().await?;
        let is_in_use = |root: &Root| tenants.iter().any(|(_, by)| *by == root.fingerprint());
        let (secret, before) = own_key(&path, is_in_use)?;
        let root = Arc::new(Root::secret(secret.clone())?);
        // An exchange that was cut short between two tenants left some under the key before.
        let previous = match before {
            Some(before) => Some(Arc::new(Root::secret(before)?)),
            None => previous,
        };
        let current = Mutex::new(Current { root, secret: Some(secret) });
        Ok(Self { current, previous, own: Some(path) })
    }

    fn current(&self) -> Current {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn secret(&self) -> Option<Secret> {
        self.current().secret
    }

    /// The root key, and the one before it.
    pub(super) fn in_force(&self) -> (Arc<Root>, Option<Arc<Root>>) {
        (self.current().root, self.previous.clone())
    }

    /// Finishes or undoes an exchange of our own file that was cut short. Only whoever holds the
    /// data folder may: a running instance may be exchanging it.
    pub(super) fn settle(&self) -> anyhow::Result<()> {
        let Some(path) = &self.own else { return Ok(()) };
        let new = beside(path);
        if !new.exists() {
            return Ok(());
        }
        let is_in_use = read_key(&new).is_ok_and(|key| self.is_current(&key));
        match is_in_use {
            true => put_in_place(path),
            false => std::fs::remove_file(&new).with_context(|| shown(&new)),
        }
    }

    fn is_current(&self, key: &Secret) -> bool {
        self.secret().is_some_and(|secret| secret.expose() == key.expose())
    }

    /// Exchanges our own file. The new key is on the disk before anything is wrapped by it, and
    /// takes the old one's name after; a start in between finds out which of the two it is.
    pub(super) async fn rotate(
        &self,
        keyrings: &[(TenantId, Arc<Keyring>)],
    ) -> anyhow::Result<u64> {
        let Some(path) = &self.own else {
            bail!(
                "the root key is configured: put the new one into [data] root_key, the old one into previous_root_key, and restart"
            );
        };
        let new = Secret::new(hex::encode(random()?));
        let beside = beside(path);
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        write_key(&beside, &new)?;
        let (root, mut keys) = (Arc::new(Root::secret(new.clone())?), 0);
        for (_, keyring) in keyrings {
            keys += keyring.rotate_root(root.clone()).await?.keys;
        }
        let current = Current { root, secret: Some(new) };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current;
        put_in_place(path)?;
        Ok(keys)
    }
}

fn root_of(key: &RootKey) -> anyhow::Result<(Arc<Root>, Option<Secret>)> {
    match key {
        RootKey::Command(words) => Ok((Arc::new(Root::command(words.clone())), None)),
        RootKey::Credential(credential) => {
            let secret = credential.secret.clone().context("the root key was not read")?;
            Ok((Arc::new(Root::secret(secret.clone())?), Some(secret)))
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("key.new")
}

/// The key, and the one before it where an exchange was cut short.
fn own_key(
    path: &Path,
    is_in_use: impl Fn(&Root) -> bool,
) -> anyhow::Result<(Secret, Option<Secret>)> {
    let new = beside(path);
    if new.exists() {
        // An exchange was cut short: the new key counts if anything is wrapped by it.
        let counts = |key: &Secret| Root::secret(key.clone()).is_ok_and(|root| is_in_use(&root));
        if let Some(key) = read_key(&new).ok().filter(counts) {
            return Ok((key, read_key(path).ok()));
        }
    }
    if path.exists() {
        return Ok((read_key(path)?, None));
    }
    let key = Secret::new(hex::encode(random()?));
    write_key(path, &key)?;
    Ok((key, None))
}

fn shown(path: &Path) -> String {
    format!("the root key in {}", path.display())
}

fn read_key(path: &Path) -> anyhow::Result<Secret> {
    let mode = std::fs::metadata(path).with_context(|| shown(path))?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{} can be read by others than its owner; run chmod 600 on it", path.display());
    }
    let text = std::fs::read_to_string(path).with_context(|| shown(path))?;
    Ok(Secret::new(text.trim_end().to_owned()))
}

/// A new file; its bytes and its name are on the disk when this returns.
fn write_key(path: &Path, key: &Secret) -> anyhow::Result<()> {
    let shown = || shown(path);
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(0o600).open(path).with_context(shown)?;
    writeln!(file, "{}", key.expose()).with_context(shown)?;
    file.sync_all().with_context(shown)?;
    sync_folder_of(path).with_context(shown)
}

/// The old key is overwritten before its name is taken, so that its bytes are not left behind.
fn put_in_place(path: &Path) -> anyhow::Result<()> {
    let put = || {
        if path.exists() {
            let file = std::fs::OpenOptions::new().write(true).open(path)?;
            let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
            (&file).write_all(&vec![b'0'; length])?;
            file.sync_all()?;
        }
        std::fs::rename(beside(path), path)?;
        sync_folder_of(path)
    };
    put().with_context(|| shown(path))
}

fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
