//! What views cost: the look that decides whether there are any, and the scan with and without.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use inspect::{Direction, Engine, Settings, views};

const PROSE: &str = "The gate reads what an agent sends and what the model answers. Nothing of it is kept \
for longer than it takes to know that it is harmless, and most words are known to be so at once.\n";
const CODE: &str = "fn main() -> Result<(), Error> {\n    let value = config.get(\"timeout\")?.parse::<u64>()?;\n    \
if value == 0 && !options.is_empty() { return Err(Error::new(\"zero\")); }\n    println!(\"{value:?} {}\", a.b[0]);\n}\n";
const JSON: &str = "{\"id\":\"chatcmpl-9xKq\",\"object\":\"chat.completion\",\"created\":1700000000,\"choices\":[{\"index\":0,\
\"message\":{\"role\":\"assistant\",\"content\":\"Hello there, how can I help?\\nAsk me.\"},\"finish_reason\":\"stop\"}]}\n";
const GERMAN: &str = "Die Prüfung größerer Texte läuft über alle Stellen – auch über Umlaute, „Anführungen“ und Ähnliches.\n";
const RUSSIAN: &str =
    "Проверка проходит по всему тексту, и большинство слов сразу признаются безобидными.\n";
const LINKS: &str =
    "See https://example.com/a%20page?q=x%2Fy for more, or ask &amp; wait; \\u00e9 is an escape.\n";
const HASHES: &str = "sha512-Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4 d41d8cd98f00b204e9800998ecf8427e src/a/path/to/some/file.rs\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::compile(&Settings::default())?;
    println!("{:<10}{:>12}{:>12}{:>14}", "MB/s", "look", "scan", "scan_views");
    for (name, unit) in [
        ("prose", PROSE),
        ("code", CODE),
        ("json", JSON),
        ("german", GERMAN),
        ("russian", RUSSIAN),
        ("links", LINKS),
        ("hashes", HASHES),
    ] {
        let text = unit.repeat(200_000 / unit.len());
        let bytes = text.as_bytes();
        let look = rate(bytes.len(), || {
            black_box(views::has_layers(black_box(bytes)));
        });
        let mut found = Vec::new();
        let scan = rate(bytes.len(), || {
            found.clear();
            engine.scan(Direction::Request, black_box(bytes), &mut found);
        });
        let all = rate(bytes.len(), || {
            found.clear();
            engine.scan_views(Direction::Request, black_box(bytes), &mut found);
        });
        println!("{name:<10}{look:>12.0}{scan:>12.0}{all:>14.0}");
    }
    Ok(())
}

/// Megabytes a second, the best of many rounds: others may use the machine.
fn rate(bytes: usize, mut run: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < Duration::from_millis(400) {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed());
    }
    bytes as f64 / best.as_secs_f64() / 1e6
}
