//! Agents.

use model::{RoleName, Standing, TenantId, Tier, ZoneName};

use super::{Fresh, agent, at, key, main, name};
use crate::{AgentChange, Origin, StoreError};

pub(super) async fn an_agent_lives_and_goes(fresh: Fresh) {
    let store = fresh.store;
    let made = store.add_agent(&main(), agent("bot"), Some(key(1)), at(5)).await.unwrap();
    assert_eq!((made.version, made.origin, made.created), (1, Origin::Api, at(5)));
    assert_eq!(store.agent(&main(), &name("bot")).await.unwrap(), made);
    let again = store.add_agent(&main(), agent("bot"), None, at(6)).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })));

    let change = AgentChange {
        owner: Some(None),
        purpose: Some(Some("answers mail".to_owned())),
        roles: Some(vec![RoleName::new("mail").unwrap(), RoleName::new("read").unwrap()]),
        zone: Some(ZoneName::new("test").unwrap()),
        tier: Some(Some(Tier::Background)),
    };
    let changed = store.update_agent(&main(), &name("bot"), change, None, at(7)).await.unwrap();
    assert_eq!((changed.agent.owner.clone(), changed.version), (None, 2));
    assert_eq!(changed.agent.purpose.as_deref(), Some("answers mail"));
    assert_eq!((changed.agent.roles.len(), changed.agent.zone.as_str()), (2, "test"));
    assert_eq!(changed.agent.tier, Some(Tier::Background));
    assert_eq!(store.agent(&main(), &name("bot")).await.unwrap(), changed);

    store.remove_agent(&main(), &name("bot"), Some(2)).await.unwrap();
    let gone = store.agent(&main(), &name("bot")).await;
    assert!(matches!(gone, Err(StoreError::NotFound { what: "agent", .. })));
    // Its key went with it, so it can be another's.
    store.add_agent(&main(), agent("other"), Some(key(1)), at(8)).await.unwrap();
}

pub(super) async fn a_change_needs_the_version_that_was_read(fresh: Fresh) {
    let store = fresh.store;
    store.add_agent(&main(), agent("bot"), None, at(1)).await.unwrap();
    let change = || AgentChange { owner: Some(None), ..AgentChange::default() };
    store.update_agent(&main(), &name("bot"), change(), Some(1), at(2)).await.unwrap();
    let late = store.update_agent(&main(), &name("bot"), change(), Some(1), at(3)).await;
    assert!(matches!(late, Err(StoreError::Stale { current: 2 })));
    let late = store.remove_agent(&main(), &name("bot"), Some(1)).await;
    assert!(matches!(late, Err(StoreError::Stale { current: 2 })));
    // A containment is a change too.
    let standing = Standing::Suspended;
    store.set_standing(&main(), &name("bot"), standing, "r", "w", at(4)).await.unwrap();
    assert_eq!(store.agent(&main(), &name("bot")).await.unwrap().version, 3);
}

pub(super) async fn a_list_comes_in_pages(fresh: Fresh) {
    let store = fresh.store;
    for bot in ["c", "a", "b"] {
        store.add_agent(&main(), agent(bot), None, at(1)).await.unwrap();
    }
    let names = |list: Vec<crate::StoredAgent>| -> Vec<String> {
        list.iter().map(|stored| stored.agent.name.to_string()).collect()
    };
    let page = store.list_agents(&main(), None, None, 2).await.unwrap();
    assert_eq!(names(page), ["a", "b"]);
    let page = store.list_agents(&main(), None, Some(name("b")), 2).await.unwrap();
    assert_eq!(names(page), ["c"]);
    let standing = Standing::Quarantined;
    store.set_standing(&main(), &name("b"), standing, "r", "w", at(4)).await.unwrap();
    let held = store.list_agents(&main(), Some(standing), None, 9).await.unwrap();
    assert_eq!(names(held), ["b"]);
    let free = store.list_agents(&main(), Some(Standing::Active), None, 9).await.unwrap();
    assert_eq!(names(free), ["a", "c"]);
}

pub(super) async fn tenants_do_not_meet(fresh: Fresh) {
    let store = fresh.store;
    let other = TenantId::new("other").unwrap();
    let unknown = store.add_agent(&other, agent("bot"), None, at(1)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { what: "tenant", .. })));
    store.add_tenant(&other).await.unwrap();
    store.add_tenant(&other).await.unwrap();
    assert_eq!(store.list_tenants().await.unwrap(), [main(), other.clone()]);

    store.add_agent(&main(), agent("bot"), Some(key(1)), at(1)).await.unwrap();
    assert!(store.agent(&other, &name("bot")).await.is_err());
    assert!(store.list_keys(&other, &name("bot")).await.is_err());
    assert!(store.remove_agent(&other, &name("bot"), None).await.is_err());
    store.add_agent(&other, agent("bot"), None, at(2)).await.unwrap();
    let standing = Standing::Suspended;
    store.set_standing(&other, &name("bot"), standing, "r", "w", at(4)).await.unwrap();
    assert_eq!(store.agent(&main(), &name("bot")).await.unwrap().agent.standing, Standing::Active);
    assert!(store.load_control(&main()).await.unwrap().containments.is_empty());
    // A key names one agent, whatever the tenant.
    let shared = store.add_key(&other, &name("bot"), key(1), at(5)).await;
    assert!(matches!(shared, Err(StoreError::Exists { .. })));
}
