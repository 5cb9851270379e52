//! Labelled texts that are given by argument.

use std::ops::Range;
use std::path::Path;

use inspect::Engine;
use serde::Deserialize;

use super::{Tallies, find};
use crate::rows;

#[derive(Deserialize)]
struct Row {
    text: String,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    r#type: String,
    start: usize,
    end: usize,
}

/// Types of labels that have a form, and the kinds that stand for them.
const TYPES: [(&str, &[&str]); 7] = [
    ("CREDIT_CARD", &["pii.payment_card"]),
    ("IBAN_CODE", &["pii.iban"]),
    ("US_SSN", &["pii.us_ssn", "pii.us_itin"]),
    ("PHONE_NUMBER", &["pii.phone"]),
    ("EMAIL_ADDRESS", &["pii.email", "pii.author_email"]),
    ("IP_ADDRESS", &["pii.ip_address", "pii.ip_private"]),
    ("US_DRIVER_LICENSE", &["pii.driving_licence"]),
];

pub(super) fn run(engine: &Engine, file: &Path, show: bool) -> anyhow::Result<Tallies> {
    let mut tallies = Tallies::new();
    for row in rows::read::<Row>(file)? {
        let places: Vec<usize> =
            row.text.char_indices().map(|(at, _)| at).chain([row.text.len()]).collect();
        let bytes = |span: &Span| Some(*places.get(span.start)?..*places.get(span.end)?);
        let mut found = find(engine, &row.text);
        found.retain(|(kind, _)| TYPES.iter().any(|(_, kinds)| kinds.contains(kind)));
        for span in &row.spans {
            let Some((name, kinds)) = TYPES.iter().find(|(name, _)| *name == span.r#type) else {
                continue;
            };
            let Some(range) = bytes(span) else { continue };
            let tally = tallies.entry((*name).to_owned()).or_default();
            let half = range.len().div_ceil(2);
            let hit = found
                .iter()
                .position(|(kind, m)| kinds.contains(kind) && overlap(&range, &m.range) >= half);
            match hit {
                Some(at) => {
                    tally.found += 1;
                    found.remove(at);
                }
                None => {
                    tally.missed += 1;
                    if show {
                        println!(
                            "missed {name}: {:?}",
                            row.text.get(range.start.saturating_sub(20)..range.end)
                        );
                    }
                }
            }
        }
        for (kind, m) in found {
            let name = TYPES.iter().find(|(_, kinds)| kinds.contains(&kind));
            if let Some((name, _)) = name {
                tallies.entry((*name).to_owned()).or_default().wrong += 1;
                if show {
                    println!("wrong {name}: {:?}", row.text.get(m.range.clone()));
                }
            }
        }
    }
    Ok(tallies)
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> usize {
    a.end.min(b.end).saturating_sub(a.start.max(b.start))
}
