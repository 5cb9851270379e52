//! Prints what inspecting one chat body costs: reading its JSON, and all of it.
//!
//! `cargo run --release -p portcullis-inspect --example document_speed`

#![expect(clippy::print_stdout, reason = "a measurement is for reading")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use inspect::{
    Direction, Engine, Settings,
    document::{Scope, inspect_json},
    json::{Limits, Reader},
};

const PROSE: &str = "The quarterly figures are in; could you summarise them for the board? \
    Mention that revenue grew by 4.2% and that churn fell. Keep it to three paragraphs, please.\\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::compile(&Settings::default())?;
    for (name, target) in [("1 KB", 1024), ("64 KB", 64 * 1024)] {
        let body = chat(target);
        let read = time(|| {
            let mut reader = Reader::new(black_box(&body), &Limits::default());
            while let Ok(Some(token)) = reader.next() {
                black_box(token);
            }
        });
        let whole = time(|| {
            let report = inspect_json(
                &Scope::new(&engine, Direction::Request),
                black_box(&body),
                &Limits::default(),
                &mut (),
            );
            black_box(report.ok());
        });
        let mut matches = Vec::new();
        let scan = time(|| {
            matches.clear();
            engine.scan(Direction::Request, black_box(&body), &mut matches);
        });
        for (what, spent) in [("json", read), ("document", whole), ("engine, one scan", scan)] {
            let rate = body.len() as f64 / spent.as_secs_f64() / 1e6;
            let micros = spent.as_secs_f64() * 1e6;
            println!("{name:>6} ({} bytes) {what:<17} {micros:9.2} µs {rate:8.0} MB/s", body.len());
        }
    }
    for text in ["user", "gpt-4o-mini", "chat.completion.chunk", "Tuesday, in the library"] {
        let mut matches = Vec::new();
        let scan =
            time(|| engine.scan(Direction::Answer, black_box(text.as_bytes()), &mut matches));
        println!("{text:>24} engine, one scan {:6} ns", scan.as_nanos());
    }
    Ok(())
}

/// A chat request of about this many bytes.
fn chat(target: usize) -> Vec<u8> {
    let mut messages =
        String::from(r#"{"role":"system","content":"You are a helpful assistant."}"#);
    let mut turn = 0;
    while messages.len() + 200 < target {
        let role = if turn % 2 == 0 { "user" } else { "assistant" };
        let sentences = if target < 4096 { 2 } else { 4 };
        messages += &format!(r#",{{"role":"{role}","content":"{}"}}"#, PROSE.repeat(sentences));
        turn += 1;
    }
    let body = format!(
        r#"{{"model":"gpt-4o-mini","temperature":0.7,"max_tokens":512,"stream":true,"messages":[{messages}]}}"#
    );
    body.into_bytes()
}

/// The fastest of many rounds: what else runs on the machine only ever adds.
fn time(mut work: impl FnMut()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..200 {
        let start = Instant::now();
        for _ in 0..100 {
            work();
        }
        best = best.min(start.elapsed() / 100);
    }
    best
}
