//! What monitoring sees: spans for a trace collector, counters, and the two questions of a balancer.

use portcullis_tests::upstream::Call;
use portcullis_tests::{
    Answer, Client, Gate, Upstream, chat, chat_stream, chat_to, gate, upstream, wait,
};
use serde_json::{Value, json};

use crate::CHAT;

fn collector() -> Upstream {
    upstream().always(Answer::json(&json!({}))).run()
}

fn traced(upstream: &Upstream, collector: &str) -> Gate {
    let sections = format!("[telemetry]\notlp = \"{collector}\"\n");
    gate().openai(upstream).agent("bot").sections(&sections).run()
}

/// All spans of an export.
fn spans(call: &Call) -> Vec<Value> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let scopes = list(&call.json(), "resourceSpans");
    let scopes = scopes.iter().flat_map(|resource| list(resource, "scopeSpans"));
    scopes.flat_map(|scope| list(&scope, "spans")).collect()
}

/// The value of a span's attribute, as text.
fn attribute(span: &Value, key: &str) -> String {
    let attributes = span["attributes"].as_array().cloned().unwrap_or_default();
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    let value = found.map(|attribute| attribute["value"].clone()).unwrap_or_default();
    let text = value["stringValue"].as_str().or(value["intValue"].as_str());
    text.unwrap_or_default().to_owned()
}

/// The span of an action, once the collector has it.
async fn span(collector: &Upstream, record: &str) -> Value {
    wait::until_async("the span", || {
        let all = collector.calls().iter().flat_map(spans).collect::<Vec<_>>();
        all.into_iter().find(|span| attribute(span, "portcullis.record") == record)
    })
    .await
}

#[tokio::test]
async fn a_call_becomes_a_span() {
    let (upstream, collector) = (upstream().run(), collector());
    let gate = traced(&upstream, &collector.url());
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let client =
        gate.client("bot").header("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"));
    for body in [chat("hello"), chat_stream("gpt-mock", "hello")] {
        let reply = client.post(CHAT, body).await.expect(200);
        let span = span(&collector, reply.record()).await;
        for (key, value) in [
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", "openai"),
            ("gen_ai.request.model", "gpt-mock"),
            ("gen_ai.usage.input_tokens", "11"),
            ("gen_ai.usage.output_tokens", "9"),
            ("gen_ai.agent.name", "bot"),
            ("portcullis.decision", "permit"),
            ("http.response.status_code", "200"),
        ] {
            assert_eq!(attribute(&span, key), value, "{key}");
        }
        assert_eq!((&span["name"], &span["traceId"]), (&json!("chat gpt-mock"), &json!(trace)));
        assert_eq!(span["status"]["code"], 1);
        let time = |name: &str| span[name].as_str().and_then(|time| time.parse::<u64>().ok());
        assert!(time("startTimeUnixNano").unwrap() < time("endTimeUnixNano").unwrap(), "{span}");
    }
    let export = collector.last();
    assert_eq!((export.path.as_str(), export.method.as_str()), ("/v1/traces", "POST"));
    assert!(!String::from_utf8_lossy(&export.body).contains("hello"), "a payload was exported");
}

#[tokio::test]
async fn a_refusal_is_a_span_with_an_error() {
    let (upstream, collector) = (upstream().run(), collector());
    let gate = traced(&upstream, &collector.url());
    let refused = gate.stranger().post(CHAT, chat("x")).await.expect(401);
    assert_eq!(span(&collector, refused.record()).await["status"]["code"], 2);
}

#[tokio::test]
async fn a_collector_that_is_gone_changes_nothing() {
    let (upstream, gone) = (upstream().run(), collector());
    let url = gone.url();
    drop(gone);
    let gate = traced(&upstream, &url);
    for _ in 0..20 {
        let reply = gate.client("bot").post(CHAT, chat("hello")).await.expect(200);
        assert!(reply.took < wait::DEADLINE / 4, "{:?}", reply.took);
    }
    wait::until_async("the complaint", || gate.log().contains("collector").then_some(())).await;
}

#[tokio::test]
async fn counters_count() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let client = gate.client("bot");
    for _ in 0..3 {
        client.post(CHAT, chat("hello")).await.expect(200);
    }
    client.post(CHAT, chat_to("gpt-mock-leak", "hello")).await.expect(200);
    gate.stranger().post(CHAT, chat("hello")).await.expect(401);
    let metrics = Client::new(gate.console()).get("/metrics").await.expect(200).text();
    for (name, labels, value) in [
        (
            "portcullis_actions_total",
            &["agent=\"bot\"", "decision=\"permit\"", "status=\"ok\""][..],
            "3",
        ),
        ("portcullis_actions_total", &["agent=\"bot\"", "decision=\"redact\""], "1"),
        ("portcullis_actions_total", &["agent=\"none\"", "kind=\"auth.attempt\""], "1"),
        ("portcullis_input_tokens_total", &["agent=\"bot\""], "44"),
        ("portcullis_output_tokens_total", &["agent=\"bot\""], "36"),
        ("portcullis_findings_total", &["kind=\"secret.github_token\""], "1"),
        ("portcullis_upstream_seconds_count", &[], "4"),
    ] {
        let line = metrics
            .lines()
            .find(|line| line.starts_with(name) && labels.iter().all(|label| line.contains(label)));
        let line = line.unwrap_or_else(|| panic!("no {name} {labels:?} in {metrics}"));
        assert_eq!(line.rsplit(' ').next(), Some(value), "{line}");
    }
}

#[tokio::test]
async fn both_listeners_say_that_they_are_alive_and_ready() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).run();
    for client in [gate.stranger(), Client::new(gate.console())] {
        for path in ["/healthz", "/readyz"] {
            client.get(path).await.expect(200);
        }
    }
}

#[tokio::test]
async fn metrics_that_are_switched_off_are_not_served() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").sections("[metrics]\nenabled = false\n").run();
    gate.client("bot").post(CHAT, chat("hello")).await.expect(200);
    let metrics = Client::new(gate.console()).get("/metrics").await.expect(200).text();
    assert!(!metrics.contains("portcullis_"), "{metrics}");
    assert!(metrics.contains("switched off"), "{metrics}");
}
