//! A small language for making sentences: rules, alternatives, slots.
//!
//! `[rule]` heads the lines that are its alternatives. `{rule}` is replaced by one of them, `(a|b)`
//! by one of its parts; `\n` is a line break, a backslash takes away the meaning of the sign after
//! it, and `{{`, `}}` are braces. Numbers, dates and the like are built in.

use std::collections::HashMap;

use anyhow::Context;

use super::dice::Dice;

const FILES: [&str; 14] = [
    include_str!("grammar/common.txt"),
    include_str!("grammar/people.txt"),
    include_str!("grammar/manuals.txt"),
    include_str!("grammar/records.txt"),
    include_str!("grammar/prompts.txt"),
    include_str!("grammar/tasks.txt"),
    include_str!("grammar/frames.txt"),
    include_str!("grammar/direct.txt"),
    include_str!("grammar/intents.txt"),
    include_str!("grammar/scenes.txt"),
    include_str!("grammar/short.txt"),
    include_str!("grammar/few.txt"),
    include_str!("grammar/quotes.txt"),
    include_str!("grammar/day.txt"),
];
/// How deep rules may call each other.
const MAX_DEPTH: usize = 12;
/// Stands for the planted task in a frame.
const TASK: &str = "TASK";

#[derive(Debug)]
enum Part {
    Text(String),
    Rule(String),
    Choice(Vec<Vec<Part>>),
}

#[derive(Debug, Default)]
pub(crate) struct Grammar {
    rules: HashMap<String, Vec<Vec<Part>>>,
}

impl Grammar {
    pub(crate) fn built_in() -> anyhow::Result<Self> {
        let mut grammar = Self::default();
        for file in FILES {
            grammar.add(file)?;
        }
        Ok(grammar)
    }

    fn add(&mut self, file: &str) -> anyhow::Result<()> {
        let mut rule = String::new();
        for line in file.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
            if let Some(name) = heading(line) {
                name.clone_into(&mut rule);
                continue;
            }
            let mut signs = line.chars().peekable();
            let parts = sequence(&mut signs, false).with_context(|| line.to_owned())?;
            self.rules.entry(rule.clone()).or_default().push(parts);
        }
        Ok(())
    }

    /// One of the sentences of a rule.
    pub(crate) fn make(&self, rule: &str, dice: &mut Dice) -> String {
        if self.rules.contains_key(rule) {
            return self.make_with(rule, "", dice).0;
        }
        built_in(rule, self, dice)
    }

    /// The same with a task put into its place, and which of the rule's alternatives it was.
    pub(crate) fn make_with(&self, rule: &str, task: &str, dice: &mut Dice) -> (String, usize) {
        let mut out = String::new();
        let alternatives = self.rules.get(rule).map(Vec::as_slice).unwrap_or_default();
        let at = dice.below(alternatives.len());
        let mut maker = Maker { grammar: self, task, dice };
        for part in alternatives.get(at).into_iter().flatten() {
            maker.part(part, &mut out, 0);
        }
        (out, at)
    }

    /// The names of the rules that a rule's alternatives are nothing but.
    pub(crate) fn kinds(&self, rule: &str) -> Vec<&str> {
        let alternatives = self.rules.get(rule).map(Vec::as_slice).unwrap_or_default();
        let name = |parts: &'_ Vec<Part>| match parts.as_slice() {
            [Part::Rule(name)] => Some(name.clone()),
            _ => None,
        };
        let names: Vec<String> = alternatives.iter().filter_map(name).collect();
        self.rules
            .keys()
            .map(String::as_str)
            .filter(|key| names.iter().any(|name| name == key))
            .collect()
    }
}

fn heading(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    name.chars().all(|sign| sign.is_ascii_lowercase() || sign == '.').then_some(name)
}

type Signs<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn sequence(signs: &mut Signs<'_>, is_inside: bool) -> anyhow::Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut text = String::new();
    while let Some(&sign) = signs.peek() {
        if is_inside && matches!(sign, '|' | ')') {
            break;
        }
        signs.next();
        match sign {
            '\\' => {
                text.push(signs.next().map_or('\\', |sign| if sign == 'n' { '\n' } else { sign }))
            }
            '{' | '}' if signs.next_if_eq(&sign).is_some() => text.push(sign),
            '{' => {
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Rule(name(signs)?));
            }
            '(' => {
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(choice(signs)?);
            }
            _ => text.push(sign),
        }
    }
    parts.push(Part::Text(text));
    parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    Ok(parts)
}

fn name(signs: &mut Signs<'_>) -> anyhow::Result<String> {
    let name: String = std::iter::from_fn(|| signs.next_if(|sign| *sign != '}')).collect();
    anyhow::ensure!(signs.next().is_some(), "a slot without an end: {name}");
    Ok(name)
}

