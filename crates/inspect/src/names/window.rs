//! Tokens in windows: paragraphs, or pieces of them where they are long.

use super::token::{Form, Token, Tokens, tokens};

/// Tokens in one window. It bounds the memory, and how far apart two tokens can be that matter to
/// each other.
pub const MAX_WINDOW: usize = 256;

/// How far back from the end of a full window a better place to cut is looked for.
const CUT_WITHIN: usize = 96;

/// Hands out the windows of a text one after the other, into one buffer.
#[derive(Debug)]
pub struct Windows<'t> {
    text: &'t str,
    tokens: Tokens<'t>,
    buffer: Vec<Token>,
    /// How many tokens of the buffer belonged to the window before.
    done: usize,
}

impl<'t> Windows<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, tokens: tokens(text), buffer: Vec::with_capacity(MAX_WINDOW), done: 0 }
    }

    /// The next window, or nothing at the end of the text.
    pub fn advance(&mut self) -> Option<&[Token]> {
        self.buffer.drain(..self.done);
        self.done = 0;
        while self.buffer.len() < MAX_WINDOW {
            let Some(token) = self.tokens.next() else {
                self.done = self.buffer.len();
                return (self.done > 0).then_some(&self.buffer);
            };
            self.buffer.push(token);
            if self.is_paragraph_end(&token) {
                self.done = self.buffer.len();
                return Some(&self.buffer);
            }
        }
        self.done = self.cut();
        self.buffer.get(..self.done)
    }

    fn is_paragraph_end(&self, token: &Token) -> bool {
        let line_ends = |text: &str| text.matches('\n').count().max(text.matches("\\n").count());
        token.form == Form::Break && self.text.get(token.start..token.end).map_or(0, line_ends) > 1
    }

    /// After the last end of a line near the end, or of a sentence, or just at the end.
    fn cut(&self) -> usize {
        let from = MAX_WINDOW - CUT_WITHIN;
        let after = |wanted: fn(&Token) -> bool| {
            let near = self.buffer.get(from..)?;
            near.iter().rposition(wanted).map(|at| from + at + 1)
        };
        after(|token| token.form == Form::Break)
            .or_else(|| after(|token| token.is_mark('.') || token.is_mark(';')))
            .or_else(|| after(|token| token.form == Form::Mark))
            .unwrap_or(MAX_WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn windows_hold_every_token_once(text in "([a-z]{1,3}[ .,\n]{1,2}){0,900}") {
            let mut windows = Windows::new(&text);
            let mut starts = Vec::new();
            while let Some(window) = windows.advance() {
                prop_assert!(!window.is_empty() && window.len() <= MAX_WINDOW);
                starts.extend(window.iter().map(|token| token.start));
            }
            let wanted: Vec<usize> = tokens(&text).map(|token| token.start).collect();
            prop_assert_eq!(starts, wanted);
        }
    }
}
