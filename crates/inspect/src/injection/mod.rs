//! Whether a text gives orders to the model that reads it.
//!
//! A text is cut into sentences and overlapping windows, so that one planted line in a long page
//! stands out. Each is scored by a linear model over hashed words and letters ([`features`]) and
//! signs ([`Sign`]): who is spoken to, what is wanted, how it is dressed, where it stands. Where that
//! leaves doubt about material, the [`encoder`] reads the worst windows. Two channels, each with its weights and
//! its threshold: what a person types, and material that a tool, a page or a file brings.

mod doubt;
pub mod encoder;
pub mod features;
mod held;
mod lexicon;
mod linear;
mod marks;
mod memo;
mod reading;
mod seen;
mod sentences;

use std::ops::Range;
use std::sync::LazyLock;

pub use doubt::{Band, MAX_WINDOWS};
pub use lexicon::{Sign, Signs};
pub use linear::{Calibration, MAX_LENGTH, SUMMARY, TERMS, Weights, summary};
pub use reading::{Candidate, Reading, read};
pub use sentences::{MAX_SENTENCE_BYTES, WINDOW_BYTES, sentences, windows};

use crate::Origin;

static USER: &[u8] = include_bytes!("model/user.bin");
static TOOL: &[u8] = include_bytes!("model/tool.bin");

static MODELS: LazyLock<[Option<Weights<'static>>; 2]> =
    LazyLock::new(|| [Weights::parse(USER), Weights::parse(TOOL)]);

/// Whose words a model of its own is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// What a person types.
    User,
    /// Material, in which nobody has orders to give.
    Tool,
}

impl Channel {
    /// The channel of a text; none for what a model wrote.
    pub fn of(origin: Origin) -> Option<Self> {
        match origin {
            Origin::User => Some(Self::User),
            Origin::Model => None,
            _ => Some(Self::Tool),
        }
    }

    /// Where the linear model is unsure.
    pub fn band(self) -> Band {
        Band::around(self.threshold())
    }

    /// The kind of finding.
    pub fn kind(self) -> &'static str {
        match self {
            Self::User => crate::detectors::injection::USER,
            Self::Tool => crate::detectors::injection::TOOL,
        }
    }

    fn weights(self) -> Option<&'static Weights<'static>> {
        MODELS.get(self as usize).and_then(Option::as_ref)
    }

    /// The probability from which a text counts as an attack.
    pub fn threshold(self) -> f32 {
        self.weights().map_or(1.0, |weights| weights.calibration.threshold)
    }
}

/// How suspicious a text is, and because of what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// Calibrated: the share of such texts that are attacks, where half of all are.
    pub probability: f32,
    /// The bytes of the most suspicious sentence; empty if there is none.
    pub sentence: Range<usize>,
    pub signs: Signs,
}

/// The most signs that a reason names.
const MAX_REASONS: usize = 4;

impl Scored {
    /// What speaks for it, in words.
    pub fn reason(&self) -> String {
        let says =
            Sign::ALL.iter().rev().filter(|sign| self.signs.has(**sign)).map(|sign| sign.says());
        let says: Vec<&str> = says.filter(|says| !says.is_empty()).take(MAX_REASONS).collect();
        if says.is_empty() {
            "reads like a planted instruction".to_owned()
        } else {
            says.join(", ")
        }
    }
}

/// Judges a text: by the linear model, and by the encoder where that one is unsure.
pub fn score(origin: Origin, text: &str) -> Scored {
    judge(origin, text, true)
}

/// Judges a text by the linear model alone.
pub fn glance(origin: Origin, text: &str) -> Scored {
    judge(origin, text, false)
}

fn judge(origin: Origin, text: &str, twice: bool) -> Scored {
    let Some(channel) = Channel::of(origin) else { return Scored::default() };
    let Some(weights) = channel.weights() else { return Scored::default() };
    let weighed = Weighed::by(weights, Some(channel), text);
    let mut scored = weighed.scored(weights);
    let band = channel.band();
    if twice && band.contains(scored.probability) {
        let ranges = weighed.second(channel);
        let windows = ranges.into_iter().filter_map(|range| text.get(range));
        scored.probability = band.revised(channel, scored.probability, windows);
    }
    if channel == Channel::Tool && scored.probability < weights.calibration.threshold {
        return apart(weights, text).unwrap_or(scored);
    }
    scored
}

/// How certain it must be that words of material which signs hold together are an order: most that
/// are held so name functions and pages.
const SURE_OF_HELD: f32 = 0.97;

