//! What a short chat costs, part by part: a question of a kilobyte and its answer, as a gate looks at them:
//! `cargo run --release -p portcullis-inspect --example chat_speed [PART]`.
//!
//! Sentences come in changing order, so that no branch is learnt by heart. Figures are of processor time.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

mod measured;

use std::hint::black_box;
use std::time::Duration;

use inspect::document::inspect_json;
use inspect::json::Limits;
use inspect::{
    Direction, Engine, Origin, Settings, SettingsError, document::Scope, harm, injection,
};
use measured::processor_time;

const SENTENCES: [&str; 12] = [
    "The quick brown fox jumps over the lazy dog while the river carries the moon away. ",
    "Could you tell me what the difference between the two plans for next year is? ",
    "Our team met on Tuesday and agreed to move the release by two weeks. ",
    "Please write it as a short list, with the most important point first. ",
    "The second draft is better, but its last paragraph says the same thing twice. ",
    "In the table below you see how many of the visitors came back within a month. ",
    "I would rather keep the old name, since customers know it by now. ",
    "Rain is expected in the north, and the trains may be late in the morning. ",
    "A function that does two things should be two functions, most of the time. ",
    "What does it cost to heat a house of this size over a whole winter? ",
    "They found the letters in a box under the stairs when the house was sold. ",
    "Thank you; that was exactly the explanation that I was looking for. ",
];
const BODIES: usize = 64;
const ROUNDS: usize = 6;

fn text(seed: &mut u64) -> String {
    let mut text = String::new();
    while text.len() < 900 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        text.push_str(SENTENCES[(*seed >> 33) as usize % SENTENCES.len()]);
    }
    text
}

fn main() -> Result<(), SettingsError> {
    let engine = Engine::compile(&Settings::default())?;
    let mut seed = 7;
    let texts: Vec<String> = (0..BODIES).map(|_| text(&mut seed)).collect();
    let chats: Vec<String> = texts
        .iter()
        .map(|text| format!(r#"{{"model":"gpt-mock","temperature":0.2,"max_tokens":256,"messages":[{{"role":"user","content":"{text}"}}]}}"#))
        .collect();
    let limits = Limits::default();
    let document = |direction| {
        let (engine, chats, limits) = (&engine, &chats, &limits);
        move |at: usize| {
            let scope = Scope::new(engine, direction);
            black_box(inspect_json(&scope, chats[at].as_bytes(), limits, &mut ())).is_ok()
        }
    };
    cost("document, request", document(Direction::Request));
    cost("document, answer", document(Direction::Answer));
    cost("scan", |at| {
        let mut found = Vec::new();
        engine.scan(Direction::Request, black_box(texts[at].as_bytes()), &mut found);
        found.is_empty()
    });
    cost("views", |at| {
        let mut found = Vec::new();
        engine.scan_views(Direction::Request, black_box(texts[at].as_bytes()), &mut found);
        found.is_empty()
    });
    cost("harm", |at| black_box(harm::screen(&texts[at])).is_none());
    for origin in [Origin::User, Origin::Tool] {
        cost(&format!("injection, {origin:?}"), |at| {
            black_box(injection::glance(origin, &texts[at])).probability > 2.0
        });
    }
    for origin in [Origin::User, Origin::Tool, Origin::Model] {
        cost(&format!("judge, {origin:?}"), |at| {
            let mut heard = Vec::new();
            engine.judge(origin, black_box(&texts[at]), &mut heard);
            heard.is_empty()
        });
    }
    cost("stream", |at| {
        let (mut found, mut stream) = (Vec::new(), engine.stream(Direction::Answer));
        for piece in texts[at].as_bytes().chunks(18) {
            black_box(stream.push(&engine, piece, &mut found));
        }
        stream.finish(&engine, &mut found);
        found.is_empty()
    });
    Ok(())
}

/// The best of some rounds.
fn cost(what: &str, mut one: impl FnMut(usize) -> bool) {
    if std::env::args().nth(1).is_some_and(|wanted| !what.starts_with(&wanted)) {
        return;
    }
    let mut round = || {
        let (start, mut runs) = (processor_time(), 0_u32);
        loop {
            (0..BODIES).for_each(|at| {
                black_box(one(at));
            });
            runs += BODIES as u32;
            // The system counts in slices, so a round is far longer than one.
            let spent = processor_time().saturating_sub(start);
            if spent > Duration::from_millis(60) {
                return spent / runs;
            }
        }
    };
    let best = (0..ROUNDS).map(|_| round()).min().unwrap_or_default();
    println!("{what:<20}{:>8.1} µs", best.as_nanos() as f64 / 1e3);
}
