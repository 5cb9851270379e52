//! The compiled detectors and the scan of a whole text.

pub(crate) mod addresses;
pub(crate) mod armour;
pub(crate) mod assignments;
pub(crate) mod coordinates;
mod figures;
pub(crate) mod hosts;
pub(crate) mod identifiers;
pub(crate) mod index;
pub(crate) mod machine_readable;
pub(crate) mod mnemonics;
mod named;
pub(crate) mod numbers;
mod passes;
pub(crate) mod phones;
mod records;
pub(crate) mod resolve;
mod sieve;
mod signs;
pub(crate) mod smuggling;
pub(crate) mod tokens;
mod views;
mod words;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem::Finder;
use model::Severity;

use crate::action::Action;
use crate::detectors::{Cargo, Form, catalogue};
use crate::fingerprint::{Fingerprint, FingerprintKey};
use crate::packages::Known;
use crate::settings::{
    CANARY, Judges, OWN_WORD, OwnDetector, Records, Settings, SettingsError, Words,
};
use crate::stream::Stream;
use assignments::Assigned;
use identifiers::Identifiers;
use index::{Format, Index};
pub(crate) use mnemonics::is_word as is_word_of_a_wallet;
use passes::Passes;
use records::OwnRecords;
use resolve::{Candidate, Resolver};
pub(crate) use sieve::Suspects;
pub(crate) use signs::Signs;
use words::OwnWords;

/// Which way a text travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Towards the upstream.
    Request,
    /// Towards the agent.
    Answer,
}

/// A detector of one engine: its place in the engine's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DetectorId(pub(crate) u16);

/// A value that was found. Offsets are bytes from the start of the text, or of the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub detector: DetectorId,
    pub range: Range<usize>,
    /// Of a credential, decoded; see [`Engine::fingerprint`].
    pub fingerprint: Option<Fingerprint>,
}

/// What an engine knows about one of its detectors.
#[derive(Clone, Debug)]
pub struct Detector {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) severity: Severity,
    pub(crate) confidence: f64,
    pub(crate) request: Action,
    pub(crate) answer: Action,
}

impl Detector {
    /// The detector's name, unique in the catalogue.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Family and name, such as `secret.github_token`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// 0 to 1: the share of such findings that are what they say.
    pub fn confidence(&self) -> f64 {
        self.confidence
    }

    /// What happens to a value found in this direction.
    pub fn action(&self, direction: Direction) -> Action {
        match direction {
            Direction::Request => self.request,
            Direction::Answer => self.answer,
        }
    }
}

/// Detectors compiled from [`Settings`]: immutable, shared by every request and stream.
#[derive(Debug)]
pub struct Engine {
    detectors: Vec<Detector>,
    pub(crate) index: Index,
    pub(crate) identifiers: Identifiers,
    pub(crate) rules: Rules,
    /// The operator's own words, and the canaries.
    pub(crate) words: Vec<OwnWords>,
    pub(crate) records: Vec<OwnRecords>,
    pub(crate) judges: Judges,
    /// Names of packages that generated code is held against.
    pub(crate) packages: Arc<Known>,
    fingerprint_key: Option<FingerprintKey>,
    /// Which passes report anything, by direction and level.
    passes: [[Passes; Level::COUNT]; 2],
}

/// Which detectors the passes report under.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) card: u16,
    pub(crate) iban: u16,
    pub(crate) mail: u16,
    pub(crate) author_mail: u16,
    pub(crate) phone: u16,
    pub(crate) url: u16,
    pub(crate) armour: u16,
    pub(crate) machine_readable: u16,
    pub(crate) mnemonic: u16,
    /// In the order of [`Cargo`].
    pub(crate) smuggled: [u16; 6],
    pub(crate) ip: u16,
    pub(crate) ip_private: u16,
    pub(crate) mac: u16,
    pub(crate) coordinates: u16,
    pub(crate) assigned: Assigned,
    pub(crate) begin: Finder<'static>,
    pub(crate) dashes: Finder<'static>,
}

