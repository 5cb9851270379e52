//! When each of many things last happened, and what agents did: asked of the index all at once, since
//! one question for each would go through the whole of it as often.

use std::collections::HashMap;

use model::{TenantId, Timestamp};

use crate::{Field, Result, Store, Top, sqlite};

/// Blocks of the index that one read goes through: between two of them others read.
const BLOCKS_AT_ONCE: usize = 16;

/// What agents reached, by their names, and from when on it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uses {
    pub by_agent: HashMap<String, Top>,
    /// Later than what was asked for where there was more than one look goes through.
    pub since: Timestamp,
}

impl Store {
    /// When an action was last recorded that has all these values of fields, for each of many
    /// questions in the order in which they are asked.
    pub async fn last_of_each(
        &self,
        tenant: &TenantId,
        asked: Vec<Vec<(Field, String)>>,
    ) -> Result<Vec<Option<Timestamp>>> {
        let tenant = tenant.clone();
        let begin = move |tx: &_| sqlite::uses::Lasts::begin(tx, &tenant, &asked);
        let mut lasts = self.db.search(begin).await?;
        while !lasts.is_done() {
            lasts = self.db.search(move |tx| lasts.go_on(tx, BLOCKS_AT_ONCE)).await?;
        }
        Ok(lasts.answers())
    }

    /// The models and tools that each agent reached since a moment, the most frequent first, `most` of
    /// them. Of a longer log only the newest actions are counted.
    pub async fn uses_of_agents(
        &self,
        tenant: &TenantId,
        since: Timestamp,
        most: usize,
    ) -> Result<Uses> {
        let tenant = tenant.clone();
        let begin = move |tx: &_| sqlite::uses::Counting::begin(tx, &tenant, since);
        let mut counting = self.db.search(begin).await?;
        while !counting.is_done() {
            counting = self.db.search(move |tx| counting.go_on(tx, BLOCKS_AT_ONCE)).await?;
        }
        self.db.search(move |tx| counting.finish(tx, most)).await
    }
}
