use model::{AgentName, Decision, Kind, RecordId, Resource as Named, TenantId};
use proptest::prelude::*;

use super::*;
use crate::tests::properties::{Asked as AnyQuestion, questions};
use crate::tests::{NOW, agent, bundle, call, policy, provider};
use crate::{Grants, Question};

const CALLS: &str = "action == Action::\"call_model\"";

/// The record that a question leaves behind.
fn record(bundle: &Bundle, question: &Question<'_>) -> Record {
    let owner = question.resource.owner();
    let shown = match question.resource.name() {
        None | Some("") => owner.to_owned(),
        Some(name) => format!("{owner}/{name}"),
    };
    let verdict = bundle.evaluate(question);
    let decision = Decision {
        effect: verdict.effect,
        policies: verdict.policies,
        reason: verdict.reason.into(),
        obligations: verdict.obligations,
    };
    let mut record =
        Record::new(RecordId::new(NOW, 7), NOW, TenantId::main(), Kind::LLM_CALL, decision);
    record.agent = Some(question.agent.name.clone());
    record.zone = Some(question.agent.zone.clone());
    record.on_behalf_of = question.on_behalf_of.cloned();
    let chain = question.context.delegation.chain.iter();
    record.chain = chain.filter_map(|name| AgentName::new(name).ok()).collect();
    record.detail.insert(ASKED.into(), bundle.asked(question, &shown));
    record.detail.insert("origins".into(), question.context.origins.join(" "));
    record.resource = Some(Named { name: shown, kind: "model".into() });
    record
}

fn forbids(id: &str, action: &str, when: &str) -> String {
    all() + &policy(id, &format!("forbid (principal, {action}, resource) when {{ {when} }};"))
}

fn all() -> String {
    policy("all", "permit (principal, action, resource);")
}

#[test]
fn a_call_that_the_draft_refuses_is_counted_and_named() {
    let (now, then) = (bundle(&all()), bundle(&forbids("no-streams", CALLS, "context.stream")));
    let comparison = Comparison { in_force: &now, draft: &then };
    let (bot, openai) = (agent("bot", &[]), provider("openai"));
    let mut simulation = Simulation::default();
    for stream in [true, false] {
        let mut question = call(&bot, &openai, "gpt");
        question.context.stream = stream;
        let record = record(&now, &question);
        simulation.add(record.time, comparison.replay(&record, None));
    }
    assert_eq!((simulation.replayed, simulation.alike, simulation.drifted), (2, 1, 0));
    let [group] = simulation.changes.as_slice() else { panic!("{simulation:?}") };
    assert_eq!((group.count, group.says()), (1, "more refused"));
    let example = &group.examples[0];
    assert_eq!((&*example.agent, &*example.resource), ("bot", "openai/gpt"));
    assert_eq!(example.would_decide[0].as_str(), "no-streams");
}

#[test]
fn what_was_refused_for_another_reason_is_no_change() {
    let (now, then) = (bundle(&all()), bundle(&forbids("never", CALLS, "!context.stream")));
    let comparison = Comparison { in_force: &now, draft: &then };
    let (bot, openai) = (agent("bot", &[]), provider("openai"));
    let mut record = record(&now, &call(&bot, &openai, "gpt"));
    record.decision = Decision { reason: "over a limit".into(), ..Decision::default() };
    let replayed = comparison.replay(&record, None);
    assert!(matches!(replayed, Replayed::Changed { is_moot: true, .. }), "{replayed:?}");
}

#[test]
fn what_was_not_kept_is_not_guessed() {
    let now = bundle(&all());
    let comparison = Comparison { in_force: &now, draft: &now };
    let (bot, openai) = (agent("bot", &[]), provider("openai"));
    let whole = record(&now, &call(&bot, &openai, "gpt"));
    let with = |line: Option<String>| {
        let mut record = whole.clone();
        record.detail.remove(ASKED);
        record.detail.extend(line.map(|line| (ASKED.into(), line)));
        comparison.replay(&record, None)
    };
    assert_eq!(with(None), Replayed::Not(Unasked::Never));
    let masked = now.asked(&call(&bot, &openai, "gpt-secret"), "openai/████");
    assert!(!masked.contains("secret"), "{masked}");
    assert_eq!(with(Some(masked)), Replayed::Not(Unasked::Incomplete));
    let long: Vec<String> = (0..200).map(|at| format!("label-of-some-length-{at}")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let mut question = call(&bot, &openai, "gpt");
    question.context.labels = &long;
    assert_eq!(with(Some(now.asked(&question, "openai/gpt"))), Replayed::Not(Unasked::Incomplete));
    for line in
        ["", "1", "2 x call_model at=1", "1 x call_model", "1 x call_model at=%zz", "1 x fly at=1"]
    {
        assert_eq!(with(Some(line.to_owned())), Replayed::Not(Unasked::Incomplete), "{line}");
    }
}

#[test]
fn other_grants_than_then_are_said() {
    let granted = |model: &str| {
        let roles = vec![crate::tests::grant("support", &["openai"], &[model])];
        Bundle::baseline(&Grants { roles, zones: Vec::new() }).unwrap()
    };
    let (then, now) = (granted("gpt"), granted("other"));
    let (bot, openai) = (agent("bot", &["support"]), provider("openai"));
    let record = record(&then, &call(&bot, &openai, "gpt"));
    let comparison = Comparison { in_force: &now, draft: &now };
    assert_eq!(comparison.replay(&record, None), Replayed::Alike { has_drifted: true });
}

#[test]
fn pieces_add_up_to_the_whole() {
    let (now, then) = (bundle(&all()), bundle(&forbids("never", CALLS, "!context.stream")));
    let comparison = Comparison { in_force: &now, draft: &then };
    let (bot, openai) = (agent("bot", &[]), provider("openai"));
    let record = record(&now, &call(&bot, &openai, "gpt"));
    let mut whole = Simulation::default();
    let mut pieces = [Simulation::default(), Simulation::default()];
    for at in 0..2 * MAX_EXAMPLES {
        whole.add(record.time, comparison.replay(&record, None));
        pieces[usize::from(at >= MAX_EXAMPLES)].add(record.time, comparison.replay(&record, None));
    }
    let [mut first, second] = pieces;
    first.absorb(second);
    assert_eq!(first, whole);
    assert_eq!(whole.changes[0].examples.len(), MAX_EXAMPLES);
    assert_eq!(whole.changed_calls(), 2 * MAX_EXAMPLES as u64);
}

proptest! {
    /// Whatever is asked: the record of it is decided as it was.
    #[test]
    fn a_question_read_back_is_the_question(asked in questions()) {
        // Agents of a chain have names, and origins no blanks.
        let mut asked: AnyQuestion = asked;
        asked.texts.retain(|text| AgentName::new(text).is_ok());
        let grants = Grants::everything_to_everyone();
        let bundle = Bundle::baseline(&grants).unwrap();
        asked.with(|question| {
            let record = record(&bundle, question);
            match Asked::read(&record, Some(question.agent)) {
                Ok(read) => {
                    let same = read.put(|again| {
                        let now = Bundle::asked(&bundle, again, &record.resource.as_ref().unwrap().name);
                        (now, bundle.evaluate(again))
                    });
                    let (line, verdict) = same.unwrap();
                    assert_eq!(&line, record.detail.get(ASKED).unwrap());
                    assert_eq!(verdict, bundle.evaluate(question));
                }
                Err(why) => {
                    assert_eq!(why, Unasked::Incomplete);
                    assert!(record.detail[ASKED].len() <= MAX_ASKED);
                }
            }
        });
    }
}
