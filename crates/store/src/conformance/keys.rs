//! Keys.

use super::{Fresh, agent, at, hash, key, main, name};
use crate::{DeclaredAgent, MAX_KEYS_PER_AGENT, StoreError};

pub(super) async fn rotation_lets_the_old_key_overlap(fresh: Fresh) {
    let store = fresh.store;
    store.add_agent(&main(), agent("bot"), Some(key(1)), at(1)).await.unwrap();
    let keys = store.rotate_key(&main(), &name("bot"), key(2), at(100), at(10)).await.unwrap();
    let ends: Vec<_> = keys.iter().map(|key| (key.hash, key.expires)).collect();
    assert_eq!(ends, [(hash(1), Some(at(100))), (hash(2), None)]);
    // A second rotation never lengthens what the first one shortened.
    let keys = store.rotate_key(&main(), &name("bot"), key(3), at(200), at(20)).await.unwrap();
    assert_eq!(keys.iter().find(|key| key.hash == hash(1)).unwrap().expires, Some(at(100)));
    assert_eq!(keys.iter().find(|key| key.hash == hash(2)).unwrap().expires, Some(at(200)));
    // After its end a key is cleared away with the next change.
    let keys = store.rotate_key(&main(), &name("bot"), key(4), at(300), at(150)).await.unwrap();
    assert!(keys.iter().all(|key| key.hash != hash(1)));
    assert_eq!(store.list_keys(&main(), &name("bot")).await.unwrap(), keys);
}

pub(super) async fn keys_belong_to_one_agent(fresh: Fresh) {
    let store = fresh.store;
    store.add_agent(&main(), agent("a"), Some(key(1)), at(1)).await.unwrap();
    let shared = store.add_agent(&main(), agent("b"), Some(key(1)), at(1)).await;
    assert!(shared.is_err_and(|error| error.to_string().contains("\"a\"")));
    // The agent that came with it was not left behind half made.
    assert!(store.agent(&main(), &name("b")).await.is_err());
    store.add_agent(&main(), agent("b"), None, at(1)).await.unwrap();
    let foreign = store.delete_key(&main(), &name("b"), hash(1)).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { what: "key", .. })));
}

pub(super) async fn keys_are_bounded(fresh: Fresh) {
    let store = fresh.store;
    store.add_agent(&main(), agent("bot"), None, at(1)).await.unwrap();
    for number in 0..MAX_KEYS_PER_AGENT {
        store.add_key(&main(), &name("bot"), key(number), at(1)).await.unwrap();
    }
    let full = store.add_key(&main(), &name("bot"), key(99), at(1)).await;
    assert!(matches!(full, Err(StoreError::Full { .. })));
}

pub(super) async fn a_key_ends_and_goes(fresh: Fresh) {
    let store = fresh.store;
    store.add_agent(&main(), agent("bot"), Some(key(1)), at(1)).await.unwrap();
    let added = store.add_key(&main(), &name("bot"), key(2), at(2)).await.unwrap();
    assert_eq!((added.label.as_str(), added.created), ("key 2", at(2)));
    store.expire_key(&main(), &name("bot"), hash(1), at(9)).await.unwrap();
    let keys = store.list_keys(&main(), &name("bot")).await.unwrap();
    assert_eq!(keys.iter().map(|key| key.expires).collect::<Vec<_>>(), [Some(at(9)), None]);
    store.delete_key(&main(), &name("bot"), hash(1)).await.unwrap();
    assert_eq!(store.list_keys(&main(), &name("bot")).await.unwrap(), [added]);

    let declared = DeclaredAgent { agent: agent("fixed"), keys: vec![hash(7)] };
    store.declare_agents(&main(), vec![declared], at(3)).await.unwrap();
    let refused = store.delete_key(&main(), &name("fixed"), hash(7)).await;
    assert!(matches!(refused, Err(StoreError::Declared { .. })));
    let refused = store.rotate_key(&main(), &name("fixed"), key(8), at(9), at(4)).await;
    assert!(matches!(refused, Err(StoreError::Declared { .. })));
}
