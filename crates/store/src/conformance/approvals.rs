//! Approvals.

use model::{ApprovalState, Claim, Digest, HeldCall, RecordId, TenantId, Timestamp, Vote};

use super::{Fresh, at, main, name};
use crate::{MAX_WAITING, StoreError};

fn held(number: u64, needed: u8) -> HeldCall {
    HeldCall {
        record: RecordId::new(at(1), u128::from(number)),
        call: Digest::of(&number.to_be_bytes()),
        agent: name("bot"),
        on_behalf_of: None,
        chain: Vec::new(),
        session: None,
        kind: "llm.call".into(),
        resource: "openai/gpt-4o".to_owned(),
        arguments: "{}".to_owned(),
        reason: "it costs much".to_owned(),
        policies: Vec::new(),
        labels: Vec::new(),
        needed,
    }
}

fn vote(who: &str, approves: bool, time: Timestamp) -> Vote {
    Vote { who: who.to_owned(), approves, reason: "seen".to_owned(), time }
}

pub(super) async fn an_approval_lets_one_call_through_once(fresh: Fresh) {
    let store = fresh.store;
    let call = held(1, 1);
    let waiting = Claim::Waiting { record: call.record, ends: at(100) };
    assert_eq!(store.claim(&main(), call.clone(), at(2), at(100)).await.unwrap(), waiting);
    let again = HeldCall { record: RecordId::new(at(9), 9), ..call.clone() };
    assert_eq!(store.claim(&main(), again.clone(), at(3), at(200)).await.unwrap(), waiting);

    let yes = vote("ann", true, at(4));
    let approved = store.vote(&main(), call.record, yes.clone(), at(50)).await.unwrap();
    assert_eq!((approved.state, approved.ends), (ApprovalState::Approved, at(50)));
    // Twenty at once: one is granted, the first of the others waits anew, the rest with it.
    let claims = (0..20).map(|_| {
        let (store, again) = (store.clone(), again.clone());
        tokio::spawn(async move { store.claim(&main(), again, at(5), at(200)).await.unwrap() })
    });
    let mut granted = 0;
    for claim in claims.collect::<Vec<_>>() {
        match claim.await.unwrap() {
            Claim::Granted { record, votes } => {
                assert_eq!((record, votes), (call.record, vec![yes.clone()]));
                granted += 1;
            }
            other => assert_eq!(other, Claim::Waiting { record: again.record, ends: at(200) }),
        }
    }
    assert_eq!(granted, 1);
    let used = store.approval(&main(), call.record, at(6)).await.unwrap();
    assert_eq!(used.state, ApprovalState::Used);
}

pub(super) async fn a_refusal_counts_at_once(fresh: Fresh) {
    let store = fresh.store;
    let call = held(1, 2);
    store.claim(&main(), call.clone(), at(2), at(100)).await.unwrap();
    let no = vote("ann", false, at(3));
    store.vote(&main(), call.record, no, at(50)).await.unwrap();
    let denied = Claim::Denied { record: call.record, reason: "seen".to_owned() };
    assert_eq!(store.claim(&main(), call.clone(), at(4), at(100)).await.unwrap(), denied);
    let late = store.vote(&main(), call.record, vote("bob", true, at(5)), at(50)).await;
    assert!(matches!(late, Err(StoreError::Settled("denied"))));
}

pub(super) async fn two_people_must_approve_where_two_are_needed(fresh: Fresh) {
    let store = fresh.store;
    let call = held(1, 2);
    store.claim(&main(), call.clone(), at(2), at(100)).await.unwrap();
    let tenant = main();
    let say = |who, seconds| store.vote(&tenant, call.record, vote(who, true, at(seconds)), at(50));
    assert_eq!(say("ann", 3).await.unwrap().state, ApprovalState::Waiting);
    assert!(matches!(say("ann", 4).await, Err(StoreError::Settled(_))), "one person is not two");
    assert_eq!(say("bob", 5).await.unwrap().state, ApprovalState::Approved);
}

pub(super) async fn another_call_needs_its_own(fresh: Fresh) {
    let store = fresh.store;
    let call = held(1, 1);
    store.claim(&main(), call.clone(), at(2), at(100)).await.unwrap();
    store.vote(&main(), call.record, vote("ann", true, at(3)), at(50)).await.unwrap();
    let other = store.claim(&main(), held(2, 1), at(4), at(100)).await.unwrap();
    assert!(matches!(other, Claim::Waiting { .. }));
}

pub(super) async fn what_nobody_decided_in_time_expires(fresh: Fresh) {
    let store = fresh.store;
    let call = held(1, 1);
    store.claim(&main(), call.clone(), at(2), at(10)).await.unwrap();
    let late = store.vote(&main(), call.record, vote("ann", true, at(10)), at(50)).await;
    assert!(matches!(late, Err(StoreError::Settled("expired"))));
    let tenant = main();
    let list = |state, seconds| store.approvals(&tenant, Some(state), 10, at(seconds));
    assert_eq!(list(ApprovalState::Waiting, 9).await.unwrap().len(), 1);
    assert_eq!(list(ApprovalState::Waiting, 10).await.unwrap(), []);
    assert_eq!(list(ApprovalState::Expired, 10).await.unwrap().len(), 1);

    let again = HeldCall { record: RecordId::new(at(11), 11), ..call };
    store.claim(&main(), again.clone(), at(11), at(20)).await.unwrap();
    store.vote(&main(), again.record, vote("ann", true, at(12)), at(15)).await.unwrap();
    let third = HeldCall { record: RecordId::new(at(15), 15), ..again };
    let unused = store.claim(&main(), third, at(15), at(30)).await.unwrap();
    assert!(matches!(unused, Claim::Waiting { .. }), "an approval that ran out let a call through");
}

pub(super) async fn only_so_many_of_an_agent_wait(fresh: Fresh) {
    let store = fresh.store;
    for number in 0..MAX_WAITING {
        store.claim(&main(), held(number, 1), at(2), at(100)).await.unwrap();
    }
    let tenant = main();
    let claim = |held| store.claim(&tenant, held, at(3), at(100));
    assert_eq!(claim(held(MAX_WAITING, 1)).await.unwrap(), Claim::Crowded);
    let other = HeldCall { agent: name("other"), ..held(MAX_WAITING, 1) };
    assert!(matches!(claim(other).await.unwrap(), Claim::Waiting { .. }));
}

pub(super) async fn tenants_do_not_meet(fresh: Fresh) {
    let store = fresh.store;
    let theirs = TenantId::new("theirs").unwrap();
    store.add_tenant(&theirs).await.unwrap();
    let call = held(1, 1);
    store.claim(&main(), call.clone(), at(2), at(100)).await.unwrap();
    let reach = store.vote(&theirs, call.record, vote("eve", true, at(3)), at(50)).await;
    assert!(matches!(reach, Err(StoreError::NotFound { .. })));
    assert_eq!(store.approvals(&theirs, None, 10, at(3)).await.unwrap(), []);
}
