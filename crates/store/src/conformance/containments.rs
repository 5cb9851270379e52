//! Containments.

use model::{Containment, ProviderName, Standing, Subject};

use super::{Fresh, agent, at, key, main, name};
use crate::StoreError;

fn of(subject: Subject, standing: Standing) -> Containment {
    Containment { tenant: main(), subject, standing, reason: "it leaks".to_owned() }
}

pub(super) async fn a_containment_holds_until_released(fresh: Fresh) {
    let store = fresh.store;
    store.add_agent(&main(), agent("bot"), None, at(1)).await.unwrap();
    let subject = Subject::Agent(name("bot"));
    let held =
        store.contain(of(subject.clone(), Standing::Suspended), "operator", at(2)).await.unwrap();
    assert_eq!(store.containment(&main(), &subject).await.unwrap(), Some(held.clone()));
    assert_eq!(store.list_containments(&main()).await.unwrap(), std::slice::from_ref(&held));
    let standing = store.agent(&main(), &name("bot")).await.unwrap().agent.standing;
    assert_eq!(standing, Standing::Suspended);
    assert_eq!(store.release(&main(), &subject, at(3)).await.unwrap(), held);
    let standing = store.agent(&main(), &name("bot")).await.unwrap().agent.standing;
    assert_eq!(standing, Standing::Active);
    let twice = store.release(&main(), &subject, at(3)).await;
    assert!(matches!(twice, Err(StoreError::NotFound { .. })));
}

pub(super) async fn quarantine_is_not_weakened(fresh: Fresh) {
    let store = fresh.store;
    let subject = Subject::Agent(name("bot"));
    let contain = |standing| store.contain(of(subject.clone(), standing), "w", at(2));
    contain(Standing::Suspended).await.unwrap();
    contain(Standing::Quarantined).await.unwrap();
    assert!(matches!(contain(Standing::Suspended).await, Err(StoreError::Quarantined)));
    assert!(matches!(contain(Standing::Active).await, Err(StoreError::Invalid(_))));
    let held = store.containment(&main(), &subject).await.unwrap().unwrap();
    assert_eq!(held.containment.standing, Standing::Quarantined);
}

pub(super) async fn everything_and_providers_are_held(fresh: Fresh) {
    let store = fresh.store;
    let openai = Subject::Provider(ProviderName::new("openai").unwrap());
    store.contain(of(openai, Standing::Suspended), "w", at(1)).await.unwrap();
    store.contain(of(Subject::Everything, Standing::Quarantined), "w", at(1)).await.unwrap();
    let control = store.load_control(&main()).await.unwrap();
    assert_eq!(control.containments.len(), 2);
    assert_eq!(control.containments[0].subject, Subject::Everything);
}

pub(super) async fn it_outlives_its_agent(fresh: Fresh) {
    let store = fresh.store;
    store.add_agent(&main(), agent("bot"), Some(key(1)), at(1)).await.unwrap();
    let standing = Standing::Quarantined;
    store.set_standing(&main(), &name("bot"), standing, "r", "w", at(2)).await.unwrap();
    store.remove_agent(&main(), &name("bot"), None).await.unwrap();
    let again = store.add_agent(&main(), agent("bot"), Some(key(2)), at(3)).await.unwrap();
    assert_eq!(again.agent.standing, standing, "removal would be a way out of quarantine");
}
