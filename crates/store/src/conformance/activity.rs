//! The search index.

use std::collections::BTreeSet;

use model::{Effect, Kind, ProviderName, RecordId, SessionId, Status, TenantId};

use super::{Fresh, at, main, name};
use crate::{Batch, Cursor, Entry, Filter, Hit, Store, StoreError};

const ENTRIES: u64 = 500;

/// Entries whose columns repeat with different periods, so that filters cut across each other.
fn entry(position: u64) -> Entry {
    let pick = |all: &[&str]| all[position as usize % all.len()].to_owned();
    let effects = [Effect::Permit, Effect::Permit, Effect::Permit, Effect::Redact, Effect::Deny];
    let effect = effects[position as usize % effects.len()];
    Entry {
        position,
        id: RecordId::new(at(position as i64), u128::from(position)),
        time: at(position as i64 / 2),
        kind: if position.is_multiple_of(50) { "admin.change" } else { "llm.call" }.to_owned(),
        effect,
        status: if effect == Effect::Deny { Status::Refused } else { Status::Ok },
        agent: Some(pick(&["a", "b", "c"])),
        person: position.is_multiple_of(7).then(|| "ann@example.com".to_owned()),
        resource: Some(pick(&["openai/gpt-x", "anthropic/claude-x", "openai/o-x", "local/m"])),
        provider: Some(pick(&["openai", "anthropic", "openai", "local"])),
        session: Some(format!("s{}", position / 10)),
        findings: match position % 11 {
            0 => vec!["secret.github_token".to_owned(), "secret.private_key".to_owned()],
            1 => vec!["pii.payment_card".to_owned()],
            _ => vec![],
        },
    }
}

fn batch(tenant: &TenantId, entries: Vec<Entry>) -> Batch {
    Batch { tenant: tenant.clone(), log: "main".to_owned(), entries, counters: None }
}

async fn fill(store: &Store) {
    let next = store.index(batch(&main(), (0..ENTRIES).map(entry).collect())).await.unwrap();
    assert_eq!(next, ENTRIES);
}

async fn find(store: &Store, filter: Filter) -> Vec<u64> {
    let page = store.search(&main(), filter, None, 1_000).await.unwrap();
    page.hits.iter().map(|hit| hit.position).collect()
}

/// What the filter should find, newest first.
fn expect(meets: impl Fn(&Entry) -> bool) -> Vec<u64> {
    (0..ENTRIES).rev().map(entry).filter(meets).map(|entry| entry.position).collect()
}

fn kind(text: &str) -> Kind {
    serde_json::from_value(text.into()).unwrap()
}

pub(super) async fn pages_run_from_new_to_old(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    for filter in [
        Filter::default(),
        Filter { agent: Some(name("a")), ..Filter::default() },
        Filter { finding: Some("secret".to_owned()), ..Filter::default() },
    ] {
        let whole = find(&store, filter.clone()).await;
        let mut seen: Vec<Hit> = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let page = store.search(&main(), filter.clone(), after, 7).await.unwrap();
            assert!(page.hits.len() <= 7);
            seen.extend(page.hits);
            let Some(next) = page.next else { break };
            after = Some(next.to_string().parse().unwrap());
        }
        assert_eq!(seen.iter().map(|hit| hit.position).collect::<Vec<_>>(), whole);
        assert!(seen.is_sorted_by(|new, old| new.time >= old.time));
    }
    let hit = &store.search(&main(), Filter::default(), None, 1).await.unwrap().hits[0];
    let last = entry(ENTRIES - 1);
    assert_eq!((hit.id, hit.time, &hit.agent), (last.id, last.time, &last.agent));
    assert_eq!((&hit.resource, &hit.kind, hit.log.as_str()), (&last.resource, &last.kind, "main"));
    for bad in ["", "1", "1.", "x.1", "1.2.3"] {
        assert!(bad.parse::<Cursor>().is_err(), "{bad:?}");
    }
}

