//! What an operator may say about detection: actions per kind or family and direction, own words.

mod canary;
mod own;
mod records;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::action::Action;
use crate::detectors::{Form, catalogue};
use crate::engine::Direction;
use crate::fingerprint::FingerprintKey;
use crate::packages::Known;
pub use canary::{CANARY, MAX_CANARIES, MIN_CANARY_BYTES, canary};
pub use own::{MAX_DETECTORS, OwnDetector};
pub use records::{MAX_RECORD_SETS, OWN_RECORD, Records};

/// The kind under which findings of [`Settings::words`] are reported.
pub const OWN_WORD: &str = "own.word";

/// Own words, over all lists.
pub const MAX_WORDS: usize = 10_000;

/// Bytes of one own word. It bounds what a stream holds back for it.
pub const MAX_WORD_BYTES: usize = 256;

/// Actions of one kind or family; what is absent keeps its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actions {
    pub request: Option<Action>,
    pub answer: Option<Action>,
}

/// Words and phrases of the operator's own: project names, customers, code words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Words {
    /// Literal texts, each at most [`MAX_WORD_BYTES`] long.
    pub list: Vec<String>,
    /// Whether `Apollo` is also found as `APOLLO` and `apollo`.
    pub ignore_case: bool,
    /// Whether `cat` is left alone in `catalogue`.
    pub whole_word: bool,
}

impl Default for Words {
    fn default() -> Self {
        Self { list: Vec::new(), ignore_case: true, whole_word: true }
    }
}

/// Which judges of whole texts are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Judges {
    /// Instructions to the model in what a person says or a tool returns.
    pub injection: bool,
    /// Help towards weapons and malicious software.
    pub harm: bool,
    /// Dangerous code in what a model writes.
    pub code: bool,
    /// Names of people and places.
    pub names: bool,
    /// What has the form of a credential and cannot be one, in what an agent sends.
    pub lookalikes: bool,
}

impl Default for Judges {
    fn default() -> Self {
        Self { injection: true, harm: true, code: true, names: false, lookalikes: false }
    }
}

/// Settings of the detection engine. The default is what a company could start with: secrets,
/// cards and account numbers are masked, private keys and own words stop a request, addresses of
/// people are recorded only.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// By kind (`secret.github_token`) or family (`secret`); the kind wins over the family.
    pub actions: BTreeMap<String, Actions>,
    pub words: Words,
    pub judges: Judges,
    /// Values that were planted to be noticed: see [`canary`].
    pub canaries: Vec<String>,
    /// Formats of the operator's own.
    pub detectors: Vec<OwnDetector>,
    /// Records of the operator's own. Whoever reads the settings reads the sets and their key.
    #[serde(skip)]
    pub records: Vec<Records>,
    /// Names of packages that generated code is held against.
    #[serde(skip)]
    pub packages: Arc<Known>,
    /// With a key, found credentials have fingerprints.
    #[serde(skip)]
    pub fingerprint_key: Option<FingerprintKey>,
}

/// Why settings were refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingsError {
    #[error("no detector is called {name:?}; did you mean {nearest:?}?")]
    UnknownKind { name: String, nearest: String },
    #[error("own word {0} is empty; remove it")]
    EmptyWord(usize),
    #[error("own word {0} is longer than {MAX_WORD_BYTES} bytes; shorten it")]
    LongWord(usize),
    #[error("there are {0} own words; at most {MAX_WORDS} are possible")]
    ManyWords(usize),
    #[error("canary {0} has fewer than {MIN_CANARY_BYTES} bytes or more than {MAX_WORD_BYTES}")]
    Canary(usize),
    #[error("there are {0} canaries; at most {MAX_CANARIES} are possible")]
    ManyCanaries(usize),
    #[error("there are {0} detectors of your own; at most {MAX_DETECTORS} are possible")]
    ManyDetectors(usize),
    #[error("the detector {name:?} {problem}")]
    Detector { name: String, problem: String },
    #[error("there are {0} sets of records; at most {MAX_RECORD_SETS} are possible")]
    ManyRecordSets(usize),
    #[error("own words could not be compiled: {0}; use fewer or shorter ones")]
    Words(String),
}

