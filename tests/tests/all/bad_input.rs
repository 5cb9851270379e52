//! What no honest client sends: a clear error, a record, bounded memory, and the gate goes on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use portcullis_tests::raw::{exchange, exchange_and_close, statuses};
use portcullis_tests::{Gate, Upstream, chat, gate, upstream, wait};

use crate::CHAT;

const TIGHT: &str = "[gate.limits]\nrequest_body = \"1MiB\"\n[gate.timeouts]\nheaders = \"500ms\"\nbody = \"500ms\"\n";

fn start() -> (Upstream, Gate) {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").sections(TIGHT).run();
    (upstream, gate)
}

/// The head of a chat request with the agent's key, up to its own lines.
fn head(gate: &Gate, lines: &str) -> Vec<u8> {
    let key = gate.key("bot");
    format!("POST {CHAT} HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n{lines}\r\n").into_bytes()
}

/// A whole request with a right length that closes the connection after it.
fn whole(gate: &Gate, body: &[u8]) -> Vec<u8> {
    let mut request =
        head(gate, &format!("content-length: {}\r\nconnection: close\r\n", body.len()));
    request.extend_from_slice(body);
    request
}

/// The gate still serves, and nothing of the bad input went upstream but `passed` calls.
async fn goes_on(upstream: &Upstream, gate: &Gate, passed: usize) {
    assert_eq!(upstream.calls().len(), passed);
    gate.client("bot").post(CHAT, chat("still there?")).await.expect(200);
    assert!(!gate.log().contains("panicked"), "{}", gate.log());
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused_and_recorded() {
    let (upstream, gate) = start();
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let deep = format!("{{\"model\":\"gpt-mock\",\"messages\":{deep}}}");
    let bodies: &[&[u8]] = &[
        b"",
        b"{",
        b"nonsense",
        b"{\"model\":\"gpt-mock\"",
        b"[]",
        b"\"text\"",
        b"null",
        b"{\"model\":1,\"messages\":[]}",
        b"{\"messages\":[]}",
        b"{\"model\":\"gpt-mock\",\"messages\":[]}trailing",
        b"{\"model\":\"gpt-mock\",}",
        b"{\"model\":\"gpt-mock\",\"model\":\"gpt-other\",\"messages\":[]}",
        b"{\"model\":\"gpt-mock\",\"mod\\u0065l\":\"gpt-other\"}",
        b"{\"model\":\"gpt-mock\",\"x\":\"\xff\xfe\"}",
        b"{\"model\":\"gpt-mock\",\"x\":\"a\0b\"}",
        b"\0\0\0\0",
        b"\xef\xbb\xbf{\"model\":\"gpt-mock\",\"messages\":[]}",
        deep.as_bytes(),
    ];
    for body in bodies {
        let reply = gate.client("bot").post(CHAT, *body).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert_eq!(reply.status, 400, "{shown}: {}", reply.text());
        assert!(!reply.message().is_empty(), "{shown}");
        assert_eq!(gate.record(reply.record())["decision"]["effect"], "deny", "{shown}");
    }
    goes_on(&upstream, &gate, 0).await;
}

#[tokio::test]
async fn shapes_of_request_smuggling_are_refused() {
    let (upstream, gate) = start();
    let smuggled = format!(
        "GET /llm/openai/v1/models HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {}\r\n\r\n",
        gate.key("bot")
    );
    for lines in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "content-length: 0\r\ncontent-length: 44\r\n",
        "content-length: +4\r\n",
        "content-length: 4, 5\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding : chunked\r\n",
        "content-length: 4\r\n folded\r\n",
        "content\0-length: 4\r\n",
    ] {
        let mut request = head(&gate, lines);
        request.extend_from_slice(b"0\r\n\r\n");
        request.extend_from_slice(smuggled.as_bytes());
        let come = exchange_and_close(gate.address(), &request);
        let statuses = statuses(&come);
        assert!(statuses.first().is_none_or(|status| *status >= 400), "{lines:?}: {come}");
        assert!(statuses.len() <= 1, "{lines:?} was read as two requests: {come}");
    }
    goes_on(&upstream, &gate, 0).await;
}

#[tokio::test]
async fn heads_that_are_too_large_or_broken_are_refused() {
    let (upstream, gate) = start();
    let many: String = (0..5000).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("x-long: {}\r\n", "a".repeat(1 << 20));
    for request in [
        head(&gate, &many),
        head(&gate, &long),
        format!("GET /{} HTTP/1.1\r\nhost: gate\r\n\r\n", "a".repeat(1 << 20)).into_bytes(),
        b"GET / HTTP/9.9\r\nhost: gate\r\n\r\n".to_vec(),
        b"nonsense\r\n\r\n".to_vec(),
        vec![0; 4096],
        b"GET / HTTP/1.1\r\nhost: gate\r\nx: \x00\r\n\r\n".to_vec(),
    ] {
        let come = exchange_and_close(gate.address(), &request);
        assert!(statuses(&come).first().is_none_or(|status| *status >= 400), "{come}");
    }
    goes_on(&upstream, &gate, 0).await;
}

