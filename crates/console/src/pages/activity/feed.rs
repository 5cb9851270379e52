//! What was just recorded, for all who watch: one look at the index serves every viewer, and where
//! more happens than anybody could read, a sample is shown and the rest is counted.
//!
//! A feed lives while somebody watches. The gate knows nothing of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use model::{Record, TenantId};
use store::{Entry, Filter};
use tokio::sync::broadcast;

use super::rows::row;
use crate::routes::records;
use crate::{App, Shared};

/// How often the index is looked at.
const EVERY: Duration = Duration::from_millis(500);

/// Records of one look that are shown: as many as an eye can follow.
pub(super) const SAMPLE: usize = 40;

/// Looks that a viewer may be behind before some are left out.
const BEHIND: usize = 32;

/// Where feeds are found.
#[derive(Default)]
pub(crate) struct Feeds {
    open: Mutex<HashMap<TenantId, broadcast::Sender<Arc<Look>>>>,
}

/// What one look found.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Oldest first.
    pub(super) shown: Vec<Arc<Shown>>,
    /// Records that came besides.
    pub(super) left_out: u64,
}

/// A record as viewers get it.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) position: u64,
    entry: Entry,
    record: Record,
    event: OnceLock<String>,
}

impl Shown {
    pub(super) fn new(position: u64, record: Record) -> Self {
        Self { position, entry: Entry::of(position, &record), record, event: OnceLock::new() }
    }

    pub(super) fn meets(&self, filter: &Filter) -> bool {
        filter.matches(&self.entry)
    }

    /// Its row as an event, made once however many watch.
    pub(super) fn event(&self) -> &str {
        self.event.get_or_init(|| {
            // A row has no line break of its own: whatever came from outside shows it in writing.
            let html = row(&self.record).into_string().replace(['\r', '\n'], " ");
            format!("id: {}\nevent: record\ndata: {html}\n\n", self.position)
        })
    }
}

/// Joins the feed of a tenant, and begins it where nobody watched.
pub(super) fn join(app: &Shared, tenant: &TenantId) -> broadcast::Receiver<Arc<Look>> {
    let mut open = app.pages.feeds.open.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sender) = open.get(tenant) {
        return sender.subscribe();
    }
    let (sender, receiver) = broadcast::channel(BEHIND);
    open.insert(tenant.clone(), sender.clone());
    tokio::spawn(run(Arc::clone(app), tenant.clone(), sender));
    receiver
}

async fn run(app: Shared, tenant: TenantId, sender: broadcast::Sender<Arc<Look>>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut seen = app.instance.index(&tenant).indexed;
    loop {
        ticks.tick().await;
        if is_over(&app, &tenant, &sender) {
            return;
        }
        // What is not indexed yet is asked for, so that a quiet instance shows it at once.
        app.instance.catch_up(&tenant).await;
        let indexed = app.instance.index(&tenant).indexed;
        if indexed <= seen {
            // An index that is made anew begins at the start again.
            seen = indexed.min(seen);
            continue;
        }
        match look(&app, &tenant, seen, indexed).await {
            Ok(found) => drop(sender.send(Arc::new(found))),
            Err(problem) => {
                tracing::warn!(
                    problem = problem.detail(),
                    "the live view could not read the index"
                );
            }
        }
        seen = indexed;
    }
}

/// The last viewer's feed ends; under the lock, so that nobody joins a feed that has ended.
fn is_over(app: &App, tenant: &TenantId, sender: &broadcast::Sender<Arc<Look>>) -> bool {
    let mut open = app.pages.feeds.open.lock().unwrap_or_else(PoisonError::into_inner);
    let is_over = sender.receiver_count() == 0;
    if is_over {
        open.remove(tenant);
    }
    is_over
}

/// The newest records from one position of the log on up to another.
async fn look(app: &App, tenant: &TenantId, from: u64, to: u64) -> Result<Look, crate::Problem> {
    let page = app.store.search(tenant, Filter::default(), None, SAMPLE).await?;
    let hits = page.hits.iter().filter(|hit| (from..to).contains(&hit.position));
    let mut shown = Vec::with_capacity(SAMPLE);
    for hit in hits {
        let record = records::record(app, tenant, hit).await?;
        shown.push(Arc::new(Shown::new(hit.position, record)));
    }
    shown.reverse();
    // A record that began an action and the one that ended it are one row.
    let whole = page.hits.len() < SAMPLE || page.hits.iter().any(|hit| hit.position < from);
    let left_out = if whole { 0 } else { (to - from).saturating_sub(shown.len() as u64) };
    Ok(Look { shown, left_out })
}
