//! Sealed values.

use model::AgentName;

use super::{Fresh, main};
use crate::KeptValue;

pub(super) async fn sealed_values_stay_as_they_were_first_kept(fresh: Fresh) {
    let store = fresh.store;
    let value = |id: u8, sealed: &[u8]| KeptValue {
        id: [id; 10],
        agent: AgentName::new("bot").unwrap(),
        person: None,
        sealed: sealed.to_vec(),
    };
    assert_eq!(store.kept_values(&main()).await.unwrap(), []);
    store.keep_values(&main(), vec![value(2, b"two"), value(1, b"one")]).await.unwrap();
    store.keep_values(&main(), vec![value(1, b"other"), value(3, b"")]).await.unwrap();
    let kept = store.kept_values(&main()).await.unwrap();
    assert_eq!(kept, [value(1, b"one"), value(2, b"two"), value(3, b"")]);
    // What is not there any more does not come back.
    store.reseal_values(&main(), vec![value(2, b"anew"), value(9, b"gone")]).await.unwrap();
    let kept = store.kept_values(&main()).await.unwrap();
    assert_eq!(kept, [value(1, b"one"), value(2, b"anew"), value(3, b"")]);
}

pub(super) async fn a_subjects_values_go_and_no_others(fresh: Fresh) {
    let store = fresh.store;
    let value = |id: u8, agent: &str, person: Option<&str>| KeptValue {
        id: [id; 10],
        agent: AgentName::new(agent).unwrap(),
        person: person.map(|name| name.parse().unwrap()),
        sealed: vec![id; 40],
    };
    let all = vec![
        value(1, "bot", None),
        value(2, "bot", Some("ann")),
        value(3, "other", Some("ann")),
        value(4, "other", Some("bot")),
    ];
    store.keep_values(&main(), all.clone()).await.unwrap();
    let forget = async |of: &str| store.forget_values(&main(), of.parse().unwrap()).await;
    assert_eq!(forget("person:ann").await.unwrap(), 2);
    let left = store.kept_values(&main()).await.unwrap();
    assert_eq!(left, [all[0].clone(), all[3].clone()]);
    assert_eq!(forget("agent:bot").await.unwrap(), 1);
    assert_eq!(store.kept_values(&main()).await.unwrap(), [all[3].clone()]);
    assert_eq!(forget("agent:bot").await.unwrap(), 0);
}