#[tokio::test]
async fn lengths_that_lie_and_bodies_that_stop_are_given_up() {
    let (upstream, gate) = start();
    let mut short = head(&gate, "content-length: 500\r\n");
    short.extend_from_slice(b"{\"model\":");
    let started = Instant::now();
    let come = exchange(gate.address(), &short);
    assert!(statuses(&come).first().is_none_or(|status| *status >= 400), "{come}");
    assert!(started.elapsed() < wait::DEADLINE / 2, "{:?}", started.elapsed());
    let mut stopped = head(&gate, "transfer-encoding: chunked\r\n");
    stopped.extend_from_slice(b"10\r\n{\"model\":");
    exchange_and_close(gate.address(), &stopped);
    let mut huge = head(&gate, "transfer-encoding: chunked\r\n");
    huge.extend_from_slice(b"ffffffffffffffff\r\n{");
    exchange_and_close(gate.address(), &huge);
    goes_on(&upstream, &gate, 0).await;
}

#[tokio::test]
async fn slow_heads_are_given_up() {
    let (upstream, gate) = start();
    let mut stream = TcpStream::connect(gate.address()).unwrap();
    stream.set_read_timeout(Some(wait::DEADLINE)).unwrap();
    stream.write_all(b"POST /llm/openai/v1/chat/completions HTTP/1.1\r\nhost:").unwrap();
    let started = Instant::now();
    let mut come = Vec::new();
    // Ends only when the gate closes; a timeout of the read is a failure.
    stream.read_to_end(&mut come).ok();
    assert!(started.elapsed() < wait::DEADLINE / 2, "{:?}", started.elapsed());
    goes_on(&upstream, &gate, 0).await;
}

#[tokio::test]
async fn chunked_bodies_and_their_trailers_are_read() {
    let (upstream, gate) = start();
    let body = chat("x").to_string();
    let mut request = head(&gate, "transfer-encoding: chunked\r\nconnection: close\r\n");
    for piece in body.as_bytes().chunks(7) {
        request.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        request.extend_from_slice(piece);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\nauthorization: Bearer other\r\nx-trailer: 1\r\n\r\n");
    let come = exchange(gate.address(), &request);
    assert_eq!(statuses(&come), [200], "{come}");
    assert_eq!(upstream.last().body, body.as_bytes());
    assert_eq!(upstream.last().header("x-trailer"), None);
    goes_on(&upstream, &gate, 1).await;
}

#[tokio::test]
async fn two_requests_in_one_write_are_two_actions() {
    let (upstream, gate) = start();
    let body = chat("x").to_string();
    let mut request = head(&gate, &format!("content-length: {}\r\n", body.len()));
    request.extend_from_slice(body.as_bytes());
    request.extend_from_slice(&whole(&gate, body.as_bytes()));
    let come = exchange(gate.address(), &request);
    assert_eq!(statuses(&come), [200, 200], "{come}");
    goes_on(&upstream, &gate, 2).await;
}

#[tokio::test]
async fn memory_stays_bounded_under_large_bodies() {
    let (upstream, gate) = start();
    let body = chat(&"a".repeat(900_000)).to_string();
    for _ in 0..5 {
        gate.client("bot").post(CHAT, body.clone()).await.expect(200);
    }
    let before = gate.memory();
    for _ in 0..40 {
        gate.client("bot").post(CHAT, body.clone()).await.expect(200);
    }
    let after = gate.memory();
    assert!(after < before + 64 * 1024, "{before} KiB, then {after} KiB");
    drop(upstream);
}

#[tokio::test]
async fn an_endless_answer_that_is_no_stream_is_bounded() {
    use portcullis_tests::answer::{Answer, Step};
    let piece = Step::Data(vec![b' '; 1 << 16].into());
    let answer = Answer { sized: false, ..Answer::new(200, "application/json", "") };
    let answer = Answer { steps: vec![piece; 100], ..answer };
    let upstream = upstream().always(answer).run();
    let limits = "[gate.limits]\nanswer_body = \"1MiB\"\n";
    let gate = gate().openai(&upstream).agent("bot").sections(limits).run();
    gate.client("bot").post(CHAT, chat("x")).await.expect(502);
}

#[tokio::test]
async fn nothing_that_is_sent_writes_a_line_into_the_programs_log() {
    let (upstream, gate) = start();
    let forged = "x\n{\"level\":\"ERROR\",\"message\":\"forged\"}\r\nforged";
    let client = gate.client("bot");
    for body in [
        serde_json::json!({"model": forged, "messages": []}),
        serde_json::json!({"model": "gpt-mock", "user": forged, "messages": [{"role": forged, "content": forged}]}),
        serde_json::json!({"model": "gpt-mock-500", "messages": [{"role": "user", "content": forged}]}),
    ] {
        client.clone().post(CHAT, body.to_string()).await.text();
    }
    // A header of the old kind that goes on in the next line, and a path that holds the same.
    let lines = "user-agent: x\r\n forged\r\nportcullis-session: a%0Aforged\r\n";
    exchange(gate.address(), &head(&gate, &format!("{lines}content-length: 0\r\n")));
    client.get("/llm/openai/v1/models/x%0Aforged").await.text();
    client.get("/mcp/nobody%0Aforged").await.text();
    goes_on(&upstream, &gate, upstream.calls().len()).await;
    let log = gate.log();
    let forged = log.lines().find(|line| {
        line.trim_start().starts_with(['f', '{'])
            && line.contains("forged")
            && !line.contains("timestamp")
    });
    assert_eq!(forged, None, "{log}");
}
