//! Roles for some time.

use std::time::Duration;

use super::{Fresh, at, main};
use crate::{
    ElevationJudge, ElevationState, Leaving, MAX_OPEN_ELEVATIONS, NewElevation, NewUser,
    StoreError, WhichElevations,
};

async fn user(fresh: &Fresh, name: &str) {
    let new = NewUser {
        uid: format!("uid-{name}"),
        name: name.parse().unwrap(),
        display: None,
        email: None,
    };
    fresh.store.add_user(&main(), new, vec![], at(0)).await.unwrap();
}

fn new(id: &str, role: &str) -> NewElevation {
    NewElevation {
        id: id.to_owned(),
        user: "ann".parse().unwrap(),
        role: role.to_owned(),
        span: Duration::from_secs(60),
        reason: "why".to_owned(),
    }
}

fn judge(name: &str) -> ElevationJudge {
    let person = Some(name.parse().unwrap());
    ElevationJudge { who: format!("user:{name}"), person, reason: "said".to_owned() }
}

pub(super) async fn one_counts_from_its_approval_to_its_end(fresh: Fresh) {
    user(&fresh, "ann").await;
    let store = &fresh.store;
    let ann = "ann".parse().unwrap();
    store.ask_elevation(&main(), new("e", "auditor"), at(100), at(1)).await.unwrap();
    assert!(store.user(&main(), &ann).await.unwrap().elevations.is_empty());
    let own = store.decide_elevation(&main(), "e", judge("ann"), true, at(2)).await;
    assert!(matches!(own, Err(StoreError::Settled(_))));
    let given = store.decide_elevation(&main(), "e", judge("bob"), true, at(10)).await.unwrap();
    assert_eq!(
        (given.state, given.starts, given.ends),
        (ElevationState::Active, Some(at(10)), at(70))
    );
    let held = store.user(&main(), &ann).await.unwrap().elevations;
    assert_eq!((held[0].role.as_str(), held[0].ends), ("auditor", at(70)));
    let after = store.elevation(&main(), "e", at(70)).await.unwrap();
    assert_eq!(after.state, ElevationState::Ended);
    let settled = store.settle_elevations(&main(), 9, at(70)).await.unwrap();
    assert_eq!(settled, [after]);
    assert!(store.settle_elevations(&main(), 9, at(70)).await.unwrap().is_empty());
    assert!(store.user(&main(), &ann).await.unwrap().elevations.is_empty());
    let other = "other".parse().unwrap();
    store.add_tenant(&other).await.unwrap();
    let elsewhere = store.elevation(&other, "e", at(2)).await;
    assert!(matches!(elsewhere, Err(StoreError::NotFound { .. })));
}

pub(super) async fn only_so_many_are_open(fresh: Fresh) {
    user(&fresh, "ann").await;
    let store = &fresh.store;
    for number in 0..MAX_OPEN_ELEVATIONS {
        let one = new(&format!("e{number}"), &format!("role-{number}"));
        store.ask_elevation(&main(), one, at(100), at(1)).await.unwrap();
    }
    let more = store.ask_elevation(&main(), new("x", "more"), at(100), at(1)).await;
    assert!(matches!(more, Err(StoreError::Full { .. })));
    store.end_elevation(&main(), "e0", "user:ann", at(2)).await.unwrap();
    let twice = store.ask_elevation(&main(), new("x", "role-1"), at(100), at(3)).await;
    assert!(matches!(twice, Err(StoreError::Exists { .. })));
    store.ask_elevation(&main(), new("x", "role-0"), at(100), at(3)).await.unwrap();
    let open = store.elevations(&main(), WhichElevations::Open, 99, at(4)).await.unwrap();
    assert_eq!(open.len() as u64, MAX_OPEN_ELEVATIONS);
}

pub(super) async fn what_was_taken_stays_until_it_is_signed_off(fresh: Fresh) {
    user(&fresh, "ann").await;
    let store = &fresh.store;
    store.break_glass(&main(), new("g", "auditor"), at(1)).await.unwrap();
    let tenant = main();
    let counts = |which| store.elevations(&tenant, which, 9, at(5));
    assert_eq!(counts(WhichElevations::BrokenGlass).await.unwrap().len(), 1);
    let early = store.sign_off_elevation(&main(), "g", judge("bob"), at(5)).await;
    assert!(matches!(early, Err(StoreError::Settled(_))));
    store.end_elevation(&main(), "g", "user:bob", at(5)).await.unwrap();
    assert!(counts(WhichElevations::BrokenGlass).await.unwrap().is_empty());
    // Years later, and without its user.
    let user = "ann".parse().unwrap();
    let leaving = Leaving { user, hand_over_to: None, by: "user:bob".to_owned() };
    store.remove_user(&main(), leaving, None, at(6)).await.unwrap();
    self::user(&fresh, "ann").await;
    let late = at(3_000_000_000);
    store.ask_elevation(&main(), new("e", "auditor"), at(4_000_000_000), late).await.unwrap();
    assert_eq!(counts(WhichElevations::Unreviewed).await.unwrap().len(), 1);
    let seen = store.sign_off_elevation(&main(), "g", judge("bob"), late).await.unwrap();
    assert_eq!(seen.reviewed_by.as_deref(), Some("user:bob"));
    assert!(counts(WhichElevations::Unreviewed).await.unwrap().is_empty());
}
