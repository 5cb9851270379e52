//! Tools that need scopes, and servers that need to know for whom a call is.

use http::Method;
use portcullis_tests::issuer::Issuer;
use portcullis_tests::mcp::{McpClient, McpServer, tool};
use portcullis_tests::{Gate, gate, mcp_server};

/// A server whose tool `send` needs a scope; Ann, who has it; and an identity provider.
fn office(issuer: &Issuer) -> (McpServer, Gate) {
    let server = mcp_server().tool(tool("send")).tool(tool("read")).run();
    let lines = "person = \"required\"\n[[mcp.tool]]\nname = \"send\"\nscopes = [\"mail.send\"]\n[[mcp.tool]]\nname = \"*\"\n";
    let gate =
        gate().mcp("mail", &server).mcp_lines(lines).agent("bot").sections(&issuer.section()).run();
    let scopes = ["--scope", "mail.send", "--scope", "mail.read"];
    gate.succeeds(&[&["person", "add", "ann@example.com"][..], &scopes].concat());
    (server, gate)
}

async fn session(gate: &Gate, token: &str) -> McpClient {
    McpClient::new(gate.stranger().bearer(token), "/mcp/mail").open().await
}

#[tokio::test]
async fn a_client_that_lacks_a_scope_is_told_which() {
    let issuer = Issuer::run();
    let (server, gate) = office(&issuer);
    let person = issuer.token("ann@example.com");
    let narrow = gate.client("bot").exchanged(&person, &[("scope", "mail.read")]).await;
    let client = session(&gate, &narrow).await;
    client.call("read", "x").await.expect(200);
    let calls = server.calls().len();
    let refused = client.call("send", "x").await.expect(403);
    assert_eq!(server.calls().len(), calls);
    let challenge = refused.header("www-authenticate").to_owned();
    let metadata =
        format!("http://{}/.well-known/oauth-protected-resource/mcp/mail", gate.address());
    for part in [
        "error=\"insufficient_scope\"",
        "scope=\"mail.send\"",
        &format!("resource_metadata=\"{metadata}\""),
    ] {
        assert!(challenge.contains(part), "{challenge}");
    }
    let record = gate.record(refused.record());
    assert_eq!(
        (&record["decision"]["effect"], &record["on_behalf_of"]),
        (&"deny".into(), &"ann@example.com".into())
    );
    assert_eq!(record["resource"]["name"], "mail/send");
    assert!(record["decision"]["reason"].as_str().unwrap().contains("mail.send"), "{record}");
    // Having asked for it, the client gets on.
    let wide = gate.client("bot").exchanged(&person, &[]).await;
    session(&gate, &wide).await.call("send", "x").await.expect(200);
    // What the person loses is lost from the next call on.
    gate.succeeds(&["person", "scope", "ann@example.com", "--scope", "mail.read"]);
    session(&gate, &wide).await.call("send", "x").await.expect(403);
}

#[tokio::test]
async fn a_server_that_needs_a_person_refuses_an_agent_by_itself() {
    let issuer = Issuer::run();
    let (server, gate) = office(&issuer);
    let alone = gate.client("bot");
    for message in [
        serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": portcullis_tests::mcp::initialize()}),
        serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read", "arguments": {"text": "x"}}}),
    ] {
        let refused = alone.post("/mcp/mail", message).await;
        assert!(refused.text().contains("for which person"), "{}", refused.text());
        assert_eq!(gate.record(refused.record())["decision"]["effect"], "deny");
    }
    assert_eq!(alone.open(Method::GET, "/mcp/mail", "".into()).await.whole().await.status, 403);
    assert!(
        server
            .calls()
            .iter()
            .all(|call| !String::from_utf8_lossy(&call.body).contains("tools/call"))
    );
}
