//! Ways past the model APIs that are not there: upgrades, tunnels, foreign targets, double readings.

use http::{Method, Version};
use portcullis_tests::raw::{exchange, statuses};
use portcullis_tests::{Gate, Upstream, chat, gate, upstream};
use serde_json::Value;

use crate::CHAT;

fn start() -> (Upstream, Gate) {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    (upstream, gate)
}

/// A request with the agent's key and no body.
fn request(gate: &Gate, line: &str, lines: &str) -> Vec<u8> {
    let key = gate.key("bot");
    format!("{line} HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {key}\r\n{lines}\r\n").into()
}

/// The record of what came back to a raw request.
fn record(gate: &Gate, come: &str) -> Value {
    let head = come.to_ascii_lowercase();
    let id = head.lines().find_map(|line| line.strip_prefix("portcullis-record: "));
    gate.record(id.unwrap_or_else(|| panic!("no record in {come}")).trim())
}

#[tokio::test]
async fn an_upgrade_is_refused_and_recorded() {
    let (upstream, gate) = start();
    let upgrade = "connection: upgrade, close\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    let h2c = "connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n";
    for lines in [upgrade, h2c] {
        let come = exchange(
            gate.address(),
            &request(&gate, "GET /llm/openai/v1/realtime?model=gpt-mock", lines),
        );
        assert_eq!(statuses(&come), [501], "{come}");
        let record = record(&gate, &come);
        assert_eq!(
            (&record["decision"]["effect"], &record["agent"]),
            (&"deny".into(), &"bot".into())
        );
    }
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn tunnels_and_foreign_targets_are_refused_and_recorded() {
    let (upstream, gate) = start();
    let closing = "connection: close\r\n";
    for line in [
        "CONNECT provider.example:443".to_owned(),
        format!("CONNECT {}", upstream.address()),
        "GET http://provider.example/v1/models".to_owned(),
        format!("GET {}/v1/models", upstream.url()),
        format!("GET {}/llm/openai/v1/models", upstream.url()),
        "GET https://provider.example/healthz".to_owned(),
    ] {
        let come = exchange(gate.address(), &request(&gate, &line, closing));
        assert_eq!(statuses(&come), [501], "{line}: {come}");
        assert_eq!(record(&gate, &come)["decision"]["effect"], "deny", "{line}");
    }
    let tunnel =
        format!("CONNECT {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", upstream.address());
    let come = exchange(gate.address(), tunnel.as_bytes());
    assert_eq!(statuses(&come), [401], "without a key: {come}");
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn the_target_of_http_2_is_the_gate_itself() {
    let (upstream, gate) = start();
    let open = gate.client("bot").http2().stream(CHAT, chat("x")).await;
    assert_eq!(open.version, Version::HTTP_2);
    open.whole().await.expect(200);
    let client = gate.client("bot").http2();
    // A path that only looks like a target.
    let reply = client.open(Method::GET, "/http://provider.example/", Vec::new().into()).await;
    assert_eq!(reply.status, 404);
    assert_eq!(upstream.calls().len(), 1);
}

#[tokio::test]
async fn what_the_network_layer_refuses_is_recorded() {
    let (upstream, gate) = start();
    let shapes = [
        ("both lengths", "content-length: 4\r\ntransfer-encoding: chunked\r\n"),
        ("two hosts", "host: other\r\n"),
        ("an odd coding", "transfer-encoding: identity, chunked\r\n"),
        ("a bare line feed", "x-one: 1\nx-two: 2\r\n"),
    ];
    for (number, (shape, lines)) in shapes.iter().enumerate() {
        let mut bytes = request(&gate, &format!("POST {CHAT}"), lines);
        bytes.extend_from_slice(b"0\r\n\r\n");
        let come = exchange(gate.address(), &bytes);
        assert_eq!(statuses(&come), [400], "{shape}: {come}");
        let is_it = |record: &&Value| record["kind"] == "http.request";
        let count = |records: &[Value]| records.iter().filter(is_it).count();
        let records = portcullis_tests::wait::until(shape, || {
            Some(gate.records()).filter(|records| count(records) > number)
        });
        let record = records.iter().rfind(is_it).unwrap();
        assert_eq!(
            (&record["decision"]["effect"], &record["status"]),
            (&"deny".into(), &"refused".into())
        );
        assert!(record["client"]["address"].as_str().unwrap().contains("127.0.0.1"), "{record}");
    }
    assert!(upstream.calls().is_empty());
}
