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

/// What is said before a telephone number.
const PHONE: [&str; 40] = [
    "phone",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "fax",
    "call",
    "calling",
    "whatsapp",
    "sms",
    "dial",
    "ring",
    "hotline",
    "landline",
    "pager",
    "text me",
    "telefon",
    "handy",
    "mobil",
    "rufnummer",
    "durchwahl",
    "anrufen",
    "téléphone",
    "portable",
    "appeler",
    "teléfono",
    "móvil",
    "celular",
    "llamar",
    "telefone",
    "telemóvel",
    "cellulare",
    "telefono",
    "telefoon",
    "mobiel",
    "puhelin",
    "телефон",
    "電話",
    "电话",
    "전화",
];

/// What is said before coordinates.
const PLACE: [&str; 18] = [
    "latitude",
    "longitude",
    "lat",
    "lng",
    "lon",
    "coordinates",
    "coords",
    "gps",
    "location",
    "geo",
    "position",
    "koordinaten",
    "standort",
    "coordonnées",
    "coordenadas",
    "ubicación",
    "maps",
    "geolocation",
];

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
    Declaration::new(
        "author_email",
        "pii.author_email",
        "mail addresses that authors published with their work, as in the metadata of packages",
        Form::AuthorMail,
        "RFC 5321 section 4.1.2",
    )
    .severity(Severity::Info)
    .confidence(0.5)
    .actions(Action::Allow, Action::Allow)
    .keywords(&["author", "maintainer", "contributor", "copyright", "signed-off-by", "committer"])
    .make(mail),
    Declaration::new("phone", "pii.phone", "telephone numbers", Form::Phone, "ITU-T E.164; NANP")
        .severity(Severity::Low)
        .confidence(0.8)
        .actions(Action::Allow, Action::Allow)
        .keywords(&PHONE)
        .make(phone),
    Declaration::new(
        "ip_address",
        "pii.ip_address",
        "addresses of the Internet, IPv4 and IPv6",
        Form::Host,
        "RFC 791; RFC 4291",
    )
    .severity(Severity::Low)
    .confidence(0.8)
    .actions(Action::Allow, Action::Allow)
    .make(host),
    Declaration::new(
        "ip_private",
        "pii.ip_private",
        "addresses of private networks and of manuals, IPv4 and IPv6",
        Form::PrivateHost,
        "RFC 1918; RFC 4193; RFC 6598; RFC 5737; RFC 3849",
    )
    .severity(Severity::Info)
    .confidence(0.5)
    .actions(Action::Allow, Action::Allow)
    .make(private_host),
    Declaration::new(
        "mac_address",
        "pii.mac_address",
        "addresses of network devices",
        Form::Mac,
        "IEEE 802: EUI-48",
    )
    .severity(Severity::Low)
    .confidence(0.9)
    .actions(Action::Allow, Action::Allow)
    .make(mac),
    Declaration::new(
        "coordinates",
        "pii.coordinates",
        "latitude and longitude of a place",
        Form::Coordinates,
        "ISO 6709",
    )
    .severity(Severity::Low)
    .confidence(0.9)
    .actions(Action::Allow, Action::Allow)
    .keywords(&PLACE)
    .make(coordinates),
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

/// Of the networks that RFC 2544 and RFC 5180 keep for measurements.
fn host(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let last = 20 + dice.below(200);
    match dice.below(2) {
        0 => format!("198.18.{}.{last}", 20 + dice.below(200)),
        _ => format!("2001:2::{}:{last:x}", dice.run(&DIGIT, 3)),
    }
}

fn private_host(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    format!("192.168.{}.{}", dice.below(256), 20 + dice.below(200))
}

fn mac(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let parts: Vec<String> = (0..5).map(|_| format!("{:02x}", dice.below(256))).collect();
    format!("02:{}", parts.join(":"))
}

fn coordinates(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    format!("48.{}, 11.{}", dice.run(&DIGIT, 5), dice.run(&DIGIT, 6))
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