pub(super) async fn each_filter_narrows(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let none = Filter::default;
    let check = async |filter: Filter, meets: &dyn Fn(&Entry) -> bool| {
        let wanted = expect(meets);
        assert!(!wanted.is_empty(), "{filter:?} is a test of nothing");
        assert_eq!(find(&store, filter.clone()).await, wanted, "{filter:?}");
        let count = store.count(&main(), filter, 10_000).await.unwrap();
        assert_eq!((count.value, count.at_least), (wanted.len() as u64, false));
    };
    check(none(), &|_| true).await;
    check(Filter { id: Some(entry(9).id), ..none() }, &|e| e.position == 9).await;
    check(Filter { agent: Some(name("b")), ..none() }, &|e| e.agent.as_deref() == Some("b")).await;
    let person = Some("ann@example.com".parse().unwrap());
    check(Filter { person, ..none() }, &|e| e.person.is_some()).await;
    let admin = Some(kind("admin.change"));
    check(Filter { kind: admin, ..none() }, &|e| e.kind == "admin.change").await;
    for effect in [Effect::Permit, Effect::Redact, Effect::Deny] {
        check(Filter { effect: Some(effect), ..none() }, &|e| e.effect == effect).await;
    }
    for status in [Status::Ok, Status::Refused] {
        check(Filter { status: Some(status), ..none() }, &|e| e.status == status).await;
    }
    let openai = || Some("openai".to_owned());
    check(Filter { provider: openai(), ..none() }, &|e| e.provider == openai()).await;
    let model = || Some("openai/o-x".to_owned());
    check(Filter { resource: model(), ..none() }, &|e| e.resource == model()).await;
    let session = SessionId::new("s3").unwrap();
    check(Filter { session: Some(session), ..none() }, &|e| e.position / 10 == 3).await;
    let key = Some("secret.private_key".to_owned());
    check(Filter { finding: key, ..none() }, &|e| e.position % 11 == 0).await;
    let family = Some("pii".to_owned());
    check(Filter { finding: family, ..none() }, &|e| e.position % 11 == 1).await;
    let (since, until) = (Some(at(10)), Some(at(20)));
    check(Filter { since, until, ..none() }, &|e| (20..40).contains(&e.position)).await;
    let nothing = [
        Filter { agent: Some(name("nobody")), ..none() },
        Filter { provider: Some(ProviderName::new("none").unwrap().to_string()), ..none() },
        Filter { id: Some(RecordId::from_u128(1)), ..none() },
        Filter { status: Some(Status::Cut), ..none() },
    ];
    for filter in nothing {
        assert!(find(&store, filter.clone()).await.is_empty(), "{filter:?}");
    }
}

pub(super) async fn filters_together_find_what_each_finds(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let singles = [
        Filter { agent: Some(name("a")), ..Filter::default() },
        Filter { kind: Some(kind("llm.call")), ..Filter::default() },
        Filter { effect: Some(Effect::Deny), ..Filter::default() },
        Filter { effect: Some(Effect::Permit), ..Filter::default() },
        Filter { status: Some(Status::Ok), ..Filter::default() },
        Filter { provider: Some("openai".to_owned()), ..Filter::default() },
        Filter { finding: Some("secret".to_owned()), ..Filter::default() },
        Filter { person: Some("ann@example.com".parse().unwrap()), ..Filter::default() },
        Filter { since: Some(at(50)), until: Some(at(200)), ..Filter::default() },
    ];
    for one in &singles {
        for two in &singles {
            let both = Filter {
                agent: one.agent.clone().or(two.agent.clone()),
                kind: one.kind.clone().or(two.kind.clone()),
                effect: one.effect.or(two.effect),
                status: one.status.or(two.status),
                provider: one.provider.clone().or(two.provider.clone()),
                finding: one.finding.clone().or(two.finding.clone()),
                person: one.person.clone().or(two.person.clone()),
                since: one.since.or(two.since),
                until: one.until.or(two.until),
                ..Filter::default()
            };
            if one.effect.is_some() && two.effect.is_some() {
                continue;
            }
            let left: BTreeSet<u64> = find(&store, one.clone()).await.into_iter().collect();
            let right: BTreeSet<u64> = find(&store, two.clone()).await.into_iter().collect();
            let found: BTreeSet<u64> = find(&store, both.clone()).await.into_iter().collect();
            assert_eq!(found, &left & &right, "{both:?}");
        }
    }
}

