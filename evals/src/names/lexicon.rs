//! The names that texts are filled with: from the gazetteers, and invented after their pattern.

use std::collections::{BTreeMap, BTreeSet};

use super::dice::{Dice, hash};

/// The languages that texts are made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Language {
    English,
    German,
    French,
    Spanish,
}

impl Language {
    pub(super) const ALL: [Self; 4] = [Self::English, Self::German, Self::French, Self::Spanish];

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }
}

/// Which part of the names a text may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Training,
    HeldOut,
}

/// One name in eight is never seen in training.
const HELD_OUT_NAMES: u64 = 8;

/// Of a hundred names, how many are invented.
const INVENTED_NAMES: u64 = 35;

pub(super) struct Lexicon {
    part: Part,
    given: Names,
    surnames: Names,
    cities: Names,
    pub(super) countries: Vec<&'static str>,
    pub(super) regions: Vec<&'static str>,
    /// Frequent words by language, without names.
    words: [Vec<&'static str>; 4],
}

impl Lexicon {
    pub(super) fn new(part: Part) -> Self {
        Self {
            part,
            given: Names::new(part, |file, _| file == 0),
            surnames: Names::new(part, |file, _| file == 1),
            cities: Names::new(part, |file, tag| file == 2 && tag == "city"),
            countries: tagged("country"),
            regions: tagged("region"),
            words: Language::ALL.map(common),
        }
    }

    pub(super) fn given(&self, dice: &mut Dice, language: Language) -> String {
        self.given.one(dice, language, self.part)
    }

    pub(super) fn surname(&self, dice: &mut Dice, language: Language) -> String {
        self.surnames.one(dice, language, self.part)
    }

    /// A frequent word, in small letters.
    pub(super) fn word(&self, dice: &mut Dice, language: Language) -> &'static str {
        dice.word(&self.words[language as usize])
    }

    /// Some frequent words with capitals, as in a heading.
    pub(super) fn heading(&self, dice: &mut Dice, language: Language) -> String {
        let count = *dice.pick(&[1, 2, 2, 2, 3, 3]);
        let words: Vec<String> = (0..count).map(|_| capital(self.word(dice, language))).collect();
        words.join(" ")
    }

    pub(super) fn city(&self, dice: &mut Dice) -> String {
        self.cities.one(dice, Language::English, self.part)
    }
}

/// Words of at least this length make headings and brands.
const MIN_WORD: usize = 3;

fn common(language: Language) -> Vec<&'static str> {
    let names: BTreeSet<String> = inspect::names::entries()
        .filter(|(file, ..)| *file < 3)
        .map(|(.., name)| name.to_lowercase())
        .collect();
    let own = inspect::names::common_words().filter(|(tag, _)| *tag == language.code());
    own.map(|(_, word)| word)
        .filter(|word| word.len() >= MIN_WORD && !names.contains(*word))
        .collect()
}

fn tagged(wanted: &str) -> Vec<&'static str> {
    let entries = inspect::names::entries().filter(|(file, tag, _)| *file == 2 && *tag == wanted);
    entries.map(|(_, _, entry)| entry).collect()
}

/// Names of one sort, with what is needed to invent more.
struct Names {
    by_tag: BTreeMap<&'static str, Vec<&'static str>>,
    all: Vec<&'static str>,
    chain: Chain,
}

impl Names {
    fn new(part: Part, wanted: fn(usize, &str) -> bool) -> Self {
        let mut by_tag: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut all = Vec::new();
        for (_, tag, entry) in inspect::names::entries().filter(|(file, tag, _)| wanted(*file, tag))
        {
            let is_held_out = hash(entry).is_multiple_of(HELD_OUT_NAMES);
            if is_held_out == (part == Part::HeldOut) {
                by_tag.entry(tag).or_default().push(entry);
                all.push(entry);
            }
        }
        let chain = Chain::of(&all);
        Self { by_tag, all, chain }
    }

    fn one(&self, dice: &mut Dice, language: Language, part: Part) -> String {
        let invented = INVENTED_NAMES + if part == Part::HeldOut { 15 } else { 0 };
        if dice.percent(invented) {
            return self.chain.invent(dice);
        }
        let own = if dice.percent(65) { self.by_tag.get(language.code()) } else { None };
        let name = dice.word(own.unwrap_or(&self.all));
        if dice.percent(12) { without_accents(name) } else { name.to_owned() }
    }
}

fn without_accents(name: &str) -> String {
    let plain = |letter: char| match letter {
        'á' | 'à' | 'â' => "a".to_owned(),
        'é' | 'è' | 'ê' | 'ë' => "e".to_owned(),
        'í' | 'î' | 'ï' => "i".to_owned(),
        'ó' | 'ô' => "o".to_owned(),
        'ú' => "u".to_owned(),
        'ñ' => "n".to_owned(),
        'ç' | 'č' | 'ć' => "c".to_owned(),
        'ä' => "ae".to_owned(),
        'ö' | 'ø' => "oe".to_owned(),
        'ü' => "ue".to_owned(),
        'ß' => "ss".to_owned(),
        other => other.to_string(),
    };
    name.chars().map(plain).collect()
}

/// Which letter follows which three, over a list of names.
struct Chain {
    next: BTreeMap<[char; 3], Vec<char>>,
}

const EDGE: char = '\n';

impl Chain {
    fn of(names: &[&'static str]) -> Self {
        let mut next: BTreeMap<[char; 3], Vec<char>> = BTreeMap::new();
        for word in names.iter().flat_map(|name| name.split([' ', '-'])) {
            let mut before = [EDGE; 3];
            for letter in word.chars().flat_map(char::to_lowercase).chain([EDGE]) {
                next.entry(before).or_default().push(letter);
                before = [before[1], before[2], letter];
            }
        }
        Self { next }
    }

    /// A word that begins, goes on and ends as names do, and need not be one.
    fn invent(&self, dice: &mut Dice) -> String {
        loop {
            let mut word = String::new();
            let mut before = [EDGE; 3];
            while word.len() < 14 {
                let Some(choices) = self.next.get(&before) else { break };
                let letter = *dice.pick(choices);
                if letter == EDGE {
                    break;
                }
                word.push(letter);
                before = [before[1], before[2], letter];
            }
            if (3..=12).contains(&word.chars().count()) {
                return capital(&word);
            }
        }
    }
}

/// The word with its first letter in upper case.
pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
