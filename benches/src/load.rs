//! The load generator: a fixed number of keep-alive connections, each sending its next request when
//! the last answer has ended. Every answer is checked. Takes its orders as JSON, prints JSON.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use crate::samples::quantile;

/// One run, as it is ordered.
struct Order {
    address: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    expect: Vec<u8>,
    connections: usize,
    warmup: Duration,
    time: Duration,
}

/// What was measured, in microseconds.
#[derive(Default)]
struct Seen {
    latencies: Vec<u64>,
    first_chunks: Vec<u64>,
    served: u64,
    errors: u64,
    first_error: Option<String>,
}

pub(crate) fn run(order: &str) -> Result<()> {
    let order = Rc::new(read(&serde_json::from_str(order)?).context("an order lacks a member")?);
    let seen = Rc::new(RefCell::new(Seen::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let start = Instant::now();
        let work = (0..order.connections)
            .map(|_| tokio::task::spawn_local(work(Rc::clone(&order), start, Rc::clone(&seen))));
        for worker in work.collect::<Vec<_>>() {
            worker.await.ok();
        }
    });
    let mut seen = seen.take();
    let quantiles = |samples: &mut Vec<u64>| json!({"p50": quantile(samples, 0.5), "p99": quantile(samples, 0.99)});
    println!(
        "{}",
        json!({
            "count": seen.latencies.len(), "served": seen.served, "errors": seen.errors, "first_error": seen.first_error,
            "latency": quantiles(&mut seen.latencies), "first_chunk": quantiles(&mut seen.first_chunks),
        })
    );
    Ok(())
}

fn read(order: &Value) -> Option<Order> {
    let text = |name: &str| order[name].as_str().map(str::to_owned);
    let seconds = |name: &str| order[name].as_f64().map(Duration::from_secs_f64);
    let headers = order["headers"].as_object()?.iter();
    Some(Order {
        address: text("address")?,
        path: text("path")?,
        headers: headers
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        body: text("body")?.into(),
        expect: text("expect")?.into_bytes(),
        connections: usize::try_from(order["connections"].as_u64()?).ok()?,
        warmup: seconds("warmup")?,
        time: seconds("time")?,
    })
}

async fn work(order: Rc<Order>, start: Instant, seen: Rc<RefCell<Seen>>) {
    let (from, end) = (start + order.warmup, start + order.warmup + order.time);
    let mut connection = None;
    while Instant::now() < end {
        let sent = Instant::now();
        let result =
            tokio::time::timeout(Duration::from_secs(30), call(&order, &mut connection, sent))
                .await;
        let mut seen = seen.borrow_mut();
        match result.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer in 30 s"))) {
            Ok(first) => {
                seen.served += 1;
                if sent >= from && Instant::now() <= end {
                    seen.latencies.push(sent.elapsed().as_micros() as u64);
                    seen.first_chunks.push(first.as_micros() as u64);
                }
            }
            Err(error) => {
                seen.errors += 1;
                seen.first_error.get_or_insert(format!("{error:#}"));
                connection = None;
                if seen.errors > 100 {
                    return;
                }
            }
        }
    }
}

/// One call; how long its first chunk took.
async fn call(
    order: &Order,
    connection: &mut Option<SendRequest<Full<Bytes>>>,
    sent: Instant,
) -> Result<Duration> {
    let sender = match connection {
        Some(sender) => sender,
        None => connection.insert(connect(&order.address).await?),
    };
    sender.ready().await?;
    let response = sender.send_request(request(order)?).await?;
    let status = response.status();
    let mut body = response.into_body();
    let (mut first, mut tail) = (None, Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        first.get_or_insert_with(|| sent.elapsed());
        // What is expected is short: the end of the answer is enough of it, kept whole over chunks.
        tail.extend_from_slice(&data);
        if tail.len() > 8192 {
            tail.drain(..tail.len() - 4096);
        }
    }
    let found = tail.windows(order.expect.len()).any(|window| window == order.expect);
    anyhow::ensure!(status.is_success() && found, "{status}: {}", String::from_utf8_lossy(&tail));
    first.context("an empty answer")
}

async fn connect(address: &str) -> Result<SendRequest<Full<Bytes>>> {
    let stream = tokio::net::TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(connection);
    Ok(sender)
}

fn request(order: &Order) -> Result<Request<Full<Bytes>>> {
    let mut request = Request::post(&order.path)
        .header("host", &order.address)
        .header("content-type", "application/json");
    for (name, value) in &order.headers {
        request = request.header(name, value);
    }
    Ok(request.body(Full::new(order.body.clone()))?)
}