const CARGO: [Cargo; 6] = [
    Cargo::Tags,
    Cargo::Selectors,
    Cargo::Manifest,
    Cargo::ZeroWidth,
    Cargo::Bidi,
    Cargo::Homoglyphs,
];

impl Rules {
    fn new() -> Self {
        let rule = |wanted: fn(&Form) -> bool| {
            catalogue().iter().position(|d| wanted(&d.form)).unwrap_or(usize::MAX) as u16
        };
        let smuggled = |cargo: Cargo| {
            let is_it = |form: &Form| matches!(form, Form::Smuggled(one) if *one == cargo);
            catalogue().iter().position(|d| is_it(&d.form)).unwrap_or(usize::MAX) as u16
        };
        Self {
            card: rule(|form| matches!(form, Form::Card)),
            iban: rule(|form| matches!(form, Form::Iban)),
            mail: rule(|form| matches!(form, Form::Mail)),
            author_mail: rule(|form| matches!(form, Form::AuthorMail)),
            phone: rule(|form| matches!(form, Form::Phone)),
            url: rule(|form| matches!(form, Form::UrlPassword)),
            armour: rule(|form| matches!(form, Form::PrivateKey)),
            ip: rule(|form| matches!(form, Form::Host)),
            ip_private: rule(|form| matches!(form, Form::PrivateHost)),
            mac: rule(|form| matches!(form, Form::Mac)),
            coordinates: rule(|form| matches!(form, Form::Coordinates)),
            machine_readable: rule(|form| matches!(form, Form::MachineReadable)),
            mnemonic: rule(|form| matches!(form, Form::Mnemonic)),
            smuggled: CARGO.map(smuggled),
            assigned: Assigned::new(|name| {
                catalogue().iter().position(|d| d.name == name).unwrap_or(usize::MAX) as u16
            }),
            begin: Finder::new(armour::BEGIN),
            dashes: Finder::new(armour::DASHES),
        }
    }
}

impl Engine {
    /// Checks the settings and compiles the detectors.
    pub fn compile(settings: &Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let described = |described: (Cow<'static, str>, Cow<'static, str>),
                         severity,
                         confidence,
                         defaults: [Action; 2]| {
            let (name, kind) = described;
            let [request, answer] = defaults;
            Detector {
                request: settings.action(&kind, Direction::Request, request),
                answer: settings.action(&kind, Direction::Answer, answer),
                name,
                kind,
                severity,
                confidence,
            }
        };
        let mut detectors: Vec<Detector> = catalogue()
            .iter()
            .map(|declared| {
                let names = (declared.name.into(), declared.kind.into());
                let defaults = [declared.request, declared.answer];
                described(names, declared.severity, declared.confidence, defaults)
            })
            .collect();
        let mut words = Vec::new();
        words.extend(OwnWords::compile(&settings.words, detectors.len() as u16)?);
        let names = ("own_word".into(), OWN_WORD.into());
        detectors.push(described(names, Severity::High, 1.0, [Action::Block; 2]));
        let canaries =
            Words { list: settings.canaries.clone(), ignore_case: false, whole_word: false };
        words.extend(OwnWords::compile(&canaries, detectors.len() as u16)?);
        let names = ("canary".into(), CANARY.into());
        detectors.push(described(names, Severity::Critical, 1.0, [Action::Block; 2]));
        let mut records = Vec::new();
        for own in &settings.records {
            if detectors.iter().any(|known| known.name == own.name) {
                return Err(SettingsError::twice(&own.name));
            }
            records.push(OwnRecords::new(&own.set, detectors.len() as u16));
            let names = (own.name.clone().into(), own.kind.clone().into());
            detectors.push(described(names, own.severity, Records::CONFIDENCE, [Action::Mask; 2]));
        }
        let formats = catalogue().iter().enumerate();
        let mut formats: Vec<_> = formats.filter_map(|(at, d)| Format::of(d, at as u16)).collect();
        for own in &settings.detectors {
            let refused = |problem| SettingsError::Detector { name: own.name.clone(), problem };
            formats.push(own.format(detectors.len() as u16).map_err(refused)?);
            if detectors.iter().any(|known| known.name == own.name) {
                return Err(SettingsError::twice(&own.name));
            }
            let names = (own.name.clone().into(), own.kind.clone().into());
            detectors.push(described(names, own.severity, own.confidence, [Action::Mask; 2]));
        }
        let (index, rules) = (Index::new(&formats), Rules::new());
        let identifiers = Identifiers::new(catalogue());
        let tokens: Vec<u16> = formats.iter().map(|format| format.rule).collect();
        let passes = Passes::by_level(&detectors, &rules, &tokens, &identifiers.rules);
        let judges = settings.judges;
        let engine = Self {
            detectors,
            index,
            identifiers,
            rules,
            words,
            records,
            judges,
            packages: settings.packages.clone(),
            fingerprint_key: settings.fingerprint_key.clone(),
            passes,
        };
        settings.detectors.iter().try_for_each(|own| engine.prove(own))?;
        Ok(engine)
    }

