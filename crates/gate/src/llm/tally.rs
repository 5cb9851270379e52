//! Token usage, as the APIs report it somewhere in their answers.

use std::sync::LazyLock;

use inspect::json::{Kind, Limits, Reader};
use memchr::memmem::Finder;

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

    /// Numbers of the object that the text begins with, and whether it ends in the text; what
    /// follows it does not matter.
    fn read_usage(&mut self, text: &[u8]) -> bool {
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
                return true;
            }
        }
        false
    }

    /// Input and output tokens, if the answer said.
    pub fn tokens(&self) -> Option<(u64, u64)> {
        self.seen.then(|| (self.input.saturating_add(self.cached), self.output))
    }
}

/// Looks for usage in an answer that nobody inspects, as its pieces come.
#[derive(Default)]
pub struct Sniffer {
    tally: Tally,
    /// The end of what came, where a usage object may have begun.
    kept: Vec<u8>,
}

const USAGE: &[u8] = b"\"usage\":";
static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(USAGE));
/// A usage object that is longer is none.
const MAX_USAGE: usize = 4096;

impl Sniffer {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        if self.kept.is_empty() {
            let from = self.look(piece);
            self.kept.extend_from_slice(piece.get(from..).unwrap_or_default());
            return;
        }
        let mut text = std::mem::take(&mut self.kept);
        text.extend_from_slice(piece);
        let from = self.look(&text);
        text.drain(..from);
        self.kept = text;
    }

    /// Counts each whole usage object; from where on the text is still needed.
    fn look(&mut self, text: &[u8]) -> usize {
        for at in FINDER.find_iter(text) {
            let rest = text.get(at + USAGE.len()..).unwrap_or_default();
            let mut counted = self.tally;
            if counted.read_usage(rest) {
                self.tally = counted;
            } else if rest.len() < MAX_USAGE {
                return at;
            }
        }
        text.len().saturating_sub(USAGE.len() - 1)
    }

    /// Input and output tokens, if the answer said.
    pub fn tokens(&self) -> Option<(u64, u64)> {
        self.tally.tokens()
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
    fn usage_is_found_however_an_answer_is_cut() {
        let text = b"data: {\"a\":{\"input_tokens\":7},\"usage\":{\"prompt_tokens\":19,\"d\":{\"output_tokens\":9},\"cache_read_input_tokens\":5,\"completion_tokens\":150},\"x\":1}\n\n";
        for size in 1..=text.len() {
            let mut sniffer = Sniffer::default();
            text.chunks(size).for_each(|piece| sniffer.push(piece));
            assert_eq!(sniffer.tokens(), Some((24, 150)), "pieces of {size}");
        }
    }

    #[test]
    fn a_usage_object_without_an_end_is_not_kept() {
        let mut sniffer = Sniffer::default();
        sniffer.push(b"\"usage\":{\"a\":\"");
        (0..1000).for_each(|_| sniffer.push(&[b'x'; 100]));
        assert!(sniffer.kept.len() < 2 * MAX_USAGE, "{}", sniffer.kept.len());
        sniffer.push(b"\"usage\":{\"output_tokens\":3}");
        assert_eq!(sniffer.tokens(), Some((0, 3)));
    }

    #[test]
    fn an_estimate_never_takes_a_character_for_nothing() {
        assert_eq!(estimate(b""), 0);
        assert_eq!(estimate(b"abcde"), 2);
        assert_eq!(estimate("é".as_bytes()), 2);
    }
}
