//! Versions of policies.

use super::{Fresh, at, main};
use crate::{NewPolicyVersion, PolicyFile, StoreError};

pub(super) async fn a_version_is_in_force_once_another_person_approved_it(fresh: Fresh) {
    let store = fresh.store;
    let new = |hash: &str| NewPolicyVersion {
        hash: hash.to_owned(),
        files: vec![PolicyFile { name: "a.cedar".to_owned(), text: format!("// {hash}") }],
        note: "why".to_owned(),
        author: "user:ann".to_owned(),
    };
    assert_eq!(store.deployed_policy(&main()).await.unwrap(), None);
    let first = store.propose_policy(&main(), new("one"), at(1)).await.unwrap();
    assert_eq!((first.number, first.is_in_force), (1, false));
    let refused = |result: crate::Result<crate::PolicyVersion>| {
        assert!(matches!(result, Err(StoreError::Invalid(_))), "{result:?}");
    };
    refused(store.deploy_policy(&main(), 1, "user:ann", at(2)).await);
    // The same person under another credential is the same person.
    refused(store.approve_policy(&main(), 1, "user:ann", at(2)).await);
    refused(store.approve_policy(&main(), 1, "token:ann", at(2)).await);
    store.approve_policy(&main(), 1, "user:bob", at(3)).await.unwrap();
    refused(store.approve_policy(&main(), 1, "user:eve", at(3)).await);
    let deployed = store.deploy_policy(&main(), 1, "user:ann", at(4)).await.unwrap();
    assert_eq!((deployed.is_in_force, deployed.deployed), (true, Some(at(4))));
    refused(store.deploy_policy(&main(), 1, "user:ann", at(5)).await);

    store.propose_policy(&main(), new("two"), at(6)).await.unwrap();
    store.approve_policy(&main(), 2, "user:bob", at(7)).await.unwrap();
    store.deploy_policy(&main(), 2, "user:bob", at(8)).await.unwrap();
    assert_eq!(store.policy_before(&main()).await.unwrap(), Some(1));
    let in_force = store.deployed_policy(&main()).await.unwrap().unwrap();
    assert_eq!((in_force.number, in_force.files[0].text.as_str()), (2, "// two"));
    let list = store.policy_versions(&main(), 10).await.unwrap();
    assert_eq!(
        list.iter().map(|one| (one.number, one.is_in_force)).collect::<Vec<_>>(),
        [(2, true), (1, false)]
    );
    assert!(list.iter().all(|one| one.files.is_empty()));
    store.undeploy_policy(&main(), 2).await.unwrap();
    assert_eq!(store.deployed_policy(&main()).await.unwrap().unwrap().number, 1);
    let other = "other".parse().unwrap();
    store.add_tenant(&other).await.unwrap();
    assert!(matches!(store.policy_version(&other, 1).await, Err(StoreError::NotFound { .. })));
}