    /// Holds a detector of the operator's own to its examples.
    fn prove(&self, own: &OwnDetector) -> Result<(), SettingsError> {
        let finds = |text: &String| {
            let mut found = Vec::new();
            tokens::find(
                &self.index,
                text.as_bytes(),
                0,
                text.len(),
                Keywords::Required,
                &mut found,
            );
            found.iter().any(|found| self.detectors[usize::from(found.rule)].name == own.name)
        };
        let missed = own.examples.iter().position(|text| !finds(text));
        let wrong = own.near_misses.iter().position(finds);
        let problem = match (missed, wrong) {
            (Some(at), _) => {
                format!("does not find its example {}; change its pattern or the example", at + 1)
            }
            (None, Some(at)) => format!("finds its near miss {}; narrow its pattern", at + 1),
            (None, None) => return Ok(()),
        };
        Err(SettingsError::Detector { name: own.name.clone(), problem })
    }

    /// The detector of a match that this engine made.
    pub fn detector(&self, id: DetectorId) -> &Detector {
        &self.detectors[usize::from(id.0)]
    }

    /// Every detector, with its id.
    pub fn detectors(&self) -> impl Iterator<Item = (DetectorId, &Detector)> {
        self.detectors.iter().enumerate().map(|(at, detector)| (DetectorId(at as u16), detector))
    }

    /// Appends what is found in a whole text: sorted by start, not overlapping.
    pub fn scan(&self, direction: Direction, text: &[u8], out: &mut Vec<Match>) {
        if self.is_plainly_clean(text) {
            return;
        }
        let mut found = Vec::new();
        self.find(direction, Level::All, text, 0..text.len(), &mut Signs::all(), &mut found);
        let action = |rule| self.action(rule, direction);
        Resolver::default().resolve(&mut found, text.len(), action, out);
    }

    /// A scanner for one channel of text that arrives in pieces.
    pub fn stream(&self, direction: Direction) -> Stream {
        Stream::new(direction)
    }

    pub(crate) fn action(&self, rule: u16, direction: Direction) -> Action {
        self.detectors[usize::from(rule)].action(direction)
    }

    pub(crate) fn confidence(&self, rule: u16) -> f64 {
        self.detectors[usize::from(rule)].confidence
    }

    /// The passes that report anything at a level.
    #[inline]
    pub(crate) fn passes(&self, direction: Direction, level: Level) -> &Passes {
        &self.passes[direction as usize][level as usize]
    }

    pub(crate) fn is_enforced(&self, rule: u16, direction: Direction) -> bool {
        !self.action(rule, direction).passes()
    }

