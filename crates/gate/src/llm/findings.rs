//! Collecting findings into the record's form, within its bound.

use std::sync::Arc;

use inspect::document::Found;
use inspect::{Action, DetectorId, Direction, Engine, Fingerprint, Judgement, Match};
use model::{Finding, MAX_FINDINGS, clip};

/// A place in a payload is named in at most this many bytes.
const MAX_LOCATION: usize = 256;

/// What was seen, and how often; of credentials, which.
struct Sighting {
    detector: DetectorId,
    fingerprint: Option<Fingerprint>,
    count: u32,
}

impl Sighting {
    /// A passage has no name that it would be known by elsewhere.
    fn of(one: &Judgement) -> Self {
        Self { detector: one.detector, fingerprint: None, count: 1 }
    }
}

/// The findings of one action, in both directions.
#[derive(Default)]
pub struct Findings {
    list: Vec<Finding>,
    /// The strongest action that any of them asks for.
    strongest: Option<Action>,
    blocker: Option<Arc<str>>,
    /// Kinds whose action is to mark.
    marks: Vec<String>,
}

impl Findings {
    /// Notes what a whole text was found to hold.
    pub fn add_found(&mut self, engine: &Engine, found: &Found, direction: Direction) -> Action {
        let Found { detector, fingerprint, count, .. } = *found;
        self.add(engine, &Sighting { detector, fingerprint, count }, direction, &found.path)
    }

    /// Notes one match at a place.
    pub fn add_match(
        &mut self,
        engine: &Engine,
        found: &Match,
        direction: Direction,
        path: &str,
    ) -> Action {
        let Match { detector, fingerprint, .. } = *found;
        self.add(engine, &Sighting { detector, fingerprint, count: 1 }, direction, path)
    }

    /// Notes what was seen at a place, and what is to be done about it.
    fn add(
        &mut self,
        engine: &Engine,
        seen: &Sighting,
        direction: Direction,
        path: &str,
    ) -> Action {
        let detector = engine.detector(seen.detector);
        let action = detector.action(direction);
        self.note(engine, seen, direction, path);
        self.strongest = self.strongest.max(Some(action));
        if action == Action::Block && self.blocker.is_none() {
            self.blocker = Some(detector.kind().into());
        }
        if action == Action::Mark && !self.marks.iter().any(|kind| kind == detector.kind()) {
            self.marks.push(detector.kind().to_owned());
        }
        action
    }

    fn note(&mut self, engine: &Engine, seen: &Sighting, direction: Direction, path: &str) {
        let (detector, count) = (engine.detector(seen.detector), seen.count);
        let fingerprint = seen.fingerprint.map(|name| name.to_string());
        let side = match direction {
            Direction::Request => "request",
            Direction::Answer => "answer",
        };
        let location = clip(&format!("{side}:{path}"), MAX_LOCATION).to_owned();
        let same = |f: &&mut Finding| {
            &*f.detector == detector.name()
                && f.location == location
                && f.fingerprint == fingerprint
        };
        if let Some(found) = self.list.iter_mut().find(same) {
            found.count = found.count.saturating_add(count);
        } else if self.list.len() < MAX_FINDINGS {
            self.list.push(Finding {
                confidence: detector.confidence(),
                count,
                detector: detector.name().into(),
                fingerprint,
                kind: detector.kind().into(),
                severity: detector.severity(),
                location,
            });
        } else if let Some(last) = self.list.last_mut() {
            last.count = last.count.saturating_add(count);
        }
    }

    /// Notes what a judge found in a text at a place.
    pub fn add_judged(
        &mut self,
        engine: &Engine,
        one: &Judgement,
        direction: Direction,
        path: &str,
    ) -> Action {
        let place = format!("{path}@{}-{}", one.range.start, one.range.end);
        let before = self.list.len();
        let action = self.add(engine, &Sighting::of(one), direction, &place);
        self.rate(before, one);
        action
    }

    /// The same in a text that has left already: only what blocks can still have an effect.
    pub fn note_judged(
        &mut self,
        engine: &Engine,
        one: &Judgement,
        direction: Direction,
        path: &str,
    ) {
        let detector = engine.detector(one.detector);
        if !detector.action(direction).replaces() {
            self.add_judged(engine, one, direction, path);
            return;
        }
        let before = self.list.len();
        let place = format!("{path}@{}-{}", one.range.start, one.range.end);
        self.note(engine, &Sighting::of(one), direction, &place);
        self.rate(before, one);
    }

    /// A judge is as sure of each finding as it says.
    fn rate(&mut self, before: usize, one: &Judgement) {
        if let Some(added) = self.list.get_mut(before) {
            added.confidence = (one.confidence * 1000.0).round() / 1000.0;
        }
    }

    /// The kind of the first finding that forbids the payload.
    pub fn blocker(&self) -> Option<&str> {
        self.blocker.as_deref()
    }

    pub fn anything_masked(&self) -> bool {
        self.strongest.is_some_and(|action| action.replaces() && action != Action::Restore)
    }

    /// Each kind once, for the policies.
    pub fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = self.list.iter().map(|f| &*f.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// How often anything was found.
    pub fn total(&self) -> u64 {
        self.list.iter().map(|f| u64::from(f.count)).sum()
    }

    /// Labels that the findings put on the action.
    pub fn marks(&self) -> &[String] {
        &self.marks
    }

    pub fn as_slice(&self) -> &[Finding] {
        &self.list
    }

    pub fn extend(&mut self, other: Self) {
        self.strongest = self.strongest.max(other.strongest);
        self.blocker = self.blocker.take().or(other.blocker);
        self.marks.extend(other.marks);
        self.marks.sort_unstable();
        self.marks.dedup();
        let room = MAX_FINDINGS.saturating_sub(self.list.len());
        self.list.extend(other.list.into_iter().take(room));
    }
}
