//! The catalogue: one declaration for each format that is detected.
//!
//! Adding a format is adding a line to one of the tables below. The engine's index, the names that
//! settings may use, the catalogue page and the tests (examples and near misses) come from it.

mod ai;
mod ai_tools;
pub(crate) mod assigned;
mod chat;
mod cloud;
mod code;
mod data;
mod example;
mod general;
mod generated;
mod harm;
mod hosting;
pub(crate) mod injection;
mod mail;
mod misses;
mod money;
mod names;
mod pattern;
mod personal;
mod places;
mod renewed;
mod service;
mod smuggling;
mod wallet;
mod watch;
mod web;
mod work;

use std::sync::LazyLock;

use model::Severity;

use crate::action::Action;
#[cfg(test)]
pub(crate) use example::Dice;
pub(crate) use pattern::{ALNUM, BASE32, Fit, TOKEN, class, fit, measure};
pub use pattern::{Class, Part, Set};
pub use places::Place;
pub use smuggling::Cargo;

/// How a detector recognises what it finds.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// One of the prefixes, then the parts, at the start of a word.
    Token {
        prefixes: &'static [&'static str],
        parts: &'static [Part],
    },
    /// The parts alone, at the start of a word.
    Bare {
        parts: &'static [Part],
    },
    /// What the name says that it is given to: see `engine::assignments`.
    Assigned,
    /// The password in `scheme://user:password@host`.
    UrlPassword,
    /// A private key in PEM (RFC 7468) or OpenPGP armour.
    PrivateKey,
    Card,
    Iban,
    Mail,
    /// A mail address after a word that makes it an author's.
    AuthorMail,
    Phone,
    /// An address of the Internet that the world can reach.
    Host,
    /// An address of a network of one's own.
    PrivateHost,
    Mac,
    Coordinates,
    /// A line of a machine readable zone (ICAO 9303).
    MachineReadable,
    /// Groups of digits and capitals. `9` is a digit, `A` a capital, `X` either, `~` nothing or the
    /// same one of blank, hyphen and point throughout; a form after `!` needs one of the
    /// declaration's keywords before it, any other form none.
    Identifier {
        written: &'static [&'static str],
    },
    /// The words of which a wallet can be made again (BIP 39): see `engine::mnemonics`.
    Mnemonic,
    /// Characters that carry what nobody sees.
    Smuggled(Cargo),
    /// By a model or a reader of its own that judges a whole text, never a text in pieces.
    Judged,
}

#[cfg(test)]
impl Form {
    /// Whether it is a token that the index of prefixes finds.
    pub(crate) fn is_token(&self) -> bool {
        matches!(self, Self::Token { .. } | Self::Bare { .. })
    }
}

/// What one detector finds and how. The catalogue's page and the settings come from these.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// Unique in the catalogue.
    pub name: &'static str,
    /// Family and name; several detectors may share one.
    pub kind: &'static str,
    pub finds: &'static str,
    pub severity: Severity,
    /// 0 to 1: the share of findings that are what they say.
    pub confidence: f64,
    /// The default action towards the upstream.
    pub request: Action,
    /// The default action towards the agent.
    pub answer: Action,
    pub form: Form,
    /// If any: one of them, in small letters, must stand within [`CONTEXT_BYTES`] before the value.
    /// What [`Form::Identifier`] says of each form goes before that.
    pub keywords: &'static [&'static str],
    /// Which document describes the format.
    pub reference: &'static str,
    pub(crate) check: fn(&[u8]) -> bool,
    pub(crate) make: Option<fn(u64) -> String>,
}

/// How far before a value its keyword may begin.
pub const CONTEXT_BYTES: usize = 64;