impl SettingsError {
    /// Two detectors of one name.
    pub(crate) fn twice(name: &str) -> Self {
        Self::Detector { name: name.to_owned(), problem: "is there twice; rename one".to_owned() }
    }
}

impl Settings {
    /// These settings with every detector that would only note what it finds set to mask it.
    #[must_use]
    pub fn masking_all(&self) -> Self {
        let mut strict = self.clone();
        // A judged passage is no value that a text can do without.
        for declared in catalogue().iter().filter(|d| !matches!(d.form, Form::Judged)) {
            let at_least_mask = |direction, default| {
                Some(self.action(declared.kind, direction, default).max(Action::Mask))
            };
            let actions = Actions {
                request: at_least_mask(Direction::Request, declared.request),
                answer: at_least_mask(Direction::Answer, declared.answer),
            };
            strict.actions.insert(declared.kind.to_owned(), actions);
        }
        strict
    }

    /// The action for a kind: as set for it, as set for its family, or its default.
    pub(crate) fn action(&self, kind: &str, direction: Direction, default: Action) -> Action {
        let family = kind.split('.').next().unwrap_or(kind);
        let set = |name: &str| {
            let actions = self.actions.get(name)?;
            match direction {
                Direction::Request => actions.request,
                Direction::Answer => actions.answer,
            }
        };
        // An author's address is an address: what masks the one must not let the other pass.
        let broader = || set(broader_kind(kind)?);
        set(kind).or_else(broader).or_else(|| set(family)).unwrap_or(default)
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        for name in self.actions.keys() {
            if !self.known_names().any(|known| known == name) {
                let nearest = self.nearest(name).to_owned();
                return Err(SettingsError::UnknownKind { name: name.clone(), nearest });
            }
        }
        if self.words.list.len() > MAX_WORDS {
            return Err(SettingsError::ManyWords(self.words.list.len()));
        }
        for (index, word) in self.words.list.iter().enumerate() {
            if word.is_empty() {
                return Err(SettingsError::EmptyWord(index));
            }
            if word.len() > MAX_WORD_BYTES {
                return Err(SettingsError::LongWord(index));
            }
        }
        if self.detectors.len() > MAX_DETECTORS {
            return Err(SettingsError::ManyDetectors(self.detectors.len()));
        }
        if self.records.len() > MAX_RECORD_SETS {
            return Err(SettingsError::ManyRecordSets(self.records.len()));
        }
        self.records.iter().try_for_each(Records::check)?;
        if self.canaries.len() > MAX_CANARIES {
            return Err(SettingsError::ManyCanaries(self.canaries.len()));
        }
        let fits = |canary: &String| (MIN_CANARY_BYTES..=MAX_WORD_BYTES).contains(&canary.len());
        match self.canaries.iter().position(|canary| !fits(canary)) {
            Some(at) => Err(SettingsError::Canary(at)),
            None => Ok(()),
        }
    }

    /// Every kind and every family that settings may name.
    fn known_names(&self) -> impl Iterator<Item = &str> {
        let own = self.detectors.iter().map(|detector| detector.kind.as_str());
        let own = own.chain(self.records.iter().map(|records| records.kind.as_str()));
        let kinds = catalogue().iter().map(|declaration| declaration.kind).chain([CANARY]);
        let families = kinds.clone().filter_map(|kind| kind.split('.').next());
        kinds.chain(families).chain([OWN_WORD, OWN_RECORD, "own"]).chain(own)
    }

    fn nearest(&self, name: &str) -> &str {
        self.known_names().min_by_key(|known| distance(name, known)).unwrap_or(OWN_WORD)
    }
}

