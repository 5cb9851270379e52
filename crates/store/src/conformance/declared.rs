//! Agents that the configuration declares.

use model::{Standing, ZoneName};

use super::{Fresh, agent, at, hash, key, main, name};
use crate::{AgentChange, Declared, DeclaredAgent, Origin, StoreError};

fn declared(text: &str, keys: &[u64]) -> DeclaredAgent {
    DeclaredAgent { agent: agent(text), keys: keys.iter().map(|number| hash(*number)).collect() }
}

pub(super) async fn the_configuration_is_the_truth(fresh: Fresh) {
    let store = fresh.store;
    store.add_agent(&main(), agent("made"), Some(key(1)), at(1)).await.unwrap();
    let first = vec![declared("a", &[2]), declared("b", &[]), declared("made", &[])];
    let outcome = store.declare_agents(&main(), first.clone(), at(2)).await.unwrap();
    assert_eq!(outcome.added, [name("a"), name("b")]);
    assert_eq!(outcome.changed, [name("made")]);
    let taken = store.agent(&main(), &name("made")).await.unwrap();
    assert_eq!(taken.origin, Origin::Config);
    // What the API made for it is kept: its key.
    assert_eq!(store.list_keys(&main(), &name("made")).await.unwrap().len(), 1);

    let revision = store.load_control(&main()).await.unwrap().revision;
    let outcome = store.declare_agents(&main(), first, at(3)).await.unwrap();
    assert_eq!(outcome, Declared::default());
    assert_eq!(store.load_control(&main()).await.unwrap().revision, revision);

    let standing = Standing::Suspended;
    store.set_standing(&main(), &name("a"), standing, "r", "w", at(4)).await.unwrap();
    let mut moved = declared("a", &[2]);
    moved.agent.zone = ZoneName::new("test").unwrap();
    let outcome = store.declare_agents(&main(), vec![moved], at(5)).await.unwrap();
    assert_eq!(
        (outcome.changed, outcome.removed),
        (vec![name("a")], vec![name("b"), name("made")])
    );
    let stored = store.agent(&main(), &name("a")).await.unwrap();
    assert_eq!((stored.agent.zone.as_str(), stored.agent.standing), ("test", standing));
    assert!(store.agent(&main(), &name("b")).await.is_err());
}

pub(super) async fn keys_move_and_vanish_with_it(fresh: Fresh) {
    let store = fresh.store;
    let first = vec![declared("a", &[1]), declared("b", &[2])];
    store.declare_agents(&main(), first, at(1)).await.unwrap();
    // Swapped: neither may be refused because the other still has it.
    let swapped = vec![declared("a", &[2]), declared("b", &[1])];
    let outcome = store.declare_agents(&main(), swapped, at(2)).await.unwrap();
    assert_eq!(outcome.changed.len(), 2);
    let keys = store.list_keys(&main(), &name("a")).await.unwrap();
    assert_eq!((keys[0].hash, keys[0].origin), (hash(2), Origin::Config));
    store.declare_agents(&main(), vec![declared("b", &[])], at(3)).await.unwrap();
    assert!(store.load_control(&main()).await.unwrap().keys.is_empty());

    // One key for two, or one name twice, changes nothing at all.
    let shared = vec![declared("x", &[5]), declared("y", &[5])];
    assert!(store.declare_agents(&main(), shared, at(4)).await.is_err());
    let twice = vec![declared("x", &[]), declared("x", &[])];
    assert!(store.declare_agents(&main(), twice, at(4)).await.is_err());
    assert!(store.agent(&main(), &name("b")).await.is_ok());
}

pub(super) async fn declared_agents_are_not_changed_here(fresh: Fresh) {
    let store = fresh.store;
    store.declare_agents(&main(), vec![declared("a", &[])], at(1)).await.unwrap();
    let change = AgentChange::default();
    let refused = store.update_agent(&main(), &name("a"), change, None, at(2)).await;
    assert!(matches!(refused, Err(StoreError::Declared { .. })));
    let refused = store.remove_agent(&main(), &name("a"), None).await;
    assert!(matches!(refused, Err(StoreError::Declared { .. })));
    // A key that the configuration leaves open is made and rotated here.
    store.add_key(&main(), &name("a"), key(1), at(3)).await.unwrap();
    store.rotate_key(&main(), &name("a"), key(2), at(9), at(4)).await.unwrap();
}
