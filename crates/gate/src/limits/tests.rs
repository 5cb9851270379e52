//! Tests of limits: what is refused, and what a refused call leaves behind.

use proptest::prelude::*;

use super::counters::{MAX_PER_SHARD, MAX_PER_TENANT};
use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn limit(per: Per) -> Limit {
    Limit {
        name: "l".into(),
        per,
        only: None,
        except: Vec::new(),
        tier: None,
        tool: None,
        window: HOUR,
        requests: None,
        tokens: None,
        spend: None,
        concurrency: None,
        bytes: None,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn tokens(tokens: u64) -> Amount {
    Amount { tokens, ..Amount::default() }
}

fn caller<'a>(tenant: &'a TenantId, agent: &'a str) -> Caller<'a> {
    Caller {
        tenant,
        agent,
        person: None,
        shown: None,
        tier: Tier::Api,
        place: Place::Provider("openai"),
        tool: None,
    }
}

#[test]
fn the_request_that_would_cross_is_refused_until_the_window_ends() {
    let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
    let limits = [Limit { requests: Some(2), ..limit(Per::Agent) }];
    let ask =
        |agent, now| counters.reserve(&limits, &caller(&tenant, agent), Amount::default(), now);
    for _ in 0..2 {
        ask("a", at(10)).unwrap().settle(Amount::default(), at(11));
    }
    let refused = ask("a", at(3000)).err().unwrap();
    assert_eq!((refused.quantity, refused.retry_after), ("requests", Duration::from_secs(600)));
    assert!(ask("b", at(3000)).is_ok(), "another agent has its own count");
    assert!(ask("a", at(3600)).is_ok(), "a new window");
}

#[test]
fn parallel_calls_cannot_overshoot_together() {
    let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
    let limits = [Limit { tokens: Some(100), ..limit(Per::Tenant) }];
    let ask = |n| counters.reserve(&limits, &caller(&tenant, "a"), tokens(n), at(0));
    let first = ask(60).unwrap();
    let refused = ask(60).err().unwrap();
    assert_eq!(refused.retry_after, Duration::from_secs(1), "it may fit when the first is done");
    first.settle(tokens(10), at(1));
    assert!(ask(90).is_ok(), "60 were reserved, 10 were used");
}

#[test]
fn a_refused_call_counts_for_nothing_under_any_limit() {
    let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
    let open = Limit { name: "open".into(), requests: Some(1), ..limit(Per::Agent) };
    let shut = Limit { name: "shut".into(), requests: Some(0), ..limit(Per::Agent) };
    let both = [open.clone(), shut];
    assert!(counters.reserve(&both, &caller(&tenant, "a"), Amount::default(), at(0)).is_err());
    assert!(counters.reserve(&[open], &caller(&tenant, "a"), Amount::default(), at(0)).is_ok());
}

#[test]
fn concurrency_is_given_back_when_a_call_is_dropped() {
    let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
    let limits = [Limit { concurrency: Some(1), ..limit(Per::Provider) }];
    let ask = || counters.reserve(&limits, &caller(&tenant, "a"), Amount::default(), at(0));
    let first = ask().unwrap();
    assert_eq!(ask().err().unwrap().quantity, "concurrency");
    drop(first);
    assert!(ask().is_ok());
}

#[test]
fn counters_survive_a_restart() {
    let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
    let limits = [Limit { tokens: Some(100), ..limit(Per::Agent) }];
    counters
        .reserve(&limits, &caller(&tenant, "a"), tokens(90), at(0))
        .unwrap()
        .settle(tokens(90), at(1));
    let after = Arc::new(Counters::default());
    after.import(counters.export());
    assert!(after.reserve(&limits, &caller(&tenant, "a"), tokens(20), at(2)).is_err());
    assert!(after.reserve(&limits, &caller(&tenant, "a"), tokens(10), at(2)).is_ok());
}

/// One request of an agent under a limit, over at once.
fn ask(
    counters: &Arc<Counters>,
    limit: &Limit,
    who: (&TenantId, &str),
    now: Timestamp,
) -> Result<(), Exceeded> {
    let reserved = counters.reserve(
        std::slice::from_ref(limit),
        &caller(who.0, who.1),
        Amount::default(),
        now,
    )?;
    reserved.settle(Amount::default(), now);
    Ok(())
}

#[test]
fn room_is_made_from_windows_that_are_over_and_never_from_one_that_runs() {
    let (counters, tenant) = (Arc::new(Counters::with_shards(1)), TenantId::main());
    let hourly = Limit { requests: Some(1), ..limit(Per::Agent) };
    let window = Duration::from_secs(60);
    let short = Limit { name: "short".into(), window, ..hourly.clone() };
    ask(&counters, &hourly, (&tenant, "one"), at(0)).unwrap();
    for number in 1..MAX_PER_TENANT {
        ask(&counters, &short, (&tenant, &number.to_string()), at(1)).unwrap();
    }
    let new = |now| ask(&counters, &short, (&tenant, "new"), now);
    assert_eq!(new(at(30)).unwrap_err().retry_after, Duration::from_secs(30));
    assert!(new(at(60)).is_ok(), "the counters of the first minute are over");
    assert!(ask(&counters, &hourly, (&tenant, "one"), at(61)).is_err(), "the hour is not");
}

#[test]
fn a_tenant_with_subjects_without_end_leaves_room_for_the_others() {
    let counters = Arc::new(Counters::with_shards(1));
    let [greedy, other] = ["greedy", "other"].map(|name| TenantId::new(name).unwrap());
    let limit = Limit { requests: Some(1), ..limit(Per::Agent) };
    let counted = |tenant: &TenantId, count: usize| {
        let one = |n: &usize| ask(&counters, &limit, (tenant, &n.to_string()), at(0)).is_ok();
        (0..count).filter(one).count()
    };
    assert_eq!(counted(&greedy, MAX_PER_SHARD), MAX_PER_TENANT);
    assert_eq!(counted(&other, 1000), 1000);
}

#[test]
fn a_limit_that_is_given_another_window_counts_on() {
    let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
    let ask = |window, now| {
        let limit = Limit { requests: Some(1), window, ..limit(Per::Agent) };
        ask(&counters, &limit, (&tenant, "a"), now)
    };
    let a_minute = Duration::from_secs(60);
    ask(a_minute, at(10)).unwrap();
    assert!(ask(HOUR, at(70)).is_ok(), "its hour begins");
    assert!(ask(a_minute, at(200)).is_err(), "the hour that was counted is not over");
    assert!(ask(a_minute, at(3_700)).is_ok());
}

proptest! {
    #[test]
    fn no_order_of_calls_crosses_a_limit(steps in proptest::collection::vec((0_u64..50, 0_u64..50, any::<bool>()), 1..60)) {
        let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
        let limits = [Limit { tokens: Some(100), ..limit(Per::Agent) }];
        let (mut open, mut used) = (Vec::new(), 0);
        for (asked, really, finish) in steps {
            if let Ok(reservation) = counters.reserve(&limits, &caller(&tenant, "a"), tokens(asked), at(0)) {
                open.push((reservation, really.min(asked)));
            }
            if finish && let Some((reservation, really)) = open.pop() {
                reservation.settle(tokens(really), at(0));
                used += really;
            }
        }
        for (reservation, really) in open {
            reservation.settle(tokens(really), at(0));
            used += really;
        }
        prop_assert!(used <= 100, "{used} tokens were used of 100");
    }
}

#[test]
fn a_call_to_several_servers_counts_at_each_of_them_and_once_where_they_count_together() {
    let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
    let at_server = Limit { name: "server".into(), requests: Some(2), ..limit(Per::Server) };
    let limits = [Limit { requests: Some(2), ..limit(Per::Agent) }, at_server];
    let to = |server| Caller { place: Place::Server(server), ..caller(&tenant, "a") };
    let mut both = counters.reserve(&limits, &to("one"), tokens(5), at(0)).unwrap();
    both.extend(&limits, &to("two"), at(0)).unwrap();
    both.settle(tokens(5), at(1));
    let again = Arc::new(Counters::default());
    again.record(&limits, &[to("one"), to("two")], tokens(5), at(0));
    for counters in [&counters, &again] {
        let mut all: Vec<_> = counters.export();
        all.sort_by(|a, b| (&a.limit, &a.subject).cmp(&(&b.limit, &b.subject)));
        let all: Vec<_> =
            all.iter().map(|one| (&*one.subject, one.requests, one.used.tokens)).collect();
        assert_eq!(all, [("a", 1, 5), ("one", 1, 5), ("two", 1, 5)]);
    }
}

#[test]
fn a_server_that_takes_no_more_leaves_what_is_reserved_at_others() {
    let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
    let to = |server| Caller { place: Place::Server(server), ..caller(&tenant, "a") };
    let limits = [
        Limit { requests: Some(9), ..limit(Per::Agent) },
        Limit { name: "server".into(), requests: Some(1), ..limit(Per::Server) },
        Limit {
            name: "full".into(),
            requests: Some(0),
            only: Some("two".into()),
            ..limit(Per::Server)
        },
    ];
    let mut held = counters.reserve(&limits, &to("one"), Amount::default(), at(0)).unwrap();
    assert!(held.extend(&limits, &to("two"), at(0)).is_err());
    held.extend(&limits, &to("one"), at(0)).unwrap();
    held.settle(Amount::default(), at(0));
    let count = |name: &str| {
        let of = |one: &&Saved| &*one.subject == name && &*one.limit != "full";
        counters.export().iter().find(of).map_or(0, |one| one.requests)
    };
    assert_eq!((count("a"), count("one"), count("two")), (1, 1, 0));
}
