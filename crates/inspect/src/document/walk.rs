//! Walks one JSON text and inspects every key and leaf of it.

use super::{
    Leaf, Observer,
    blob::{Media, may_be_media, names_media},
    edit::settle,
    marks::Marks,
    path::{Path, Tracker, clip},
    seams::{Pieces, TEXT_KEYS},
    string::Inspector,
};
use crate::json::{Error, Kind, Limits, Reader, Token};

/// What the members of an open object said so far.
#[derive(Default)]
struct Context {
    media: Media,
    /// Strings that are media if a member still to come says so.
    pending: u32,
}

/// State of the walk over one text.
struct Walk<'t> {
    text: &'t [u8],
    level: u8,
    tracker: Tracker,
    open: Vec<Context>,
    pieces: Pieces,
    /// Where keys start that held a finding.
    hidden: Vec<usize>,
    marks: Marks,
}

impl Inspector<'_> {
    /// Inspects a JSON text. Offsets in the result are those of `text`; edits are settled; paths
    /// are complete from this text inwards.
    pub(super) fn json<O: Observer>(
        &mut self,
        text: &[u8],
        level: u8,
        observer: &mut O,
    ) -> Result<Marks, Error> {
        let limits = Limits { unique_keys: self.limits.unique_keys && level == 0, ..self.limits };
        let mut reader = Reader::new(text, &limits);
        let mut walk = Walk {
            text,
            level,
            tracker: Tracker::default(),
            open: Vec::new(),
            pieces: Pieces::default(),
            hidden: Vec::new(),
            marks: Marks::default(),
        };
        while let Some(token) = reader.next()? {
            walk.tracker.before(&token);
            self.token(&mut walk, &token, observer);
            walk.tracker.after(&token);
        }
        self.seams(text, &walk.pieces, &mut walk.marks);
        let mut marks = walk.marks;
        settle(&mut marks.edits);
        if !marks.hits.is_empty() {
            name(text, &limits, &walk.hidden, level, &mut marks)?;
        }
        Ok(marks)
    }

    #[inline]
    fn token<O: Observer>(&mut self, walk: &mut Walk<'_>, token: &Token, observer: &mut O) {
        match token.kind {
            Kind::ObjectStart | Kind::ArrayStart => {
                walk.open.push(Context::default());
                walk.pieces.open();
            }
            Kind::ObjectEnd | Kind::ArrayEnd => walk.close(),
            Kind::Key => self.key_token(walk, token),
            Kind::String => self.string_token(walk, token),
            Kind::Number => {
                let text = walk.text.get(token.range.clone()).unwrap_or_default();
                self.number(text, token.range.start, &mut walk.marks);
            }
            Kind::True | Kind::False | Kind::Null => {}
        }
        if let Some(leaf) = leaf(walk.text, token) {
            observer.leaf(&walk.tracker.path(walk.text), leaf);
        }
    }

    fn key_token(&mut self, walk: &mut Walk<'_>, token: &Token) {
        let raw = walk.text.get(token.range.clone()).unwrap_or_default();
        let place = (raw, token.escaped, token.range.start);
        if self.decoded(place, &mut walk.marks, Self::key) {
            walk.hidden.push(token.range.start);
        }
    }

    fn string_token(&mut self, walk: &mut Walk<'_>, token: &Token) {
        let raw = walk.text.get(token.range.clone()).unwrap_or_default();
        let path = walk.tracker.path(walk.text);
        let key = path.key();
        let mut context = walk.open.last_mut();
        let mut media = context.as_ref().map_or(Media::Unknown, |context| context.media);
        if let (Some(key), Some(context)) = (&key, &mut context)
            && names_media(key)
        {
            if media == Media::Unknown {
                context.media = Media::from_name(raw);
            }
            media = Media::Unknown;
        }
        let uninspected = walk.marks.uninspected;
        let level = walk.level;
        let place = (raw, token.escaped, token.range.start);
        self.decoded(place, &mut walk.marks, |inspector, text| {
            inspector.string(text, level, media)
        });
        if let Some(context) = context
            && media == Media::Unknown
            && walk.marks.uninspected == uninspected
            && may_be_media(raw)
        {
            context.pending += 1;
        }
        if key.is_none_or(|key| TEXT_KEYS.contains(&&*key)) {
            walk.pieces.add(&path, token);
        }
    }
}

impl Walk<'_> {
    fn close(&mut self) {
        self.pieces.close();
        if let Some(context) = self.open.pop()
            && context.media == Media::Binary
        {
            self.marks.uninspected = self.marks.uninspected.saturating_add(context.pending);
        }
    }
}

/// Reads a text for the observer alone: nothing is inspected.
pub(super) fn observe<O: Observer>(
    text: &[u8],
    limits: &Limits,
    observer: &mut O,
) -> Result<(), Error> {
    let mut reader = Reader::new(text, limits);
    let mut tracker = Tracker::default();
    while let Some(token) = reader.next()? {
        tracker.before(&token);
        if let Some(leaf) = leaf(text, &token) {
            observer.leaf(&tracker.path(text), leaf);
        }
        tracker.after(&token);
    }
    Ok(())
}

#[inline]
fn leaf<'t>(text: &'t [u8], token: &Token) -> Option<Leaf<'t>> {
    let raw = text.get(token.range.clone())?;
    Some(match token.kind {
        Kind::String => Leaf::String { raw, escaped: token.escaped },
        Kind::Number => Leaf::Number(raw),
        Kind::True => Leaf::Bool(true),
        Kind::False => Leaf::Bool(false),
        Kind::Null => Leaf::Null,
        _ => return None,
    })
}

/// Gives every hit its path: one more pass over the text, made only when something was found, so
/// that a clean body pays nothing for paths.
fn name(
    text: &[u8],
    limits: &Limits,
    hidden: &[usize],
    level: u8,
    marks: &mut Marks,
) -> Result<(), Error> {
    let mut hits: Vec<_> = marks.hits.iter_mut().collect();
    hits.sort_by_key(|hit| hit.at);
    let mut hits = hits.into_iter().peekable();
    let mut reader = Reader::new(text, &Limits { unique_keys: false, ..*limits });
    let mut tracker = Tracker::default();
    while let Some(token) = reader.next()? {
        tracker.before(&token);
        while let Some(hit) = hits.next_if(|hit| hit.at <= token.range.start) {
            hit.path = join(&tracker.path(text), hidden, level, &hit.path);
        }
        tracker.after(&token);
    }
    Ok(())
}

/// The path of a leaf, and what leads on from there inside of it.
fn join(path: &Path<'_>, hidden: &[usize], level: u8, inner: &str) -> String {
    let path = path.render(hidden);
    let outer = match (level, path.as_bytes().first()) {
        (0, None) if inner.is_empty() => "$".to_owned(),
        (0, _) => path,
        (_, None | Some(b'[')) => format!("${path}"),
        _ => format!("$.{path}"),
    };
    clip(outer + inner)
}
