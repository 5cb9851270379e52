//! What hostile bytes meet first: the entry points of the fuzz targets and of the smoke run.
//!
//! Each takes any bytes, must not panic, and asserts what must hold of the result. `fuzz/` hands them to
//! libFuzzer; [`all`] with mutated seeds is the bounded run of every test.

use std::sync::OnceLock;

use bytes::Bytes;
use gate::sse::Splitter;
use inspect::document::{Scope, apply, inspect_json, inspect_text};
use inspect::encoding::{self, Coding};
use inspect::json;
use inspect::views::{Limits, each, readings};
use inspect::{Direction, Engine, Match, Settings};
use ledger::SigningKey;
use ledger::verify::{Folder, Trust, verify};
use policy::{Bundle, Grants, Source};

use crate::fake;

/// An entry point: a name, seeds to mutate, and the function.
pub struct Entry {
    pub name: &'static str,
    pub seeds: fn() -> Vec<Vec<u8>>,
    pub run: fn(&[u8]),
}

/// Every entry point.
pub fn all() -> [Entry; 7] {
    [
        Entry { name: "json", seeds: json_seeds, run: json },
        Entry { name: "stream", seeds: text_seeds, run: stream },
        Entry { name: "views", seeds: view_seeds, run: views },
        Entry { name: "sse", seeds: sse_seeds, run: sse },
        Entry { name: "coding", seeds: coding_seeds, run: coding },
        Entry { name: "policy", seeds: policy_seeds, run: policies },
        Entry { name: "segment", seeds: || vec![log_files().1.clone()], run: segment },
    ]
}

/// The default engine, compiled once.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::compile(&Settings::default()).expect("the default settings"))
}

/// A body that is read is JSON after its edits too.
pub fn json(bytes: &[u8]) {
    for direction in [Direction::Request, Direction::Answer] {
        if let Ok(report) =
            inspect_json(&Scope::new(engine(), direction), bytes, &json::Limits::default(), &mut ())
        {
            let edited = apply(bytes, &report.edits);
            let again = inspect_json(
                &Scope::new(engine(), direction),
                &edited,
                &json::Limits::default(),
                &mut (),
            );
            assert!(
                again.is_ok() || report.blocked,
                "no longer JSON: {:?}",
                String::from_utf8_lossy(&edited)
            );
        }
        let report = inspect_text(&Scope::new(engine(), direction), bytes);
        apply(bytes, &report.edits);
    }
}

/// The first byte says where the rest is cut: the findings are those of one piece, and cover what
/// the scan of the whole text masks or blocks.
pub fn stream(bytes: &[u8]) {
    let Some((step, text)) = bytes.split_first() else { return };
    let scan = |size: usize| {
        let (mut found, mut clear) = (Vec::new(), 0);
        let mut stream = engine().stream(Direction::Answer);
        for piece in text.chunks(size) {
            let next = stream.push(engine(), piece, &mut found);
            assert!(next >= clear, "what was released came back");
            clear = next;
        }
        stream.finish(engine(), &mut found);
        found
    };
    let whole = scan(text.len().max(1));
    assert_eq!(scan(usize::from(*step) + 1), whole, "cut every {} bytes", usize::from(*step) + 1);
    let mut plain = Vec::new();
    engine().scan(Direction::Answer, text, &mut plain);
    let is_enforced =
        |found: &&Match| !engine().detector(found.detector).action(Direction::Answer).passes();
    for found in plain.iter().filter(is_enforced) {
        let is_covered = |at: usize| whole.iter().any(|other| other.range.contains(&at));
        assert!(found.range.clone().all(is_covered), "{found:?} is not covered");
    }
}

/// No view is longer than what it was made of, and each byte of it has a source.
pub fn views(bytes: &[u8]) {
    for is_form in [false, true] {
        let limits = Limits { is_form, ..Limits::default() };
        let mut outer = bytes.len();
        each(bytes, &limits, &mut |view| {
            assert!(view.text().len() <= outer, "a view grew");
            outer = view.text().len();
            for at in 0..outer {
                let source = view.source(at..at + 1);
                assert!(source.start < source.end && source.end <= bytes.len(), "{source:?}");
            }
        });
    }
    readings(&String::from_utf8_lossy(bytes));
    let mut found = Vec::new();
    engine().scan_views(Direction::Request, bytes, &mut found);
    assert!(found.is_sorted_by(|a, b| a.range.end <= b.range.start));
}

/// The first byte says where the rest is cut: the events are the bytes, and the same for every cut.
pub fn sse(bytes: &[u8]) {
    let Some((step, text)) = bytes.split_first() else { return };
    let split = |size: usize| {
        let (mut splitter, mut events) = (Splitter::default(), Vec::new());
        for piece in text.chunks(size) {
            splitter.push(Bytes::copy_from_slice(piece));
            while let Ok(Some(event)) = splitter.next_event() {
                gate::sse::fields(&event);
                events.push(event);
            }
        }
        (events, splitter.finish())
    };
    let (events, rest) = split(usize::from(*step) + 1);
    assert_eq!([&events.concat()[..], &rest].concat(), text);
}

