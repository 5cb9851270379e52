//! What is refused when policies are loaded, and where the finger points.

use super::{compile, policy, problem};
use crate::{Bundle, Grants, MAX_NESTING, MAX_SOURCE_BYTES, MAX_TOKENS, Source};

/// The place, the message and the help, which must all hold what is expected.
#[track_caller]
fn refused(text: &str, place: (u32, u32), message: &str, help: &str) {
    let found = problem(text);
    assert_eq!((found.line, found.column), place, "{found}");
    assert!(found.message.contains(message), "{found}");
    assert!(found.help.as_deref().unwrap_or_default().contains(help), "{found}");
}

#[test]
fn what_the_schema_does_not_know_is_refused_with_the_nearest_name() {
    let body =
        "forbid (principal, action, resource) when { principal.standin == Standing::\"active\" };";
    refused(&policy("a", body), (3, 45), "standin", "standing");
    let body = "permit (principal, action == Action::\"call_modle\", resource);";
    refused(&policy("a", body), (3, 30), "call_modle", "call_model");
    let body = "permit (principal is Agnet, action, resource);";
    refused(&policy("a", body), (3, 22), "Agnet", "Agent");
    let body = "forbid (principal, action, resource) when { context.strem };";
    refused(&policy("a", body), (3, 45), "strem", "stream");
    let body =
        "forbid (principal, action, resource) when { principal.standing == Standing::\"gone\" };";
    refused(&policy("a", body), (3, 67), "gone", "suspended");
}

#[test]
fn what_could_be_absent_is_asked_for_first() {
    let body = "forbid (principal, action, resource) when { context.max_output_tokens > 5 };";
    refused(&policy("a", body), (3, 45), "max_output_tokens", "has");
    let body = "forbid (principal, action, resource) when { context has max_output_tokens && context.max_output_tokens > 5 };";
    assert!(compile(&policy("a", body)).is_ok());
}

#[test]
fn arithmetic_is_refused_because_it_can_overflow() {
    for (operand, column) in [
        ("1 + context.time.hour", 47),
        ("context.time.hour * 2", 63),
        ("context.time.hour - 2", 63),
        ("-context.time.hour", 45),
    ] {
        let body = format!("forbid (principal, action, resource) when {{ {operand} > 3 }};");
        let problems = compile(&policy("a", &body)).unwrap_err();
        let found = &problems[0];
        assert_eq!((found.line, found.column), (3, column), "{operand}: {found}");
        assert!(found.message.contains("overflow"), "{operand}: {found}");
    }
    let body = "forbid (principal, action, resource) when { context.time.hour > -2 };";
    assert!(compile(&policy("a", body)).is_ok());
}

#[test]
fn entities_that_are_not_supplied_cannot_be_read() {
    let body = "forbid (principal, action, resource) when { Agent::\"b\".name == \"b\" };";
    let problems = compile(&policy("a", body)).unwrap_err();
    assert_eq!((problems[0].line, problems[0].column), (3, 45), "{problems:?}");
}

#[test]
fn extension_functions_do_not_exist() {
    let body = "forbid (principal, action, resource) when { ip(context.endpoint).isLoopback() };";
    assert!(compile(&policy("a", body)).is_err());
}

#[test]
fn a_policy_says_what_it_is() {
    let permit = "permit (principal, action, resource);";
    refused(permit, (1, 1), "no @id", "write @id");
    refused(&format!("@id(\"a\") {permit}"), (1, 1), "no @description", "write @description");
    let slip = format!("@id(\"a\")\n@descripton(\"x\")\n{permit}");
    refused(&slip, (1, 1), "no @description", "@descripton");
    refused(&policy("a b", permit), (1, 1), "@id", "");
    let twice = policy("a", permit) + &policy("b", permit) + &policy("a", permit);
    refused(&twice, (7, 1), "already taken at p.cedar:1", "its own @id");
}

#[test]
fn obligations_are_known_and_bind_permits() {
    let permit = "permit (principal, action, resource);";
    refused(
        &format!("@obligation(\"aprove\") {}", policy("a", permit)),
        (1, 1),
        "aprove",
        "approve",
    );
    let forbid = policy("a", "forbid (principal, action, resource);");
    refused(&format!("@obligation(\"redact\") {forbid}"), (1, 1), "forbids", "permits");
}

#[test]
fn every_policy_of_a_file_is_reported() {
    let text = "permit (principle, action, resource);\n// a comment with a ; in it\n\
                forbid (principal, action, resource) when { \"\\\";\" };\npermit";
    let problems = compile(text).unwrap_err();
    let lines: Vec<u32> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!((lines.first(), lines.last()), (Some(&1), Some(&4)), "{problems:#?}");
    assert!(lines.contains(&3), "{problems:#?}");
}

#[test]
fn a_policy_that_can_never_apply_is_refused() {
    let body = "forbid (principal is Agent, action, resource is Zone);";
    assert!(compile(&policy("a", body)).is_err());
}

#[test]
fn templates_are_refused() {
    let body = "permit (principal == ?principal, action, resource);";
    assert!(compile(&policy("a", body)).is_err());
}

#[test]
fn size_and_depth_are_bounded() {
    let long = " ".repeat(MAX_SOURCE_BYTES + 1);
    assert!(problem(&long).message.contains("bytes"));
    let when = |condition: &str| {
        policy("a", &format!("permit (principal, action, resource) when {{ {condition} }};"))
    };
    let deep = |depth| when(&format!("{}true{}", "(".repeat(depth), ")".repeat(depth)));
    assert!(problem(&deep(MAX_NESTING)).message.contains("deep"));
    assert!(compile(&deep(MAX_NESTING - 2)).is_ok());
    assert!(problem(&when(&"!".repeat(100_000))).message.contains("words and marks"));
    assert!(problem(&when(&"if true then ".repeat(40))).message.contains("deep"));
    let chain = format!("true{}", " && true".repeat(MAX_TOKENS / 2));
    assert!(problem(&when(&chain)).message.contains("words and marks"));
}

#[test]
fn the_longest_chain_compiles_and_is_evaluated_in_a_small_stack() {
    let chain = format!("context.stream{}", " || context.stream".repeat(MAX_TOKENS / 5 - 20));
    let text = policy("a", &format!("permit (principal, action, resource) when {{ {chain} }};"));
    let run = move || {
        let bundle = super::bundle(&text);
        let (agent, provider) = (super::agent("a", &[]), super::provider("p"));
        bundle.decide(&super::call(&agent, &provider, "m")).reason.clone()
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run);
    let reason = thread.unwrap().join().unwrap();
    assert!(reason.starts_with("no policy permits"), "{reason}");
}

#[test]
fn an_empty_bundle_compiles_and_denies() {
    let bundle = Bundle::compile(&[], &Grants::everything_to_everyone()).unwrap();
    let (agent, provider) = (super::agent("a", &[]), super::provider("p"));
    let verdict = bundle.decide(&super::call(&agent, &provider, "m"));
    assert_eq!(verdict.effect, model::Effect::Deny);
    assert!(bundle.policies().is_empty());
    let blank = Source::new("blank.cedar", "// nothing yet\n");
    assert!(Bundle::compile(&[blank], &Grants::default()).is_ok());
}
