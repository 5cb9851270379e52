//! Labelled texts amid honest prose: people type a line, or they type it amid two pages that they
//! have written or pasted. No labelled set holds both, so how much a bad sentence of a long text says
//! would be learnt from long attacks and long tales alone.

use super::super::corpus::{Text, amid, beginning, dice::Dice};

/// Of the labelled texts of people, one in so many.
const STEP: usize = 8;
/// Longer ones are long by themselves.
const MAX_BYTES: usize = 600;
/// So much prose stands around one, at most.
const PROSE_BYTES: usize = 2_400;
/// Sets that are not labelled ones.
const OURS: [&str; 2] = ["made-", "documents-"];
/// Ends the name of a set.
const AMID: &str = " amid prose";

/// Some of the texts that people typed, of both labels, each amid honest material of our own.
pub(super) fn texts(texts: &[Text]) -> Vec<Text> {
    let mut dice = Dice::new(29);
    let prose: Vec<&str> =
        texts.iter().filter(|one| one.set == "made-benign").map(|one| one.text.as_str()).collect();
    let fits = |one: &&Text| {
        one.channel == "user"
            && !OURS.iter().any(|name| one.set.starts_with(name))
            && one.text.len() <= MAX_BYTES
    };
    let some = texts.iter().filter(fits).step_by(STEP);
    let amid = some.map(|one| {
        let around = pages(&prose, &mut dice);
        let text = amid(&one.text, &around, &mut dice).1;
        Text { text, set: format!("{}{AMID}", one.set), ..one.clone() }
    });
    amid.collect()
}

/// Whether a set is of such texts.
pub(super) fn is_amid(set: &str) -> bool {
    set.ends_with(AMID)
}

fn pages(prose: &[&str], dice: &mut Dice) -> String {
    let wanted = dice.between(300, PROSE_BYTES);
    let mut pages = String::new();
    for _ in 0..8 {
        let room = wanted.saturating_sub(pages.len());
        pages.push_str(beginning(dice.pick(prose), room));
        pages.push('\n');
    }
    pages
}
