//! Makes the attacks that are planted and the ones that are typed.

use super::dice::Dice;
use super::disguise::{WAYS, disguise};
use super::grammar::Grammar;

/// What was made, and the grammar's rule that it comes from.
pub(crate) struct Attack {
    pub(crate) text: String,
    pub(crate) style: String,
}

/// One in so many is disguised.
const DISGUISED_PERCENT: usize = 7;

/// A task with a frame around it, or without any. `given` replaces the grammar's own task.
pub(crate) fn planted(grammar: &Grammar, given: Option<&str>, dice: &mut Dice) -> Attack {
    let plain = dice.chance(40);
    let (task, kind) = match given {
        Some(given) => (given.to_owned(), "given".to_owned()),
        None => task(grammar, plain, dice),
    };
    let Attack { text, style } = if plain {
        Attack { text: joined(grammar, task, dice), style: format!("plain.{kind}") }
    } else {
        framed(grammar, &task, dice)
    };
    maybe_disguised(Attack { text, style }, dice)
}

fn task(grammar: &Grammar, plain: bool, dice: &mut Dice) -> (String, String) {
    let rules = match (plain, dice.below(100)) {
        (_, 0..8) => vec!["foreigntask"],
        (true, 8..36) => vec!["chore"],
        (true, 36..62) | (false, 8..14) => vec!["answer.style", "answer.add"],
        _ => grammar.kinds("task"),
    };
    let rule = one(&rules, dice);
    (grammar.make(rule, dice), rule.to_owned())
}

/// Rules come out of a map in any order; sorted, the same seed makes the same corpus.
fn one<'r>(rules: &[&'r str], dice: &mut Dice) -> &'r str {
    let mut rules = rules.to_vec();
    rules.sort_unstable();
    dice.pick(&rules)
}

/// A task without a frame, now and then with a courtesy.
fn joined(grammar: &Grammar, task: String, dice: &mut Dice) -> String {
    match dice.below(12) {
        0 => format!("Please {}", decapitalised(&task)),
        1 => format!("{task} Thanks."),
        2 => format!("Can you {}", decapitalised(&task).trim_end_matches('.').to_owned() + "?"),
        3 => format!("{task} {}", grammar.make("answer.add", dice)),
        4 => format!("I need you to {}", decapitalised(&task)),
        _ => task,
    }
}

fn framed(grammar: &Grammar, task: &str, dice: &mut Dice) -> Attack {
    let rules = grammar.kinds("frame");
    let rule = one(&rules, dice);
    let (mut text, alternative) = grammar.make_with(rule, task, dice);
    let mut style = format!("{rule}.{alternative}");
    if dice.chance(20) {
        let second = one(&rules, dice);
        text = grammar.make_with(second, &text, dice).0;
        style = format!("{rule}+{second}");
    }
    Attack { text, style }
}

fn maybe_disguised(attack: Attack, dice: &mut Dice) -> Attack {
    if !dice.chance(DISGUISED_PERCENT) {
        return attack;
    }
    let way = dice.pick(&WAYS);
    Attack { text: disguise(way, &attack.text, dice), style: format!("disguise.{way}") }
}

/// An attack that a user types, of a kind that a rule names.
pub(crate) fn direct(grammar: &Grammar, kinds: &str, dice: &mut Dice) -> Attack {
    let rule = one(&grammar.kinds(kinds), dice);
    let (mut text, alternative) = grammar.make_with(rule, "", dice);
    if dice.chance(15) {
        text = format!("{} {text}", grammar.make("fact", dice));
    }
    maybe_disguised(Attack { text, style: format!("{rule}.{alternative}") }, dice)
}

fn decapitalised(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| first.to_lowercase().chain(signs).collect())
}
