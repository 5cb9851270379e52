//! The mock's own behaviour: the model's name says what happens, so that every SDK can ask for it.
//!
//! `gpt-mock` and `claude-mock` talk about a fox. A word after `mock-` chooses something else:
//! `tool`, `json`, `leak`, `card`, `slow`, `hang`, `half`, `garbage`, `endless`, `error-NNN`, `gzip`,
//! `br`, `zstd`. What a request asks for besides (`stream`) is obeyed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::answer::{Answer, Step};
use crate::fake;
use crate::protocol::{Said, anthropic, openai};
use crate::upstream::Call;

/// What the mock says unless its name tells it otherwise.
pub const FOX: &str =
    "The quick brown fox jumps over the lazy dog, and the river carries the moon away.";

/// A pause between two pieces of a slow stream.
const SLOW: Duration = Duration::from_millis(20);

/// Which API a path belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Chat,
    Responses,
    Embeddings,
    Models,
    Messages,
    CountTokens,
    Other,
}

/// The answer of the mock to any call.
pub fn answer(call: &Call) -> Answer {
    let request = call.json();
    let model = request["model"].as_str().unwrap_or_default().to_owned();
    let word = model.split_once("mock-").map_or("", |(_, word)| word).to_owned();
    let endpoint = endpoint(&call.path);
    match endpoint {
        Endpoint::Models => return Answer::json(&openai::models()),
        Endpoint::Embeddings => return Answer::json(&openai::embeddings(&model)),
        Endpoint::CountTokens => return Answer::json(&json!({"input_tokens": 11})),
        Endpoint::Other => return echo(call),
        Endpoint::Chat | Endpoint::Responses | Endpoint::Messages => {}
    }
    if let Some(status) = word.strip_prefix("error-").and_then(|status| status.parse().ok()) {
        return error(endpoint, status);
    }
    let streamed = request["stream"] == Value::Bool(true);
    let whole = speak(endpoint, &model, &said(&word), streamed);
    misbehave(&word, whole)
}

fn endpoint(path: &str) -> Endpoint {
    match path.split('?').next().unwrap_or_default() {
        p if p.ends_with("/chat/completions") => Endpoint::Chat,
        p if p.ends_with("/responses") => Endpoint::Responses,
        p if p.ends_with("/embeddings") => Endpoint::Embeddings,
        p if p.ends_with("/models") => Endpoint::Models,
        p if p.ends_with("/messages") => Endpoint::Messages,
        p if p.ends_with("/messages/count_tokens") => Endpoint::CountTokens,
        _ => Endpoint::Other,
    }
}

/// What an endpoint that nobody knows answers: what it was sent.
fn echo(call: &Call) -> Answer {
    let kind = call.header("content-type").unwrap_or("application/octet-stream").to_owned();
    Answer::new(200, &kind, call.body.clone()).header("x-mock-path", &call.path)
}

fn said(word: &str) -> Said {
    match word {
        "tool" => Said::Tool(
            "get_weather".to_owned(),
            r#"{"city": "Paris", "unit": "celsius", "days": 3}"#.to_owned(),
        ),
        "json" => Said::text(r#"{"name": "Ada", "age": 36}"#),
        "leak" => Said::Text(format!(
            "The token of the build is {} and nobody should see it.",
            fake::github_token()
        )),
        "card" => Said::Text(format!("The card on file is {} until spring.", fake::payment_card())),
        _ => Said::text(FOX),
    }
}

fn speak(endpoint: Endpoint, model: &str, said: &Said, streamed: bool) -> Answer {
    let text = match said {
        Said::Text(text) | Said::Tool(_, text) => text,
    };
    match (endpoint, streamed) {
        (Endpoint::Messages, false) => Answer::json(&anthropic::message(model, said)),
        (Endpoint::Messages, true) => Answer::events(anthropic::message_events(model, said)),
        (Endpoint::Responses, false) => Answer::json(&openai::response(model, text)),
        (Endpoint::Responses, true) => Answer::events(openai::response_events(model, text)),
        (_, false) => Answer::json(&openai::chat(model, said)),
        (_, true) => Answer::events(openai::chat_events(model, said)),
    }
}

fn error(endpoint: Endpoint, status: u16) -> Answer {
    let body = match endpoint {
        Endpoint::Messages => anthropic::error(status),
        _ => openai::error(status),
    };
    Answer::json(&body).status(status)
}

/// Spoils a good answer as the word says.
fn misbehave(word: &str, whole: Answer) -> Answer {
    match word {
        "slow" => whole.paced(SLOW),
        "hang" => Answer { delay: Duration::from_secs(3600), ..whole },
        "garbage" => Answer::new(200, "application/json", &b"\x00\xff{\"choices\": [nonsense"[..]),
        "half" => half(whole),
        "endless" => endless(whole),
        "gzip" | "br" | "zstd" => whole.encoded(word, 3),
        _ => whole,
    }
}

/// Stops in the middle of an event, or of the body.
fn half(mut whole: Answer) -> Answer {
    let kept = whole.steps.len().div_ceil(2);
    whole.steps.truncate(kept);
    if let Some(Step::Data(last)) = whole.steps.last_mut() {
        last.truncate(last.len() / 2);
    }
    // The pause lets what came before out of the server; a break would take it along.
    whole.steps.push(Step::Pause(SLOW));
    whole.steps.push(Step::Break);
    whole.sized = false;
    whole
}

/// The piece that names the fox again and again.
fn endless(mut whole: Answer) -> Answer {
    let names_it = |step: &Step| match step {
        Step::Data(bytes) => bytes.windows(3).any(|window| window == b"fox"),
        _ => false,
    };
    let Some(place) = whole.steps.iter().position(names_it) else { return whole };
    if let Step::Data(piece) = whole.steps[place].clone() {
        whole.steps.truncate(place + 1);
        whole.steps.push(Step::Forever(piece, SLOW));
    }
    whole
}