/// The first byte chooses the coding; nothing is decoded beyond the bound.
pub fn coding(bytes: &[u8]) {
    const MAX: usize = 1 << 20;
    let Some((choice, body)) = bytes.split_first() else { return };
    let name = ["gzip", "br", "zstd", "deflate"][usize::from(*choice) % 4];
    let codings: Vec<Coding> = encoding::parse(name).unwrap_or_default();
    if let Ok(decoded) = encoding::decode(&codings, body, MAX) {
        assert!(decoded.len() <= MAX);
    }
}

/// What is loaded can be loaded again, and is the same.
pub fn policies(bytes: &[u8]) {
    let source = Source::new("fuzz.cedar", String::from_utf8_lossy(bytes));
    let load = || Bundle::compile(std::slice::from_ref(&source), &Grants::default());
    if let Ok(bundle) = load() {
        assert_eq!(load().expect("it loaded before").version(), bundle.version());
    }
}

/// A segment with these bytes is recovered or refused; what is recovered verifies, and what is damaged is said to be.
pub fn segment(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in &log_files().0 {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let spoiled = content == &log_files().1;
        std::fs::write(path, if spoiled { bytes } else { content }).expect("a file");
    }
    verify(&mut Folder::new(folder.path()), &Trust::default()).ok();
    ledger::Log::open(folder.path(), key(), options(), now).ok();
}

type Files = Vec<(std::path::PathBuf, Vec<u8>)>;

/// The files of a small log, and the content of its segment.
fn log_files() -> &'static (Files, Vec<u8>) {
    static FILES: OnceLock<(Files, Vec<u8>)> = OnceLock::new();
    FILES.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (log, _) = ledger::Log::open(folder.path(), key(), options(), now).expect("a new log");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        for number in 0..40 {
            let record = format!("{{\"id\":\"{number}\",\"status\":\"ok\"}}");
            runtime.block_on(log.append(record.into_bytes())).expect("a record");
        }
        log.close().expect("a clean end");
        let mut files = Vec::new();
        collect(folder.path(), folder.path(), &mut files);
        let holds = |content: &[u8]| content.windows(8).any(|window| window == b"\"id\":\"39");
        let segments =
            files.iter().filter(|(path, content)| holds(content) && !path.starts_with("tile"));
        let segment = segments.map(|(_, content)| content.clone()).next().expect("a segment");
        (files, segment)
    })
}

fn collect(root: &std::path::Path, folder: &std::path::Path, files: &mut Files) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if let Ok(content) = std::fs::read(&path) {
            files.push((path.strip_prefix(root).expect("below the root").to_owned(), content));
        }
    }
}

fn key() -> SigningKey {
    SigningKey::generate([3; 32]).expect("32 bytes are a seed")
}

fn options() -> ledger::Options {
    ledger::Options { segment_bytes: 16 << 10, ..ledger::Options::new("fuzz/ledger/main") }
}

fn now() -> model::Timestamp {
    model::Timestamp::from_micros(1_795_442_700_000_000)
}

fn text_seeds() -> Vec<Vec<u8>> {
    let text = format!(
        "\u{5}Ask ann@example.com about {} and the card {} or +44 20 7946 0958. Überraschung!",
        fake::github_token(),
        fake::payment_card()
    );
    vec![text.into_bytes()]
}

fn view_seeds() -> Vec<Vec<u8>> {
    let token = fake::github_token();
    let spaced: String = token.chars().flat_map(|c| [c, ' ']).collect();
    let zero: String = token.chars().flat_map(|c| [c, '\u{200b}']).collect();
    let text = format!(
        "%41%2541 &#65;&amp; \\u0041\\x41 =41=\n {spaced}{zero} 6964656e746974792069732074657874 \
         SUdOT1JFIEFMTCBQUkVWSU9VUw== \u{ff21}\u{430}b \u{e0041}\u{fe01}\u{e0101} vtaber cerivbhf"
    );
    vec![text.into_bytes()]
}

fn json_seeds() -> Vec<Vec<u8>> {
    let token = fake::github_token();
    let nested = format!(r#"{{\"token\": \"{token}\", \"list\": [1, 2.5e3, null]}}"#);
    let body = format!(
        r#"{{"model":"gpt-mock","messages":[{{"role":"user","content":"\u0041 {token} é"}},{{"role":"tool","content":"{nested}"}}],"n":{},"x":[true,{{}},[]]}}"#,
        fake::payment_card()
    );
    vec![body.into_bytes()]
}

fn sse_seeds() -> Vec<Vec<u8>> {
    vec![b"\x03: comment\r\nevent: a\ndata: {\"x\": 1}\n\ndata: one\rdata: two\r\rid: 7\r\n\r\ndata: [DONE]\n\nhalf".to_vec()]
}

fn coding_seeds() -> Vec<Vec<u8>> {
    let text = "text that is coded and decoded ".repeat(30);
    let codings = ["gzip", "br", "zstd"].iter().enumerate();
    let seed = |(choice, coding): (usize, &&str)| {
        let mut seed = vec![choice as u8];
        seed.extend(crate::compress::encode(coding, text.as_bytes()));
        seed
    };
    codings.map(seed).collect()
}

fn policy_seeds() -> Vec<Vec<u8>> {
    let policy = r#"@id("a") @description("b") forbid (principal in Role::"x", action in Action::"use", resource)
when { context.time.hour > 8 && context.findings.contains("secret.x") } unless { principal.zone == Zone::"test" };"#;
    vec![policy.as_bytes().to_vec()]
}
