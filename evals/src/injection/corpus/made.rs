//! Our own texts: honest material and prompts, attacks planted in material, attacks typed.

use super::Text;
use super::attack::{self, Attack};
use super::dice::Dice;
use super::grammar::Grammar;
use super::labelled::Row;
use super::material::{CLOSE, FORMS, OPEN, Press};

/// How many of each are made.
const BENIGN: usize = 11_000;
const PROMPTS: usize = 26_000;
const PLANTED: usize = 14_000;
const DIRECT: usize = 18_000;
/// Typed texts of many sentences and of one line: the rule that names their kinds, and how many.
const MORE_PROMPTS: [(&str, usize); 3] =
    [("prompt.long", 6_000), ("prompt.line", 9_000), ("prompt.quote", 5_000)];
/// Honest texts of a few words.
const FEW: usize = 6_000;
/// What people say and ask of every day, and attacks that plead, puzzle and change the subject.
const DAY: usize = 10_000;
const PLEAS: usize = 8_000;
const MORE_DIRECT: [(&str, usize); 2] = [("direct.long", 5_000), ("direct.terse", 7_000)];
/// Honest and hostile texts of each kind that stand beside material which was pasted.
const PASTED: usize = 3_500;
const PASTED_HONEST: [&str; 4] = ["prompt", "prompt.line", "prompt.few", "prompt.day"];
const PASTED_ATTACKS: [&str; 3] = ["direct", "direct.terse", "direct.plea"];
/// So much of a material is pasted.
const MAX_PASTED_BYTES: usize = 900;
/// How often each labelled string is planted.
const TIMES: [(&str, usize); 2] = [("bipia_train_strings", 14), ("tasktracker_train", 3)];
/// The share of attacks that go into given material and not into ours.
const GIVEN_PERCENT: usize = 20;

pub(super) fn texts(grammar: &Grammar, rows: &[Row]) -> anyhow::Result<Vec<Text>> {
    let mut maker =
        Made { grammar, dice: Dice::new(20_261_126), given: contexts(rows), texts: Vec::new() };
    (0..BENIGN).for_each(|_| maker.benign());
    (0..PROMPTS).for_each(|_| maker.prompt("prompt"));
    (0..PLANTED).for_each(|_| maker.planted());
    (0..DIRECT).for_each(|_| maker.direct("direct"));
    for row in rows.iter().filter(|row| row.is_planted_string()) {
        let times = TIMES.iter().find(|(set, _)| *set == row.set).map_or(0, |(_, times)| *times);
        (0..times).for_each(|_| maker.labelled(row));
    }
    // Last, so that what is made before stays the same.
    for (rule, count) in MORE_PROMPTS {
        (0..count).for_each(|_| maker.prompt(rule));
    }
    for (rule, count) in MORE_DIRECT {
        (0..count).for_each(|_| maker.direct(rule));
    }
    (0..FEW).for_each(|_| maker.prompt("prompt.few"));
    (0..DAY).for_each(|_| maker.prompt("prompt.day"));
    (0..PLEAS).for_each(|_| maker.direct("direct.plea"));
    for label in [0, 1] {
        (0..PASTED).for_each(|_| maker.pasted(label));
    }
    anyhow::ensure!(!maker.texts.is_empty(), "the grammars made nothing");
    Ok(maker.texts)
}

/// Honest material of the labelled sets, to plant in.
fn contexts(rows: &[Row]) -> Vec<&str> {
    let fits = |row: &&Row| row.label == 0 && row.channels() == ["tool"] && row.text.len() < 4_000;
    rows.iter().filter(fits).map(|row| row.text.as_str()).collect()
}

struct Made<'a> {
    grammar: &'a Grammar,
    dice: Dice,
    given: Vec<&'a str>,
    texts: Vec<Text>,
}

