//! What may be said once: nonces of signatures, ids of proofs. It survives a restart. Whoever
//! asks whether something was said keeps it in memory, and bounds how much that is.

use model::{Digest, Timestamp};

use crate::{Result, Store, sqlite};

impl Store {
    /// Notes that something was said; whether it was for the first time. Of many at once one is.
    pub async fn say_once(&self, hash: Digest, expires: Timestamp, now: Timestamp) -> Result<bool> {
        self.db.write(move |tx| sqlite::said_once::first(tx, hash, expires, now)).await
    }

    /// Notes that something was said, until it would be refused for its age anyway. Durable when
    /// this resolves.
    pub async fn note_said(&self, hash: Digest, expires: Timestamp, now: Timestamp) -> Result<()> {
        self.db.write(move |tx| sqlite::said_once::note(tx, hash, expires, now)).await
    }

    /// Everything that was said and has not expired.
    pub async fn said(&self, now: Timestamp) -> Result<Vec<(Digest, Timestamp)>> {
        self.db.read(move |tx| sqlite::said_once::unexpired(tx, now)).await
    }
}
