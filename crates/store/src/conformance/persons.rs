//! People, and what may be said once.

use model::{Digest, Scopes, Standing, UserName};

use super::{Fresh, at, main};
use crate::{NewPerson, PersonChange, StoreError};

fn ann() -> UserName {
    UserName::new("ann@example.com").unwrap()
}

fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

pub(super) async fn a_person_changes_and_goes(fresh: Fresh) {
    let store = fresh.store;
    let new = NewPerson { name: ann(), email: None, scopes: scopes("mail.read mail.send") };
    let added = store.add_person(&main(), new.clone(), at(1)).await.unwrap();
    assert!(added.person.standing.is_active());
    let again = store.add_person(&main(), new, at(1)).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })));
    let change = PersonChange {
        scopes: Some(scopes("mail.read")),
        standing: Some(Standing::Suspended),
        ..PersonChange::default()
    };
    let revision = store.load_control(&main()).await.unwrap().revision;
    let stale = store.update_person(&main(), &ann(), change.clone(), Some(7), at(2)).await;
    assert!(matches!(stale, Err(StoreError::Stale { current: 1 })));
    store.update_person(&main(), &ann(), change, Some(1), at(2)).await.unwrap();
    let control = store.load_control(&main()).await.unwrap();
    assert!(control.revision > revision);
    assert_eq!(control.persons.len(), 1);
    assert_eq!(control.persons[0].scopes, scopes("mail.read"));
    assert_eq!(control.persons[0].standing, Standing::Suspended);
    store.remove_person(&main(), &ann(), None).await.unwrap();
    assert!(store.list_persons(&main(), None, 10).await.unwrap().is_empty());
    let gone = store.person(&main(), &ann()).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })));
}

pub(super) async fn what_was_said_is_known_until_it_expires(fresh: Fresh) {
    let (store, nonce) = (fresh.store, Digest::of(b"nonce"));
    store.note_said(nonce, at(10), at(1)).await.unwrap();
    store.note_said(nonce, at(5), at(1)).await.unwrap();
    assert_eq!(store.said(at(9)).await.unwrap(), [(nonce, at(10))]);
    assert_eq!(store.said(at(10)).await.unwrap(), []);
    store.note_said(Digest::of(b"other"), at(30), at(20)).await.unwrap();
    assert_eq!(store.said(at(0)).await.unwrap(), [(Digest::of(b"other"), at(30))]);
}
