//! Usage counters.

use super::{Fresh, at, main};
use crate::{Batch, CountedAt, Counter};

fn counter(key: &str, start: i64, value: u64) -> Counter {
    Counter { key: key.to_owned(), start: at(start), value }
}

pub(super) async fn counters_move_with_the_log(fresh: Fresh) {
    let store = fresh.store;
    assert_eq!(store.load_counters(&main(), "main").await.unwrap(), (vec![], 0));
    let tenant = main();
    let save = |position, counters| store.save_counters(&tenant, "main", counters, position);
    save(5, vec![counter("a", 0, 10), counter("b", 0, 1)]).await.unwrap();
    save(7, vec![counter("a", 0, 12), counter("a", 60, u64::MAX)]).await.unwrap();
    // What was counted before cannot count again.
    save(7, vec![counter("a", 0, 99)]).await.unwrap();
    save(6, vec![counter("b", 0, 99)]).await.unwrap();
    let there = vec![counter("a", 0, 12), counter("a", 60, i64::MAX as u64), counter("b", 0, 1)];
    assert_eq!(store.load_counters(&main(), "main").await.unwrap(), (there, 7));
    // With a batch of the index, in one transaction.
    let counters = Some(CountedAt { position: 9, counters: vec![counter("b", 0, 2)] });
    let batch = Batch { tenant: main(), log: "main".to_owned(), entries: vec![], counters };
    store.index(batch).await.unwrap();
    let (counters, position) = store.load_counters(&main(), "main").await.unwrap();
    assert_eq!((counters[2].value, position), (2, 9));
}

pub(super) async fn old_windows_are_forgotten(fresh: Fresh) {
    let store = fresh.store;
    let counters = vec![counter("a", 0, 1), counter("a", 60, 2), counter("b", 120, 3)];
    store.save_counters(&main(), "main", counters, 1).await.unwrap();
    assert_eq!(store.forget_counters(&main(), at(61)).await.unwrap(), 2);
    let (left, _) = store.load_counters(&main(), "main").await.unwrap();
    assert_eq!(left, [counter("b", 120, 3)]);
}
