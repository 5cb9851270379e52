//! Sizes that a large company has. Times are measured by the bench example, not here.

use super::{Fresh, agent, at, hash, main};
use crate::DeclaredAgent;

pub(super) async fn ten_thousand_agents_load_at_once(fresh: Fresh) {
    let declared = (0..10_000_u64)
        .map(|number| DeclaredAgent {
            agent: agent(&format!("agent-{number:05}")),
            keys: vec![hash(number)],
        })
        .collect();
    fresh.store.declare_agents(&main(), declared, at(1)).await.unwrap();
    let control = fresh.store.load_control(&main()).await.unwrap();
    assert_eq!((control.agents.len(), control.keys.len()), (10_000, 10_000));
    assert!(control.agents.is_sorted_by(|a, b| a.name < b.name));
}
