//! What stands in texts and is no name: dates, numbers, codes, jobs, things.

mod tables;

use super::dice::Dice;
use super::lexicon::Language;
use tables::{ADJECTIVES, DAYS, JOBS, MONTHS, NATIONS, NOUNS, PRODUCTS, TITLES};

fn of<const N: usize>(
    table: &[[&'static str; N]; 4],
    dice: &mut Dice,
    language: Language,
) -> String {
    dice.word(&table[language as usize]).to_owned()
}

/// The text of a slot that is no name.
pub(super) fn fill(slot: &str, dice: &mut Dice, language: Language) -> Option<String> {
    Some(match slot {
        "d" => date(dice, language),
        "m" => of(&MONTHS, dice, language),
        "w" => of(&DAYS, dice, language),
        "n" => {
            let most = *dice.pick(&[9, 99, 999, 99_999]);
            dice.between(1, most).to_string()
        }
        "t" => format!("{:02}:{:02}", dice.below(24), dice.below(60)),
        "$" => money(dice),
        "p" => phone(dice),
        "e" => format!(
            "{}{}@{}.example",
            dice.letters(1).to_lowercase(),
            dice.word(&[".lee", "smith", "_k", "info", "berg", "office"]),
            dice.word(&["mail", "corp", "web"])
        ),
        "u" => format!(
            "https://{}.example/{}/{}",
            dice.word(&["www", "docs", "shop"]),
            dice.word(&["John-Doe", "items", "Help", "de"]),
            dice.below(9999)
        ),
        "i" => format!(
            "{}-{}",
            dice.word(&["INV", "REQ", "CASE", "PO", "HR", "BUG", "OPS", "KD", "FA"]),
            dice.between(100, 99_999)
        ),
        "h" => (0..dice.between(7, 40))
            .map(|_| char::from(b"0123456789abcdef"[dice.below(16)]))
            .collect(),
        "v" => format!("{}.{}.{}", dice.below(20), dice.below(30), dice.below(10)),
        "x" => dice.word(&PRODUCTS).to_owned(),
        "k" => of(&NOUNS, dice, language),
        "a" => of(&ADJECTIVES, dice, language),
        "r" => of(&JOBS, dice, language),
        "N" => of(&NATIONS, dice, language),
        "T" => of(&TITLES, dice, language),
        _ => return None,
    })
}

fn date(dice: &mut Dice, language: Language) -> String {
    let (day, month, year) = (dice.between(1, 28), dice.between(1, 12), dice.between(1940, 2027));
    let name = of(&MONTHS, dice, language);
    match (dice.below(6), language) {
        (0, _) => format!("{year}-{month:02}-{day:02}"),
        (1, _) => format!("{month}/{day}/{year}"),
        (2, _) => format!("{day:02}.{month:02}.{year}"),
        (3, _) => {
            format!("{year}-{month:02}-{day:02}T{:02}:{:02}:00Z", dice.below(24), dice.below(60))
        }
        (_, Language::English) => format!("{name} {day}, {year}"),
        (_, Language::German) => format!("{day}. {name} {year}"),
        (_, Language::French) => format!("{day} {name} {year}"),
        (_, Language::Spanish) => format!("{day} de {name} de {year}"),
    }
}

fn money(dice: &mut Dice) -> String {
    let sum = dice.between(1, 20_000);
    match dice.below(4) {
        0 => format!("${sum}"),
        1 => format!("{sum},{} €", dice.digits(2)),
        2 => format!("EUR {sum}.{}", dice.digits(2)),
        _ => format!("£{sum}.{}", dice.digits(2)),
    }
}

fn phone(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => format!(
            "+{} {} {} {}",
            dice.between(1, 99),
            dice.digits(3),
            dice.digits(3),
            dice.digits(4)
        ),
        1 => format!("({}) {}-{}", dice.digits(3), dice.digits(3), dice.digits(4)),
        2 => format!("0{} {}", dice.digits(3), dice.digits(6)),
        _ => format!("{}-{}-{}", dice.digits(3), dice.digits(3), dice.digits(4)),
    }
}
