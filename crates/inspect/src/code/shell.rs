//! Commands of a shell: what they destroy, open, fetch and run.

mod command;
mod danger;
mod parse;

use super::{Found, MAX_FINDINGS, imports};
use crate::packages::Known;
pub(super) use command::{check as check_command, check_path};
pub(super) use parse::Word;

/// How deep commands within commands are followed: `bash -c "sh -c '…'"`.
const MAX_DEPTH: usize = 3;

/// Commands separated by `|`.
type Pipeline = Vec<Vec<Word>>;

pub(super) fn check(code: &str, known: &Known, found: &mut Vec<Found>) {
    check_nested(code, 0, MAX_DEPTH, known, found);
}

/// The same for a command that begins at `at`.
pub(super) fn check_at(code: &str, at: usize, known: &Known, found: &mut Vec<Found>) {
    check_nested(code, at, MAX_DEPTH - 1, known, found);
}

/// The same for a command that does not stand so in the text: what is found covers `range`.
pub(super) fn check_covered(
    code: &str,
    range: std::ops::Range<usize>,
    known: &Known,
    found: &mut Vec<Found>,
) {
    let first = found.len();
    check(code, known, found);
    found[first..].iter_mut().for_each(|new| new.range = range.clone());
}

/// The `RUN`, `CMD` and `ENTRYPOINT` lines of a Dockerfile.
pub(super) fn check_dockerfile(code: &str, known: &Known, found: &mut Vec<Found>) {
    let mut at = 0;
    let mut continues = false;
    for line in code.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let word = line.split_whitespace().next().unwrap_or_default();
        let runs = matches!(word, "RUN" | "CMD" | "ENTRYPOINT");
        if runs || continues {
            let skip = if runs { line.find(word).unwrap_or(0) + word.len() } else { 0 };
            check_at(&line[skip..], start + skip, known, found);
        }
        continues = (runs || continues) && line.trim_end().ends_with('\\');
    }
}

fn check_nested(code: &str, at: usize, depth: usize, known: &Known, found: &mut Vec<Found>) {
    if danger::is_fork_bomb(code) {
        found.push(danger::fork_bomb(at..at + code.len()));
    }
    let mut fetched = danger::Fetched::default();
    for pipeline in parse::pipelines(code) {
        if found.len() >= MAX_FINDINGS {
            return;
        }
        let first = found.len();
        danger::check(&pipeline, found);
        found.extend(fetched.then(&pipeline));
        pipeline.iter().for_each(|command| imports::install(command, known, found));
        for new in &mut found[first..] {
            new.range = new.range.start + at..new.range.end + at;
        }
        if depth > 0 {
            for (inner, from) in pipeline.iter().flat_map(|command| nested(command, code)) {
                check_nested(inner, at + from, depth - 1, known, found);
            }
        }
    }
}

/// The commands within a command: substitutions, and what a shell is given to run.
fn nested<'a>(command: &[Word], code: &'a str) -> Vec<(&'a str, usize)> {
    let mut inner: Vec<(&str, usize)> = Vec::new();
    let mut is_next = false;
    for word in command {
        for range in &word.substitutions {
            inner.push((&code[range.clone()], range.start));
        }
        if is_next {
            let raw = &code[word.at..word.end];
            let quoted = raw.len() >= 2 && raw.starts_with(['"', '\'']);
            let skip = usize::from(quoted);
            inner.push((&code[word.at + skip..word.end - skip], word.at + skip));
        }
        is_next = matches!(word.text.as_str(), "-c" | "-Command" | "-lc" | "-ic")
            && parse::names(command).any(parse::is_shell);
    }
    inner
}