/// The worst of the words that signs hold together, if they are surely an order.
fn apart(weights: &Weights<'_>, text: &str) -> Option<Scored> {
    let scored = held::apart(text).into_iter().map(|(at, words)| {
        let scored = Weighed::by(weights, Some(Channel::Tool), &words).scored(weights);
        Scored { sentence: at + scored.sentence.start..at + scored.sentence.end, ..scored }
    });
    let worst = scored.max_by(|one, other| one.probability.total_cmp(&other.probability))?;
    (worst.probability >= SURE_OF_HELD).then_some(worst)
}

/// Judges a text by weights of one's own.
pub fn score_with(weights: &Weights<'_>, text: &str) -> Scored {
    Weighed::by(weights, None, text).scored(weights)
}

/// The windows and sentences that look most like an attack, the most suspicious first: for a second
/// judge that is too slow to read everything.
pub fn suspicious(origin: Origin, text: &str, most: usize) -> Vec<Range<usize>> {
    let Some(channel) = Channel::of(origin) else { return Vec::new() };
    let weights = channel.weights();
    weights.map_or_else(Vec::new, |weights| Weighed::by(weights, Some(channel), text).worst(most))
}

/// A text read, with the sum of each sentence's hashed features and the logit of each candidate.
struct Weighed {
    bytes: usize,
    reading: Reading,
    sums: Vec<i32>,
    logits: Vec<f32>,
}

impl Weighed {
    /// By a channel's own weights, what words weigh is remembered.
    fn by(weights: &Weights<'_>, memo: Option<Channel>, text: &str) -> Self {
        let (reading, sums) = sums(weights, memo, text);
        let logits = reading.candidates.iter().map(|one| logit(weights, &sums, one)).collect();
        Self { bytes: text.len(), reading, sums, logits }
    }

    fn scored(&self, weights: &Weights<'_>) -> Scored {
        let each = self.logits.iter().zip(&self.reading.candidates);
        let best = each.max_by(|(one, _), (other, _)| one.total_cmp(other));
        let summary = summary(self.logits.iter().copied(), self.bytes);
        let (Some((_, one)), Some(summary)) = (best, summary) else { return Scored::default() };
        let sum = |at: &usize| self.sums.get(*at).copied().unwrap_or_default();
        let alone = one.sentences.clone().max_by_key(sum);
        let sentence = alone.and_then(|at| self.reading.sentences.get(at).cloned());
        Scored {
            probability: weights.calibration.probability(&summary),
            sentence: sentence.unwrap_or_default(),
            signs: one.seen.signs,
        }
    }

    /// What a second reader is given: of material the worst windows, of what is typed their pages.
    fn second(&self, channel: Channel) -> Vec<Range<usize>> {
        let worst = self.worst(MAX_WINDOWS);
        match channel {
            Channel::Tool => worst,
            Channel::User => pages(&self.reading.sentences, &worst),
        }
    }

    /// The bytes of the most suspicious candidates, the worst first.
    fn worst(&self, most: usize) -> Vec<Range<usize>> {
        let mut order: Vec<(&f32, &Candidate)> =
            self.logits.iter().zip(&self.reading.candidates).collect();
        order.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        order.into_iter().take(most).map(|(_, one)| self.reading.range(one)).collect()
    }
}

/// So many bytes are read at once of what people type.
pub const PAGE_BYTES: usize = 600;

/// The parts of whole sentences, none longer than a page unless a sentence is, that hold the beginnings
/// of some ranges; in their order, each once.
pub fn pages(sentences: &[Range<usize>], of: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    for one in sentences {
        match all.last_mut() {
            Some(page) if one.end - page.start <= PAGE_BYTES => page.end = one.end,
            _ => all.push(one.clone()),
        }
    }
    let mut pages: Vec<Range<usize>> = Vec::new();
    for page in of.iter().filter_map(|one| all.iter().find(|page| page.contains(&one.start))) {
        if !pages.contains(page) {
            pages.push(page.clone());
        }
    }
    pages
}

fn logit(weights: &Weights<'_>, sums: &[i32], one: &Candidate) -> f32 {
    let sum = sums.get(one.sentences.clone()).unwrap_or_default().iter().sum();
    weights.logit(sum, &one.seen)
}

/// The text read, with the sum of each sentence's hashed features.
fn sums(weights: &Weights<'_>, memo: Option<Channel>, text: &str) -> (Reading, Vec<i32>) {
    let mut sums: Vec<i32> = Vec::new();
    let reading = memo::with(memo, |mut memo| {
        reading::read_with(text, |at, sentence| {
            let mut weighing = memo::Weighing::new(weights, memo.as_deref_mut());
            let seen = features::read(sentence, &mut weighing);
            sums.resize(at, 0);
            sums.push(weighing.sum);
            seen
        })
    });
    sums.resize(reading.sentences.len(), 0);
    (reading, sums)
}

#[cfg(test)]
mod tests;
