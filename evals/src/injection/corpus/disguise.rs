//! What attackers do to the letters of a text: typos, case, look-alikes, invisible signs.

use super::dice::Dice;

/// The ways, by name.
pub(crate) const WAYS: [&str; 9] =
    ["typos", "upper", "lower", "leet", "spaced", "homoglyphs", "invisible", "hyphens", "marks"];

pub(crate) fn disguise(way: &str, text: &str, dice: &mut Dice) -> String {
    match way {
        "typos" => typos(text, dice),
        "upper" => text.to_uppercase(),
        "lower" => text.to_lowercase(),
        "leet" => each(text, dice, 60, leet),
        "spaced" => text.chars().flat_map(|sign| [sign, ' ']).collect(),
        "homoglyphs" => each(text, dice, 35, homoglyph),
        "invisible" => between(text, dice, '\u{200b}', 30),
        "hyphens" => between(text, dice, '-', 15),
        "marks" => between(text, dice, '\u{0336}', 50),
        _ => text.to_owned(),
    }
}

/// Swaps, drops and doubles letters: about one in fourteen.
fn typos(text: &str, dice: &mut Dice) -> String {
    let mut signs: Vec<char> = text.chars().collect();
    let mut at = 1;
    while at + 1 < signs.len() {
        let letters = signs.get(at).zip(signs.get(at + 1));
        if letters.is_some_and(|(a, b)| a.is_alphabetic() && b.is_alphabetic()) && dice.chance(7) {
            match dice.below(3) {
                0 => signs.swap(at, at + 1),
                1 => drop(signs.remove(at)),
                _ => signs.insert(at, signs.get(at).copied().unwrap_or(' ')),
            }
            at += 2;
        }
        at += 1;
    }
    signs.into_iter().collect()
}

fn each(text: &str, dice: &mut Dice, percent: usize, replace: fn(char) -> char) -> String {
    text.chars().map(|sign| if dice.chance(percent) { replace(sign) } else { sign }).collect()
}

fn between(text: &str, dice: &mut Dice, put: char, percent: usize) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for sign in text.chars() {
        out.push(sign);
        if sign.is_alphabetic() && dice.chance(percent) {
            out.push(put);
        }
    }
    out
}

fn leet(sign: char) -> char {
    match sign.to_ascii_lowercase() {
        'a' => '4',
        'e' => '3',
        'i' => '1',
        'o' => '0',
        's' => '5',
        't' => '7',
        _ => sign,
    }
}

fn homoglyph(sign: char) -> char {
    match sign {
        'a' => 'а',
        'e' => 'е',
        'i' => 'і',
        'o' => 'о',
        'p' => 'р',
        'c' => 'с',
        'x' => 'х',
        'y' => 'у',
        _ => sign,
    }
}
