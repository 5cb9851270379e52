//! Memory with many open streams that say nothing.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::targets::{self, Setup};

/// Streams that are open at once.
const STREAMS: usize = 10_000;

pub(crate) fn run() -> Result<()> {
    let mock = targets::direct()?;
    let gate = targets::portcullis(&mock.address, Setup::Everything)?;
    let process = gate.process.as_ref().context("the gate is a process of ours")?;
    let before = process.memory();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut open = Vec::with_capacity(STREAMS);
        for number in 0..STREAMS {
            let stream = open_stream(&gate.address, &gate.headers["authorization"]).await;
            open.push(stream.with_context(|| {
                format!("stream {number}; is `ulimit -n` above {}?", STREAMS * 3)
            })?);
        }
        let after = process.memory();
        let each = (after.saturating_sub(before)) as f64 / STREAMS as f64;
        println!(
            "streams: {STREAMS} idle, {} MiB ({:.1} KiB each, {} MiB before them)",
            after / 1024,
            each,
            before / 1024
        );
        Ok(())
    })
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
