//! Texts with marked names, made from templates.
//!
//! A template is one line: `(a|b)` is a choice, `{P}` a slot, `\n` the end of a line. Slots for names are
//! P (person), G (given name), S (surname), A (address), B (address on one line), R (street alone), Z (postcode
//! and town), O (organisation), L (town), C (country), Q (region); those of `filler` are no names.

use std::ops::Range;

use inspect::names::Kind;

use super::dice::{Dice, hash};
use super::lexicon::{Language, Lexicon, Part};
use super::{address, filler, organisation, person};

/// What a marked stretch is, and its bytes.
pub(super) type Mark = (Kind, Range<usize>);

/// A text and what is marked in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Labelled {
    pub(super) text: String,
    pub(super) marks: Vec<Mark>,
}

impl Labelled {
    pub(super) fn append(&mut self, other: &Self) {
        let shift = self.text.len();
        let moved = other.marks.iter().map(|(kind, at)| (*kind, at.start + shift..at.end + shift));
        self.marks.extend(moved);
        self.text.push_str(&other.text);
    }

    fn mark(&mut self, kind: Kind, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.marks.push((kind, start..self.text.len()));
    }
}

const FILES: [(&str, Option<Language>); 5] = [
    (include_str!("../../names/en.txt"), Some(Language::English)),
    (include_str!("../../names/de.txt"), Some(Language::German)),
    (include_str!("../../names/fr.txt"), Some(Language::French)),
    (include_str!("../../names/es.txt"), Some(Language::Spanish)),
    (include_str!("../../names/data.txt"), None),
];

/// One template in six is never seen in training.
const HELD_OUT_TEMPLATES: u64 = 6;

/// The templates of one part, by language; those of data belong to every language.
pub(super) struct Templates {
    by_language: [Vec<&'static str>; 4],
    data: Vec<&'static str>,
}

impl Templates {
    pub(super) fn new(part: Part) -> Self {
        let mut templates = Self { by_language: Default::default(), data: Vec::new() };
        for (file, language) in FILES {
            let lines = file.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
            let lines = lines.filter(|line| {
                hash(line).is_multiple_of(HELD_OUT_TEMPLATES) == (part == Part::HeldOut)
            });
            match language {
                Some(language) => templates.by_language[language as usize].extend(lines),
                None => templates.data.extend(lines),
            }
        }
        templates
    }

    pub(super) fn count(&self) -> usize {
        self.by_language.iter().map(Vec::len).sum::<usize>() + self.data.len()
    }

