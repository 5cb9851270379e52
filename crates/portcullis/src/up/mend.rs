//! Takes the log up again once its disk is mended, and says when an identity provider is heard again.
//!
//! Until the log goes on every action is refused and `/readyz` says why. See [`ledger::Log::revive`]
//! for why nothing is lost or invented on the way.

use std::sync::Arc;
use std::time::Duration;

use ledger::Health;
use model::Kind;

use super::core::{Core, now};

/// How often a stopped log is tried.
const EVERY: Duration = Duration::from_secs(5);

/// Ends when it is aborted.
pub(super) async fn run(core: Arc<Core>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        write_late(&core).await;
        note_heard(&core).await;
        let Health::Stopped(why) = core.log.health() else { continue };
        let log = core.log.clone();
        // Where it fails the log still refuses, and says so to everybody who asks.
        match tokio::task::spawn_blocking(move || log.revive()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the log cannot go on yet; it is tried again in a moment");
                continue;
            }
            Err(_) => continue,
        }
        let records = core.log.size();
        tracing::warn!(records, after = %why, "the log goes on; every acknowledged record is there");
        let mut record = core.system_record(Kind::SYSTEM_RECOVERED, "the log's disk was mended");
        record.detail.insert("records".into(), records.to_string());
        record.detail.insert("failure".into(), why.to_string());
        let waiting = core.books.unrecorded.waiting();
        record.detail.insert("passed_unrecorded".into(), waiting.to_string());
        if let Err(error) = core.record(&record).await {
            tracing::error!(%error, "that the log goes on could not be recorded");
        }
        write_late(&core).await;
    }
}

/// Says in the log for how long no keys of an identity provider could be read. Meanwhile what its
/// tokens were for was refused.
async fn note_heard(core: &Core) {
    let issuers = core.settings.load().issuers();
    for issuer in issuers {
        let Some(silent) = issuer.take_ended_silence(now()).await else { continue };
        let reason = "the keys of an identity provider can be read again";
        let mut record = core.system_record(Kind::SYSTEM_RECOVERED, reason);
        record.detail.insert("issuer".into(), issuer.rules.url.clone());
        record.detail.insert("silent_since".into(), silent.since.to_string());
        record.detail.insert("heard_again".into(), silent.until.to_string());
        if let Err(error) = core.record(&record).await {
            tracing::error!(%error, "that an identity provider is heard again could not be recorded");
        }
    }
}

/// Writes the records of what passed meanwhile on routes that fail open, once the log takes them.
async fn write_late(core: &Core) {
    if !matches!(core.log.health(), Health::Running) {
        return;
    }
    let mut records = core.books.unrecorded.take().into_iter();
    while let Some((record, bytes)) = records.next() {
        if let Err(error) = core.record(&record).await {
            tracing::error!(%error, "what passed without the log could not be recorded yet");
            let rest = std::iter::once((record, bytes)).chain(records).collect();
            return core.books.unrecorded.put_back(rest);
        }
    }
}
