//! Legal holds.

use super::{Fresh, at, main};
use crate::{Hold, StoreError};

pub(super) async fn a_hold_stands_until_it_is_removed(fresh: Fresh) {
    let store = fresh.store;
    let hold = |name: &str, subject: Option<&str>| Hold {
        name: name.to_owned(),
        subject: subject.map(|text| text.parse().unwrap()),
        reason: "case 7".to_owned(),
        who: "uid:0".to_owned(),
        created: at(5),
    };
    let (one, all) = (hold("b", Some("agent:bot")), hold("a", None));
    store.add_hold(&main(), one.clone()).await.unwrap();
    store.add_hold(&main(), all.clone()).await.unwrap();
    let double = store.add_hold(&main(), hold("a", None)).await;
    assert!(matches!(double, Err(StoreError::Exists { .. })));
    assert_eq!(store.list_holds(&main()).await.unwrap(), [all.clone(), one]);
    store.remove_hold(&main(), "b").await.unwrap();
    assert_eq!(store.list_holds(&main()).await.unwrap(), [all]);
    let gone = store.remove_hold(&main(), "b").await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })));
}