fn choice(signs: &mut Signs<'_>) -> anyhow::Result<Part> {
    let mut alternatives = Vec::new();
    loop {
        alternatives.push(sequence(signs, true)?);
        match signs.next() {
            Some('|') => {}
            Some(_) => return Ok(Part::Choice(alternatives)),
            None => anyhow::bail!("a choice without an end"),
        }
    }
}

struct Maker<'g, 'd> {
    grammar: &'g Grammar,
    task: &'d str,
    dice: &'d mut Dice,
}

impl Maker<'_, '_> {
    fn part(&mut self, part: &Part, out: &mut String, depth: usize) {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Choice(alternatives) => self.one_of(alternatives, out, depth),
            Part::Rule(name) if name == TASK => out.push_str(self.task),
            Part::Rule(name) => match self.grammar.rules.get(name) {
                Some(alternatives) => self.one_of(alternatives, out, depth),
                None => out.push_str(&built_in(name, self.grammar, self.dice)),
            },
        }
    }

    fn one_of(&mut self, alternatives: &[Vec<Part>], out: &mut String, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let at = self.dice.below(alternatives.len());
        for part in alternatives.get(at).into_iter().flatten() {
            self.part(part, out, depth + 1);
        }
    }
}

/// Numbers, dates and identifiers; the name itself if there is no such thing.
fn built_in(name: &str, grammar: &Grammar, dice: &mut Dice) -> String {
    match name {
        "n" => dice.between(2, 9).to_string(),
        "nn" => dice.between(10, 99).to_string(),
        "nnn" => dice.between(100, 999).to_string(),
        "nnnn" => dice.between(1000, 9999).to_string(),
        "nnnnnn" => dice.between(100_000, 999_999).to_string(),
        "yyyy" => dice.between(1890, 2026).to_string(),
        "amount" => format!("{}.{:02}", dice.between(3, 4999), dice.below(100)),
        "hex" => format!("{:08x}", dice.next() >> 32),
        "time" => format!("{:02}:{:02}", dice.below(24), 15 * dice.below(4)),
        "phone" => format!(
            "+{} {} {}",
            dice.between(1, 99),
            dice.between(100, 999),
            dice.between(100_000, 9_999_999)
        ),
        "iban" => iban(dice),
        "date" => date(dice),
        "WORD" => grammar.make("word", dice).to_uppercase(),
        _ => name.to_owned(),
    }
}

fn date(dice: &mut Dice) -> String {
    const MONTHS: [&str; 6] = ["January", "March", "May", "July", "October", "December"];
    let (year, month, day) = (dice.between(2021, 2027), dice.between(1, 12), dice.between(1, 28));
    match dice.below(4) {
        0 => format!("{day} {} {year}", dice.pick(&MONTHS)),
        1 => format!("{} {day}", dice.pick(&MONTHS)),
        2 => format!("{day}.{month}.{year}"),
        _ => format!("{year}-{month:02}-{day:02}"),
    }
}

/// Looks like an account number; the check digits are left to chance.
fn iban(dice: &mut Dice) -> String {
    let country = dice.pick(&["DE", "GB", "FR", "CH", "NL", "ES", "US"]);
    let digits: String =
        (0..dice.between(14, 20)).map(|_| char::from(b'0' + (dice.next() % 10) as u8)).collect();
    format!("{country}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(parts: &[Part], found: &mut Vec<String>) {
        for part in parts {
            match part {
                Part::Rule(name) => found.push(name.clone()),
                Part::Choice(all) => all.iter().for_each(|parts| slots(parts, found)),
                Part::Text(_) => {}
            }
        }
    }

    #[test]
    fn every_slot_has_a_rule() {
        let grammar = Grammar::built_in().unwrap();
        for (rule, alternatives) in &grammar.rules {
            let mut found = Vec::new();
            alternatives.iter().for_each(|parts| slots(parts, &mut found));
            for name in found {
                let known = name == TASK || grammar.rules.contains_key(&name);
                let made = built_in(&name, &grammar, &mut Dice::new(1));
                assert!(known || made != name, "{rule} uses {name}, which is nothing");
            }
        }
    }

    #[test]
    fn chooses_nests_and_escapes() {
        let mut grammar = Grammar::default();
        grammar.add("[a]\n(x|x) \\(y\\) {{z}} (1(2|2)|12){b}{TASK}\n[b]\n\\n!").unwrap();
        let (text, at) = grammar.make_with("a", "?", &mut Dice::new(7));
        assert_eq!((text.as_str(), at), ("x (y) {z} 12\n!?", 0));
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(Grammar::default().add("[a]\n(x").is_err());
        assert!(Grammar::default().add("[a]\n{x").is_err());
    }
}
