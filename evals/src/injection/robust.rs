//! How much is still found when an attack is disguised: its letters, its encoding, what is around it.

use std::path::Path;

use inspect::Origin;

use super::corpus::dice::Dice;
use super::corpus::disguise::{WAYS, disguise};
use super::corpus::grammar::Grammar;
use super::eval::{Bar, Row, judge, share};

/// Longer attacks stand in material, whose letters an attacker does not write.
const MAX_BYTES: usize = 4_000;

/// Disguises that no model is trained on.
const RECODED: [&str; 5] = ["rot13", "backwards", "hex", "joined by signs", "amid honest prose"];
/// So much honest prose is put before an attack, and as much after it.
const AMID_BYTES: usize = 1_000;

/// Prints recall at 1 % false alarms for each way of disguising; the bar is that of plain texts.
pub(super) fn run(file: &Path) -> anyhow::Result<()> {
    let rows: Vec<Row> = crate::rows::read(file)?;
    let plain = judge(&rows);
    println!("| disguise | user | tool |\n| --- | --- | --- |");
    let bars = [Origin::User, Origin::Tool].map(|origin| (origin, Bar::of(&plain, origin)));
    let grammar = Grammar::built_in()?;
    for way in std::iter::once(&"none").chain(&WAYS).chain(&RECODED) {
        let mut dice = Dice::new(5);
        let mut disguised = |text: &str| {
            let recoded = RECODED.contains(way).then(|| recoded(way, text, &grammar, &mut dice));
            recoded.unwrap_or_else(|| disguise(way, text, &mut dice))
        };
        let attacks = rows.iter().filter(|row| row.label == 1 && row.text.len() <= MAX_BYTES);
        let disguised: Vec<Row> =
            attacks.map(|row| Row { text: disguised(&row.text), ..row.clone() }).collect();
        let judged = judge(&disguised);
        let [user, tool] = bars.each_ref().map(|(origin, bar)| {
            100.0 * share(judged.iter().filter(|one| one.origin == *origin), bar.at_1)
        });
        println!("| {way} | {user:.1} | {tool:.1} |");
    }
    Ok(())
}

fn recoded(way: &str, text: &str, grammar: &Grammar, dice: &mut Dice) -> String {
    match way {
        "rot13" => text.chars().map(rotated).collect(),
        "backwards" => text.chars().rev().collect(),
        "hex" => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        "joined by signs" => text.split_whitespace().collect::<Vec<_>>().join("_"),
        _ => {
            let [before, after] = [0; 2].map(|_| prose(grammar, dice));
            format!("{before}{text} {after}")
        }
    }
}

fn rotated(sign: char) -> char {
    let from = |first: u8| char::from((sign as u8 - first + 13) % 26 + first);
    match sign {
        'a'..='z' => from(b'a'),
        'A'..='Z' => from(b'A'),
        _ => sign,
    }
}

/// Honest sentences of our own.
fn prose(grammar: &Grammar, dice: &mut Dice) -> String {
    let mut prose = String::new();
    while prose.len() < AMID_BYTES {
        prose.push_str(&grammar.make("fact", dice));
        prose.push(' ');
    }
    prose
}
