//! Labels of sessions over a restart.

use model::{Effect, Kind, RecordId, Resource, SessionId, TenantId, Timestamp};

use super::Fresh;
use crate::{Batch, Entry};

fn record(at: u64, session: &str, labels: &[&str]) -> model::Record {
    let time = Timestamp::from_micros(1_795_442_700_000_000 + at as i64);
    let decision = model::Decision { effect: Effect::Permit, ..model::Decision::default() };
    let id = RecordId::new(time, u128::from(at));
    let mut record = model::Record::new(id, time, TenantId::main(), Kind::MCP_CALL_TOOL, decision);
    record.agent = Some("bot".parse().unwrap());
    record.session = SessionId::new(session).ok();
    record.labels = labels.iter().map(|label| (*label).to_owned()).collect();
    record
}

fn cleared(at: u64, session: &str) -> model::Record {
    let mut record = record(at, "none", &[]);
    record.kind = Kind::ADMIN_CHANGE;
    (record.agent, record.session) = (None, None);
    record.resource = Some(Resource { name: "bot".into(), kind: "agent".into() });
    record.detail.insert("act".into(), "session.clear_labels".into());
    record.detail.insert("session".into(), session.into());
    record
}

pub(super) async fn sessions_are_known_by_what_their_records_say(fresh: Fresh) {
    let store = fresh.store;
    let conversation = format!("conversation-{}", "a".repeat(32));
    let records = [
        record(0, "one", &["untrusted", "pii"]),
        record(1, "two", &["confidential"]),
        record(2, "clean", &[]),
        record(3, &conversation, &["untrusted"]),
        record(4, "", &["untrusted"]),
        record(5, "two", &["untrusted"]),
        cleared(6, "one"),
        cleared(7, "clean"),
        record(8, "three", &["untrusted"]),
        cleared(9, "three"),
        record(10, "three", &["confidential"]),
    ];
    let tenant = TenantId::main();
    let all = (0..).zip(&records).map(|(at, record)| Entry::of(at, record));
    let (before, after) = (all.clone().take(6), all.skip(6));
    for entries in [before.collect::<Vec<_>>(), after.collect()] {
        let (tenant, log) = (tenant.clone(), "main".to_owned());
        store.index(Batch { tenant, log, entries, counters: None }).await.unwrap();
    }
    let found = store.labelled_sessions(&tenant).await.unwrap();
    let shown: Vec<(&str, bool, bool)> = found
        .iter()
        .map(|one| {
            let session = one.session.as_ref().map_or("", |session| session.as_str());
            (session, one.untrusted, one.confidential)
        })
        .collect();
    assert_eq!(shown, [("three", false, true), ("two", true, true), ("", true, false)]);
    // Made anew, the index says the same.
    store.forget_index(&tenant).await.unwrap();
    let entries = (0..).zip(&records).map(|(at, record)| Entry::of(at, record)).collect();
    let (tenant, log) = (tenant.clone(), "main".to_owned());
    store.index(Batch { tenant, log, entries, counters: None }).await.unwrap();
    assert_eq!(store.labelled_sessions(&TenantId::main()).await.unwrap(), found);
}
