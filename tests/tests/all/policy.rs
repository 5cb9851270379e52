//! What is allowed: deny by default, Cedar policies of one's own, checked before they are in force.

use portcullis_tests::{chat, chat_stream, chat_to, fake, gate, messages, upstream};
use serde_json::json;

use crate::{CHAT, MESSAGES};

/// Permits by grant, and forbids streams and calls with findings of secrets.
const OWN: &str = r#"
@id("own-grants")
@description("What a role is granted is permitted.")
permit (principal, action in Action::"use", resource) when { resource in principal.grants };

@id("no-streams")
@description("No streamed answers here.")
forbid (principal, action == Action::"call_model", resource) when { context.stream };

@id("no-secrets")
@description("Nothing with a secret in it.")
forbid (principal, action, resource) when { context.finding_families.contains("secret") };
"#;

#[tokio::test]
async fn what_no_role_grants_is_refused() {
    let upstream = upstream().run();
    let role = "[[role]]\nname = \"narrow\"\nproviders = [\"openai\"]\nmodels = [\"gpt-mock\"]\n";
    let gate = gate()
        .openai(&upstream)
        .anthropic(&upstream)
        .agent_as("bot", "narrow")
        .sections(role)
        .run();
    let client = gate.client("bot");
    client.post(CHAT, chat("x")).await.expect(200);
    let refused = client.post(CHAT, chat_to("gpt-mock-tool", "x")).await.expect(403);
    let record = gate.record(refused.record());
    assert_eq!(record["decision"]["effect"], "deny");
    assert_eq!(record["resource"]["name"], "openai/gpt-mock-tool");
    client.post(MESSAGES, messages("claude-mock", "x")).await.expect(403);
    assert_eq!(upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_policy_of_ones_own_decides_and_is_named() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").policy("own.cedar", OWN).run();
    let client = gate.client("bot");
    let permitted = client.post(CHAT, chat("x")).await.expect(200);
    assert_eq!(gate.record(permitted.record())["decision"]["policies"], json!(["own-grants"]));
    let refused = client.post(CHAT, chat_stream("gpt-mock", "x")).await.expect(403);
    assert!(refused.message().contains("no-streams"), "{}", refused.message());
    assert_eq!(gate.record(refused.record())["decision"]["policies"], json!(["no-streams"]));
}

#[tokio::test]
async fn policies_see_what_inspection_found() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").policy("own.cedar", OWN).run();
    let text = format!("my token is {}", fake::github_token());
    let refused = gate.client("bot").post(CHAT, chat(&text)).await.expect(403);
    assert!(refused.message().contains("no-secrets"), "{}", refused.message());
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn a_policy_that_could_fail_keeps_the_gate_from_starting() {
    let upstream = upstream().run();
    for (bad, says) in [
        (
            "@id(\"x\") @description(\"y\") permit (principal, action, resource) when { principal.nothing };",
            "nothing",
        ),
        ("permit (principal, action, resource", "own.cedar"),
        (
            "@id(\"x\") @description(\"y\") permit (principal, action, resource) when { principal.owner == \"ann\" };",
            "owner",
        ),
    ] {
        let gate = gate().openai(&upstream).agent("bot").policy("own.cedar", bad).prepare();
        let output = gate.start_and_fail();
        assert_eq!(output.status.code(), Some(2), "{}", gate.log());
        assert!(gate.log().contains(says), "{}", gate.log());
    }
}

#[test]
fn check_points_at_the_place() {
    let gate = gate()
        .policy(
            "own.cedar",
            "\n\npermit (principal, action, resource) when { principal.nothing };\n",
        )
        .prepare();
    let output = gate.portcullis(&["policy", "check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("own.cedar:3:"), "{said}");
}

#[test]
fn the_built_in_pack_passes_its_own_tests() {
    let gate = gate().prepare();
    gate.succeeds(&["policy", "check"]);
    gate.succeeds(&["policy", "test"]);
}
