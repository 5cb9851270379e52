//! Admin tokens.

use model::TenantId;

use super::{Fresh, at, hash, main};
use crate::{NewToken, Scope, StoreError};

pub(super) async fn a_token_is_found_by_its_hash(fresh: Fresh) {
    let store = fresh.store;
    let other = TenantId::new("other").unwrap();
    store.add_tenant(&other).await.unwrap();
    let token = |number, name: &str, scope| NewToken {
        hash: hash(number),
        name: name.to_owned(),
        scope,
        owner: None,
        expires: Some(at(9)),
    };
    let made = store.add_token(&main(), token(1, "ci", Scope::Read), at(1)).await.unwrap();
    assert_eq!((made.scope, made.expires, made.created), (Scope::Read, Some(at(9)), at(1)));
    for double in [token(2, "ci", Scope::Read), token(1, "cd", Scope::Write)] {
        let refused = store.add_token(&main(), double, at(1)).await;
        assert!(matches!(refused, Err(StoreError::Exists { .. })));
    }
    store.add_token(&other, token(3, "ci", Scope::Write), at(1)).await.unwrap();
    assert_eq!(store.token(hash(3)).await.unwrap().unwrap().tenant, other);
    assert_eq!(store.token(hash(4)).await.unwrap(), None);
    assert_eq!(store.list_tokens(&main()).await.unwrap(), [made]);
    store.delete_token(&main(), "ci").await.unwrap();
    assert_eq!(store.token(hash(1)).await.unwrap(), None);
    assert!(store.delete_token(&main(), "ci").await.is_err());
    assert!(store.token(hash(3)).await.unwrap().is_some());
}
