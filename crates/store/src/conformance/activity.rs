//! The search index.

use std::collections::BTreeSet;
use std::time::Duration;

use model::{
    Client, Decision, Digest, Effect, Finding, Kind, Payload, PayloadRef, PolicyId, ProviderName,
    Record, RecordId, Resource, SessionId, Severity, Status, TenantId, Usage, ZoneName,
};

use super::{Fresh, at, main, name};
use crate::{Batch, Cursor, Entry, Field, Filter, Hit, Store, StoreError};

const ENTRIES: u64 = 500;

/// Records whose fields repeat with different periods, so that filters cut across each other.
fn record(position: u64) -> Record {
    let pick = |all: &[&str]| all[position as usize % all.len()].to_owned();
    let effects = [Effect::Permit, Effect::Permit, Effect::Permit, Effect::Redact, Effect::Deny];
    let effect = effects[position as usize % effects.len()];
    let policy = PolicyId::new(&pick(&["baseline", "night"])).unwrap();
    let reason = pick(&["permitted by role", "the Model is not granted", "masked: ÄRGER-no.7"]);
    let decision =
        Decision { effect, obligations: vec![], policies: vec![policy], reason: reason.into() };
    let is_change = position.is_multiple_of(50);
    let kind = if is_change { Kind::ADMIN_CHANGE } else { Kind::LLM_CALL };
    let id = RecordId::new(at(position as i64), u128::from(position));
    let mut record = Record::new(id, at(position as i64 / 2), main(), kind, decision);
    record.status = if effect == Effect::Deny { Status::Refused } else { Status::Ok };
    record.agent = Some(name(&pick(&["a", "b", "c"])));
    record.chain = if position.is_multiple_of(9) { vec![name("planner")] } else { vec![] };
    record.on_behalf_of = position.is_multiple_of(7).then(|| "ann@example.com".parse().unwrap());
    let model = pick(&["openai/gpt-x", "anthropic/claude-x", "openai/o-x", "local/m"]);
    record.resource = Some(Resource { name: model, kind: "model".into() });
    record.session = Some(SessionId::new(&format!("s{}", position / 10)).unwrap());
    record.zone = Some(ZoneName::new(&pick(&["production", "test"])).unwrap());
    record.labels = if position.is_multiple_of(13) { vec!["confidential".into()] } else { vec![] };
    record.http_status = Some(if effect == Effect::Deny { 403 } else { 200 });
    record.trace = Some(Digest::of(&position.to_be_bytes()).to_string()[..32].to_owned());
    record.client = Client {
        address: format!("192.0.2.{}:{}", position % 4, 1_000 + position),
        credential: format!("key:{:08x}", position % 6),
        user_agent: pick(&["sdk/1", "sdk/2", "curl"]),
    };
    record.detail.insert("endpoint".into(), pick(&["chat_completions", "embeddings"]));
    record.usage = Usage {
        input_tokens: position * 3 % 1_000,
        cost_usd: position as f64 / 1e4,
        upstream_ms: position as f64 / 8.0,
        ..Usage::default()
    };
    let sha256 = Digest::of(&(position / 2).to_be_bytes());
    let request = Some(PayloadRef { reference: None, sha256 });
    record.payload = Payload { request, response: None };
    record.findings = match position % 11 {
        0 => vec![finding("secret.github_token"), finding("secret.private_key")],
        1 => vec![finding("pii.payment_card")],
        _ => vec![],
    };
    record
}

fn finding(kind: &str) -> Finding {
    Finding {
        confidence: 0.9,
        count: 1,
        detector: kind.split('.').next_back().unwrap().into(),
        fingerprint: kind.starts_with("secret").then(|| format!("fp-{kind}")),
        kind: kind.into(),
        severity: if kind.starts_with("pii") { Severity::High } else { Severity::Critical },
        location: "request:messages[0].content".into(),
    }
}