    /// Adds every candidate of a level that begins in the range. What begins there must end, or
    /// be dead, in `text`; what stands before the range is context.
    pub(crate) fn find(
        &self,
        direction: Direction,
        level: Level,
        text: &[u8],
        range: Range<usize>,
        signs: &mut Signs,
        found: &mut Vec<Candidate>,
    ) {
        let (from, to) = (range.start, range.end);
        if from >= to {
            return;
        }
        let before = found.len();
        let (rules, passes) = (&self.rules, self.passes(direction, level));
        let concerns = |rule: u16| level.includes(self.action(rule, direction));
        if passes.tokens && signs.long > from {
            tokens::find(&self.index, text, from, to, Keywords::Required, found);
        }
        let has_digits = signs.digits > from;
        if signs.figures > from {
            let wanted = if has_digits { passes.figures } else { passes.figures.without_digits() };
            self.find_figures(wanted, text, from..to, Keywords::Required, found);
        }
        if has_digits && passes.hosts {
            hosts::find(rules, text, from, to, found);
        }
        if passes.lines {
            machine_readable::find(rules, text, from, to, found);
        }
        if passes.phrases && signs.phrases > from {
            mnemonics::find(rules.mnemonic, text, from..to, mnemonics::GAP_BYTES, found);
        }
        if signs.at > from && passes.addresses {
            addresses::find(rules, text, from, to, found);
        }
        if signs.dash > from && passes.armour {
            armour::find(rules, text, from, to, found);
        }
        if signs.high > from && passes.smuggled {
            let wrapper = &mut signs.wrappers[level as usize];
            smuggling::find(rules, text, (from, to), wrapper, found);
        }
        if passes.assigned && assignments::is_near(signs.names, from) {
            assignments::find(rules, text, from, to, found);
        }
        for words in self.words.iter().filter(|words| concerns(words.rule())) {
            words.find(text, from, to, found);
        }
        for records in self.records.iter().filter(|records| concerns(records.rule())) {
            records.find(text, from, to, found);
        }
        if found.len() > before {
            self.name(text, &mut found[before..]);
            self.sort(direction, level, before, found);
        }
    }

    /// Names what was found in a text, where that is a credential.
    fn name(&self, text: &[u8], found: &mut [Candidate]) {
        for candidate in found.iter_mut().filter(|candidate| candidate.fingerprint.is_none()) {
            let value = text.get(candidate.start..candidate.end).unwrap_or_default();
            candidate.fingerprint = self.fingerprint(DetectorId(candidate.rule), value);
        }
    }

    /// What names a value in records in its place, so that two sightings of one can be told to be
    /// that. Only credentials have such names, and only where the settings hold a key.
    pub fn fingerprint(&self, detector: DetectorId, value: &[u8]) -> Option<Fingerprint> {
        let key = self.fingerprint_key.as_ref()?;
        let kind = self.detector(detector).kind();
        let is_credential = kind.starts_with("secret.") || kind == CANARY;
        is_credential.then(|| key.fingerprint(value))
    }

    /// Drops candidates of other levels from `before` on, then sorts all.
    fn sort(&self, direction: Direction, level: Level, before: usize, found: &mut Vec<Candidate>) {
        let mut at = 0;
        found.retain(|candidate| {
            at += 1;
            at <= before || level.includes(self.action(candidate.rule, direction))
        });
        resolve::sort(found, |rule| self.action(rule, direction), |rule| self.confidence(rule));
    }
}

/// Which detectors a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    All,
    /// Those that mask or block.
    Enforced,
    /// Those that only record.
    Recorded,
}

impl Level {
    pub(crate) const COUNT: usize = 3;
    const EACH: [Self; Self::COUNT] = [Self::All, Self::Enforced, Self::Recorded];

    fn includes(self, action: Action) -> bool {
        match self {
            Self::All => true,
            Self::Enforced => !action.passes(),
            Self::Recorded => action.passes(),
        }
    }
}

/// Whether the words are looked for that some formats want before a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keywords {
    Required,
    /// They are taken to be there.
    Assumed,
}
