//! Memory with many open streams that say nothing.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::targets::{self, Setup};

/// Streams that are open at once, where the system lets a process have that many files.
const STREAMS: usize = 10_000;
/// Files that the gate has open besides two for each stream.
const OTHER_FILES: usize = 200;

pub(crate) fn run() -> Result<()> {
    let mock = targets::direct()?;
    let gate = targets::portcullis(&mock.address, Setup::Everything)?;
    let process = gate.process.as_ref().context("the gate is a process of ours")?;
    let before = process.memory();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let streams = possible().min(STREAMS);
        let mut open = Vec::with_capacity(streams);
        for number in 0..streams {
            let stream = open_stream(&gate.address, &gate.headers["authorization"]).await;
            open.push(stream.with_context(|| format!("stream {number}"))?);
        }
        let after = process.memory();
        let each = after.saturating_sub(before) as f64 / streams as f64;
        println!(
            "streams: {streams} idle, {} MiB ({each:.1} KiB each, {} MiB before them)",
            after / 1024,
            before / 1024
        );
        Ok(())
    })
}

/// How many streams the limit on open files allows; `ulimit -n` of at least 20,200 allows all.
fn possible() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    soft.unwrap_or(1024).saturating_sub(OTHER_FILES) / 2
}

/// Opens a stream and reads its first chunk; the connection lives as long as what is given back.
async fn open_stream(address: &str, credential: &str) -> Result<impl Sized> {
    let (mut sender, connection) =
        handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    tokio::spawn(connection);
    let body =
        r#"{"model":"gpt-idle","stream":true,"messages":[{"role":"user","content":"wait"}]}"#;
    let request = Request::post("/llm/openai/v1/chat/completions")
        .header("host", address)
        .header("authorization", credential)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(body.as_bytes())))?;
    let response = sender.send_request(request).await?;
    anyhow::ensure!(response.status().is_success(), "{}", response.status());
    let mut body = response.into_body();
    body.frame().await.context("no first chunk")??;
    Ok((sender, body))
}