    /// A text of one to four templates.
    pub(super) fn document(
        &self,
        lexicon: &Lexicon,
        dice: &mut Dice,
        language: Language,
    ) -> Labelled {
        let own = &self.by_language[language as usize];
        if dice.percent(25) {
            return expand(dice.word(&self.data), lexicon, dice, language);
        }
        let glue = dice.word(&[" ", "\n", " ", "\n\n"]);
        let count = *dice.pick(&[1, 1, 1, 2, 2, 3, 4]);
        let mut text = Labelled::default();
        for at in 0..count {
            if at > 0 {
                text.text.push_str(glue);
            }
            text.append(&expand(dice.word(own), lexicon, dice, language));
        }
        text
    }
}

/// One text of a template.
fn expand(template: &str, lexicon: &Lexicon, dice: &mut Dice, language: Language) -> Labelled {
    let mut text = Labelled::default();
    let mut rest = template;
    while let Some(at) = rest.find(['(', '{', '\\']) {
        text.text.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = if let Some(after) = rest.strip_prefix("\\n") {
            text.text.push('\n');
            after
        } else {
            bracket(rest, &mut text, lexicon, dice, language)
        };
    }
    text.text.push_str(rest);
    text
}

/// A choice or a slot at the start; what is neither is text.
fn bracket<'t>(
    rest: &'t str,
    text: &mut Labelled,
    lexicon: &Lexicon,
    dice: &mut Dice,
    language: Language,
) -> &'t str {
    if let Some((inner, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'))
        && inner.contains('|')
    {
        let choices: Vec<&str> = inner.split('|').collect();
        let choice = choices[dice.below(choices.len())];
        text.append(&expand(choice, lexicon, dice, language));
        return after;
    }
    if let Some((slot, after)) = rest.strip_prefix('{').and_then(|inner| inner.split_once('}'))
        && fill(slot, text, lexicon, dice, language)
    {
        return after;
    }
    let first = rest.chars().next().map_or(0, char::len_utf8);
    text.text.push_str(&rest[..first]);
    &rest[first..]
}

fn fill(
    slot: &str,
    text: &mut Labelled,
    lexicon: &Lexicon,
    dice: &mut Dice,
    language: Language,
) -> bool {
    let (kind, value) = match slot {
        "P" => (Kind::Person, person::full(lexicon, dice, language)),
        "G" => (Kind::Person, lexicon.given(dice, language)),
        "S" => (Kind::Person, person::surname(lexicon, dice, language)),
        "A" => (Kind::PostalAddress, address::full(lexicon, dice, language, false)),
        "B" => (Kind::PostalAddress, address::full(lexicon, dice, language, true)),
        "R" => (Kind::PostalAddress, address::street(lexicon, dice, language)),
        "Z" => (Kind::PostalAddress, address::town(lexicon, dice, language)),
        "O" => (Kind::Organisation, organisation::name(lexicon, dice, language)),
        "L" => (Kind::Place, lexicon.city(dice)),
        "C" => (Kind::Place, (*dice.pick(&lexicon.countries)).to_owned()),
        "Q" => (Kind::Place, (*dice.pick(&lexicon.regions)).to_owned()),
        "W" | "l" => {
            let words = words(slot, lexicon, dice, language);
            text.text.push_str(&words);
            return true;
        }
        _ => {
            let Some(value) = filler::fill(slot, dice, language) else { return false };
            text.text.push_str(&value);
            return true;
        }
    };
    text.mark(kind, &value);
    true
}

/// Frequent words: W with capitals, l without.
fn words(slot: &str, lexicon: &Lexicon, dice: &mut Dice, language: Language) -> String {
    if slot == "W" {
        return lexicon.heading(dice, language);
    }
    let count = dice.between(1, 4);
    let words: Vec<&str> = (0..count).map(|_| lexicon.word(dice, language)).collect();
    words.join(" ")
}

/// The text as hasty or shouting people write it; the marks stay where they are.
pub(super) fn vary(labelled: Labelled, dice: &mut Dice) -> Labelled {
    match dice.below(100) {
        0..14 => recased(labelled, |letter| letter.to_lowercase().to_string()),
        14..17 => recased(labelled, |letter| letter.to_uppercase().to_string()),
        17..20 => {
            let escaped =
                |letter: char| if letter == '\n' { "\\n".to_owned() } else { letter.to_string() };
            recased(labelled, escaped)
        }
        _ => labelled,
    }
}

fn recased(labelled: Labelled, change: impl Fn(char) -> String) -> Labelled {
    let mut text = String::with_capacity(labelled.text.len());
    let mut moved = vec![0; labelled.text.len() + 1];
    for (at, letter) in labelled.text.char_indices() {
        moved[at] = text.len();
        text.push_str(&change(letter));
    }
    moved[labelled.text.len()] = text.len();
    let marks = labelled.marks.iter().map(|(kind, at)| (*kind, moved[at.start]..moved[at.end]));
    Labelled { marks: marks.collect(), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(part: Part) -> Vec<Labelled> {
        let (templates, lexicon) = (Templates::new(part), Lexicon::new(part));
        let mut dice = Dice::new(5);
        let languages = Language::ALL.iter().cycle().take(2000);
        languages
            .map(|language| {
                let text = templates.document(&lexicon, &mut dice, *language);
                vary(text, &mut dice)
            })
            .collect()
    }

    #[test]
    fn marks_are_in_order_apart_and_of_whole_characters() {
        for labelled in texts(Part::Training) {
            let mut end = 0;
            for (_, at) in &labelled.marks {
                assert!(at.start >= end && at.end > at.start, "{labelled:?}");
                assert!(labelled.text.get(at.clone()).is_some(), "{labelled:?}");
                end = at.end;
            }
        }
    }

    #[test]
    fn no_slot_and_no_choice_is_left_over() {
        for labelled in texts(Part::Training) {
            for slot in
                ["{P}", "{G}", "{S}", "{A}", "{B}", "{O}", "{L}", "{k}", "{d}", "{l}", "{W}"]
            {
                assert!(!labelled.text.contains(slot), "{}", labelled.text);
            }
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_texts() {
        let text = |part| texts(part).into_iter().map(|t| t.text).collect::<Vec<_>>();
        assert_eq!(text(Part::HeldOut), text(Part::HeldOut));
    }

    #[test]
    fn held_out_templates_are_not_learnt() {
        let (learnt, held) = (Templates::new(Part::Training), Templates::new(Part::HeldOut));
        let lists = learnt.by_language.iter().zip(&held.by_language);
        for (learnt, held) in lists.chain([(&learnt.data, &held.data)]) {
            assert!(held.len() * 3 > learnt.len() / 5 && !learnt.is_empty());
            assert!(held.iter().all(|template| !learnt.contains(template)));
        }
    }
}
