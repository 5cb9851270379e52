//! The reference page and the example file, made from the declarations.

use std::fmt::Write;

use super::declare::{Key, Shape};
use super::environment::PREFIX;
use super::sections::Config;

/// The page `docs/reference/configuration.md`.
pub fn page() -> String {
    let mut page = String::from(INTRODUCTION);
    for section in Config::KEYS {
        table(&mut page, section.name, section.shape, section.shape.is_repeated());
    }
    page
}

const INTRODUCTION: &str = "\
# Configuration reference

<!-- Made from the declarations in the code by `cargo xtask docs`. Do not edit. -->

Portcullis reads `portcullis.toml` in the working folder, or the file that `--config` or
`PORTCULLIS_CONFIG` names. Relative paths in the file begin at the file's folder. Every key has a
default or is marked as required, and an unknown key is an error.

Every key can also be set in the environment, which wins over the file. The variable's name is
`PORTCULLIS_` and the key's path: `gate.listen` is `PORTCULLIS_GATE_LISTEN`. In a list of tables the
entry's place stands in the path, from zero: the first provider's `base_url` is
`PORTCULLIS_PROVIDER_0_BASE_URL`. The place after the last adds an entry. A list of values is written
with commas between, or as a TOML array.

`portcullis config check` says what is wrong with a file and where, and `portcullis config example`
prints a file to begin with.
";

fn table(page: &mut String, path: &str, shape: &Shape, repeated: bool) {
    let (Shape::Table { about, keys } | Shape::List(Shape::Table { about, keys })) = shape else {
        return;
    };
    let title = if repeated { format!("[[{path}]]") } else { format!("[{path}]") };
    // Writing to a string cannot fail.
    let _ = writeln!(page, "\n## `{title}`\n\n{}", paragraphs(about));
    for key in keys.iter().filter(|key| !is_section(key)) {
        entry(page, path, key, repeated);
    }
    for key in keys.iter().filter(|key| is_section(key)) {
        let below = format!("{path}.{}", key.name);
        table(page, &below, key.shape, key.shape.is_repeated());
    }
}

/// Whether a key has a heading of its own.
fn is_section(key: &Key) -> bool {
    matches!(key.shape, Shape::Table { .. } | Shape::List(Shape::Table { .. }))
}

fn entry(page: &mut String, path: &str, key: &Key, repeated: bool) {
    let _ = writeln!(page, "\n### `{path}.{}`\n\n{}\n", key.name, paragraphs(key.help));
    let _ = writeln!(page, "- Takes {}.", key.shape.expects());
    let _ = match (key.default, key.optional) {
        (Some(default), _) => writeln!(page, "- Default: `{default}`."),
        (None, true) => writeln!(page, "- May be left out."),
        (None, false) => writeln!(page, "- Required."),
    };
    if let Some(example) = key.example {
        let _ = writeln!(page, "- Example: `{} = {example}`.", key.name);
    }
    let place = if repeated { "_N" } else { "" };
    let name = |path: &str| path.replace('.', "_").to_ascii_uppercase();
    let variable = format!("{PREFIX}_{}{place}_{}", name(path), name(key.name));
    let _ = match key.shape {
        Shape::Credential { .. } => {
            writeln!(
                page,
                "- Environment: `{variable}` with the secret itself, or `{variable}_ENV` or\n  `{variable}_FILE` with its place."
            )
        }
        _ => writeln!(page, "- Environment: `{variable}`."),
    };
}

/// Help as Markdown: the blank that a doc comment begins its lines with is taken off.
fn paragraphs(help: &str) -> String {
    help.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// A file with every key: those that one begins with, the rest behind a `#` with its default.
pub fn example() -> String {
    let mut file = String::from(HEADING);
    for section in Config::KEYS {
        example_table(&mut file, section.name, section.shape);
    }
    file
}

const HEADING: &str = "\
# The configuration of Portcullis, with every key. A key behind a # shows its default, or an example
# where there is none. `portcullis config check` says whether the file is right.
";

fn example_table(file: &mut String, path: &str, shape: &Shape) {
    let (Shape::Table { about, keys } | Shape::List(Shape::Table { about, keys })) = shape else {
        return;
    };
    let title = if shape.is_repeated() { format!("[[{path}]]") } else { format!("[{path}]") };
    let shown = if is_shown(path) { "" } else { "# " };
    let _ = writeln!(file, "\n{}\n{shown}{title}", comment(about));
    for key in keys.iter().filter(|key| !is_section(key)) {
        let _ = writeln!(file, "{}", comment(key.help));
        let begun = shape.is_repeated() && is_begun_with(path, key);
        let value = if begun { key.example.or(key.default) } else { key.default.or(key.example) };
        let hash = if begun || is_begun_with(path, key) { "" } else { "# " };
        let _ = writeln!(file, "{hash}{} = {}", key.name, value.unwrap_or("\"\""));
    }
    for key in keys.iter().filter(|key| is_section(key)) {
        example_table(file, &format!("{path}.{}", key.name), key.shape);
    }
}

/// Whether a table's heading stands without a `#`.
fn is_shown(path: &str) -> bool {
    let is_of_mcp = path.split('.').next() == Some("mcp");
    let is_hidden = matches!(
        path,
        "gate.tls"
            | "console.tls"
            | "tenant"
            | "issuer"
            | "signing_key"
            | "certificate"
            | "people.group"
            | "people.network"
            | "people.sso"
            | "ledger.witness"
            | "inspect.classifier"
            | "inspect.detectors"
            | "inspect.records"
            | "inspect.packages"
            | "payloads.rule"
            | "retention"
            | "export"
    );
    !is_of_mcp && !is_hidden
}

/// The keys that nearly everybody sets.
fn is_begun_with(path: &str, key: &Key) -> bool {
    let names: &[&str] = match path {
        "gate" | "console" => &["listen"],
        "data" => &["dir"],
        "role" => &["name", "providers", "models"],
        "provider" => &["name", "kind", "base_url", "api_key", "models"],
        "price" => &["model", "input_per_million", "output_per_million"],
        "limit" => &["name", "per", "window", "spend_usd", "concurrency"],
        "zone" => &["name", "providers"],
        "agent" => &["name", "roles", "owner", "purpose"],
        _ => &[],
    };
    names.contains(&key.name)
}

fn comment(help: &str) -> String {
    let lines = paragraphs(help);
    lines
        .lines()
        .map(|line| format!("# {line}").trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}