impl Made<'_> {
    fn press(&mut self, planted: Option<String>) -> (String, &'static str) {
        let mut press = Press { grammar: self.grammar, dice: Dice::new(self.dice.next()), planted };
        let at = self.dice.below(FORMS.len());
        FORMS.get(at).map_or_else(Default::default, |(name, form)| (form(&mut press), *name))
    }

    fn benign(&mut self) {
        let (text, form) = self.press(None);
        self.texts.push(Text::new("made-benign", form, "tool", 0, text));
    }

    /// One of the kinds that a rule names.
    fn prompt(&mut self, rule: &str) {
        let mut kinds = self.grammar.kinds(rule);
        kinds.sort_unstable();
        let kind = self.dice.pick(&kinds);
        let text = self.grammar.make(kind, &mut self.dice);
        self.texts.push(Text::new("made-prompts", kind, "user", 0, text));
    }

    fn planted(&mut self) {
        let attack = attack::planted(self.grammar, None, &mut self.dice);
        self.plant("made-planted", attack);
    }

    fn direct(&mut self, rule: &str) {
        let Attack { text, style } = attack::direct(self.grammar, rule, &mut self.dice);
        self.texts.push(Text::new("made-direct", &style, "user", 1, text));
    }

    fn labelled(&mut self, row: &Row) {
        let attack = if row.set == "bipia_train_strings" {
            let framed = self
                .dice
                .chance(15)
                .then(|| attack::planted(self.grammar, Some(&row.text), &mut self.dice));
            framed.map_or_else(|| row.text.clone(), |attack| attack.text)
        } else {
            // These announce a task; ours follows.
            format!("{} {}", row.text, attack::planted(self.grammar, None, &mut self.dice).text)
        };
        let style = row.cat.clone();
        self.plant(&format!("planted-{}", row.set), Attack { text: attack, style });
    }

    fn plant(&mut self, set: &str, attack: Attack) {
        let given = self.dice.chance(GIVEN_PERCENT);
        let text = if given {
            self.planted_in_given(&attack.text)
        } else {
            self.press(Some(attack.text)).0
        };
        let (Some(from), Some(to)) = (text.find(OPEN), text.find(CLOSE)) else { return };
        let mut text = Text::new(set, &attack.style, "tool", 1, text.replace([OPEN, CLOSE], ""));
        text.planted = vec![[from, to - OPEN.len_utf8()]];
        self.texts.push(text);
    }

    /// What somebody types before, after or amid material that they paste.
    fn pasted(&mut self, label: u8) {
        let material = self.press(None).0;
        let material = beginning(&material, MAX_PASTED_BYTES);
        let (rules, set): (&[&str], _) = match label {
            0 => (&PASTED_HONEST, "made-prompts"),
            _ => (&PASTED_ATTACKS, "made-direct"),
        };
        let rule = self.dice.pick(rules);
        if label == 0 {
            self.prompt(rule);
        } else {
            self.direct(rule);
        }
        let Some(typed) = self.texts.pop() else { return };
        let (from, text) = amid(&typed.text, material, &mut self.dice);
        let mut text = Text::new(set, &format!("pasted.{}", typed.style), "user", label, text);
        if label == 1 {
            text.planted = vec![[from, from + typed.text.len()]];
        }
        self.texts.push(text);
    }

    /// Puts it at the start, the end, or after a sentence.
    fn planted_in_given(&mut self, attack: &str) -> String {
        let context = self.dice.pick(&self.given);
        let ends = inspect::injection::sentences(context);
        let at = match self.dice.below(10) {
            0..2 => 0,
            2..6 => ends.get(self.dice.below(ends.len())).map_or(0, |sentence| sentence.end),
            _ => context.len(),
        };
        let joiner = self.dice.pick(&["\n", " ", " ", "\n\n", ""]);
        let (before, after) = context.split_at(at);
        format!("{before}{joiner}{OPEN}{attack}{CLOSE}{joiner}{after}")
    }
}

/// Whole sentences from the beginning, about so many bytes.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let ends = inspect::injection::sentences(text).into_iter().map(|one| one.end);
    let end = ends.take_while(|end| *end <= most).last();
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// A text before, after or between the sentences of another, and where it begins.
pub(crate) fn amid(text: &str, around: &str, dice: &mut Dice) -> (usize, String) {
    let ends = inspect::injection::sentences(around);
    let at = match dice.below(4) {
        0 => 0,
        1 => around.len(),
        _ => ends.get(dice.below(ends.len().max(1))).map_or(0, |sentence| sentence.end),
    };
    let joiner = dice.pick(&["\n", " ", "\n\n", " "]);
    let (before, after) = around.split_at(at);
    (before.len() + joiner.len(), format!("{before}{joiner}{text}{joiner}{after}"))
}
