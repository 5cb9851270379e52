//! Detectors of the operator's own: a name, a pattern, and examples that prove it.
//!
//! A pattern is written like `"ACME-" [0-9A-F]{32}`: texts in quotation marks, and classes of
//! characters with how many of them there are. It becomes the same parts that the catalogue's
//! formats have, so it is looked for in the same pass.

use std::borrow::Cow;
use std::sync::Arc;

use model::Severity;
use serde::Deserialize;

use crate::detectors::{CONTEXT_BYTES, Class, Part, Set, TOKEN, catalogue};
use crate::engine::index::{Format, MIN_TOKEN};

/// Detectors of the operator's own.
pub const MAX_DETECTORS: usize = 100;

/// Bytes of the longest value of one.
const MAX_VALUE_BYTES: usize = 2048;

/// Parts of a pattern, keywords and examples of one.
const MAX_ITEMS: usize = 64;

/// Longer prefixes are not told from words by the index.
const MAX_PREFIX: usize = 63;

/// One detector as it is written in settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnDetector {
    /// Unique, also among the catalogue's.
    pub name: String,
    /// `own.` and a name.
    pub kind: String,
    /// What it finds, in words.
    #[serde(default)]
    pub finds: String,
    #[serde(default = "severity")]
    pub severity: Severity,
    /// 0 to 1.
    #[serde(default = "confidence")]
    pub confidence: f64,
    pub pattern: String,
    /// If any: one of them must stand shortly before the value.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Texts in which it must find something.
    #[serde(default)]
    pub examples: Vec<String>,
    /// Texts in which it must find nothing.
    #[serde(default)]
    pub near_misses: Vec<String>,
}

fn severity() -> Severity {
    Severity::High
}

fn confidence() -> f64 {
    0.9
}

impl OwnDetector {
    /// Checks all but the examples, which need the engine, and says what to write instead.
    pub(crate) fn format(&self, rule: u16) -> Result<Format, String> {
        self.check_names()?;
        let mut parts = parse(&self.pattern)?;
        let prefix = match parts.first() {
            Some(Part::Text(_)) => match parts.remove(0) {
                Part::Text(text) => text,
                Part::Run { .. } | Part::Take { .. } => Cow::Borrowed(""),
            },
            _ => Cow::Borrowed(""),
        };
        let sum = |bytes: fn(&Part) -> usize| prefix.len() + parts.iter().map(bytes).sum::<usize>();
        let (shortest, longest) = (sum(Part::min), sum(Part::max));
        if prefix.len() == 1 || prefix.len() > MAX_PREFIX {
            return Err(format!(
                "begins with a text of {} characters; write one of 2 to {MAX_PREFIX}, or a class",
                prefix.len()
            ));
        }
        if shortest < MIN_TOKEN {
            return Err(format!(
                "may be as short as {shortest} characters; a value has at least {MIN_TOKEN}; short ones belong in inspect.words"
            ));
        }
        if longest > MAX_VALUE_BYTES {
            return Err(format!(
                "may be as long as {longest} characters; a value has at most {MAX_VALUE_BYTES}"
            ));
        }
        if prefix.is_empty() && self.keywords.is_empty() {
            return Err("begins with a class and has no keywords, so any word could be a value; give it keywords or begin with a text".to_owned());
        }
        let small = |word: &String| Cow::Owned(word.to_ascii_lowercase());
        Ok(Format {
            prefixes: vec![prefix],
            parts: Cow::Owned(parts),
            keywords: self.keywords.iter().map(small).collect(),
            check: |_| true,
            rule,
        })
    }

    fn check_names(&self) -> Result<(), String> {
        check_names(&self.name, &self.kind)?;
        if !(0.0..=1.0).contains(&self.confidence) {
            return Err(format!("has a confidence of {}; write one from 0 to 1", self.confidence));
        }
        let keyword =
            self.keywords.iter().find(|word| !(3..=CONTEXT_BYTES / 2).contains(&word.len()));
        if let Some(keyword) = keyword {
            return Err(format!(
                "has the keyword {keyword:?}; write one of 3 to {} characters",
                CONTEXT_BYTES / 2
            ));
        }
        if [self.keywords.len(), self.examples.len(), self.near_misses.len()]
            .iter()
            .any(|count| *count > MAX_ITEMS)
        {
            return Err(format!("has a list of more than {MAX_ITEMS}; shorten it"));
        }
        Ok(())
    }
}

/// Whether a name and a kind of the operator's own are possible ones.
pub(super) fn check_names(name: &str, kind: &str) -> Result<(), String> {
    let is_plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if !is_plain(name) || catalogue().iter().any(|known| known.name == name) {
        return Err("needs a name of its own of small letters, digits and _".to_owned());
    }
    if !kind.strip_prefix("own.").is_some_and(is_plain) {
        return Err(format!("has the kind {kind:?}; write one like \"own.{name}\""));
    }
    Ok(())
}

/// Reads a pattern. Errors say what is wrong and what to write.
fn parse(pattern: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = pattern.trim();
    while let Some(first) = rest.chars().next() {
        let (part, after) = match first {
            '"' => text(&rest[1..])?,
            '[' => run(&rest[1..])?,
            other => {
                return Err(format!(
                    "has {other:?} where a text in quotation marks or a class like [0-9A-F]{{32}} should begin"
                ));
            }
        };
        if parts.len() == MAX_ITEMS {
            return Err(format!("has a pattern of more than {MAX_ITEMS} parts; shorten it"));
        }
        parts.push(part);
        rest = after.trim_start();
    }
    if parts.is_empty() {
        return Err("has no pattern; write one like \"ACME-\" [0-9A-F]{32}".to_owned());
    }
    Ok(parts)
}

