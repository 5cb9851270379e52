//! The test set that is made from the detectors' own declarations.

use inspect::{Declaration, Engine, Form, catalogue};

use super::{Tallies, find};

/// Values of each detector.
const VALUES: u64 = 12;

/// Seeds of values: not those that the unit tests use.
const FIRST_SEED: u64 = 1_000_000;

/// Numbers without a check digit: their near miss is one that something is glued to.
const UNCHECKED: [&str; 7] =
    ["us_ssn", "us_itin", "us_mbi", "gb_nino", "in_pan", "my_nric", "pk_cnic"];

/// Where a value stands.
fn settings(placed: &str) -> [String; 6] {
    [
        format!("Please note that {placed} was given by the customer yesterday."),
        format!("{{\"id\":17,\"note\":\"{placed}\",\"done\":true}}"),
        format!("2031-05-02T08:15:42Z INFO intake: {placed} status=ok"),
        format!("- item one\n- {placed}\n- item three"),
        format!("name,remark\nfirst,\"{placed}\"\n"),
        format!("({placed})"),
    ]
}

fn placed(declared: &Declaration, value: &str) -> String {
    match declared.keywords.first() {
        Some(word) => format!("{word}: {value}"),
        None => value.to_owned(),
    }
}

/// The value with one digit changed, which no check digit forgives.
fn changed(value: &str) -> Option<String> {
    let at = value.rfind(|c: char| c.is_ascii_digit())?;
    let digit = value[at..].chars().next()?.to_digit(10)?;
    Some(format!("{}{}{}", &value[..at], (digit + 1) % 10, &value[at + 1..]))
}

/// A text that looks like the value and is none; nothing where form alone decides.
fn near_miss(declared: &Declaration, value: &str) -> Option<String> {
    match declared.form {
        Form::Identifier { written } if written.iter().all(|form| form.starts_with('!')) => {
            Some(value.to_owned())
        }
        Form::Card | Form::Iban => changed(value),
        Form::Host | Form::PrivateHost => Some(format!("v{value}")),
        Form::Mac => Some(format!("{value}:0a:1b")),
        Form::Coordinates => Some(value.to_owned()),
        Form::Identifier { .. } if UNCHECKED.contains(&declared.name) => Some(format!("x{value}")),
        Form::Identifier { .. } => changed(value),
        _ => None,
    }
}

pub(super) fn run(engine: &Engine, show: bool) -> Tallies {
    let mut tallies = Tallies::new();
    let forms = catalogue()
        .iter()
        .filter(|d| d.kind.starts_with("pii.") && !matches!(d.form, Form::Judged));
    for (declared, seed) in forms.flat_map(|d| (0..VALUES).map(move |n| (d, FIRST_SEED + n))) {
        let value = declared.example(seed);
        for text in settings(&placed(declared, &value)) {
            let at = text.find(&value).unwrap_or_default();
            let range = at..at + value.len();
            let found = find(engine, &text);
            let is_found = found.iter().any(|(kind, m)| *kind == declared.kind && m.range == range);
            let tally = tallies.entry(declared.kind.to_owned()).or_default();
            tally.found += usize::from(is_found);
            tally.missed += usize::from(!is_found);
            for (kind, m) in found {
                if m.range != range || kind != declared.kind {
                    if show {
                        println!("wrong {kind}: {:?} of {}", text.get(m.range), declared.name);
                    }
                    tallies.entry(kind.to_owned()).or_default().wrong += 1;
                }
            }
        }
        let Some(miss) = near_miss(declared, &value) else { continue };
        for text in settings(&miss) {
            for (kind, m) in find(engine, &text) {
                if show {
                    println!("wrong {kind}: {:?} of {}", text.get(m.range), declared.name);
                }
                tallies.entry(kind.to_owned()).or_default().wrong += 1;
            }
        }
    }
    tallies
}