/// The kind whose action a narrower one follows while nothing is set for itself.
fn broader_kind(kind: &str) -> Option<&'static str> {
    (kind == "pii.author_email").then_some("pii.email")
}

/// Levenshtein's distance in bytes; the second text is one of ours and short.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, Match};

    fn settings(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    fn found<'e>(engine: &'e Engine, text: &str) -> Vec<(&'e str, Action)> {
        let mut found: Vec<Match> = Vec::new();
        engine.scan(Direction::Request, text.as_bytes(), &mut found);
        let detectors = found.iter().map(|m| engine.detector(m.detector));
        detectors.map(|d| (d.kind(), d.action(Direction::Request))).collect()
    }

    #[test]
    fn a_kind_wins_over_its_family_and_silence_keeps_the_default() {
        let settings = settings(
            "[actions.pii]\nrequest = \"block\"\n[actions.\"pii.email\"]\nrequest = \"mask\"",
        );
        let engine = Engine::compile(&settings).unwrap();
        assert_eq!(found(&engine, "a.b@c.example"), [("pii.email", Action::Mask)]);
        assert_eq!(found(&engine, "4111 1111 1111 1111"), [("pii.payment_card", Action::Block)]);
        let (_, mail) = engine.detectors().find(|(_, d)| d.kind() == "pii.email").unwrap();
        assert_eq!(mail.action(Direction::Answer), Action::Allow);
    }

    #[test]
    fn an_author_s_address_is_no_way_round_a_mask() {
        let text = "Signed-off-by: A. Writer <a.writer@firm.example>";
        let action = |toml: &str| {
            let engine = Engine::compile(&settings(toml)).unwrap();
            let found = found(&engine, text);
            assert_eq!((found.len(), found[0].0), (1, "pii.author_email"), "{toml}");
            found[0].1
        };
        assert_eq!(action(""), Action::Allow);
        for set in [Action::Mask, Action::Block] {
            let set_mail = format!("[actions.\"pii.email\"]\nrequest = \"{}\"", set.word());
            assert_eq!(action(&set_mail), set);
            assert_eq!(action(&format!("{set_mail}\n[actions.pii]\nrequest = \"allow\"")), set);
            let own = "[actions.\"pii.author_email\"]\nrequest = \"allow\"";
            assert_eq!(action(&format!("{set_mail}\n{own}")), Action::Allow);
        }
    }

    #[test]
    fn an_unknown_kind_names_the_nearest() {
        let error = Engine::compile(&settings("[actions.\"pii.emial\"]\nrequest = \"mask\""));
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "no detector is called \"pii.emial\"; did you mean \"pii.email\"?");
        assert!(toml::from_str::<Settings>("action = 1").is_err(), "an unknown key");
    }

    #[test]
    fn own_words_block_unless_told_otherwise() {
        let engine =
            Engine::compile(&settings("[words]\nlist = [\"Nightingale\", \"Übermut\"]")).unwrap();
        let blocked = [(OWN_WORD, Action::Block)];
        for text in ["project NIGHTINGALE, phase 2", "ÜBERMUT", "übermut"] {
            assert_eq!(found(&engine, text), blocked, "{text}");
        }
        assert_eq!(found(&engine, "nightingales"), []);
    }

    #[test]
    fn words_beyond_the_limits_are_refused() {
        let compile = |list: Vec<String>| {
            let words = Words { list, ..Words::default() };
            Engine::compile(&Settings { words, ..Settings::default() }).map(|_| ()).unwrap_err()
        };
        assert_eq!(compile(vec![String::new()]), SettingsError::EmptyWord(0));
        assert_eq!(compile(vec!["x".repeat(MAX_WORD_BYTES + 1)]), SettingsError::LongWord(0));
        let many = vec!["x".to_owned(); MAX_WORDS + 1];
        assert_eq!(compile(many), SettingsError::ManyWords(MAX_WORDS + 1));
    }
}
