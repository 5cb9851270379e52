//! How much is still found when the letters of an attack are changed.

use std::path::Path;

use inspect::Origin;

use super::corpus::dice::Dice;
use super::corpus::disguise::{WAYS, disguise};
use super::eval::{Bar, Row, judge, share};

/// Longer attacks stand in material, whose letters an attacker does not write.
const MAX_BYTES: usize = 4_000;

/// Prints recall at 1 % false alarms for each way of disguising; the bar is that of plain texts.
pub(super) fn run(file: &Path) -> anyhow::Result<()> {
    let rows: Vec<Row> = crate::rows::read(file)?;
    let plain = judge(&rows);
    println!("| disguise | user | tool |\n| --- | --- | --- |");
    let bars = [Origin::User, Origin::Tool].map(|origin| (origin, Bar::of(&plain, origin)));
    for way in std::iter::once(&"none").chain(&WAYS) {
        let mut dice = Dice::new(5);
        let attacks = rows.iter().filter(|row| row.label == 1 && row.text.len() <= MAX_BYTES);
        let disguised: Vec<Row> = attacks
            .map(|row| Row { text: disguise(way, &row.text, &mut dice), ..row.clone() })
            .collect();
        let judged = judge(&disguised);
        let [user, tool] = bars.each_ref().map(|(origin, bar)| {
            100.0 * share(judged.iter().filter(|one| one.origin == *origin), bar.at_1)
        });
        println!("| {way} | {user:.1} | {tool:.1} |");
    }
    Ok(())
}
