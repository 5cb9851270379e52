//! Token usage, as the APIs report it somewhere in their answers.

use inspect::json::{Kind, Limits, Reader};

/// Input and output tokens seen in an answer so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    input: u64,
    /// Anthropic counts cached input beside `input_tokens`, OpenAI within `prompt_tokens`.
    cached: u64,
    output: u64,
    seen: bool,
}

impl Tally {
    /// A number that is a member of an object named `usage`. A stream reports running totals,
    /// so the largest is the last.
    pub fn number(&mut self, key: &[u8], text: &[u8]) {
        let Some(value) = std::str::from_utf8(text).ok().and_then(|t| t.parse::<u64>().ok()) else {
            return;
        };
        let place = match key {
            b"prompt_tokens" | b"input_tokens" => &mut self.input,
            b"completion_tokens" | b"output_tokens" => &mut self.output,
            b"cache_creation_input_tokens" | b"cache_read_input_tokens" => {
                self.cached = self.cached.saturating_add(value);
                return;
            }
            _ => return,
        };
        *place = (*place).max(value);
        self.seen = true;
    }

    /// Looks for usage in a piece of an answer that nobody inspects: a whole `"usage"` object in it.
    pub(crate) fn sniff(&mut self, piece: &[u8]) {
        let name = b"\"usage\":";
        for at in memchr::memmem::find_iter(piece, name) {
            self.read_usage(piece.get(at + name.len()..).unwrap_or_default());
        }
    }

    /// Numbers of the object that the text begins with; what follows it does not matter.
    fn read_usage(&mut self, text: &[u8]) {
        let limits = Limits::default();
        let mut reader = Reader::new(text, &limits);
        let (mut depth, mut key) = (0, 0..0);
        while let Ok(Some(token)) = reader.next() {
            match token.kind {
                Kind::Key => key = token.range,
                Kind::ObjectStart | Kind::ArrayStart => depth += 1,
                Kind::ObjectEnd | Kind::ArrayEnd => depth -= 1,
                Kind::Number if depth == 1 => {
                    let key = text.get(key.clone()).unwrap_or_default();
                    self.number(key, text.get(token.range).unwrap_or_default());
                }
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Input and output tokens, if the answer said.
    pub fn tokens(&self) -> Option<(u64, u64)> {
        self.seen.then(|| (self.input.saturating_add(self.cached), self.output))
    }
}

/// A guess for text whose tokens nobody counted: one for four ASCII bytes, one for each other byte.
pub(crate) fn estimate(text: &[u8]) -> u64 {
    let other = text.iter().filter(|b| !b.is_ascii()).count() as u64;
    (text.len() as u64 - other).div_ceil(4) + other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_totals_and_cached_input_are_counted_once() {
        let mut tally = Tally::default();
        assert_eq!(tally.tokens(), None);
        for (key, text) in [
            ("input_tokens", "19"),
            ("output_tokens", "1"),
            ("cache_read_input_tokens", "5"),
            ("output_tokens", "150"),
        ] {
            tally.number(key.as_bytes(), text.as_bytes());
        }
        tally.number(b"output_tokens", b"-3");
        assert_eq!(tally.tokens(), Some((24, 150)));
    }

    #[test]
    fn usage_is_found_in_a_piece_that_is_not_inspected() {
        let mut tally = Tally::default();
        tally.sniff(b"data: {\"a\":{\"input_tokens\":7},\"usage\":{\"prompt_tokens\":19,\"d\":{\"output_tokens\":9},\"completion_tokens\":150},\"x\":1}\n\n");
        assert_eq!(tally.tokens(), Some((19, 150)));
    }

    #[test]
    fn an_estimate_never_takes_a_character_for_nothing() {
        assert_eq!(estimate(b""), 0);
        assert_eq!(estimate(b"abcde"), 2);
        assert_eq!(estimate("é".as_bytes()), 2);
    }
}
