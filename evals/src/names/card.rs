//! The model's card: what it learnt from, what it was measured on, and what it cannot do.

use std::fmt::Write;

use super::measure::Scores;

pub(super) fn write(scores: &Scores, texts: usize, templates: [usize; 2], bytes: usize) -> String {
    let mut card = String::from(HEAD);
    let _ = write!(
        card,
        "\n- Texts: {texts}, made of {} templates; {} further templates, and one gazetteer entry in eight, are kept for the \
         test.\n- File: {bytes} bytes.\n\n{FIGURES}",
        templates[0], templates[1],
    );
    for (name, tally) in scores.rows() {
        let _ = writeln!(
            card,
            "| {name} | {} | {:.3} | {:.3} | {:.3} |",
            tally.marked,
            tally.precision(),
            tally.recall(),
            tally.f1()
        );
    }
    card.push_str(TAIL);
    card
}

const HEAD: &str = include_str!("../../names/card/head.md");
const FIGURES: &str = include_str!("../../names/card/figures.md");
const TAIL: &str = include_str!("../../names/card/tail.md");
