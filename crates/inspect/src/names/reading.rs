//! A window as it is read: which tokens are places together, whether it looks like code, and which
//! tokens could be part of something at all.

use super::around::{Around, look};
use super::lists::{
    CITY, COMMON, COUNTRY, GIVEN, MAX_PLACE_WORDS, ORG_SUFFIX, ORG_WORD, PART, REGION, STARTS,
    STREET, STREET_END, SURNAME, of_words,
};
use super::token::{Form, Token};

/// Tokens this near to a candidate are looked at.
const OPEN_WITHIN: usize = 4;

/// Lists of what is named.
const NAMED: u32 =
    GIVEN | SURNAME | CITY | COUNTRY | REGION | STREET | STREET_END | PART | ORG_SUFFIX;

/// A window that is being read.
#[derive(Debug, Default)]
pub struct Reading {
    tokens: Vec<Token>,
    around: Vec<Around>,
    /// 0: no capitals, 1: mixed, 2: hardly anything else.
    case: u32,
    /// How much of it is marks that prose does not use, in four steps.
    code: u32,
    /// Whether it holds labels in quotes with values, as JSON does.
    is_data: bool,
}

impl Reading {
    /// Takes a window in.
    pub fn read(&mut self, window: &[Token]) {
        self.tokens.clear();
        self.tokens.extend_from_slice(window);
        self.join_places();
        look(&self.tokens, &mut self.around);
        self.measure();
    }

    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    pub(super) fn around(&self, at: usize) -> Around {
        self.around.get(at).copied().unwrap_or_default()
    }

    /// How the window is written: see the fields.
    pub(super) fn manner(&self) -> (u32, u32) {
        (self.case, self.code)
    }

    /// How little a capital says here: 0 in prose and in data with labels, to 3 in code.
    pub(super) fn strictness(&self) -> u32 {
        if self.is_data { 0 } else { self.code }
    }

    /// Marks the tokens of places of several words.
    fn join_places(&mut self) {
        for at in 0..self.tokens.len() {
            if self.tokens.get(at).is_none_or(|token| token.lists & STARTS == 0) {
                continue;
            }
            for count in (2..=MAX_PLACE_WORDS).rev() {
                let words = words_from(&self.tokens, at, count);
                let Some(end) = words else { continue };
                let span = self.tokens.get(at..end).unwrap_or_default();
                let hashes = span.iter().filter(|token| token.is_word()).map(|token| token.word);
                let bits = of_words(hashes);
                if bits != 0 {
                    let joined = self.tokens.get_mut(at..end).into_iter().flatten();
                    joined.for_each(|token| token.lists |= bits | PART);
                    break;
                }
            }
        }
    }

    fn measure(&mut self) {
        let count = |wanted: fn(&Token) -> bool| self.tokens.iter().filter(|t| wanted(t)).count();
        let words = count(Token::is_word);
        let capitals = count(Token::has_capital);
        let shouted = count(|t| t.form == Form::Upper);
        let odd = count(|t| t.form == Form::Identifier || ODD.iter().any(|m| t.is_mark(*m)));
        let pairs = self.tokens.windows(2).filter(|pair| is_pair(pair)).count();
        let odd = odd + 2 * pairs;
        self.case = if capitals == 0 { 0 } else { 1 + u32::from(shouted * 4 > words * 3) };
        let length = self.tokens.len().max(1);
        self.code = match odd * 100 / length {
            0 => 0,
            1..8 => 1,
            8..20 => 2,
            _ => 3,
        };
        self.is_data = self.tokens.windows(2).any(is_label);
    }

    /// Whether the token could be part of something: it, or one near it, is a candidate. All others
    /// are outside without a look at the weights.
    pub fn is_open(&self, at: usize) -> bool {
        let from = at.saturating_sub(OPEN_WITHIN);
        let near = self.tokens.get(from..(at + OPEN_WITHIN + 1).min(self.tokens.len()));
        near.unwrap_or_default().iter().any(|token| self.is_candidate(token))
    }

    fn is_candidate(&self, token: &Token) -> bool {
        let is_plain = token.lists & COMMON != 0;
        match token.form {
            Form::Lower => match self.case {
                0 => !is_plain || token.lists & (NAMED | ORG_WORD) != 0,
                _ => !is_plain && token.lists & NAMED != 0,
            },
            Form::Title | Form::Upper => {
                // `Vec::new(Token)`: in code a capital says little of a word that nobody is called.
                let is_glued = token.glued == [true; 2] && !self.is_data;
                let is_odd = is_plain && self.code > 0 || is_glued && self.code > 1;
                !is_odd || token.lists & NAMED != 0
            }
            Form::Initial | Form::Camel => self.code < 2 || token.lists & NAMED != 0,
            Form::Digits
            | Form::Mixed
            | Form::Identifier
            | Form::Link
            | Form::Mark
            | Form::Break => false,
        }
    }
}

/// Marks that code and data use more than prose.
const ODD: [char; 14] = ['{', '}', '=', '<', '>', '_', ';', '\\', '|', '#', '$', '[', '*', '`'];

/// `//`, `::`, `()`: what code has and prose does not.
fn is_pair(pair: &[Token]) -> bool {
    let [one, other] = pair else { return false };
    let is_glued = one.end == other.start;
    let are = |first, second| one.is_mark(first) && other.is_mark(second);
    is_glued && (are('/', '/') || are(':', ':') || are('(', ')') || are('-', '>'))
}

/// `":`
fn is_label(pair: &[Token]) -> bool {
    matches!(pair, [quote, colon] if quote.is_mark('"') && colon.is_mark(':'))
}

/// The end of a run of so many words, with blanks, dots, apostrophes or hyphens between.
fn words_from(tokens: &[Token], at: usize, count: usize) -> Option<usize> {
    let mut left = count;
    for (offset, token) in tokens.get(at..)?.iter().enumerate() {
        if token.is_word() {
            left -= 1;
            if left == 0 {
                return Some(at + offset + 1);
            }
        } else if !['.', '-', '\''].iter().any(|mark| token.is_mark(*mark)) {
            return None;
        }
    }
    None
}
