//! Asks the operator's own classifier about the texts of which our judge is unsure.
//!
//! It can make a finding of what our judge let pass, and none of what our judge found undone: whoever
//! is sure stays in charge.

use bytes::Bytes;
use http_body_util::Full;
use inspect::injection::{Channel, MAX_WINDOWS, suspicious};
use inspect::{Direction, Engine, Origin};

use super::findings::Findings;
use super::judge::Judged;
use super::parts::Part;
use crate::classifier::{Classifier, MAX_PASSAGES, Passage, Unanswered};
use crate::net::upstream::Pool;

/// Whether our judge lets a text pass and is not sure.
pub(super) fn is_in_doubt(origin: Origin, probability: f32) -> bool {
    Channel::of(origin).is_some_and(|channel| {
        channel.band().contains(probability) && probability < channel.threshold()
    })
}

/// Asks about the worst windows of every text in doubt, the newest first; what counts joins the
/// findings.
pub(super) async fn ask(
    (classifier, pool): (&Classifier, &Pool<Full<Bytes>>),
    engine: &Engine,
    judged: &mut Judged,
    body: &[u8],
    findings: &mut Findings,
) -> Result<(), Unanswered> {
    let doubts = std::mem::take(&mut judged.doubts);
    let texts: Vec<(&Part, String)> = doubts.iter().filter_map(|part| said(part, body)).collect();
    let windows = |(at, (part, text)): (usize, &(&Part, String))| {
        let windows = suspicious(part.origin, text, MAX_WINDOWS).into_iter();
        windows.map(move |range| (at, range)).collect::<Vec<_>>()
    };
    let windows: Vec<_> = texts.iter().enumerate().flat_map(windows).take(MAX_PASSAGES).collect();
    let passage = |(at, range): &(usize, std::ops::Range<usize>)| {
        let (part, text) = texts.get(*at)?;
        Some(Passage { text: text.get(range.clone())?, source: part.origin })
    };
    let passages: Option<Vec<Passage<'_>>> = windows.iter().map(passage).collect();
    let passages = passages.unwrap_or_default();
    if passages.is_empty() {
        return Ok(());
    }
    let scores = classifier.scores(pool, &passages).await?;
    for (at, (part, _)) in texts.iter().enumerate() {
        let own = windows.iter().zip(&scores).filter(|((of, _), _)| *of == at);
        let worst = own.max_by(|(_, one), (_, other)| one.total_cmp(other));
        let Some(((_, range), score)) = worst.filter(|(_, s)| **s >= classifier.threshold) else {
            continue;
        };
        if let Some(one) = engine.instruction(part.origin, range.clone(), *score, REASON) {
            judged.hear(engine, Direction::Request, part, &one, body, findings);
        }
    }
    judged.settle();
    Ok(())
}

const REASON: &str = "the classifier of one's own takes it for an instruction";

fn said<'p>(part: &'p Part, body: &[u8]) -> Option<(&'p Part, String)> {
    let text = part.text(body);
    Some((part, std::str::from_utf8(&text.text).ok()?.to_owned()))
}
