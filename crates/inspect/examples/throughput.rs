//! How fast the engine is: `cargo run --release -p portcullis-inspect --example throughput`.
//!
//! Prints megabytes a second of text without findings, for whole texts and for streams in pieces
//! of 20 bytes, with the default settings.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use inspect::{Direction, Engine, Match, Settings, SettingsError, Stream};

const BYTES: usize = 1 << 20;
const PIECE: usize = 20;

const PROSE: &str = "The committee met on Tuesday to discuss the budget for the coming year, and \
    agreed, after some debate, that the library should stay open in the evenings. Visitors had \
    asked for this more than once; the staff, too, were in favour. ";
const JSON: &str = r#"{"id":"evt_7f3a","object":"event","created":1700000000,"user":{"name":"Ann","role":"editor","tags":["a","b"]},"items":[{"sku":"AB-1029","price":12.5,"count":3},{"sku":"CD-4410","price":8.25,"count":1}],"path":"/v1/orders/10293/lines"},"#;
const CODE: &str = "pub fn resolve(&mut self, found: &mut Vec<Candidate>, frontier: usize) -> \
    Result<(), Error> {\n    let decided = found.iter().position(|c| c.end > frontier);\n    \
    self.inner.handlers.push(std::mem::take(&mut self.pending_handler_registrations));\n}\n";

fn dense(set: &[u8], seed: u64) -> String {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        set[(state >> 33) as usize % set.len()]
    };
    (0..BYTES).map(|_| char::from(next())).collect()
}

fn main() -> Result<(), SettingsError> {
    let engine = Engine::compile(&Settings::default())?;
    let repeat = |text: &str| text.repeat(BYTES / text.len());
    let base64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    println!("{:<10}{:>12}{:>14}{:>10}", "text", "scan MB/s", "stream MB/s", "found");
    for (name, text) in [
        ("prose", repeat(PROSE)),
        ("json", repeat(JSON)),
        ("code", repeat(CODE)),
        ("base64", dense(base64, 7)),
        ("hex", dense(b"0123456789abcdef", 7)),
        ("digits", dense(b"0123456789", 7)),
        ("numbers", dense(b"0123456789 -.", 7)),
        ("letters", "a".repeat(BYTES)),
        ("starts", repeat("eyJ-")),
    ] {
        if std::env::args().nth(1).is_some_and(|wanted| wanted != name) {
            continue;
        }
        let mut found = Vec::new();
        engine.scan(Direction::Request, text.as_bytes(), &mut found);
        let scan =
            rate(text.len(), || engine.scan(Direction::Request, text.as_bytes(), &mut Vec::new()));
        let stream = rate(text.len(), || stream(&engine, text.as_bytes(), PIECE));
        println!("{name:<10}{scan:>12.0}{stream:>14.0}{:>10}", found.len());
    }
    pushes(&engine, &repeat(PROSE)[..16_000]);
    let letters = "a".repeat(10_000_000);
    for piece in [1, 64] {
        let start = Instant::now();
        stream(&engine, letters.as_bytes(), piece);
        println!("10 MB of one letter in pieces of {piece}: {:.0?}", start.elapsed());
    }
    kilobyte(&engine, &repeat(PROSE)[..1024], "prose");
    kilobyte(&engine, &repeat(JSON)[..1024], "json");
    Ok(())
}

fn kilobyte(engine: &Engine, text: &str, name: &str) {
    let scan =
        rate(1024, || engine.scan(Direction::Request, black_box(text.as_bytes()), &mut Vec::new()));
    println!("1 KB of {name}: {:.2} us", 1024.0 / scan);
}

fn stream(engine: &Engine, text: &[u8], size: usize) {
    let mut stream = engine.stream(Direction::Request);
    let mut found: Vec<Match> = Vec::new();
    for piece in text.chunks(size) {
        black_box(stream.push(engine, piece, &mut found));
    }
    stream.finish(engine, &mut found);
}

/// What one push of a piece of prose costs, the fastest of many rounds.
fn pushes(engine: &Engine, text: &str) {
    let round = || {
        let start = Instant::now();
        stream(engine, text.as_bytes(), PIECE);
        start.elapsed()
    };
    let best = (0..500).map(|_| round()).min().unwrap_or_default();
    let push = best.as_nanos() / text.len().div_ceil(PIECE) as u128;
    println!("push of {PIECE} bytes of prose: {push} ns; Stream: {} bytes", size_of::<Stream>());
}

/// Megabytes a second of processor time, over at least 100 ms.
fn rate(bytes: usize, mut run: impl FnMut()) -> f64 {
    let started = Instant::now();
    let spent = || processor_time().unwrap_or_else(|| started.elapsed());
    let (start, mut rounds) = (spent(), 0);
    while spent() - start < Duration::from_millis(100) {
        run();
        rounds += 1;
    }
    (bytes * rounds) as f64 / (spent() - start).as_secs_f64() / 1e6
}

/// What this process has had of a processor, where Linux says it: other programs do not count.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}
