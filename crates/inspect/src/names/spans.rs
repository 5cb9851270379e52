//! From tags to what is reported: runs of one kind, without what does not belong to them.

use super::lists::{
    CITY, COMMON, COUNTRY, GIVEN, ORG_SUFFIX, ORG_WORD, PART, REGION, ROLE, STREET, STREET_END,
    SURNAME, TITLE, UNIT,
};
use super::model::{LANES, share};
use super::token::{Form, Token};
use super::{Found, Kind, Tag};

/// A window with its tags.
pub(super) struct Scored<'w> {
    pub(super) text: &'w str,
    pub(super) tokens: &'w [Token],
    pub(super) tags: &'w [Tag],
    pub(super) shares: &'w [[f32; LANES]],
    /// How much the window looks like code, in four steps.
    pub(super) code: u32,
}

/// How sure the model must be over the tokens of a value: surer the more the text looks like code.
const LEAST: [f32; 4] = [0.5, 0.6, 0.8, 0.9];

/// And over one word alone that is on no list: `Otherwise` begins a sentence like `Ottilie`.
const LEAST_STRANGER: f32 = 0.75;

/// Adds what the tags of a window say.
pub(super) fn spans(scored: &Scored<'_>, found: &mut Vec<Found>) {
    let mut start = 0;
    for run in scored.tags.chunk_by(|before, tag| !tag.is_begin() && tag.kind() == before.kind()) {
        let end = start + run.len();
        if let Some(kind) = run.first().and_then(|tag| tag.kind()) {
            found.extend(span(scored, kind, start, end));
        }
        start = end;
    }
}

fn span(scored: &Scored<'_>, kind: Kind, start: usize, end: usize) -> Option<Found> {
    let tokens = scored.tokens.get(start..end)?;
    let is_edge = |token: &Token| matches!(token.form, Form::Mark | Form::Break);
    let first = tokens.iter().position(|token| !is_edge(token))?;
    let last = tokens.iter().rposition(|token| !is_edge(token))?;
    let inner = tokens.get(first..=last)?;
    let shares = scored.shares.get(start + first..=start + last)?;
    let tag = *scored.tags.get(start)?;
    let confidence = shares.iter().map(|row| share(row, tag)).sum::<f32>() / shares.len() as f32;
    let least = LEAST.get(scored.code as usize).copied().unwrap_or(1.0);
    let least = if is_lone_stranger(kind, inner) { least.max(LEAST_STRANGER) } else { least };
    let is_sure = confidence >= least && is_plausible(kind, inner, scored.code);
    let range = inner.first()?.start..inner.last()?.end;
    debug_assert!(scored.text.is_char_boundary(range.start));
    is_sure.then(|| Found { kind, range, confidence: confidence.min(1.0) })
}

/// What no text around can make a name: a title or a role alone, letters and numbers without a
/// word of an address. In code, capitals say little: there the lists must know some of it.
fn is_plausible(kind: Kind, tokens: &[Token], code: u32) -> bool {
    match kind {
        Kind::Person => is_person(tokens, code),
        Kind::PostalAddress => is_address(tokens, code),
        Kind::Organisation => is_organisation(tokens, code),
        Kind::Place => is_place(tokens, code),
    }
}

fn is_lone_stranger(kind: Kind, tokens: &[Token]) -> bool {
    kind == Kind::Person && matches!(tokens, [token] if token.lists & (GIVEN | SURNAME) == 0)
}

fn is_person(tokens: &[Token], code: u32) -> bool {
    let carries = |token: &&Token| {
        token.is_word()
            && token.length > 1
            && token.lists & (TITLE | ROLE) == 0
            && (token.lists & COMMON == 0 || token.lists & (GIVEN | SURNAME) != 0)
    };
    let is_listed = |token: &Token| {
        token.has_capital() && token.lists & (GIVEN | SURNAME) != 0 && token.lists & COMMON == 0
    };
    let is_in_code = tokens.iter().any(|token| token.form == Form::Identifier);
    let mut carrying = tokens.iter().filter(carries).peekable();
    !is_in_code && carrying.peek().is_some() && (code == 0 || carrying.any(is_listed))
}

fn is_place(tokens: &[Token], code: u32) -> bool {
    let is_listed = |t: &Token| t.has_capital() && t.lists & (CITY | COUNTRY | REGION) != 0;
    tokens.iter().any(|t| t.is_word() && t.length > 2)
        && (code == 0 || tokens.iter().any(is_listed))
}

fn is_organisation(tokens: &[Token], code: u32) -> bool {
    let is_named = |t: &Token| t.is_word() && t.length > 1 && t.lists & ORG_SUFFIX == 0;
    let says = |t: &Token| t.has_capital() && t.lists & (ORG_SUFFIX | ORG_WORD) != 0;
    tokens.iter().any(is_named) && (code == 0 || tokens.len() > 1 && tokens.iter().any(says))
}

/// A word for a street or a unit of a house, a place, or a number beside a word; and in what looks
/// like code, both a number and one of the former.
fn is_address(tokens: &[Token], code: u32) -> bool {
    const SAYS: u32 = STREET | STREET_END | UNIT | CITY | COUNTRY | REGION | PART;
    let has_number = tokens.iter().any(|t| matches!(t.form, Form::Digits | Form::Mixed));
    let has_word = tokens.iter().any(|t| t.is_word() && t.length > 2);
    let says = tokens.iter().any(|t| t.lists & SAYS != 0 && t.length > 1);
    let is_code_alone = tokens.len() == 1 && tokens.iter().all(|t| (4..=7).contains(&t.length));
    match code {
        0 => says || has_number && (has_word || is_code_alone),
        _ => says && has_number,
    }
}
