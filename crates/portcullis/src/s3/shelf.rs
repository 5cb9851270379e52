//! An archive in a bucket, for the threads that copy a log.

use bytes::Bytes;
use ledger::archive::{Found, Put, Shelf, ShelfError};
use tokio::runtime::Handle;

use super::{Bucket, Over, sign};

/// Requests that are under way at once: what costs is the way to the store and back.
const AT_ONCE: usize = 8;

pub(crate) struct BucketShelf {
    bucket: Bucket,
    /// Stands before each path; empty, or with a slash at its end.
    prefix: String,
    runtime: Handle,
}

impl BucketShelf {
    /// Must be called in a runtime, which carries the connections.
    pub(crate) fn new(bucket: Bucket, prefix: &str) -> Self {
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Self { bucket, prefix, runtime: Handle::current() }
    }

    fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    fn wait<T>(
        &self,
        operation: &'static str,
        path: &str,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> Result<T, ShelfError> {
        self.runtime.block_on(work).map_err(|error| ShelfError {
            operation,
            path: path.to_owned(),
            reason: format!("{error:#}"),
        })
    }

    /// Whether what a prefix names is what is stored, and a condition is kept: some stores take
    /// conditions and do not look at them.
    pub(crate) async fn try_out(&self, name: &str) -> anyhow::Result<()> {
        let key = self.key(name);
        let put = |text: &'static str| {
            self.bucket.put(&key, Bytes::from_static(text.as_bytes()), Over::Nothing)
        };
        anyhow::ensure!(put("first").await?, "{key} is there already");
        let kept = put("second").await;
        let found = self.bucket.read(&key).await;
        self.bucket.remove(&key).await?;
        let found = found?.map(|object| object.bytes);
        anyhow::ensure!(
            !kept? && found.as_deref() == Some(b"first"),
            "it puts an object over another although it was told not to (If-None-Match)"
        );
        Ok(())
    }
}

impl Shelf for BucketShelf {
    fn read(&self, path: &str) -> Result<Option<Found>, ShelfError> {
        let key = self.key(path);
        let object = self.wait("reading", path, self.bucket.read(&key))?;
        Ok(object.map(|object| Found { bytes: object.bytes.to_vec(), version: object.etag }))
    }

    fn put(&self, path: &str, bytes: &[u8], over: Option<&str>) -> Result<Put, ShelfError> {
        let (key, bytes) = (self.key(path), Bytes::copy_from_slice(bytes));
        let over = over.map_or(Over::Nothing, Over::Tag);
        match self.wait("writing", path, self.bucket.put(&key, bytes, over))? {
            true => Ok(Put::Done),
            false => Ok(Put::Other),
        }
    }

    /// By the hash that the store has of it, where it has one: then it need not be fetched.
    fn holds(&self, path: &str, bytes: &[u8]) -> Result<Option<bool>, ShelfError> {
        let key = self.key(path);
        match self.wait("looking at", path, self.bucket.checksum(&key))? {
            None => Ok(None),
            Some(Some(sum)) => Ok(Some(sum == sign::base64_sha256(bytes))),
            Some(None) => Ok(self.read(path)?.map(|found| found.bytes == bytes)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ShelfError> {
        let prefix = format!("{}/", self.key(folder));
        let keys = self.wait("listing", folder, self.bucket.list(&prefix))?;
        let path = |key: String| key.strip_prefix(&self.prefix).map(str::to_owned);
        Ok(keys.into_iter().filter_map(path).collect())
    }

    fn remove(&self, path: &str) -> Result<(), ShelfError> {
        let key = self.key(path);
        self.wait("removing", path, self.bucket.remove(&key))
    }

    /// Up to a whole segment would be sent at each run, and its records are in their bundles.
    fn keeps_the_end(&self) -> bool {
        false
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }
}
