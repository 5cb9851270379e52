//! What a verdict says.

use std::sync::Arc;

use cedar_policy::{Policy, PolicyId};
use model::{
    Classification, Confidentiality, Digest, Effect, Integrity, ServerName, Tier, ToolEffect,
    UserName,
};

use super::{agent, bundle, call, context, policy, provider, resource_for};
use crate::compile::{About, Compiled};
use crate::inputs::Inputs;
use crate::vocabulary::Vocabulary;
use crate::{Action, Bundle, Context, Delegation, Grants, Question, Resource};

const PERMIT: &str = "permit (principal, action, resource);";

#[test]
fn a_default_denial_tells_the_developer_what_to_ask_for() {
    let bundle = Bundle::baseline(&Grants::default()).unwrap();
    let (agent, provider) = (agent("x", &["support", "night"]), provider("openai"));
    let verdict = bundle.decide(&call(&agent, &provider, "gpt-4o\n\u{202e}"));
    assert_eq!(verdict.effect, Effect::Deny);
    assert_eq!(
        verdict.reason,
        "no policy permits agent \"x\" (roles support, night) to call model \
         \"openai/gpt-4o\\n\\u{202e}\"; ask for a role that is granted it"
    );
    assert!(verdict.policies.is_empty());
}

#[test]
fn a_forbid_speaks_by_its_description() {
    let text = policy("all", PERMIT) + &policy("none", "forbid (principal, action, resource);");
    let (agent, provider) = (agent("x", &[]), provider("p"));
    let verdict = bundle(&text).decide(&call(&agent, &provider, "m"));
    assert_eq!(verdict.effect, Effect::Deny);
    assert_eq!(verdict.reason, "forbidden by \"none\": What none is for");
    assert_eq!(verdict.policies, [model::PolicyId::new("none").unwrap()]);
}

#[test]
fn obligations_of_all_permits_that_apply_are_owed() {
    let text = format!(
        "@obligation(\"redact\") {}@approve(\"\") {}@obligation(\"step_up\") {}",
        policy("b", PERMIT),
        policy("a", PERMIT),
        policy("c", "permit (principal, action, resource) when { context.stream };"),
    );
    let (agent, provider) = (agent("x", &[]), provider("p"));
    let verdict = bundle(&text).decide(&call(&agent, &provider, "m"));
    assert_eq!(verdict.effect, Effect::Hold);
    assert_eq!(verdict.obligations, ["approve", "redact"]);
    let ids: Vec<&str> = verdict.policies.iter().map(model::PolicyId::as_str).collect();
    assert_eq!(ids, ["a", "b"]);
}

#[test]
fn every_input_reaches_the_policies() {
    let user = UserName::new("ann@example.com").unwrap();
    let seen = Context {
        stream: true,
        max_output_tokens: Some(u64::MAX),
        findings: &["secret.github_token"],
        labels: &["confidential"],
        delegation: Delegation {
            chain: &["planner", "x"],
            scopes: &["mail.read"],
            tier: Tier::SubAgent,
        },
        origins: &["decisive:untrusted"],
        endpoint: "/v1/x",
        ..context()
    };
    for (condition, unseen) in [
        ("context.stream", "!context.stream"),
        (
            "context has max_output_tokens && context.max_output_tokens > 5",
            "!(context has max_output_tokens)",
        ),
        ("context.findings.contains(\"secret.github_token\")", "context.findings.isEmpty()"),
        ("context.finding_families.contains(\"secret\")", "context.finding_families.isEmpty()"),
        ("context.labels.contains(\"confidential\")", "context.labels.isEmpty()"),
        ("context.origins.contains(\"decisive:untrusted\")", "context.origins.isEmpty()"),
        ("context.endpoint == \"/v1/x\"", "context.endpoint == \"/v1/chat/completions\""),
        ("context.chain.contains(\"planner\") && context.depth == 2", "context.chain.isEmpty()"),
        ("context.scopes.contains(\"mail.read\")", "context.scopes.isEmpty()"),
        ("context.tier == \"sub_agent\"", "context.tier == \"api\""),
        (
            "context has on_behalf_of && context.on_behalf_of == User::\"ann@example.com\"",
            "!(context has on_behalf_of)",
        ),
    ] {
        let permits = |condition: &str, question: &Question<'_>| {
            let body = format!("permit (principal, action, resource) when {{ {condition} }};");
            bundle(&policy("a", &body)).decide(question).effect == Effect::Permit
        };
        let (agent, provider) = (agent("x", &[]), provider("p"));
        let plain = call(&agent, &provider, "m");
        let full = Question { on_behalf_of: Some(&user), context: seen, ..plain };
        assert_eq!((permits(condition, &full), permits(condition, &plain)), (true, false));
        assert_eq!((permits(unseen, &full), permits(unseen, &plain)), (false, true));
    }
}

