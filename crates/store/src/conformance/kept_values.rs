//! Sealed values.

use model::AgentName;

use super::{Fresh, main};
use crate::KeptValue;

pub(super) async fn sealed_values_stay_as_they_were_first_kept(fresh: Fresh) {
    let store = fresh.store;
    let value = |id: u8, sealed: &[u8]| KeptValue {
        id: [id; 10],
        agent: AgentName::new("bot").unwrap(),
        sealed: sealed.to_vec(),
    };
    assert_eq!(store.kept_values(&main()).await.unwrap(), []);
    store.keep_values(&main(), vec![value(2, b"two"), value(1, b"one")]).await.unwrap();
    store.keep_values(&main(), vec![value(1, b"other"), value(3, b"")]).await.unwrap();
    let kept = store.kept_values(&main()).await.unwrap();
    assert_eq!(kept, [value(1, b"one"), value(2, b"two"), value(3, b"")]);
}