fn text(rest: &str) -> Result<(Part, &str), String> {
    let Some((text, after)) = rest.split_once('"') else {
        return Err("has a text without its closing quotation mark".to_owned());
    };
    if text.is_empty() {
        return Err("has an empty text; remove it".to_owned());
    }
    match text.chars().find(|c| !u8::try_from(*c).is_ok_and(|byte| TOKEN[usize::from(byte)])) {
        Some(c) => {
            Err(format!("has {c:?} in a text; letters, digits and _.+/=:~- may stand there"))
        }
        None => Ok((Part::Text(Cow::Owned(text.to_owned())), after)),
    }
}

/// A class and its count, after the opening bracket.
fn run(rest: &str) -> Result<(Part, &str), String> {
    let Some((list, after)) = rest.split_once(']') else {
        return Err("has a class without its closing bracket".to_owned());
    };
    let class = class(list)?;
    let counts = after.strip_prefix('{').and_then(|after| after.split_once('}'));
    let Some((counts, after)) = counts else {
        return Err(format!(
            "has the class [{list}] without a count; write [{list}]{{32}} or [{list}]{{20,40}}"
        ));
    };
    let (min, max) = counts.split_once(',').unwrap_or((counts, counts));
    let number = |text: &str| text.trim().parse::<usize>().ok();
    match (number(min), number(max)) {
        (Some(min), Some(max)) if 0 < min && min <= max && max <= MAX_VALUE_BYTES => {
            Ok((Part::Run { of: Set::Own(Arc::new(class)), min, max, open: false }, after))
        }
        _ => Err(format!(
            "has the count {{{counts}}}; write one number, or two with the smaller first"
        )),
    }
}

fn class(list: &str) -> Result<Class, String> {
    let bytes = list.as_bytes();
    let mut set = [false; 256];
    let mut at = 0;
    while let Some(first) = bytes.get(at) {
        let range = bytes.get(at + 1..at + 3).filter(|range| range[0] == b'-');
        let last = range.map_or(*first, |range| range[1]);
        if last < *first {
            return Err(format!("has the class [{list}] with a range that ends before it begins"));
        }
        for byte in *first..=last {
            set[usize::from(byte)] = true;
        }
        at += if range.is_some() { 3 } else { 1 };
    }
    let foreign = (0..256).any(|byte| set[byte] && !TOKEN[byte]);
    match bytes {
        [] => Err("has an empty class; write one like [0-9A-F]{32}".to_owned()),
        _ if foreign => {
            Err(format!("has the class [{list}]; letters, digits and _.+/=:~- may stand in one"))
        }
        _ => Ok(set),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Action, Direction, Engine, Match, Settings};

    const ACME: &str = r#"
[[detectors]]
name = "acme_key"
kind = "own.acme_key"
pattern = '"ACME-" [0-9A-F]{20} "." [a-z]{4,6}'
severity = "critical"
examples = ["key ACME-0123ABCD0123ABCD0F1E.abcd"]
near_misses = ["ACME-0123ABCD0123ABCD0F1.abcd", "ACME-0123ABCD0123ABCD0F1E.abc"]
"#;

    fn compile(text: &str) -> Result<Engine, String> {
        let settings: Settings = toml::from_str(text).map_err(|error| error.to_string())?;
        Engine::compile(&settings).map_err(|error| error.to_string())
    }

    #[test]
    fn a_detector_of_ones_own_finds_masks_and_may_be_told_otherwise() {
        let text = b"send ACME-9F8E7D6C5B4A39281706.xyzw now";
        let found = |engine: &Engine| {
            let mut found: Vec<Match> = Vec::new();
            engine.scan(Direction::Request, text, &mut found);
            let of = |m: &Match| {
                let detector = engine.detector(m.detector);
                (detector.kind().to_owned(), detector.action(Direction::Request), m.range.clone())
            };
            found.iter().map(of).collect::<Vec<_>>()
        };
        let engine = compile(ACME).unwrap();
        assert_eq!(found(&engine), [("own.acme_key".to_owned(), Action::Mask, 5..35)]);
        let blocks = format!("{ACME}\n[actions.\"own.acme_key\"]\nrequest = \"block\"");
        let engine = compile(&blocks).unwrap();
        assert_eq!(found(&engine), [("own.acme_key".to_owned(), Action::Block, 5..35)]);
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        for (change, said) in [
            (("[0-9A-F]{20}", "[0-9A-F]"), "[0-9A-F]{20,40}"),
            (("[0-9A-F]{20}", "[F-A]{20}"), "ends before it begins"),
            (("[0-9A-F]{20}", "[0-9 ]{20}"), "may stand in one"),
            (("[0-9A-F]{20}", "{20}"), "should begin"),
            (("\"ACME-\" ", "\"A\" "), "write one of 2 to 63"),
            (("\"ACME-\" ", ""), "give it keywords"),
            (("{20}", "{2}"), "at least 16"),
            (("{20}", "{9000}"), "write one number"),
            (("kind = \"own.acme_key\"", "kind = \"acme\""), "own.acme_key"),
            (("name = \"acme_key\"", "name = \"jwt\""), "name of its own"),
            (("key ACME-0", "key ACME-Z"), "does not find its example 1"),
            (("0F1E.abc\"", "0F1E.abcd\""), "finds its near miss 2"),
        ] {
            let text = ACME.replacen(change.0, change.1, 1);
            assert_ne!(text, ACME, "{change:?}");
            let error = compile(&text).map(|_| ()).unwrap_err();
            assert!(error.contains(said), "{change:?}: {error}");
        }
    }
}
