//! Marks around words that tell more than the words: templates, roles, tags, comments, hiding.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use std::sync::LazyLock;

use super::lexicon::{Sign, Signs};

const MARKS: &[(&str, Sign)] = &[
    ("<|", Sign::Template),
    ("|>", Sign::Template),
    ("[inst]", Sign::Template),
    ("[/inst]", Sign::Template),
    ("<<sys>>", Sign::Template),
    ("<start_of_turn>", Sign::Template),
    ("```system", Sign::Template),
    ("\"role\":", Sign::Template),
    ("<!--", Sign::Comment),
    ("-->", Sign::Comment),
    ("/*", Sign::Comment),
    ("[//]: #", Sign::Comment),
    ("{#", Sign::Comment),
    ("display:none", Sign::Hidden),
    ("display: none", Sign::Hidden),
    ("visibility:hidden", Sign::Hidden),
    ("font-size:0", Sign::Hidden),
    ("font-size:1px", Sign::Hidden),
    ("opacity:0", Sign::Hidden),
    ("color:white", Sign::Hidden),
    ("color:#fff", Sign::Hidden),
    (" alt=\"", Sign::Quoted),
    ("##", Sign::Hashes),
    ("</", Sign::Tag),
];

/// How a line begins that passes itself off as a turn.
const ROLES: [&str; 9] = [
    "system",
    "user",
    "assistant",
    "human",
    "admin",
    "developer",
    "ai",
    "instruction",
    "instructions",
];
/// How far into a sentence its role is looked for.
const ROLE_BYTES: usize = 24;
/// Capitals in a row that make a shout.
const SHOUT: usize = 9;

/// Bytes without which there is no mark.
const BEGINS: u8 = 1;
const COLON: u8 = 2;
/// Bytes of the marks that are only looked for where one of the others is.
const COLON_ONLY: u8 = 4;
/// How many bits [`kind`] takes.
pub(super) const KIND_BITS: u32 = 3;

/// What a byte may be of a mark.
pub(super) const fn kind(byte: u8) -> u8 {
    match byte {
        b'<' | b'[' | b'#' | b'|' | b'{' | b'*' | b'`' => BEGINS,
        b':' => COLON,
        b'>' | b'=' => COLON_ONLY,
        _ => 0,
    }
}

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = MARKS.iter().map(|(word, _)| word);
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostFirst)
        .build(words)
        .ok()
});

/// Adds the marks of a sentence; `kinds` has what [`kind`] says of all its bytes.
pub(super) fn mark(sentence: &str, kinds: u8, signs: &mut Signs) {
    let bytes = sentence.as_bytes();
    if kinds & (BEGINS | COLON) != 0 {
        if kinds & BEGINS != 0 || kinds & COLON_ONLY != 0 || has_style(bytes) {
            for found in FINDER.iter().flat_map(|finder| finder.find_iter(sentence)) {
                if let Some((_, sign)) = MARKS.get(found.pattern().as_usize()) {
                    signs.add(*sign);
                }
            }
        }
        if has_role(sentence) {
            signs.add(Sign::RoleMark);
        }
    }
    if shouts(sentence) {
        signs.add(Sign::Shout);
    }
}

/// Whether a colon stands where the marks have theirs: `display:`, `font-size:`, `color:`, `"role":`.
fn has_style(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b':', bytes).any(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        before.is_some_and(|byte| matches!(byte.to_ascii_lowercase(), b'y' | b'e' | b'r' | b'"'))
    })
}

/// Whether it begins with a role and a colon or bracket.
fn has_role(sentence: &str) -> bool {
    let start = sentence.trim_start_matches(|sign: char| !sign.is_ascii_alphabetic());
    let name = start.bytes().take(ROLE_BYTES).take_while(u8::is_ascii_alphabetic).count();
    let (name, rest) = start.split_at_checked(name).unwrap_or_default();
    let marked = rest.trim_start().starts_with([':', ']', '>', ')', '#', '_']);
    marked && ROLES.iter().any(|role| name.eq_ignore_ascii_case(role))
}

fn shouts(sentence: &str) -> bool {
    if sentence.bytes().filter(u8::is_ascii_uppercase).count() < SHOUT {
        return false;
    }
    let mut run = 0;
    for byte in sentence.bytes() {
        run = match byte {
            b'A'..=b'Z' => run + 1,
            b' ' | b'!' => run,
            _ => 0,
        };
        if run >= SHOUT {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(text: &str) -> Signs {
        let mut signs = Signs::default();
        mark(text, text.bytes().fold(0, |kinds, byte| kinds | kind(byte)), &mut signs);
        signs
    }

    #[test]
    fn finds_marks() {
        assert!(marks("<|im_start|>system").has(Sign::Template));
        assert!(marks("<div style=\"Display:None\">Hi</div>").has(Sign::Hidden));
        assert!(marks("System: do it").has(Sign::RoleMark));
        assert!(marks("[admin] do it").has(Sign::RoleMark));
        assert!(marks("READ THIS NOW").has(Sign::Shout));
    }

    #[test]
    fn every_mark_is_found_behind_a_colon() {
        for (word, sign) in MARKS {
            assert!(marks(&format!("so: b{word}c")).has(*sign), "{word}");
        }
    }

    #[test]
    fn ordinary_text_has_none() {
        assert_eq!(marks("The system: a short history of NASA."), Signs::default());
    }
}
