//! Where each value of a call's arguments comes from.

use serde_json::Value;

use crate::arguments::{values, words};
use crate::block::{Fit, MIN_PIECE};
use crate::memory::{About, Name, Sighting};
use crate::needle::{GRAM, Needle};
use crate::normal::{begins, byte_at, is_word};
use crate::parts::parts;
use crate::{How, Integrity, Origin, Seen, Session, Traced, decode, naming};

/// Words to each side of a short value that say what it is.
const NEAR_WORDS: usize = 3;

/// Longer values are looked at here and there only, when pieces are looked for.
const MAX_PIECED: usize = 64;

/// In so many places.
const MAX_SAMPLES: usize = 16;

/// Values of one call that are cut anywhere.
const MAX_THOROUGH_VALUES: usize = 8;

/// Of a value in pieces, the share that untrusted content holds, in percent.
const PIECES_PERCENT: usize = 75;

/// Records of one value whose names are tried.
const MAX_NAMED_TRIES: usize = 8;

type Found = (Origin, Option<Seen>);

/// What is known of the place that a value is for.
#[derive(Clone, Copy)]
struct Asks<'a> {
    argument: &'a str,
    kind: Option<&'a str>,
}

impl Session {
    /// Traces every string and number in a call's arguments.
    pub fn trace(&self, arguments: &Value) -> Vec<Traced> {
        self.trace_kinds(arguments, |_| None).into_iter().map(|(traced, _)| traced).collect()
    }

