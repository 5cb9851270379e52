//! Records on their way to other systems: each arrives at least once, and nobody waits for it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use model::Digest;
use portcullis_tests::tls::Authority;
use portcullis_tests::{Answer, Gate, Upstream, chat, gate, upstream, wait};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::CHAT;

/// How long a sink that never answers takes.
const SINK_HANGS: Duration = Duration::from_secs(60);

/// Calls a model so often, and gives the records' ids in order.
async fn call(gate: &Gate, times: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..times {
        let reply = gate.client("bot").post(CHAT, chat("hello")).await.expect(200);
        ids.push(reply.record().to_owned());
    }
    ids
}

fn with_export(upstream: &Upstream, lines: &str) -> Gate {
    let sections = format!("[[export]]\nname = \"siem\"\nbegin = \"start\"\n{lines}\n");
    gate().openai(upstream).agent("bot").sections(&sections).run()
}

fn export(gate: &Gate) -> Value {
    let all: Value =
        serde_json::from_str(&gate.succeeds(&["ledger", "exports", "--json"])).unwrap();
    all[0].clone()
}

/// Events of OCSF that a sink was sent, in the order of their arrival.
fn events(sink: &Upstream) -> Vec<Value> {
    let lists = sink.calls().into_iter().map(|call| call.json());
    lists.flat_map(|list| list.as_array().cloned().unwrap_or_default()).collect()
}