fn entry(position: u64) -> Entry {
    Entry::of(position, &record(position))
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
fn expect(meets: impl Fn(u64, &Record) -> bool) -> Vec<u64> {
    (0..ENTRIES).rev().filter(|position| meets(*position, &record(*position))).collect()
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
    let check = async |filter: Filter, meets: &dyn Fn(u64, &Record) -> bool| {
        let wanted = expect(meets);
        assert!(!wanted.is_empty(), "{filter:?} is a test of nothing");
        assert_eq!(find(&store, filter.clone()).await, wanted, "{filter:?}");
        let count = store.count(&main(), filter, 10_000).await.unwrap();
        assert_eq!((count.value, count.at_least), (wanted.len() as u64, false));
    };
    let text = |text: &str| Some(text.to_owned());
    check(none(), &|_, _| true).await;
    check(Filter { id: Some(record(9).id), ..none() }, &|at, _| at == 9).await;
    check(Filter { agent: Some(name("b")), ..none() }, &|_, r| r.agent == Some(name("b"))).await;
    let person = Some("ann@example.com".parse().unwrap());
    check(Filter { person, ..none() }, &|_, r| r.on_behalf_of.is_some()).await;
    let admin = Some(Kind::ADMIN_CHANGE);
    check(Filter { kind: admin, ..none() }, &|_, r| r.kind == Kind::ADMIN_CHANGE).await;
    for effect in [Effect::Permit, Effect::Redact, Effect::Deny] {
        let filter = Filter { effect: Some(effect), ..none() };
        check(filter, &|_, r| r.decision.effect == effect).await;
    }
    for status in [Status::Ok, Status::Refused] {
        check(Filter { status: Some(status), ..none() }, &|_, r| r.status == status).await;
    }
    let named = |r: &Record| r.resource.as_ref().unwrap().name.clone();
    let openai = Filter { provider: text("openai"), ..none() };
    check(openai, &|_, r| named(r).starts_with("openai/")).await;
    let model = Filter { resource: text("openai/o-x"), ..none() };
    check(model, &|_, r| named(r) == "openai/o-x").await;
    let session = SessionId::new("s3").unwrap();
    check(Filter { session: Some(session), ..none() }, &|at, _| at / 10 == 3).await;
    let key = text("secret.private_key");
    check(Filter { finding: key, ..none() }, &|at, _| at % 11 == 0).await;
    let family = text("pii");
    check(Filter { finding: family, ..none() }, &|at, _| at % 11 == 1).await;
    let (since, until) = (Some(at(10)), Some(at(20)));
    check(Filter { since, until, ..none() }, &|at, _| (20..40).contains(&at)).await;
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

fn asked(query: &str) -> Filter {
    let mut filter = Filter::default();
    filter.narrow(query, at(250)).unwrap();
    filter
}

pub(super) async fn every_field_can_be_asked_for(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let check = async |query: &str, meets: &dyn Fn(u64, &Record) -> bool| {
        let wanted = expect(meets);
        assert!(!wanted.is_empty(), "{query} is a test of nothing");
        assert_eq!(find(&store, asked(query)).await, wanted, "{query}");
        let alone = expect(|at, _| asked(query).matches(&entry(at)));
        assert_eq!(alone, wanted, "{query}, each record alone");
        let count = store.count(&main(), asked(query), 10_000).await.unwrap();
        assert_eq!(count.value, wanted.len() as u64, "{query}");
    };
    check("kind:admin.change,http.request effect:deny,permit", &|at, r| {
        at % 50 == 0 && r.decision.effect != Effect::Redact
    })
    .await;
    check("-effect:permit status:ok", &|_, r| r.decision.effect == Effect::Redact).await;
    check("chain:planner", &|at, _| at % 9 == 0).await;
    check("user:ann@example.com -agent:a", &|at, _| at % 7 == 0 && at % 3 != 0).await;
    check("zone:test session:s1*", &|at, _| at % 2 == 1 && (at / 10).to_string().starts_with('1'))
        .await;
    check("resource:openai/* type:model provider:openai", &|at, _| at % 4 % 2 == 0).await;
    check("policy:night", &|at, _| at % 2 == 1).await;
    check("finding:secret severity:critical detector:private_key", &|at, _| at % 11 == 0).await;
    check("fingerprint:fp-secret.private_key", &|at, _| at % 11 == 0).await;
    check("finding:pii.payment_card where:request*", &|at, _| at % 11 == 1).await;
    check("label:confidential", &|at, _| at % 13 == 0).await;
    check("http_status:4xx", &|at, _| at % 5 == 4).await;
    check("-http_status:200", &|at, _| at % 5 == 4).await;
    check("address:192.0.2.3 credential:key:00000001", &|at, _| at % 4 == 3 && at % 6 == 1).await;
    check("user_agent:sdk/*", &|at, _| at % 3 != 2).await;
    check("detail.endpoint:embeddings", &|at, _| at % 2 == 1).await;
    let trace = record(77).trace.unwrap();
    check(&format!("trace:{trace}"), &|at, _| at == 77).await;
    check(&format!("trace:{}", trace.to_uppercase()), &|at, _| at == 77).await;
    check(&format!("request:{}", Digest::of(&20_u64.to_be_bytes())), &|at, _| at / 2 == 20).await;
    check(&format!("id:{}", record(5).id), &|at, _| at == 5).await;
    for (query, low, high) in [
        ("input_tokens:>500", 501, u64::MAX),
        ("input_tokens:100..107", 100, 107),
        ("input_tokens:<50", 0, 49),
        ("input_tokens:0", 0, 0),
        ("input_tokens:>=0", 0, u64::MAX),
        ("input_tokens:63", 63, 63),
    ] {
        check(query, &|_, r| (low..=high).contains(&r.usage.input_tokens)).await;
    }
    check("cost_usd:>0.04", &|at, _| at > 400).await;
    check("upstream_ms:10..20", &|at, _| (80..=160).contains(&at)).await;
    check("granted", &|at, _| at % 3 == 1).await;
    check("\"model IS not\" -chat", &|at, _| at % 3 == 1 && at % 2 == 1).await;
    check("ärger gpt*", &|at, _| at % 3 == 2 && at % 4 == 0).await;
    check("-text:permitted", &|at, _| at % 3 != 0).await;
    check("since:240s until:230s", &|at, _| (20..40).contains(&at)).await;
    for none in ["agent:nobody", "agent:a agent:b", "bytes_in:>0", "response:00", "nowhere"] {
        assert!(find(&store, asked(none)).await.is_empty(), "{none}");
    }
    // What nobody has excludes nobody.
    assert_eq!(find(&store, asked("-agent:nobody")).await.len() as u64, ENTRIES);
    assert!(store.search(&main(), asked("id:x"), None, 9).await.is_err());
}

pub(super) async fn the_most_frequent_values_are_counted(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let top = async |query: &str, field| store.top(&main(), asked(query), field, 2).await;
    let found = top("effect:deny", Field::Agent).await.unwrap();
    let counts = |agent: &str| {
        expect(|_, r| r.decision.effect == Effect::Deny && r.agent == Some(name(agent))).len()
            as u64
    };
    assert_eq!(found.distinct, 3);
    for tally in &found.values {
        assert_eq!(tally.count, counts(&tally.value), "{}", tally.value);
    }
    assert!(found.values[0].count >= found.values[1].count && found.values.len() == 2);
    let found = top("until:200s since:225s", Field::HttpStatus).await.unwrap();
    let wanted = |status| {
        expect(|at, r| (50..100).contains(&at) && r.http_status == Some(status)).len() as u64
    };
    assert_eq!((found.values[0].value.as_str(), found.values[0].count), ("200", wanted(200)));
    let found = top("", Field::Family).await.unwrap();
    assert_eq!((found.values[0].value.as_str(), found.distinct), ("secret", 2));
    assert!(matches!(top("", Field::Trace).await, Err(StoreError::Query(_))));
    assert!(top("agent:nobody", Field::Kind).await.unwrap().values.is_empty());
}

pub(super) async fn times_are_counted_in_bins(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let step = Duration::from_secs(100);
    let bins = async |query: &str, from, bins| {
        store.histogram(&main(), asked(query), at(from), step, bins).await.unwrap()
    };
    assert_eq!(bins("", 0, 4).await, [200, 200, 100, 0]);
    // What lies before the first or behind the last counts nowhere.
    assert_eq!(bins("", 50, 1).await, [200]);
    let deny = |from, to| expect(|at, _| at % 5 == 4 && (from..to).contains(&at)).len() as u64;
    assert_eq!(bins("effect:deny", 0, 3).await, [deny(0, 200), deny(200, 400), deny(400, 500)]);
    assert_eq!(bins("agent:nobody", 0, 2).await, [0, 0]);
}

/// More than a block, in batches that are no divisors of one, with a time that steps back.
pub(super) async fn blocks_meet_without_a_seam(fresh: Fresh) {
    const RECORDS: u64 = 18_000;
    let store = fresh.store;
    let time = |position: u64| at(if position.is_multiple_of(1_000) { 3 } else { position as i64 });
    for first in (0..RECORDS).step_by(700) {
        let one = |position: u64| {
            let mut entry = entry(position);
            entry.time = time(position);
            entry
        };
        let entries = (first..(first + 700).min(RECORDS)).map(one).collect();
        store.index(batch(&main(), entries)).await.unwrap();
    }
    for query in ["", "agent:a", "session:s81*", "effect:deny zone:test", "input_tokens:>990"] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = store.search(&main(), asked(query), after, 333).await.unwrap();
            seen.extend(page.hits.iter().map(|hit| hit.position));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let filter = |r: &Record, at: u64| match query {
            "agent:a" => at.is_multiple_of(3),
            "session:s81*" => (at / 10).to_string().starts_with("81"),
            "effect:deny zone:test" => r.decision.effect == Effect::Deny && at % 2 == 1,
            "input_tokens:>990" => r.usage.input_tokens > 990,
            _ => true,
        };
        let mut wanted: Vec<u64> =
            (0..RECORDS).filter(|position| filter(&record(*position), *position)).collect();
        wanted.sort_by_key(|position| std::cmp::Reverse((time(*position), *position)));
        assert!(seen == wanted, "{query}: {} of {}", seen.len(), wanted.len());
        let count = store.count(&main(), asked(query), u64::MAX).await.unwrap();
        assert_eq!(count.value, wanted.len() as u64);
    }
    let trace = record(8_192).trace.unwrap();
    assert_eq!(find(&store, asked(&format!("trace:{trace}"))).await, [8_192]);
    let sum: u64 = store
        .histogram(&main(), Filter::default(), at(0), Duration::from_secs(1_000), 18)
        .await
        .unwrap()
        .iter()
        .sum();
    assert_eq!(sum, RECORDS);
}

pub(super) async fn filters_together_find_what_each_finds(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let singles = [
        Filter { agent: Some(name("a")), ..Filter::default() },
        Filter { kind: Some(Kind::LLM_CALL), ..Filter::default() },
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
    let mut begun = record(0);
    begun.status = Status::Begun;
    let mut completed = record(0);
    completed.time = at(9);
    completed.findings.clear();
    store.index(batch(&main(), vec![Entry::of(0, &begun), entry(1)])).await.unwrap();
    let open = Filter { status: Some(Status::Begun), ..Filter::default() };
    assert_eq!(find(&store, open.clone()).await, [0]);
    store.index(batch(&main(), vec![Entry::of(2, &completed)])).await.unwrap();
    assert!(find(&store, open.clone()).await.is_empty());
    let found = Filter { id: Some(begun.id), ..Filter::default() };
    let page = store.search(&main(), found, None, 9).await.unwrap();
    let places: Vec<_> = page.hits.iter().map(|hit| (hit.position, hit.begun)).collect();
    assert_eq!(places, [(2, Some(0))]);
    // What only the beginning had found is not found at a row that is gone.
    for gone in ["finding:secret", "status:begun", "input_tokens:0 status:begun"] {
        assert!(find(&store, asked(gone)).await.is_empty(), "{gone}");
    }
    assert_eq!(store.count(&main(), Filter::default(), 9).await.unwrap().value, 2);
    assert_eq!(find(&store, asked("input_tokens:0")).await, [2]);
    // Both in one batch.
    let (mut again, mut ended) = (record(3), record(3));
    again.status = Status::Begun;
    ended.time = at(20);
    let both = vec![Entry::of(3, &again), Entry::of(4, &ended)];
    store.index(batch(&main(), both)).await.unwrap();
    assert!(find(&store, open).await.is_empty());
    assert_eq!(find(&store, asked(&format!("id:{}", again.id))).await, [4]);
}

pub(super) async fn tenants_find_their_own(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let other = TenantId::new("other").unwrap();
    store.add_tenant(&other).await.unwrap();
    let filters = [
        Filter::default(),
        Filter { agent: Some(name("a")), ..Filter::default() },
        Filter { id: Some(record(3).id), ..Filter::default() },
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
