//! What must hold when things end badly, or happen at once.

use model::{Containment, Standing, Subject};

use super::{Fresh, agent, at, key, main, name};
use crate::{Batch, CountedAt, Counter, Store, StoreError};

/// Copies the files as a kill would leave them: nothing was closed, nothing folded.
pub(super) async fn what_was_answered_survives_without_a_close(fresh: Fresh) {
    let Fresh { store, folder } = fresh;
    store.add_agent(&main(), agent("bot"), Some(key(1)), at(1)).await.unwrap();
    let containment = Containment {
        tenant: main(),
        subject: Subject::Agent(name("bot")),
        standing: Standing::Quarantined,
        reason: "it leaks".to_owned(),
    };
    store.contain(containment, "operator", at(2)).await.unwrap();
    let after = tempfile::tempdir().unwrap();
    for file in ["state.db", "state.db-wal"] {
        std::fs::copy(folder.path().join(file), after.path().join(file)).unwrap();
    }
    let reopened = Store::open(&after.path().join("state.db")).unwrap();
    let stored = reopened.agent(&main(), &name("bot")).await.unwrap();
    assert_eq!(stored.agent.standing, Standing::Quarantined);
    let before = store.load_control(&main()).await.unwrap();
    assert_eq!(reopened.load_control(&main()).await.unwrap(), before);

    // And the usual way: closed, and opened again.
    let handle = store.clone();
    store.close().await.unwrap();
    drop(handle);
    let reopened = Store::open(&folder.path().join("state.db")).unwrap();
    assert_eq!(reopened.load_control(&main()).await.unwrap(), before);
}

pub(super) async fn readers_see_whole_transactions_while_a_writer_writes(fresh: Fresh) {
    let store = fresh.store;
    let writer = store.clone();
    let counter = |key: &str, value| Counter { key: key.to_owned(), start: at(0), value };
    let write = tokio::spawn(async move {
        for round in 1..=200 {
            let counters = vec![counter("left", round), counter("right", round)];
            let counters = Some(CountedAt { position: round, counters });
            let log = "main".to_owned();
            let batch = Batch { tenant: main(), log, entries: vec![], counters };
            writer.index(batch).await.unwrap();
        }
    });
    let mut last = 0;
    while last < 200 {
        let reads = (0..4).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.load_counters(&main(), "main").await.unwrap() })
        });
        for read in reads.collect::<Vec<_>>() {
            let (counters, position) = read.await.unwrap();
            assert!(counters.iter().all(|counter| counter.value == position), "{counters:?}");
            last = last.max(position);
        }
        assert!(!write.is_finished() || last == 200 || position_of(&store).await == 200);
    }
    write.await.unwrap();
}

async fn position_of(store: &Store) -> u64 {
    store.load_counters(&main(), "main").await.unwrap().1
}

pub(super) async fn a_dropped_future_does_not_stop_the_store(fresh: Fresh) {
    let (store, tenant) = (fresh.store, main());
    for number in 0..50 {
        let work = store.add_agent(&tenant, agent(&format!("bot-{number}")), None, at(1));
        // Polled once, so it may have been handed in; then dropped.
        let waited = tokio::time::timeout(std::time::Duration::ZERO, work).await;
        drop(waited);
    }
    store.add_agent(&main(), agent("last"), None, at(1)).await.unwrap();
    assert!(store.agent(&main(), &name("last")).await.is_ok());
}

pub(super) async fn a_broken_file_is_an_error(fresh: Fresh) {
    let file = fresh.folder.path().join("broken.db");
    std::fs::write(&file, "this is no database, and long enough to be looked at").unwrap();
    assert!(matches!(Store::open(&file), Err(StoreError::Database(_))));
    let missing = fresh.folder.path().join("missing/state.db");
    assert!(matches!(Store::open(&missing), Err(StoreError::Database(_))));

    use std::os::unix::fs::PermissionsExt;
    for file in std::fs::read_dir(fresh.folder.path()).unwrap() {
        let file = file.unwrap();
        if file.file_name().to_string_lossy().starts_with("state") {
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{file:?}");
        }
    }
}
