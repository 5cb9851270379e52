//! What a run came to.

use model::Timestamp;
use serde::Serialize;

/// Whether a control does what it is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// A canary went through the gate, and it did.
    Working,
    /// Configuration or policies have switched it off.
    Off,
    /// It let a canary through.
    Broken,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Off => "off",
            Self::Broken => "broken",
        }
    }
}

/// One control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Outcome {
    pub(crate) control: &'static str,
    pub(crate) state: State,
    /// What was seen.
    pub(crate) detail: String,
    /// What to do about it; nothing where all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remedy: Option<&'static str>,
}

impl Outcome {
    pub(crate) fn working(control: &'static str, detail: impl Into<String>) -> Self {
        Self { control, state: State::Working, detail: detail.into(), remedy: None }
    }

    pub(crate) fn off(
        control: &'static str,
        detail: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self { control, state: State::Off, detail: detail.into(), remedy: Some(remedy) }
    }

    pub(crate) fn broken(
        control: &'static str,
        detail: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self { control, state: State::Broken, detail: detail.into(), remedy: Some(remedy) }
    }
}

/// A whole run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// When it ended.
    pub(crate) time: Timestamp,
    pub(crate) took_ms: f64,
    /// The worst of all.
    pub(crate) state: State,
    pub(crate) controls: Vec<Outcome>,
}

impl Report {
    pub(crate) fn new(time: Timestamp, took: std::time::Duration, controls: Vec<Outcome>) -> Self {
        let state = controls.iter().map(|one| one.state).max().unwrap_or(State::Broken);
        Self { time, took_ms: took.as_micros() as f64 / 1e3, state, controls }
    }

    /// Something that was seen besides.
    pub(crate) fn add(&mut self, outcome: Option<Outcome>) {
        if let Some(one) = outcome {
            self.state = self.state.max(one.state);
            self.controls.push(one);
        }
    }

    /// Whether another run came to the same.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        let states = |report: &Self| -> Vec<_> {
            report.controls.iter().map(|one| (one.control, one.state)).collect()
        };
        states(self) == states(other)
    }

    /// The controls in a state.
    pub(crate) fn in_state(&self, state: State) -> impl Iterator<Item = &Outcome> {
        self.controls.iter().filter(move |one| one.state == state)
    }
}
