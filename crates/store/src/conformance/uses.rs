//! Many questions in one way through the index.

use model::{Decision, Kind, Record, RecordId, Resource, TenantId};

use super::{Fresh, at, main, name};
use crate::{Batch, Clause, Entry, Field, Filter, Store};

/// Enough for three blocks of the index.
const ENTRIES: u64 = 20_000;
const AGENTS: u64 = 700;

/// Some agents are seen all the time, some in one stretch of the log alone; every ninth record says a
/// time before its neighbours'.
fn record(position: u64) -> Record {
    let time = at(position as i64 - if position.is_multiple_of(9) { 500 } else { 0 });
    let id = RecordId::new(time, u128::from(position));
    let mut record = Record::new(id, time, main(), Kind::LLM_CALL, Decision::default());
    let agent = if position.is_multiple_of(2) { position % 3 } else { position * AGENTS / ENTRIES };
    record.agent = Some(name(&format!("agent-{agent}")));
    record.resource = Some(Resource {
        name: ["openai/gpt-x", "local/m", "openai/gpt-x"][position as usize % 3].to_owned(),
        kind: "model".into(),
    });
    record.client.credential = format!("key:{:08x}", position % 5);
    record
}

async fn fill(store: &Store) {
    for first in (0..ENTRIES).step_by(5_000) {
        let entries = (first..first + 5_000).map(|at| Entry::of(at, &record(at))).collect();
        let log = "main".to_owned();
        store.index(Batch { tenant: main(), log, entries, counters: None }).await.unwrap();
    }
}

async fn other(store: &Store) -> TenantId {
    let other = TenantId::new("other").unwrap();
    store.add_tenant(&other).await.unwrap();
    other
}

pub(super) async fn each_question_finds_what_a_search_finds(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let by_agent = (0..AGENTS + 2).map(|agent| vec![(Field::Agent, format!("agent-{agent}"))]);
    let by_key = (0..40).map(|agent| {
        let key = (Field::Credential, format!("key:{:08x}", agent % 7));
        vec![key, (Field::Agent, format!("agent-{}", agent / 7))]
    });
    let asked: Vec<Vec<(Field, String)>> = by_agent.chain(by_key).collect();
    let found = store.last_of_each(&main(), asked.clone()).await.unwrap();
    assert_eq!(found.len(), asked.len());
    for (values, found) in asked.iter().zip(found) {
        let is = |(field, value): &(Field, String)| Clause::is(*field, value.clone());
        let filter = Filter { clauses: values.iter().map(is).collect(), ..Filter::default() };
        let page = store.search(&main(), filter, None, 1).await.unwrap();
        assert_eq!(found, page.hits.first().map(|hit| hit.time), "{values:?}");
    }
    let elsewhere = store.last_of_each(&other(&store).await, asked).await.unwrap();
    assert!(elsewhere.iter().all(Option::is_none));
}

pub(super) async fn what_agents_reached_is_counted_by_agent(fresh: Fresh) {
    let store = fresh.store;
    fill(&store).await;
    let since = at(ENTRIES as i64 - 3_000);
    let uses = store.uses_of_agents(&main(), since, 1).await.unwrap();
    assert_eq!(uses.since, since);
    for agent in [0, 1, 2, AGENTS / 2, AGENTS - 1] {
        let agent = format!("agent-{agent}");
        let filter = Filter { agent: Some(name(&agent)), since: Some(since), ..Filter::default() };
        let top = store.top(&main(), filter, Field::Resource, 1).await.unwrap();
        let found = uses.by_agent.get(&agent).cloned();
        assert_eq!(found, Some(top).filter(|top| top.distinct > 0), "{agent}");
    }
    let elsewhere = other(&store).await;
    assert!(store.uses_of_agents(&elsewhere, since, 1).await.unwrap().by_agent.is_empty());
}
