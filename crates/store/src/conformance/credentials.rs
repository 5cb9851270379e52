//! What agents show besides keys.

use model::TenantId;

use super::{Fresh, agent, at, main, name};
use crate::{MAX_CREDENTIALS_PER_AGENT, NewSigningKey, RevokedCertificate, StoreError};

fn signing(id: &str) -> NewSigningKey {
    let algorithm = "ed25519".to_owned();
    NewSigningKey { id: id.parse().unwrap(), public_key: vec![7; 44], algorithm, expires: None }
}

pub(super) async fn names_are_one_agents_of_one_tenant(fresh: Fresh) {
    let (store, other) = (fresh.store, TenantId::new("other").unwrap());
    store.add_tenant(&other).await.unwrap();
    for (tenant, bot) in [(&main(), "a"), (&main(), "b"), (&other, "a")] {
        store.add_agent(tenant, agent(bot), None, at(1)).await.unwrap();
    }
    let revision = store.load_control(&main()).await.unwrap().revision;
    store.add_signing_key(&main(), &name("a"), signing("one"), at(2)).await.unwrap();
    let subject = || "spiffe://example.com/a".parse().unwrap();
    store.add_certificate(&main(), &name("a"), subject(), at(2)).await.unwrap();
    for (tenant, bot) in [(&main(), "a"), (&main(), "b"), (&other, "a")] {
        let key = store.add_signing_key(tenant, &name(bot), signing("one"), at(3)).await;
        assert!(matches!(key, Err(StoreError::Exists { .. })), "{tenant} {bot}");
        let certificate = store.add_certificate(tenant, &name(bot), subject(), at(3)).await;
        assert!(matches!(certificate, Err(StoreError::Exists { .. })), "{tenant} {bot}");
    }
    let control = store.load_control(&main()).await.unwrap();
    assert!(control.revision > revision);
    assert_eq!(control.signing_keys[0].agent, name("a"));
    assert_eq!(control.certificates[0].subject, subject());
    let nothing = store.load_control(&other).await.unwrap();
    assert!(nothing.signing_keys.is_empty() && nothing.certificates.is_empty());
    // Another's cannot be taken away, and goes with its agent.
    let id = signing("one").id;
    for (tenant, bot) in [(&main(), "b"), (&other, "a")] {
        let refused = store.remove_signing_key(tenant, &name(bot), &id, at(4)).await;
        assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{tenant} {bot}");
        let refused = store.remove_certificate(tenant, &name(bot), &subject(), at(4)).await;
        assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{tenant} {bot}");
    }
    store.remove_agent(&main(), &name("a"), None).await.unwrap();
    store.add_signing_key(&other, &name("a"), signing("one"), at(5)).await.unwrap();
    store.add_certificate(&other, &name("a"), subject(), at(5)).await.unwrap();
    store.remove_signing_key(&other, &name("a"), &id, at(6)).await.unwrap();
    store.remove_certificate(&other, &name("a"), &subject(), at(6)).await.unwrap();
    assert!(store.list_signing_keys(&other, &name("a")).await.unwrap().is_empty());
    assert!(store.list_certificates(&other, &name("a")).await.unwrap().is_empty());
}

pub(super) async fn signing_keys_are_bounded(fresh: Fresh) {
    let store = fresh.store;
    store.add_agent(&main(), agent("a"), None, at(1)).await.unwrap();
    let mut first = NewSigningKey { expires: Some(at(5)), ..signing("0") };
    for number in 1..=MAX_CREDENTIALS_PER_AGENT {
        store.add_signing_key(&main(), &name("a"), first, at(2)).await.unwrap();
        first = signing(&number.to_string());
    }
    let full = store.add_signing_key(&main(), &name("a"), first.clone(), at(4)).await;
    assert!(matches!(full, Err(StoreError::Full { .. })));
    // One that has expired makes room.
    store.add_signing_key(&main(), &name("a"), first, at(5)).await.unwrap();
    let keys = store.list_signing_keys(&main(), &name("a")).await.unwrap();
    assert!(keys.iter().all(|key| key.id.as_str() != "0"));
}

pub(super) async fn a_serial_is_revoked_until_it_is_reinstated(fresh: Fresh) {
    let store = fresh.store;
    let revoked = |serial: &str| RevokedCertificate {
        serial: serial.parse().unwrap(),
        reason: "lost".to_owned(),
        who: "ann".to_owned(),
        since: at(1),
    };
    for serial in ["4f", "0a", "77"] {
        store.revoke_certificate(&main(), revoked(serial)).await.unwrap();
    }
    let again = store.revoke_certificate(&main(), revoked("4F")).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })));
    let listed = store.list_revoked_certificates(&main(), None, 2).await.unwrap();
    assert_eq!(listed, [revoked("4f"), revoked("77")]);
    let rest = store.list_revoked_certificates(&main(), Some(listed[1].serial.clone()), 9).await;
    assert_eq!(rest.unwrap(), [revoked("a")]);
    assert_eq!(store.load_control(&main()).await.unwrap().revoked_certificates.len(), 3);
    store.reinstate_certificate(&main(), &listed[0].serial).await.unwrap();
    let gone = store.reinstate_certificate(&main(), &listed[0].serial).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })));
    assert_eq!(store.load_control(&main()).await.unwrap().revoked_certificates.len(), 2);
}
