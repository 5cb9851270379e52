//! The memo remembers what it should, and nothing else.

use std::sync::Arc;

use model::{Tier, Timestamp};

use super::{agent, bundle, call, context, policy, provider};
use crate::{Context, Delegation, MAX_VERDICTS, Question};

const MINUTE: i64 = 60_000_000;

#[test]
fn the_same_question_is_evaluated_once() {
    let bundle = bundle(&policy("a", "permit (principal, action, resource);"));
    let (agent, provider) = (agent("x", &[]), provider("p"));
    let first = bundle.decide(&call(&agent, &provider, "m"));
    assert!(Arc::ptr_eq(&first, &bundle.decide(&call(&agent, &provider, "m"))));
    assert!(!Arc::ptr_eq(&first, &bundle.decide(&call(&agent, &provider, "n"))));
    assert_eq!(bundle.remembered(), 2);
}

#[test]
fn only_what_policies_read_tells_questions_apart() {
    let other = Context {
        time: Timestamp::from_micros(0),
        stream: true,
        max_output_tokens: Some(1),
        findings: &["pii.email"],
        labels: &["x"],
        delegation: Delegation { chain: &["y"], scopes: &["s"], tier: Tier::Background },
        origins: &["y"],
        endpoint: "/other",
    };
    let (agent, provider) = (agent("x", &[]), provider("p"));
    let plain = call(&agent, &provider, "m");
    let changed = Question { context: other, ..plain };
    let is_same = |condition: &str| {
        let body = format!("permit (principal, action, resource) when {{ {condition} }};");
        let bundle = bundle(&policy("a", &body));
        Arc::ptr_eq(&bundle.decide(&plain), &bundle.decide(&changed))
    };
    assert!(is_same("principal.name == \"x\""));
    for condition in [
        "context.time.hour > 5",
        "context.stream",
        "context has max_output_tokens",
        "context.findings.isEmpty()",
        "context.finding_families.contains(\"pii\")",
        "context.labels.isEmpty()",
        "context.chain.isEmpty()",
        "context.depth > 0",
        "context.scopes.isEmpty()",
        "context.tier == \"x\"",
        "context.origins.isEmpty()",
        "context.endpoint == \"/x\"",
        "context has time.minute && context[\"stream\"]",
        "context == context",
    ] {
        assert!(!is_same(condition), "{condition}");
    }
}

#[test]
fn time_counts_as_finely_as_policies_look() {
    let (agent, provider) = (agent("x", &[]), provider("p"));
    let at = |micros: i64| {
        let time = Timestamp::from_micros(super::NOW.micros() + micros);
        Question { context: Context { time, ..context() }, ..call(&agent, &provider, "m") }
    };
    let is_same = |condition: &str, micros| {
        let body = format!("permit (principal, action, resource) when {{ {condition} }};");
        let bundle = bundle(&policy("a", &body));
        Arc::ptr_eq(&bundle.decide(&at(0)), &bundle.decide(&at(micros)))
    };
    assert!(is_same("context.time.hour > 5", 10 * MINUTE));
    assert!(!is_same("context.time.hour > 5", 60 * MINUTE));
    assert!(is_same("context.time.minute > 5", MINUTE - 1));
    assert!(!is_same("context.time.minute > 5", MINUTE));
    assert!(!is_same("context.time == context.time", MINUTE));
}

#[test]
fn the_memo_is_bounded() {
    let bundle = crate::Bundle::compile(&[], &crate::Grants::default()).unwrap();
    let (agent, provider) = (agent("x", &[]), provider("p"));
    for n in 0..3_000 {
        bundle.decide(&call(&agent, &provider, &format!("m{n}")));
    }
    assert!((2_900..=3_000).contains(&bundle.remembered()), "{}", bundle.remembered());
    assert!(bundle.remembered() <= MAX_VERDICTS);
    let long = "m".repeat(100_000);
    let before = bundle.remembered();
    bundle.decide(&call(&agent, &provider, &long));
    assert_eq!(bundle.remembered(), before);
}

#[test]
fn a_full_shard_lets_the_oldest_go() {
    use crate::inputs::Inputs;
    use crate::key::Key;
    let memo = crate::memo::Memo::new(1);
    let (agent, provider) = (agent("x", &[]), provider("p"));
    let verdict = Arc::new(crate::Verdict {
        effect: model::Effect::Deny,
        policies: Vec::new(),
        reason: String::new(),
        obligations: Vec::new(),
    });
    let key = |n: usize| Key::new(&call(&agent, &provider, &n.to_string()), Inputs::ALL).unwrap();
    for n in 0..2 * MAX_VERDICTS {
        memo.put(&key(n), &verdict);
    }
    assert!(memo.len() <= MAX_VERDICTS);
    assert!(memo.len() > MAX_VERDICTS / 2, "{}", memo.len());
    assert!(memo.get(&key(2 * MAX_VERDICTS - 1)).is_some());
}