    /// As [`Session::trace`], with the values, where a path may want an id of one kind.
    pub(crate) fn trace_kinds<'k>(
        &self,
        arguments: &Value,
        kind: impl Fn(&str) -> Option<&'k str>,
    ) -> Vec<(Traced, Option<String>)> {
        let mut thorough = MAX_THOROUGH_VALUES;
        let traced = values(arguments).into_iter().filter_map(|(path, text)| {
            let asks = Asks { argument: argument(&path), kind: kind(&path) };
            let (origin, seen) = match &text {
                Some(text) => self.origin(text, asks, &mut thorough)?,
                None => (Origin::Forgotten, None),
            };
            Some((Traced { path, origin, seen }, text))
        });
        traced.collect()
    }

    /// Where a link in a text comes from.
    pub(crate) fn link(&self, path: &str, link: Option<&str>) -> Traced {
        let asks = Asks { argument: argument(path), kind: None };
        let found = match link {
            // What is put together from pieces is held as unknown too: they are not worth their time.
            Some(link) => self.origin(link, asks, &mut 0).unwrap_or((Origin::Unknown, None)),
            None => (Origin::Forgotten, None),
        };
        Traced { path: path.to_owned(), origin: found.0, seen: found.1 }
    }

    /// Nothing where the value holds no letter and no digit.
    fn origin(&self, value: &str, asks: Asks<'_>, thorough: &mut usize) -> Option<Found> {
        let needle = Needle::new(value)?;
        let whole = self.whole(&needle, asks);
        if whole.0 != Origin::Unknown {
            return Some(whole);
        }
        let parts = parts(value).into_iter().filter_map(|part| Needle::new(&part));
        let parts: Vec<Found> = parts.map(|part| self.whole(&part, asks)).collect();
        if !parts.is_empty() && parts.iter().all(|(origin, _)| *origin < Origin::Unknown) {
            // Each part is known, but nobody put them together: the least sure of them counts, and
            // it counts as made up at best.
            return Some((Origin::Unknown, None));
        }
        let doubtful = parts.into_iter().filter(|(origin, _)| *origin > Origin::Unknown);
        if let Some((origin, seen)) = doubtful.max_by_key(|(origin, _)| *origin) {
            return Some((origin, seen.map(|seen| Seen { how: How::Part, ..seen })));
        }
        let views = decode::views(value);
        let views = views.iter().filter_map(|view| Needle::new(view));
        let views = views.map(|view| self.whole(&view, asks));
        let hidden = views.filter(|(origin, _)| *origin > Origin::Unknown).max_by_key(|(o, _)| *o);
        if let Some((origin, seen)) = hidden {
            return Some((origin, seen.map(|seen| Seen { how: How::Encoded, ..seen })));
        }
        if let Some(seen) = self.pieces(&needle, thorough) {
            return Some((Origin::Untrusted, Some(seen)));
        }
        let lost = self.memory.has_forgotten;
        Some((if lost { Origin::Forgotten } else { Origin::Unknown }, None))
    }

    /// A value as one, without looking into it.
    fn whole(&self, needle: &Needle, asks: Asks<'_>) -> Found {
        let said = self.said(needle, asks.argument);
        if said == Said::Clearly {
            return (Origin::User, None);
        }
        let (origin, seen) = self.returned(needle, asks);
        match (said, origin) {
            (Said::Perhaps, Origin::Unknown | Origin::Trusted) => (Origin::User, None),
            _ => (origin, seen),
        }
    }

    /// Whether the user said a value.
    fn said(&self, needle: &Needle, argument: &str) -> Said {
        let mut said = Said::Never;
        self.user.find(needle, |hit| {
            let clear = match hit.fit {
                Fit::Whole if !needle.is_short() => true,
                Fit::Whole => {
                    is_about(&words(argument), &self.user.around(hit.start, hit.end, NEAR_WORDS))
                }
                Fit::Part => false,
                Fit::Loose => return true,
            };
            said = if clear { Said::Clearly } else { Said::Perhaps };
            said != Said::Clearly
        });
        said
    }

    /// What tools returned of a value.
    fn returned(&self, needle: &Needle, asks: Asks<'_>) -> Found {
        let mut best: Option<(Origin, Sighting<'_>)> = None;
        let (mut tries, mut chosen) = (0, Vec::new());
        let names = |text: &str| self.names(text);
        let saw_all = self.memory.find(needle, |sighting| {
            let about = sighting.about;
            let is_untrusted = about.integrity == Integrity::Untrusted;
            let is_kind = |name: &Name| asks.kind.is_none() || name.kind.as_deref() == asks.kind;
            let vouches = sighting.is_all
                && sighting.fit == Fit::Whole
                && self.memory.name_of(about).is_some_and(is_kind);
            if !is_untrusted && !vouches {
                return true;
            }
            let mut is_named = || {
                tries += 1;
                tries <= MAX_NAMED_TRIES && sighting.is_named(&names)
            };
            let origin = match about.integrity {
                Integrity::Trusted | Integrity::Named if is_named() => Origin::Named,
                Integrity::Trusted if sighting.is_steered() => Origin::Mentioned,
                Integrity::Trusted => Origin::Trusted,
                Integrity::Untrusted if is_named() => Origin::Asked,
                Integrity::Named | Integrity::Untrusted => Origin::Untrusted,
            };
            if origin == Origin::Trusted && chosen.len() < MAX_NAMED_TRIES {
                chosen.push(sighting);
            }
            if best.is_none_or(|(known, _)| origin < known) {
                best = Some((origin, sighting));
            }
            origin != Origin::Named
        });
        let Some((origin, sighting)) = best else {
            return (if saw_all { Origin::Unknown } else { Origin::Forgotten }, None);
        };
        let by_name = || chosen.iter().find_map(|sighting| self.speaks_of_record(sighting, needle));
        match origin {
            Origin::Trusted => match self.mention(needle, asks) {
                // Of what was not looked at something may speak of it.
                None if !saw_all => (Origin::Mentioned, Some(self.seen(sighting.about))),
                mention => match mention.or_else(by_name) {
                    Some(about) => (Origin::Mentioned, Some(self.seen(about))),
                    None => (Origin::Trusted, Some(self.seen(sighting.about))),
                },
            },
            Origin::Mentioned => (origin, Some(self.place(sighting.about, How::Found))),
            _ => (origin, Some(self.seen(sighting.about))),
        }
    }

    /// Where untrusted content speaks of a value. That matters only where something else vouches for it, and
    /// so is looked for only then.
    fn mention(&self, needle: &Needle, asks: Asks<'_>) -> Option<&About> {
        let (mut mention, wanted) = (None, words(asks.argument));
        self.memory.find(needle, |sighting| {
            let about = sighting.about;
            if about.integrity == Integrity::Untrusted && speaks_of(&sighting, needle, &wanted) {
                mention = Some(about);
            }
            true
        });
        mention
    }

    /// Where untrusted content speaks of the record that a value stands in, among others, by a name
    /// that the user did not say.
    fn speaks_of_record(&self, sighting: &Sighting<'_>, value: &Needle) -> Option<&About> {
        let names = sighting.telling_names().filter_map(naming::plain).take(MAX_NAMED_TRIES);
        let mut names = names.map(|name| name.needle).filter(|name| name.text != value.text);
        names.find_map(|name| match self.said(&name, "") {
            Said::Never => self.memory.speaks_of(&name),
            _ => None,
        })
    }

    fn seen(&self, about: &About) -> Seen {
        self.place(about, if about.is_encoded { How::Encoded } else { How::Whole })
    }

    fn place(&self, about: &About, how: How) -> Seen {
        let name = self.memory.name_of(about);
        let (source, field) = name.map(|name| (name.source.clone(), name.field.clone())).unzip();
        Seen { source: source.unwrap_or_default(), field: field.unwrap_or_default(), how }
    }

    /// Where most of a value stands, piece by piece, in untrusted content.
    fn pieces(&self, needle: &Needle, thorough: &mut usize) -> Option<Seen> {
        if !self.labels().untrusted {
            return None;
        }
        let text = needle.text.as_bytes();
        if text.len() > MAX_PIECED {
            return self.samples(text);
        }
        let is_thorough = !text.contains(&b' ') && *thorough > 0;
        *thorough -= usize::from(is_thorough);
        let (mut at, mut covered, mut first) = (0, 0, None);
        while at < text.len() {
            let may_begin = is_word(byte_at(text, at)) && (is_thorough || begins(text, at));
            let stretch = match may_begin {
                true => self.memory.longest_untrusted(text, at, is_thorough),
                false => None,
            };
            match stretch.filter(|(length, _)| *length >= MIN_PIECE) {
                Some((length, about)) => {
                    covered += length;
                    first.get_or_insert(about);
                    at = after_word_bytes(text, at, length);
                }
                None => at += 1,
            }
        }
        let seen = self.place(&first?, How::Pieces);
        (covered * 100 >= needle.word_bytes * PIECES_PERCENT).then_some(seen)
    }

    /// The same of a long text, by places spread over it.
    fn samples(&self, text: &[u8]) -> Option<Seen> {
        let step = text.len().div_ceil(MAX_SAMPLES);
        let places = (0..text.len()).step_by(step);
        let words = places.filter_map(|from| (from..text.len()).find(|at| begins(text, *at)));
        let (mut tried, mut found, mut first) = (0, 0, None);
        for at in words {
            tried += 1;
            let stretch = self.memory.longest_untrusted(text, at, false);
            if let Some((_, about)) = stretch.filter(|(length, _)| *length >= GRAM) {
                found += 1;
                first.get_or_insert(about);
            }
        }
        let seen = self.place(&first?, How::Pieces);
        (found * 100 >= tried * PIECES_PERCENT).then_some(seen)
    }
}

/// Whether words around a value say that it is what an argument wants.
fn is_about(wanted: &[String], near: &[&[u8]]) -> bool {
    wanted.iter().any(|word| near.contains(&word.as_bytes()))
}

/// Whether a text speaks of a value that stands in it, rather than only being it. A short one is there
/// by chance, unless it stands next to a word of the argument's name.
fn speaks_of(sighting: &Sighting<'_>, needle: &Needle, wanted: &[String]) -> bool {
    let is_near = || is_about(wanted, &sighting.around(NEAR_WORDS));
    (sighting.about.is_encoded || !sighting.is_all) && (!needle.is_short() || is_near())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Never,
    /// So short that it may be chance, or inside something longer.
    Perhaps,
    Clearly,
}

/// The place behind so many bytes of words.
fn after_word_bytes(text: &[u8], at: usize, mut count: usize) -> usize {
    let mut end = at;
    for byte in text.get(at..).unwrap_or_default() {
        if count == 0 {
            break;
        }
        count -= usize::from(is_word(*byte));
        end += 1;
    }
    end
}

/// The argument that a path begins with.
pub(crate) fn argument(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or_default()
}