#[test]
fn the_agent_and_the_resource_reach_the_policies() {
    let (agent, provider) = (agent("x", &["r"]), provider("p"));
    for condition in [
        "principal == Agent::\"x\" && principal.name == \"x\"",
        "principal.tenant == Tenant::\"main\" && principal.zone == Zone::\"production\"",
        "principal in Role::\"r\" && principal in Role::\"everyone\"",
        "principal.roles == [\"r\"] && principal.grants == [Grant::\"everyone\"]",
        "principal has owner && principal.owner == \"ann\" && !(principal has purpose)",
        "resource == Model::\"p/m\" && resource.name == \"m\" && resource.provider.name == \"p\"",
        "resource in Provider::\"p\" && resource in Grant::\"everyone\" && resource in Zone::\"production\"",
        "context.time.year == 2026 && context.time.month == 11 && context.time.day == 23",
        "context.time.hour == 14 && context.time.minute == 5 && context.time.weekday == 1",
        "context.time.minute_of_week == 845 && context.time.epoch_seconds == 1795442700",
        "context == context && context.time == context.time",
    ] {
        let head = "permit (principal, action == Action::\"call_model\", resource)";
        let text = policy("a", &format!("{head} when {{ {condition} }};"));
        let verdict = bundle(&text).decide(&call(&agent, &provider, "m"));
        assert_eq!(verdict.effect, Effect::Permit, "{condition}: {}", verdict.reason);
    }
}

/// Compilation lets nothing through that fails, so the failing policy is put in by hand.
#[test]
fn a_policy_that_fails_denies_even_where_it_forbids() {
    let vocabulary = Vocabulary::new().unwrap();
    let mut compiled = Compiled { inputs: Inputs::ALL, ..Compiled::default() };
    let overflow = "forbid (principal, action, resource) \
                    when { 9223372036854775807 + context.time.hour == 0 };";
    for (id, text) in [("all", PERMIT), ("broken", overflow)] {
        let policy = Policy::parse(Some(PolicyId::new(id)), text).unwrap();
        compiled.slice(&policy, &vocabulary.schema).unwrap();
        let name = model::PolicyId::new(id).unwrap();
        let about = About { id: name, description: "x".to_owned(), obligations: Vec::new() };
        compiled.about.insert(id.to_owned(), about);
    }
    let (vocabulary, compiled) = (Arc::new(vocabulary), Arc::new(compiled));
    let bundle = Bundle::new(vocabulary, compiled, &Grants::default(), Digest::of(b"")).unwrap();
    let (agent, provider) = (agent("x", &[]), provider("p"));
    let verdict = bundle.decide(&call(&agent, &provider, "m"));
    assert_eq!(verdict.effect, Effect::Deny);
    assert!(verdict.reason.contains("\"broken\" could not be evaluated"), "{}", verdict.reason);
    assert_eq!(verdict.policies, [model::PolicyId::new("broken").unwrap()]);
}

#[test]
fn one_policy_names_all_actions() {
    let text = policy("a", "permit (principal, action in Action::\"use\", resource);");
    let bundle = bundle(&text);
    let (agent, provider) = (agent("x", &[]), provider("p"));
    let server = ServerName::new("s").unwrap();
    let class = Classification::default();
    for action in Action::ALL {
        let resource = resource_for(action, &provider, &server, "m", class);
        let question = Question { action, resource, ..call(&agent, &provider, "m") };
        assert_eq!(bundle.decide(&question).effect, Effect::Permit, "{action:?}");
        let resource = Resource::Prompt { server: &server, name: "m" };
        let question = Question { resource, ..question };
        let is_its_own = action == Action::GetPrompt;
        assert_eq!(bundle.decide(&question).effect == Effect::Permit, is_its_own, "{action:?}");
    }
}

#[test]
fn what_is_known_of_a_tool_reaches_the_policies() {
    let (agent, server) = (agent("x", &[]), ServerName::new("s").unwrap());
    let class = Classification {
        effect: ToolEffect::External,
        integrity: Integrity::Trusted,
        confidentiality: Confidentiality::Internal,
    };
    let resource = Resource::Tool { server: &server, name: "t", class };
    let action = Action::CallTool;
    let question =
        Question { agent: &agent, on_behalf_of: None, action, resource, context: context() };
    for condition in [
        "resource == Tool::\"s/t\" && resource.name == \"t\" && resource.server.name == \"s\"",
        "resource.effect == ToolEffect::\"external\" && resource in Server::\"s\"",
        "resource.integrity == Integrity::\"trusted\"",
        "resource.confidentiality == Confidentiality::\"internal\"",
    ] {
        let head = "permit (principal, action == Action::\"call_tool\", resource)";
        let text = policy("a", &format!("{head} when {{ {condition} }};"));
        let verdict = bundle(&text).decide(&question);
        assert_eq!(verdict.effect, Effect::Permit, "{condition}: {}", verdict.reason);
    }
}