pub(super) async fn a_replay_changes_nothing(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let before = store.search(&main(), Filter::default(), None, 1_000).await.unwrap();
    fill(&store).await;
    let overlap = (ENTRIES - 10..ENTRIES + 5).map(entry).collect();
    assert_eq!(store.index(batch(&main(), overlap)).await.unwrap(), ENTRIES + 5);
    let after = store.search(&main(), Filter::default(), None, 1_000).await.unwrap();
    assert_eq!(after.hits[5..], before.hits);
    assert_eq!(store.indexed(&main(), "main").await.unwrap(), ENTRIES + 5);
    assert_eq!(store.indexed(&main(), "other").await.unwrap(), 0);
}

pub(super) async fn a_gap_is_refused(fresh: Fresh) {
    let store = fresh.store;
    let gap = store.index(batch(&main(), vec![entry(0), entry(2)])).await;
    assert!(matches!(gap, Err(StoreError::Gap { expected: 1, found: 2 })));
    assert_eq!(store.indexed(&main(), "main").await.unwrap(), 0);
    assert!(find(&store, Filter::default()).await.is_empty());
}

pub(super) async fn a_completion_takes_the_place_of_its_beginning(fresh: Fresh) {
    let store = fresh.store;
    let begun = Entry { status: Status::Begun, ..entry(0) };
    let between = entry(1);
    let completed = Entry { position: 2, time: at(9), findings: vec![], ..entry(0) };
    store.index(batch(&main(), vec![begun.clone(), between])).await.unwrap();
    let open = Filter { status: Some(Status::Begun), ..Filter::default() };
    assert_eq!(find(&store, open.clone()).await, [0]);
    store.index(batch(&main(), vec![completed])).await.unwrap();
    assert!(find(&store, open).await.is_empty());
    let found = Filter { id: Some(begun.id), ..Filter::default() };
    let page = store.search(&main(), found, None, 9).await.unwrap();
    let places: Vec<_> = page.hits.iter().map(|hit| (hit.position, hit.begun)).collect();
    assert_eq!(places, [(2, Some(0))]);
    // What only the beginning had found is not found at a row that is gone.
    let secrets = Filter { finding: Some("secret".to_owned()), ..Filter::default() };
    assert!(find(&store, secrets).await.is_empty());
}

pub(super) async fn tenants_find_their_own(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let other = TenantId::new("other").unwrap();
    store.add_tenant(&other).await.unwrap();
    let filters = [
        Filter::default(),
        Filter { agent: Some(name("a")), ..Filter::default() },
        Filter { id: Some(entry(3).id), ..Filter::default() },
        Filter { effect: Some(Effect::Deny), ..Filter::default() },
        Filter { finding: Some("secret".to_owned()), ..Filter::default() },
    ];
    for filter in filters.clone() {
        let page = store.search(&other, filter.clone(), None, 9).await.unwrap();
        assert!(page.hits.is_empty(), "{filter:?}");
    }
    // The same names and ids, and still each only its own.
    store.index(batch(&other, (0..20).map(entry).collect())).await.unwrap();
    for filter in filters {
        let mine = store.count(&main(), filter.clone(), 10_000).await.unwrap().value;
        let theirs = store.count(&other, filter.clone(), 10_000).await.unwrap().value;
        assert!(theirs <= 20 && theirs > 0 && mine >= theirs, "{filter:?}: {mine}, {theirs}");
    }
    store.forget_index(&other).await.unwrap();
    assert_eq!(find(&store, Filter::default()).await.len() as u64, ENTRIES);
}

pub(super) async fn counting_stops_at_its_limit(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let count = store.count(&main(), Filter::default(), 100).await.unwrap();
    assert_eq!((count.value, count.at_least), (100, true));
}

pub(super) async fn a_rebuilt_index_is_the_same(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let before = store.search(&main(), Filter::default(), None, 1_000).await.unwrap();
    store.forget_index(&main()).await.unwrap();
    assert!(find(&store, Filter::default()).await.is_empty());
    for start in (0..ENTRIES).step_by(100) {
        let entries = (start..start + 100).map(entry).collect();
        store.index(batch(&main(), entries)).await.unwrap();
    }
    let after = store.search(&main(), Filter::default(), None, 1_000).await.unwrap();
    assert_eq!(after, before);
}
