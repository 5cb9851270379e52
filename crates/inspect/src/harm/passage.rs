//! The text around a mention, reduced to plain words.

use std::ops::Range;

/// How much text is read on each side of a mention.
pub(super) const REACH: usize = 320;

/// What stands for the end of a sentence among the words.
pub(super) const STOP: &str = "|";

/// The words around a mention: small letters, sentence ends as [`STOP`].
#[derive(Debug)]
pub(super) struct Passage {
    pub(super) words: Vec<String>,
    /// Which of the words are the mention.
    pub(super) mention: Range<usize>,
    /// The sentence of the mention, in bytes of the whole text.
    pub(super) sentence: Range<usize>,
}

impl Passage {
    pub(super) fn around(text: &str, mention: &Range<usize>) -> Self {
        let from = text.floor_char_boundary(mention.start.saturating_sub(REACH));
        let to = text.ceil_char_boundary(mention.end.saturating_add(REACH).min(text.len()));
        let mut words = Vec::with_capacity(128);
        push_words(&text[from..mention.start], &mut words);
        let start = words.len();
        push_words(&text[mention.clone()], &mut words);
        let end = words.len();
        push_words(&text[mention.end..to], &mut words);
        let sentence = sentence(&text[from..mention.start], &text[mention.end..to]);
        let sentence = from + sentence.start..mention.end + sentence.end;
        Self { words, mention: start..end, sentence }
    }
}

/// From the end of the last sentence in `before` to the end of the first one in `after`.
fn sentence(before: &str, after: &str) -> Range<usize> {
    let is_end = |text: &str, at: usize, c: char| {
        c == '\n' || (".!?".contains(c) && !text[at + 1..].starts_with(char::is_alphanumeric))
    };
    let start = before.char_indices().rev().find(|(at, c)| is_end(before, *at, *c));
    let start = start.map_or(0, |(at, _)| at + 1);
    let start = before.len() - before[start..].trim_start().len();
    let end = after.char_indices().find(|(at, c)| is_end(after, *at, *c));
    start..end.map_or(after.len(), |(at, _)| at)
}

fn push_words(text: &str, words: &mut Vec<String>) {
    let mut word = String::new();
    for (at, c) in text.char_indices() {
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
            continue;
        }
        if matches!(c, '\'' | '’') {
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        let ends = matches!(c, '.' | '!' | '?' | ';')
            && text[at + c.len_utf8()..].starts_with(char::is_whitespace);
        if (ends || (c == '\n' && opens_a_paragraph(&text[at + 1..])))
            && words.last().is_some_and(|last| last != STOP)
        {
            words.push(STOP.to_owned());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
}

/// Whether a line break is more than a wrapped line: a blank line or the item of a list follows.
fn opens_a_paragraph(after: &str) -> bool {
    after.trim_start_matches([' ', '\t', '\r']).starts_with(['\n', '-', '*', '#', '|', '>'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_holds_the_words_around_and_the_sentence() {
        let text = "First. Don't ask about the Thing-Two here! Last one.";
        let at = text.find("Thing-Two").unwrap();
        let passage = Passage::around(text, &(at..at + 9));
        let words = passage.words.join(" ");
        assert_eq!(words, "first | dont ask about the thing two here | last one");
        assert_eq!(passage.words[passage.mention.clone()].join(" "), "thing two");
        assert_eq!(&text[passage.sentence], "Don't ask about the Thing-Two here");
    }
}
