//! Names of persons as people write them.

use super::dice::Dice;
use super::lexicon::{Language, Lexicon};

const PARTICLES: [&str; 14] = [
    "van", "von", "de", "van der", "van den", "de la", "da", "dos", "al", "El", "bin", "di", "le",
    "ter",
];

/// A whole name in one of the usual forms.
pub(super) fn full(lexicon: &Lexicon, dice: &mut Dice, language: Language) -> String {
    let given = lexicon.given(dice, language);
    let surname = surname(lexicon, dice, language);
    let other = lexicon.given(dice, language);
    let initial = other.chars().next().unwrap_or('J');
    match dice.below(100) {
        0..56 => format!("{given} {surname}"),
        56..63 => format!("{given} {initial}. {surname}"),
        63..68 => format!("{given} {other} {surname}"),
        68..71 => format!("{given}-{other} {surname}"),
        71..76 => format!("{initial}. {surname}"),
        76..80 => format!("{surname}, {given}"),
        80..83 => format!("{} {given}", surname.to_uppercase()),
        83..85 => format!("{given} {}", surname.to_uppercase()),
        85..87 => format!("{given} {surname} {}", dice.word(&["Jr.", "Sr.", "III", "II"])),
        87..90 => format!("{surname} {given}"),
        90..92 => {
            format!("{initial}.{}. {surname}", other.chars().nth(1).unwrap_or('A').to_uppercase())
        }
        92..96 => given,
        96..98 => surname,
        _ => format!("{given} {} {surname}", lexicon.surname(dice, language)),
    }
}

/// A surname: mostly one word, sometimes with particles or doubled.
pub(super) fn surname(lexicon: &Lexicon, dice: &mut Dice, language: Language) -> String {
    let name = lexicon.surname(dice, language);
    let is_double = if language == Language::Spanish { 40 } else { 3 };
    match dice.below(100) {
        0..4 => format!("{} {name}", dice.word(&PARTICLES)),
        4..6 => format!("{}'{name}", dice.word(&["O", "D"])),
        6..9 => format!("{name}-{}", lexicon.surname(dice, language)),
        9..11 => format!("{}{name}", dice.word(&["Mc", "Mac", "De", "Van", "St. "])),
        11.. if dice.percent(is_double) => format!("{name} {}", lexicon.surname(dice, language)),
        _ => name,
    }
}