fn ids(sink: &Upstream) -> BTreeSet<String> {
    let id = |event: &Value| event["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    events(sink).iter().map(id).collect()
}

async fn wait_for(sink: &Upstream, wanted: &[String]) {
    wait::until_async("the records to arrive", || {
        let there = ids(sink);
        wanted.iter().all(|id| there.contains(id)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_ocsf_go_over_tls_with_our_own_authority_and_a_token() {
    let (authority, folder) = (Authority::default(), tempfile::tempdir().unwrap());
    let ca = folder.path().join("ca.pem");
    authority.write(&ca);
    let token = folder.path().join("token");
    std::fs::write(&token, "letmein").unwrap();
    let sink = upstream().tls(authority.issue().server()).always(Answer::json(&json!({}))).run();
    let upstream = upstream().run();
    let lines = format!(
        "kind = \"ocsf\"\nurl = \"{}/ingest\"\nca = {ca:?}\ntoken = {{ file = {token:?} }}\nquery = \"kind:llm.call\"",
        sink.url()
    );
    let gate = with_export(&upstream, &lines);
    let sent = call(&gate, 3).await;
    wait_for(&sink, &sent).await;
    let request = sink.last();
    assert_eq!(
        (request.path.as_str(), request.header("authorization")),
        ("/ingest", Some("Bearer letmein"))
    );
    let event = &events(&sink)[0];
    assert_eq!(
        (&event["class_uid"], &event["ai_model"]["ai_provider"]),
        (&json!(6003), &json!("openai"))
    );
    // Nothing but what the query asks for, and nothing that only began.
    assert_eq!(ids(&sink).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_fails_gets_everything_once_it_works_and_holds_nobody_up() {
    let left = Arc::new(AtomicUsize::new(3));
    let failing = Arc::clone(&left);
    let sink = upstream()
        .answers(move |_| {
            let fails =
                failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            let status = if fails.is_ok() { 503 } else { 200 };
            Answer::json(&json!({"error": "busy\u{1b}[31m"})).status(status)
        })
        .run();
    let upstream = upstream().run();
    let gate = with_export(&upstream, &format!("kind = \"ocsf\"\nurl = \"{}\"", sink.url()));
    let sent = call(&gate, 4).await;
    let failing = wait::until_async("the failure to be stated", || {
        Some(export(&gate)).filter(|export| export["state"] == "failing")
    })
    .await;
    let error = failing["error"].as_str().unwrap();
    assert!(error.contains("503") && !error.contains('\u{1b}'), "{error}");
    assert!(failing["behind"].as_u64().unwrap() > 0);
    let metrics = gate.succeeds(&["ledger", "exports"]);
    assert!(metrics.contains("siem"), "{metrics}");
    wait_for(&sink, &sent).await;
    wait::until_async("the recovery to be stated", || {
        let export = export(&gate);
        (export["state"] == "running" && export["behind"] == 0).then_some(())
    })
    .await;
    assert!(gate.log_with("takes records again").contains("a sink takes no records"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_never_answers_slows_nobody() {
    let sink = upstream().always(Answer::json(&json!({})).delay(SINK_HANGS)).run();
    let upstream = upstream().run();
    let gate = with_export(&upstream, &format!("kind = \"ocsf\"\nurl = \"{}\"", sink.url()));
    call(&gate, 1).await;
    wait::until_async("the sink to hang", || (!sink.calls().is_empty()).then_some(())).await;
    let begun = Instant::now();
    call(&gate, 20).await;
    assert!(begun.elapsed() < SINK_HANGS / 2, "{:?}", begun.elapsed());
    assert_eq!(export(&gate)["sent"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_goes_on_where_the_sink_was() {
    let sink = upstream().always(Answer::json(&json!({}))).run();
    let port = sink.address().port();
    let upstream = upstream().run();
    let mut gate = with_export(&upstream, &format!("kind = \"ocsf\"\nurl = \"{}\"", sink.url()));
    let before = call(&gate, 3).await;
    wait_for(&sink, &before).await;
    wait::until_async("the cursor", || (export(&gate)["behind"] == 0).then_some(())).await;
    drop(sink);
    let while_gone = call(&gate, 3).await;
    gate.kill();
    let sink = portcullis_tests::upstream().port(port).always(Answer::json(&json!({}))).run();
    gate.start();
    let after = call(&gate, 2).await;
    wait_for(&sink, &while_gone).await;
    wait_for(&sink, &after).await;
    // What was acknowledged before does not come again.
    assert!(before.iter().all(|id| !ids(&sink).contains(id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_signed_and_keep_their_id() {
    let failed = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&failed);
    let sink = upstream()
        .answers(move |_| {
            let status = if seen.fetch_add(1, Ordering::SeqCst) == 1 { 500 } else { 204 };
            Answer::new(status, "text/plain", "")
        })
        .run();
    let upstream = upstream().run();
    let key: Vec<u8> = (1..=32).collect();
    let sections = format!(
        "[[export]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{}/hook\"\nbegin = \"start\"\nsecret = {{ env = \"HOOK\" }}\n",
        sink.url()
    );
    let secret = format!("whsec_{}", base64(&key));
    let gate =
        gate().openai(&upstream).agent("bot").variable("HOOK", &secret).sections(&sections).run();
    let sent = call(&gate, 2).await;
    let calls = wait::until_async("the webhooks", || {
        let calls = sink.calls();
        let there = |id: &String| calls.iter().any(|call| call.json()["data"]["id"] == **id);
        sent.iter().all(there).then_some(calls.clone())
    })
    .await;
    for call in &calls {
        let header = |name| call.header(name).unwrap().to_owned();
        let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
        let signed = [format!("{id}.{at}.").as_bytes(), &call.body].concat();
        assert_eq!(header("webhook-signature"), format!("v1,{}", base64(&hmac(&key, &signed))));
        assert!(id.starts_with(call.json()["data"]["id"].as_str().unwrap()));
    }
    // The one that was refused came again, under the same id.
    let tried = calls[1].header("webhook-id");
    assert!(calls.iter().filter(|call| call.header("webhook-id") == tried).count() > 1);
}

/// HMAC-SHA256 by RFC 2104, for keys up to a block.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Digest::of_parts(&[&pad(0x36), message]);
    Digest::of_parts(&[&pad(0x5c), &inner.0]).0.to_vec()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let number =
            (0..3).fold(0_u32, |sum, at| sum << 8 | u32::from(*chunk.get(at).unwrap_or(&0)));
        let digit = |at: usize| match at <= chunk.len() {
            true => char::from(DIGITS[(number >> (18 - 6 * at) & 63) as usize]),
            false => '=',
        };
        (0..4).map(digit).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_of_opentelemetry_carry_the_record() {
    let collector = upstream().always(Answer::json(&json!({}))).run();
    let upstream = upstream().run();
    let gate = with_export(&upstream, &format!("kind = \"otlp\"\nurl = \"{}\"", collector.url()));
    let sent = call(&gate, 1).await;
    let record = wait::until_async("the log record", || {
        let lists = collector.calls().into_iter().map(|call| call.json());
        let mut all = lists.flat_map(|list| {
            list["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        });
        all.find(|record| record["attributes"][0]["value"]["stringValue"] == sent[0])
    })
    .await;
    assert_eq!(
        (&record["eventName"], &record["severityText"]),
        (&json!("llm.call"), &json!("INFO"))
    );
    let body = record["body"]["kvlistValue"]["values"].as_array().unwrap();
    assert!(
        body.iter().any(|pair| pair["key"] == "agent" && pair["value"]["stringValue"] == "bot")
    );
    assert_eq!(collector.last().path, "/v1/logs");
}

/// A syslog server that hangs up after its first messages, and then stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn syslog_messages_are_counted_and_come_again_after_a_hang_up() {
    let (authority, folder) = (Authority::default(), tempfile::tempdir().unwrap());
    let ca = folder.path().join("ca.pem");
    authority.write(&ca);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(authority.issue().server());
    let messages: Arc<Mutex<Vec<(usize, String)>>> = Arc::default();
    let (kept, hung_up) = (Arc::clone(&messages), Arc::new(AtomicUsize::new(0)));
    let served = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let connection = hung_up.fetch_add(1, Ordering::SeqCst);
            while let Some(message) = frame(&mut stream).await {
                kept.lock().unwrap().push((connection, message));
                if connection == 0 {
                    break;
                }
            }
        }
    });
    let upstream = upstream().run();
    let lines = format!("kind = \"syslog\"\naddress = \"{address}\"\nca = {ca:?}");
    let gate = with_export(&upstream, &lines);
    let mut sent = call(&gate, 1).await;
    wait::until_async("a first message", || (!messages.lock().unwrap().is_empty()).then_some(()))
        .await;
    sent.extend(call(&gate, 2).await);
    wait::until_async("all on the second connection", || {
        let messages = messages.lock().unwrap();
        let there =
            |id: &String| messages.iter().any(|(on, text)| *on > 0 && text.contains(id.as_str()));
        sent.iter().all(there).then_some(())
    })
    .await;
    let first = messages.lock().unwrap()[0].1.clone();
    assert!(
        first.starts_with("<110>1 20") && first.contains(" portcullis - system.start [meta "),
        "{first}"
    );
    served.abort();
}

/// A message with its length before it (RFC 5425, section 4.3).
async fn frame(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<String> {
    let mut length = 0;
    loop {
        match stream.read_u8().await.ok()? {
            b' ' => break,
            digit => length = length * 10 + usize::from(digit - b'0'),
        }
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await.ok()?;
    String::from_utf8(message).ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_hold_the_records_as_they_stand_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.jsonl");
    let upstream = upstream().run();
    let lines = format!("kind = \"file\"\npath = {path:?}\nquery = \"kind:llm.call\"");
    let gate = with_export(&upstream, &lines);
    let sent = call(&gate, 2).await;
    let lines =
        wait::until_async("the lines", || Some(lines_of(&path)).filter(|l| l.len() == 2)).await;
    let found: Vec<&str> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(found, sent);
    assert_eq!(lines[0], gate.record(&sent[0]));
}

fn lines_of(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
