//! The control state in one piece.

use model::{Containment, Standing, Subject};

use super::{Fresh, agent, at, hash, key, main, name};
use crate::AgentChange;

pub(super) async fn a_change_moves_the_revision(fresh: Fresh) {
    let store = fresh.store;
    let mut last = store.load_control(&main()).await.unwrap().revision;
    let mut moved = async |what: &str| {
        let revision = store.load_control(&main()).await.unwrap().revision;
        assert!(revision > last, "{what} left the revision at {last}");
        last = revision;
    };
    let bot = name("bot");
    store.add_agent(&main(), agent("bot"), Some(key(1)), at(1)).await.unwrap();
    moved("adding").await;
    store.update_agent(&main(), &bot, AgentChange::default(), None, at(1)).await.unwrap();
    moved("updating").await;
    store.add_key(&main(), &bot, key(2), at(1)).await.unwrap();
    moved("a key").await;
    store.expire_key(&main(), &bot, hash(2), at(9)).await.unwrap();
    moved("an expiry").await;
    store.delete_key(&main(), &bot, hash(2)).await.unwrap();
    moved("a deletion").await;
    store.rotate_key(&main(), &bot, key(3), at(9), at(1)).await.unwrap();
    moved("rotation").await;
    let containment = Containment {
        tenant: main(),
        subject: Subject::Everything,
        standing: Standing::Suspended,
        reason: String::new(),
    };
    store.contain(containment, "w", at(1)).await.unwrap();
    moved("containment").await;
    store.release(&main(), &Subject::Everything, at(1)).await.unwrap();
    moved("release").await;
    store.remove_agent(&main(), &bot, None).await.unwrap();
    moved("removal").await;
}

pub(super) async fn keys_point_at_their_agents(fresh: Fresh) {
    let store = fresh.store;
    for (number, bot) in [(1, "c"), (2, "a"), (3, "b")] {
        store.add_agent(&main(), agent(bot), Some(key(number)), at(1)).await.unwrap();
    }
    store.expire_key(&main(), &name("b"), hash(3), at(9)).await.unwrap();
    let control = store.load_control(&main()).await.unwrap();
    for (number, bot, expires) in [(1, "c", None), (2, "a", None), (3, "b", Some(at(9)))] {
        let key = control.keys.iter().find(|key| key.hash == hash(number)).unwrap();
        assert_eq!(control.agents[key.agent].name, name(bot));
        assert_eq!(key.expires, expires);
    }
}