impl Declaration {
    pub(crate) const fn new(
        name: &'static str,
        kind: &'static str,
        finds: &'static str,
        form: Form,
        reference: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            finds,
            severity: Severity::High,
            confidence: 0.95,
            request: Action::Mask,
            answer: Action::Mask,
            form,
            keywords: &[],
            reference,
            check: |_| true,
            make: None,
        }
    }

    pub(crate) const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) const fn confidence(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }

    pub(crate) const fn actions(mut self, request: Action, answer: Action) -> Self {
        self.request = request;
        self.answer = answer;
        self
    }

    pub(crate) const fn keywords(mut self, keywords: &'static [&'static str]) -> Self {
        self.keywords = keywords;
        self
    }

    /// What must hold of a whole value beyond its pattern.
    pub(crate) const fn check(mut self, check: fn(&[u8]) -> bool) -> Self {
        self.check = check;
        self
    }

    /// Makes an example where the pattern alone does not, for instance because of a checksum.
    pub(crate) const fn make(mut self, make: fn(u64) -> String) -> Self {
        self.make = Some(make);
        self
    }

    /// A value that this detector finds, always the same for the same seed and never anybody's:
    /// for demonstrations, canaries and tests. Where there are [`Declaration::keywords`], one
    /// must be put before it.
    pub fn example(&self, seed: u64) -> String {
        example::example(self, seed)
    }

    /// Values that look like this format and that the detector must leave alone; none where the
    /// format is no pattern.
    pub fn near_misses(&self, seed: u64) -> Vec<String> {
        misses::misses(self, seed)
    }
}

/// Declares a credential format: name, what it finds, prefixes, parts, reference.
macro_rules! token {
    ($name:ident, $finds:literal, [$($prefix:literal),+], [$($part:expr),+ $(,)?], $reference:literal) => {
        $crate::detectors::token!($name, $finds, [$($prefix),+], const { &[$($part),+] }, $reference)
    };
    ($name:ident, $finds:literal, [$($prefix:literal),+], $parts:expr, $reference:literal) => {
        $crate::detectors::Declaration::new(
            stringify!($name),
            concat!("secret.", stringify!($name)),
            $finds,
            $crate::detectors::Form::Token { prefixes: &[$($prefix),+], parts: $parts },
            $reference,
        )
    };
}

/// Declares a credential format that only the name of its issuer before it tells from others.
macro_rules! keyed {
    ($name:ident, $finds:literal, [$($word:literal),+], [$($part:expr),+ $(,)?], $reference:literal) => {
        $crate::detectors::keyed!($name, $finds, [$($word),+], const { &[$($part),+] }, $reference)
    };
    ($name:ident, $finds:literal, [$($word:literal),+], $parts:expr, $reference:literal) => {
        $crate::detectors::Declaration::new(
            stringify!($name),
            concat!("secret.", stringify!($name)),
            $finds,
            $crate::detectors::Form::Bare { parts: $parts },
            $reference,
        )
        .confidence(0.8)
        .keywords(&[$($word),+])
    };
}

/// Declares a credential format without a prefix.
macro_rules! bare {
    ($name:ident, $finds:literal, [$($part:expr),+ $(,)?], $reference:literal) => {
        $crate::detectors::Declaration::new(
            stringify!($name),
            concat!("secret.", stringify!($name)),
            $finds,
            $crate::detectors::Form::Bare { parts: const { &[$($part),+] } },
            $reference,
        )
    };
}
pub(crate) use {bare, keyed, token};

static CATALOGUE: LazyLock<Vec<Declaration>> = LazyLock::new(|| {
    [
        general::ALL,
        assigned::ALL,
        cloud::ALL,
        hosting::ALL,
        data::ALL,
        code::ALL,
        work::ALL,
        ai::ALL,
        ai_tools::ALL,
        chat::ALL,
        mail::ALL,
        service::ALL,
        money::ALL,
        watch::ALL,
        wallet::ALL,
        web::ALL,
        renewed::ALL,
        harm::ALL,
        generated::ALL,
        injection::ALL,
        names::ALL,
        smuggling::ALL,
        &personal::ALL.concat(),
    ]
    .concat()
});

/// Every detector that is built in.
pub fn catalogue() -> &'static [Declaration] {
    &CATALOGUE
}

#[cfg(test)]
mod tests;
