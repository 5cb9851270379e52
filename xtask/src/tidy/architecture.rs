//! Invariants 2 and 3 of `docs/architecture.md`: who may know what.

use super::tree::File;

/// A crate's folder, words that its shipped code must not hold, and why.
const RULES: &[(&str, &[&str], &str)] = &[
    (
        "crates/gate/",
        &["console::", "portcullis-console", "console.workspace"],
        "the gate never imports the console",
    ),
    (
        "crates/console/",
        &["gate::", "portcullis-gate", "gate.workspace"],
        "the console never imports the gate",
    ),
    ("crates/model/", PURE, "model does no I/O"),
    ("crates/inspect/", PURE, "inspect does no I/O"),
    ("crates/identity/", PURE, "identity does no I/O"),
    ("crates/policy/", PURE, "policy does no I/O"),
    ("crates/flow/", PURE, "flow does no I/O"),
    ("crates/people/", PURE, "people does no I/O"),
    ("crates/scim/", PURE, "scim does no I/O"),
    ("crates/ledger/", &["rusqlite", "hyper", "axum"], "the ledger knows neither SQL nor HTTP"),
    (
        "crates/payloads/",
        &["hyper", "axum", "gate::", "console::"],
        "what is kept knows neither HTTP nor who keeps it",
    ),
    ("crates/store/", &["hyper", "axum", "policy::"], "the store knows neither HTTP nor policy"),
];

const PURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread::sleep",
    "tokio",
    "rusqlite",
    "hyper",
    "SystemTime::now",
    "Instant::now",
    "getrandom",
];

/// Words that belong to one crate alone, among the crates of the product.
const OWNED: &[(&str, &str, &str)] = &[
    ("rusqlite", "crates/store/", "only store knows SQL"),
    ("std::env", "crates/portcullis/", "only portcullis reads the environment"),
    ("env::var", "crates/portcullis/", "only portcullis reads the environment"),
];

pub(super) fn check(files: &[File]) -> Vec<String> {
    files.iter().filter(|file| is_product(file)).flat_map(check_file).collect()
}

/// What stands in a crate and does not ship: it may do what tests and measurements do.
const BESIDE: &[&str] = &["/tests/", "/examples/", "/benches/"];

/// Shipped Rust and manifests of `crates/`.
fn is_product(file: &File) -> bool {
    let code = file.is_rust() || file.path.ends_with("Cargo.toml");
    code && file.path.starts_with("crates/")
        && !BESIDE.iter().any(|folder| file.path.contains(folder))
        && !is_test_module(&file.path)
}

fn is_test_module(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

fn check_file(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in code_lines(file) {
        for (folder, words, why) in RULES {
            let found = words.iter().find(|word| holds(line, word));
            if let Some(word) = found.filter(|_| file.path.starts_with(folder)) {
                complaints.push(format!(
                    "{}:{number}: {word}: {why} (architecture, invariants 2 and 3)",
                    file.path
                ));
            }
        }
        for (word, owner, why) in OWNED {
            if holds(line, word) && !file.path.starts_with(owner) {
                complaints.push(format!(
                    "{}:{number}: {word}: {why} (architecture, invariant 2)",
                    file.path
                ));
            }
        }
    }
    complaints
}

/// The lines that are code: before the tests; comments and development dependencies left out.
fn code_lines(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let shipped = file.shipped();
    let shipped = shipped.split("[dev-dependencies]").next().unwrap_or(shipped);
    let lines = shipped.lines().enumerate().map(|(index, line)| (index + 1, line));
    let code = lines.map(|(number, line)| (number, line.split(" //").next().unwrap_or(line)));
    code.filter(|(_, line)| !line.trim_start().starts_with(['#', '/']))
}

/// Whether `word` stands in `line` and is not the end of a longer name (`delegate::` is not `gate::`).
fn holds(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> usize {
        check(&[File { path: path.to_owned(), text: text.to_owned() }]).len()
    }

    #[test]
    fn what_breaks_an_invariant_is_noticed() {
        assert_eq!(complaints("crates/gate/src/a.rs", "use console::App;"), 1);
        assert_eq!(complaints("crates/inspect/src/a.rs", "let f = std::fs::read(p);"), 1);
        assert_eq!(complaints("crates/ledger/src/a.rs", "std::env::var(\"X\")"), 1);
        assert_eq!(complaints("crates/gate/Cargo.toml", "rusqlite.workspace = true"), 1);
    }

    #[test]
    fn what_keeps_them_is_not() {
        assert_eq!(complaints("crates/console/src/a.rs", "delegate::run(); // gate::x"), 0);
        assert_eq!(complaints("crates/store/src/a.rs", "use rusqlite::Connection;"), 0);
        assert_eq!(
            complaints(
                "crates/model/src/a.rs",
                "fn a() {}\n#[cfg(test)]\nmod tests { std::fs::x(); }"
            ),
            0
        );
        assert_eq!(
            complaints("crates/model/Cargo.toml", "[dev-dependencies]\ntokio.workspace = true"),
            0
        );
    }
}
