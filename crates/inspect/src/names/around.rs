//! What is known of a token from its window: the label that it stands under, whether a sentence
//! begins with it, and how near the next street, number and postcode are.

use super::lists::{STREET, STREET_END};
use super::token::{Form, Token};

/// Tokens further apart than this do not see each other.
const FAR: u8 = 12;

/// What is known of a token from its window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    /// The hash of the label that the token stands under, its lists, and tokens since.
    pub(super) label: u32,
    pub(super) label_lists: u32,
    pub(super) label_distance: u8,
    /// Tokens to the nearest word for a street, number and postcode: before and after.
    pub(super) street: [u8; 2],
    pub(super) number: [u8; 2],
    pub(super) code: [u8; 2],
    pub(super) begins_sentence: bool,
    pub(super) begins_line: bool,
}

/// What is around each token of a window.
pub(super) fn look(tokens: &[Token], arounds: &mut Vec<Around>) {
    arounds.clear();
    arounds.resize(tokens.len(), Around::default());
    look_back(tokens, arounds);
    look_forward(tokens, arounds);
}

fn look_back(tokens: &[Token], arounds: &mut [Around]) {
    let mut now =
        Around { street: [FAR; 2], number: [FAR; 2], code: [FAR; 2], ..Around::default() };
    (now.begins_sentence, now.begins_line) = (true, true);
    let (mut word, mut word_lists) = (0, 0);
    for (token, around) in tokens.iter().zip(arounds) {
        *around = now;
        if token.form == Form::Break {
            (now.label, now.label_lists, now.label_distance) = (0, 0, 0);
            (word, word_lists) = (0, 0);
        } else if token.is_mark(':') || token.is_mark('=') {
            (now.label, now.label_lists, now.label_distance) = (word, word_lists, 0);
        } else {
            now.label_distance = now.label_distance.saturating_add(1);
        }
        if token.is_word() || token.form == Form::Identifier {
            (word, word_lists) = (token.word, token.lists);
        }
        let is_end = token.form == Form::Break
            || ['.', '!', '?', '"', '>', '•', '-'].iter().any(|mark| token.is_mark(*mark));
        now.begins_sentence = is_end || (now.begins_sentence && token.form == Form::Mark);
        now.begins_line =
            token.form == Form::Break || (now.begins_line && token.form == Form::Mark);
        nearer(&mut now, token, 0);
    }
}

fn look_forward(tokens: &[Token], arounds: &mut [Around]) {
    let mut now =
        Around { street: [FAR; 2], number: [FAR; 2], code: [FAR; 2], ..Around::default() };
    for (token, around) in tokens.iter().zip(arounds).rev() {
        (around.street[1], around.number[1], around.code[1]) =
            (now.street[1], now.number[1], now.code[1]);
        nearer(&mut now, token, 1);
    }
}

fn nearer(now: &mut Around, token: &Token, side: usize) {
    let note = |distance: &mut [u8; 2], is_it: bool| {
        if let Some(distance) = distance.get_mut(side) {
            *distance = if is_it { 0 } else { (*distance + 1).min(FAR) };
        }
    };
    let is_number = matches!(token.form, Form::Digits | Form::Mixed);
    note(&mut now.street, token.lists & (STREET | STREET_END) != 0);
    note(&mut now.number, is_number);
    note(&mut now.code, is_number && (4..=7).contains(&token.length));
}
