//! Checks of generated code: what a model writes, or hands to a tool, that is dangerous to run.
//!
//! Code is cut into tokens first, so a comment or a sentence about `eval` is no alarm; then calls,
//! settings, strings of SQL, commands and names of packages are looked at. It is a reader of single
//! texts, not a compiler: it follows a variable to its last assignment and no further.
//!
//! Linear, and bounded by [`MAX_BLOCKS`], [`MAX_BLOCK_BYTES`] and [`MAX_FINDINGS`].

mod blocks;
mod calls;
mod imports;
mod json;
mod language;
mod lexer;
mod rules;
mod settings;
mod shell;
mod sql;
#[cfg(test)]
mod tests;
mod values;

use std::ops::Range;

use crate::packages::Known;
pub use blocks::{Block, MAX_BLOCK_BYTES, MAX_BLOCKS, blocks};
pub use language::Language;

/// What was found in a piece of code.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// `code.eval_of_input` and its like.
    pub kind: &'static str,
    /// In bytes of the text.
    pub range: Range<usize>,
    /// 0 to 1.
    pub confidence: f64,
    /// One sentence for people.
    pub why: &'static str,
}

pub(crate) const HARDCODED_SECRET: &str = "code.hardcoded_secret";
pub(crate) const EVAL_OF_INPUT: &str = "code.eval_of_input";
pub(crate) const DISABLED_TLS: &str = "code.disabled_tls";
pub(crate) const SHELL_FROM_STRING: &str = "code.shell_from_string";
pub(crate) const UNSAFE_DESERIALISATION: &str = "code.unsafe_deserialisation";
pub(crate) const SQL_FROM_STRING: &str = "code.sql_from_string";
pub(crate) const REMOTE_SCRIPT: &str = "code.remote_script";
pub(crate) const WEAK_PERMISSION: &str = "code.weak_permission";
pub(crate) const REVERSE_SHELL: &str = "code.reverse_shell";
pub(crate) const DESTRUCTIVE_COMMAND: &str = "code.destructive_command";
pub(crate) const UNKNOWN_PACKAGE: &str = "code.unknown_package";
pub(crate) const DISGUISED_COMMAND: &str = "code.disguised_command";
pub(crate) const SENDS_DATA: &str = "code.sends_data";
pub(crate) const CREDENTIAL_FILE: &str = "code.credential_file";
pub(crate) const PERSISTENCE: &str = "code.persistence";

/// How many findings one text gives; of more, the first ones.
pub const MAX_FINDINGS: usize = 256;

/// What a finding in a command that is quoted in running text is worth: it may be a warning.
const QUOTED: f64 = 0.6;

/// Checks the code in a text. A hint says that the whole text is code of that language.
///
/// Names of packages are held against the small list that is built in; see [`check_with`].
pub fn check(text: &str, hint: Option<Language>) -> Vec<Found> {
    check_with(text, hint, Known::built_in())
}

/// The same with an operator's own lists of packages.
pub fn check_with(text: &str, hint: Option<Language>, known: &Known) -> Vec<Found> {
    let mut found = Vec::new();
    if hint.is_none() && text.trim_start().starts_with('{') {
        json::check(text, known, &mut found);
    }
    check_code(text, hint, known, &mut found);
    found.sort_by_key(|f| (f.range.start, f.range.end));
    found.dedup_by(|b, a| a.kind == b.kind && a.range.start == b.range.start);
    found.truncate(MAX_FINDINGS);
    found
}

/// What an argument of a tool says by its name that it is: a command that runs as it stands, or a path.
pub(crate) fn check_argument(name: &str, text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let is_script = || text.starts_with("#!") && Language::recognise(text) == Some(Language::Shell);
    if Language::from_argument(name) == Some(Language::Shell) || is_script() {
        shell::check_command(text, &mut found);
    } else if is_path(name) {
        shell::check_path(text, &mut found);
    }
    found
}

/// Whether an argument of this name is a path.
fn is_path(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['_', '-'], "");
    let names = ["path", "file", "filename", "filepath", "uri", "source", "src", "target", "paths"];
    names.contains(&name.as_str()) || name.ends_with("path")
}

/// Findings in the blocks of a text.
fn check_code(text: &str, hint: Option<Language>, known: &Known, found: &mut Vec<Found>) {
    for block in blocks(text, hint) {
        let first = found.len();
        check_block(&text[block.range.clone()], block.language, known, found);
        for new in &mut found[first..] {
            new.range = new.range.start + block.range.start..new.range.end + block.range.start;
            new.confidence *= if block.is_quoted { QUOTED } else { 1.0 };
        }
        if found.len() >= MAX_FINDINGS {
            break;
        }
    }
}

/// Findings in one block, their ranges from its start.
fn check_block(code: &str, language: Language, known: &Known, found: &mut Vec<Found>) {
    match language {
        Language::Shell => shell::check(code, known, found),
        Language::Dockerfile => shell::check_dockerfile(code, known, found),
        Language::Requirements => imports::requirements(code, known, found),
        Language::PackageJson => imports::manifest(code, known, found),
        Language::Sql => sql::check_script(code, found),
        Language::Config => settings::check(&lexer::tokens(code, language), language, found),
        _ => {
            let tokens = lexer::tokens(code, language);
            let calls = calls::Calls::of(&tokens);
            let values = values::Values::of(&tokens, language);
            rules::check(&calls, &values, language, known, found);
            settings::check(&tokens, language, found);
            sql::check(&tokens, &values, language, found);
            imports::check(&tokens, language, known, found);
        }
    }
}
