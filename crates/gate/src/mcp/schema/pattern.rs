//! `pattern`: regular expressions in ECMAScript's spelling, tried in linear time.

use regex_automata::meta;

use super::SchemaError;

/// Bytes of one expression.
const MAX_PATTERN_BYTES: usize = 1024;

/// Bytes of one compiled expression.
const MAX_COMPILED_BYTES: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Pattern(meta::Regex);

impl Pattern {
    pub(super) fn new(text: &str) -> Result<Self, SchemaError> {
        let bad = || SchemaError::Pattern(model::clip(text, 80).to_owned());
        if text.len() > MAX_PATTERN_BYTES {
            return Err(bad());
        }
        let config = meta::Config::new().nfa_size_limit(Some(MAX_COMPILED_BYTES));
        let built = meta::Builder::new().configure(config).build(&ascii_classes(text));
        built.map(Self).map_err(|_| bad())
    }

    /// Somewhere in the text, as the dialect has it.
    pub(super) fn is_found_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// `\d` and `\w` are ASCII in ECMAScript; the library's are not, and would let more through.
fn ascii_classes(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    let (mut chars, mut is_in_class) = (text.chars(), false);
    while let Some(c) = chars.next() {
        if c != '\\' {
            is_in_class = c == '[' || is_in_class && c != ']';
            spelled.push(c);
            continue;
        }
        match (chars.next(), is_in_class) {
            (Some('d'), true) => spelled.push_str("0-9"),
            (Some('d'), false) => spelled.push_str("[0-9]"),
            (Some('w'), true) => spelled.push_str("A-Za-z0-9_"),
            (Some('w'), false) => spelled.push_str("[A-Za-z0-9_]"),
            (Some('D'), _) => spelled.push_str("[^0-9]"),
            (Some('W'), _) => spelled.push_str("[^A-Za-z0-9_]"),
            (Some(other), _) => spelled.extend(['\\', other]),
            (None, _) => spelled.push('\\'),
        }
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_ecmascript() {
        let digits = Pattern::new(r"^\d+$").unwrap();
        assert!(digits.is_found_in("123") && !digits.is_found_in("\u{0663}"));
        let word = Pattern::new(r"^[\w.-]+\/$").unwrap();
        assert!(word.is_found_in("a.b-c/") && !word.is_found_in("\u{e9}/"));
        assert!(Pattern::new(r"\W").unwrap().is_found_in("\u{e9}"));
        assert!(Pattern::new("^a").unwrap().is_found_in("ab"));
        assert!(Pattern::new("b").unwrap().is_found_in("abc"));
    }

    #[test]
    fn what_needs_more_than_linear_time_is_refused() {
        for bad in [r"(?=a)b", r"(?<!a)b", r"(a)\1", "(", &"a".repeat(2000), "(a{999}){999}"] {
            assert!(matches!(Pattern::new(bad), Err(SchemaError::Pattern(_))), "{bad}");
        }
        // A backtracking matcher would take until the end of days.
        let slow = Pattern::new("^(a+)+$").unwrap();
        assert!(!slow.is_found_in(&format!("{}b", "a".repeat(100_000))));
    }
}
