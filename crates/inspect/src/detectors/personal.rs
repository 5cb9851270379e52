//! Personal data: numbers by which somebody is known, and ways to reach or find them.

mod africa_asia;
mod americas;
mod documents;
mod europe;

use model::Severity;

use super::example::{Dice, filled};
use super::pattern::{DIGIT, LOWER_NUM, class};
use super::{Class, Declaration, Form};
use crate::action::Action;

static UPPER: Class = class("A-Z");

/// Declares a number: name, what it finds, how it is written, its check, its words, reference.
///
/// How it is written: `9` a digit, `A` a capital, `X` either, `~` nothing or the same one of blank,
/// hyphen and point throughout; a form after `!` counts only where one of the words stands before.
macro_rules! identifier {
    ($name:ident, $finds:literal, [$($form:literal),+ $(,)?], $check:expr, [$($word:literal),+ $(,)?], $reference:literal) => {
        $crate::detectors::personal::identifier!($name, $finds, [$($form),+], $check, [$($word),+] as words, $reference)
    };
    ($name:ident, $finds:literal, [$($form:literal),+ $(,)?], $check:expr, $words:ident, $reference:literal) => {
        $crate::detectors::personal::identifier!($name, $finds, [$($form),+], $check, ($words) as words, $reference)
    };
    ($name:ident, $finds:literal, [$($form:literal),+ $(,)?], $check:expr, $words:tt as words, $reference:literal) => {
        $crate::detectors::Declaration::new(
            stringify!($name),
            concat!("pii.", stringify!($name)),
            $finds,
            $crate::detectors::Form::Identifier { written: &[$($form),+] },
            $reference,
        )
        .check($check)
        .keywords(&$words)
    };
}
pub(super) use identifier;

impl Declaration {
    /// Its numbers belong to organisations more often than to people: they are only recorded.
    const fn company(self) -> Self {
        self.severity(Severity::Low).actions(Action::Allow, Action::Allow)
    }

    /// Reported under the kind of another declaration.
    const fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }
}

/// Payment cards, accounts, and ways to reach somebody.
const GENERAL: &[Declaration] = &[
    Declaration::new(
        "payment_card",
        "pii.payment_card",
        "payment card numbers of the large schemes",
        Form::Card,
        "ISO/IEC 7812-1",
    )
    .confidence(0.9)
    .make(card),
    Declaration::new("iban", "pii.iban", "bank account numbers", Form::Iban, "ISO 13616-1")
        .confidence(0.99)
        .make(iban),
    Declaration::new("email", "pii.email", "mail addresses", Form::Mail, "RFC 5321 section 4.1.2")
        .severity(Severity::Low)
        .actions(Action::Allow, Action::Allow)
        .make(mail),
    Declaration::new("phone", "pii.phone", "telephone numbers", Form::Phone, "ITU-T E.164; NANP")
        .severity(Severity::Low)
        .confidence(0.8)
        .actions(Action::Allow, Action::Allow)
        .make(phone),
    Declaration::new(
        "machine_readable_zone",
        "pii.machine_readable_zone",
        "lines of the machine readable zones of passports and cards",
        Form::MachineReadable,
        "ICAO 9303 parts 4 to 6",
    )
    .confidence(0.98)
    .make(machine_readable),
];

/// The tables of this room.
pub(super) const ALL: [&[Declaration]; 5] =
    [GENERAL, americas::ALL, europe::ALL, africa_asia::ALL, documents::ALL];

/// Appends the digit that makes Luhn's sum a multiple of ten.
fn card(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let body = format!("4{}", dice.run(&DIGIT, 14));
    let is_card = |digit: &u8| crate::validators::card(format!("{body}{digit}").as_bytes());
    let check = (0..10_u8).find(is_card).unwrap_or_default();
    format!("{body}{check}")
}

fn iban(seed: u64) -> String {
    let account = Dice::new(seed).run(&DIGIT, 18);
    let with = |check: u32| format!("DE{check:02}{account}");
    (2..=98)
        .map(with)
        .find(|value| crate::validators::iban(value.as_bytes()).is_some())
        .unwrap_or_default()
}

fn mail(seed: u64) -> String {
    let name = Dice::new(seed).run(&LOWER_NUM, 9);
    format!("{name}@mail-{}.example", seed % 100)
}

/// A passport's first line.
fn machine_readable(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let (surname, given) = (dice.run(&UPPER, 8), dice.run(&UPPER, 6));
    format!("{:<<44}", format!("P<UTO{surname}<<{given}"))
}

fn phone(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    format!("+49 30 {}", dice.run(&DIGIT, 7))
}
