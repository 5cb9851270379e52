//! Archives of logs, as the configuration names them: a folder, or a bucket of an S3-compatible store.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context;
use ledger::archive::{FolderShelf, Shelf};
use model::{Secret, Timestamp};

use crate::client;
use crate::config::archive_place::ArchivePlace;
use crate::config::sections::Archive;
use crate::config::{Credential, Environment};
use crate::s3::shelf::BucketShelf;
use crate::s3::{Access, Bucket};

/// The object with which it is tried out whether a bucket does as it is told.
const TRIAL: &str = "portcullis-trial";

/// What opens an archive. Secrets that were left in their places are read from there.
pub(crate) struct Opener<'a> {
    pub(crate) settings: &'a Archive,
    pub(crate) environment: &'a Environment,
}

impl Opener<'_> {
    /// An archive to write to. A bucket's connections are carried by the runtime that this is called in.
    pub(crate) fn writing(&self, place: &ArchivePlace) -> anyhow::Result<Arc<dyn Shelf>> {
        match place {
            ArchivePlace::Folder(path) => Ok(Arc::new(FolderShelf::create(path)?)),
            ArchivePlace::Bucket { .. } => self.reading(place),
        }
    }

    /// The same, where nothing is made that is not there.
    pub(crate) fn reading(&self, place: &ArchivePlace) -> anyhow::Result<Arc<dyn Shelf>> {
        match place {
            ArchivePlace::Folder(path) => Ok(Arc::new(FolderShelf::open(path))),
            ArchivePlace::Bucket { bucket, prefix } => Ok(Arc::new(self.bucket(bucket, prefix)?)),
        }
    }

    /// Whether the place can be written, and does not overwrite what it is told to leave.
    pub(crate) async fn try_out(&self, place: &ArchivePlace) -> anyhow::Result<()> {
        match place {
            ArchivePlace::Folder(path) => {
                let mut above = path.ancestors().filter(|path| path.is_dir());
                let folder = above.next().context("there is no such folder, and none above it")?;
                tempfile_in(folder).with_context(|| format!("the folder {}", folder.display()))
            }
            ArchivePlace::Bucket { bucket, prefix } => {
                let now = now().micros();
                self.bucket(bucket, prefix)?.try_out(&format!("{TRIAL}-{now}")).await
            }
        }
    }

    fn bucket(&self, bucket: &str, prefix: &str) -> anyhow::Result<BucketShelf> {
        let Archive { endpoint, region, ca, .. } = self.settings;
        let needed = |name: &str, credential: &Option<Credential>| {
            self.secret(credential)?.with_context(|| format!("[archive] has no `{name}`"))
        };
        let endpoint = endpoint.as_ref().map(|url| url.0.clone());
        let is_secure = endpoint.as_ref().is_none_or(|url| url.scheme_str() == Some("https"));
        let access = Access {
            bucket: bucket.to_owned(),
            endpoint,
            region: region.clone(),
            access_key: needed("access_key", &self.settings.access_key)?,
            secret_key: needed("secret_key", &self.settings.secret_key)?,
            session_token: self.secret(&self.settings.session_token)?,
            tls: if is_secure { Some(client::trust_file(ca.as_deref())?) } else { None },
        };
        Ok(BucketShelf::new(Bucket::new(access, now)?, prefix))
    }

    fn secret(&self, credential: &Option<Credential>) -> anyhow::Result<Option<Secret>> {
        let resolved = credential.as_ref().map(|found| found.resolved(self.environment));
        Ok(resolved.transpose()?)
    }
}

fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

/// Writes a file and removes it again.
fn tempfile_in(folder: &std::path::Path) -> std::io::Result<()> {
    let path = folder.join(format!(".{TRIAL}-{}", std::process::id()));
    std::fs::File::options().write(true).create_new(true).open(&path)?;
    std::fs::remove_file(path)
}
