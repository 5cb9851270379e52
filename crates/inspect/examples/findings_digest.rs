//! What is found in many texts, a line of hashes for each, so that two builds can be held against
//! each other: `cargo run --release -p portcullis-inspect --example findings_digest FILE…`.
//!
//! A file that ends in `.jsonl` is rows with a member `text`; any other is cut into pieces.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;

use inspect::document::{Scope, inspect_json, inspect_text};
use inspect::json::Limits;
use inspect::{Direction, Engine, Origin, Settings, harm, injection, suspicion, views};

const PIECE: usize = 16 * 1024;
/// Sizes of the pieces of a stream.
const CUTS: [usize; 4] = [1, 7, 20, 1000];
/// Longer texts are not streamed byte by byte.
const SHORT: usize = 4 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::compile(&Settings::default())?;
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        let content = String::from_utf8_lossy(&bytes);
        for (at, text) in texts(&path, &content).iter().enumerate() {
            let hashes = digests(&engine, text).map(|hash| format!("{:08x}", hash as u32));
            println!("{path}:{at} {}", hashes.join(" "));
        }
    }
    Ok(())
}

fn texts(path: &str, content: &str) -> Vec<String> {
    if path.ends_with(".jsonl") {
        let row = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(row.get("text")?.as_str()?.to_owned())
        };
        return content.lines().filter_map(row).collect();
    }
    let (mut rest, mut pieces) = (content, Vec::new());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        pieces.push(piece.to_owned());
        rest = after;
    }
    pieces
}

/// Of the scan, the views, a JSON body, a body of text, streams, readings, and each judge.
fn digests(engine: &Engine, text: &str) -> [u64; 8] {
    let mut found = Vec::new();
    engine.scan(Direction::Answer, text.as_bytes(), &mut found);
    let scan = of(&found);
    found.clear();
    engine.scan_views(Direction::Request, text.as_bytes(), &mut found);
    let seen = of(&found);
    let body =
        serde_json::json!({"role": "user", "content": text, "n": [1, text.len()]}).to_string();
    let scope = Scope::new(engine, Direction::Request);
    let json = of(&inspect_json(&scope, body.as_bytes(), &Limits::default(), &mut ()));
    let plain = of(&inspect_text(&scope, text.as_bytes()));
    let user = suspicion(Origin::User, text);
    let tool = injection::glance(Origin::Tool, text);
    let judged = of(&(user.probability.to_bits(), user.sentence, user.signs, tool));
    let readings = views::readings(text);
    let readings = of(&readings.iter().map(|one| (&one.text, one.kinds)).collect::<Vec<_>>());
    [scan, seen, json, plain, streams(engine, text), readings, judged, of(&harm::screen(text))]
}

fn streams(engine: &Engine, text: &str) -> u64 {
    let mut all = Vec::new();
    for cut in CUTS {
        if cut == 1 && text.len() > SHORT {
            continue;
        }
        for direction in [Direction::Request, Direction::Answer] {
            let (mut stream, mut found, mut released) =
                (engine.stream(direction), Vec::new(), Vec::new());
            for piece in text.as_bytes().chunks(cut) {
                released.push(stream.push(engine, piece, &mut found));
            }
            released.push(stream.finish(engine, &mut found));
            all.push((found, released));
        }
    }
    of(&all)
}

fn of(what: &impl std::fmt::Debug) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(format!("{what:?}").as_bytes());
    hasher.finish()
}
