//! What the engine is compiled from: the section `[inspect]`, and the files that it names.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use inspect::exact::Set;
use inspect::packages::{self, Known};
use inspect::{FingerprintKey, Settings};
use model::TenantId;

use crate::config::sections;
use crate::files;
use crate::keys::{InspectionSecret, Use};

/// A file of records or of packages has at most this many bytes; ten million values fit.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Settings of the engine, and the sets that they were made with.
#[derive(Debug, Default)]
pub struct Inspection {
    pub settings: Settings,
    /// What was read, so that a file that did not change is not read again.
    sets: BTreeMap<PathBuf, (Stamp, Arc<Set>)>,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> std::io::Result<Self> {
        let meta = std::fs::metadata(path)?;
        let modified = (meta.mtime(), meta.mtime_nsec());
        Ok(Self { inode: meta.ino(), length: meta.len(), modified })
    }
}

impl Inspection {
    /// Reads what the section names. `before` lends sets whose files did not change.
    pub fn new(
        section: &sections::Inspect,
        root: Option<(&InspectionSecret, &TenantId)>,
        before: Option<&Self>,
    ) -> anyhow::Result<Self> {
        let mut inspection = Self { settings: section.settings(), sets: BTreeMap::new() };
        let key = |purpose| root.map(|(root, tenant)| root.derive(tenant, purpose)).transpose();
        inspection.settings.fingerprint_key = key(Use::Fingerprints)?.map(FingerprintKey::new);
        inspection.settings.packages = packages(&section.packages)?;
        if section.records.is_empty() {
            return Ok(inspection);
        }
        let key = key(Use::Records)?.context("sets of records are read with the root key")?;
        for records in &section.records {
            let set = inspection.set(&key, &records.file, before);
            let set = set.with_context(|| format!("the records in {}", records.file.display()))?;
            inspection.settings.records.push(inspect::Records {
                name: records.name.clone(),
                kind: records.kind.clone(),
                severity: records.severity.into(),
                set,
            });
        }
        Ok(inspection)
    }

    fn set(
        &mut self,
        key: &[u8; 32],
        file: &Path,
        before: Option<&Self>,
    ) -> anyhow::Result<Arc<Set>> {
        let stamp = Stamp::of(file)?;
        let kept = before.and_then(|before| before.sets.get(file));
        let set = match kept.filter(|(known, _)| *known == stamp) {
            Some((_, set)) => Arc::clone(set),
            None => Arc::new(Set::from_bytes(key, &files::read(file, MAX_FILE_BYTES)?)?),
        };
        self.sets.insert(file.to_owned(), (stamp, Arc::clone(&set)));
        Ok(set)
    }
}

fn packages(lists: &[sections::Packages]) -> anyhow::Result<Arc<Known>> {
    let mut known = Known::default();
    let mut ecosystems = Vec::new();
    for list in lists {
        let shown = || format!("the packages in {}", list.file.display());
        let bytes = files::read(&list.file, MAX_FILE_BYTES).with_context(shown)?;
        let set = packages::Set::from_bytes(bytes).with_context(shown)?;
        if ecosystems.contains(&set.ecosystem()) {
            let name = set.ecosystem().name();
            bail!("there are two lists of the packages of {name}; build one from both");
        }
        ecosystems.push(set.ecosystem());
        known = known.with(set);
    }
    Ok(Arc::new(known))
}

/// The files that the section names.
pub fn files_of(section: &sections::Inspect) -> impl Iterator<Item = &PathBuf> {
    let records = section.records.iter().map(|records| &records.file);
    records.chain(section.packages.iter().map(|list| &list.file))
}
