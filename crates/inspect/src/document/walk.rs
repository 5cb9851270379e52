//! Walks one JSON text and inspects every key and leaf of it.

use std::{borrow::Cow, ops::Range};

use super::{
    Leaf, Observer,
    blob::{self, Media},
    edit::settle,
    marks::Marks,
    members::Members,
    names::Name,
    path::{Path, Tracker, clip},
    seams::Pieces,
    string::Inspector,
};
use crate::engine::Suspects;
use crate::engine::assignments::{self, Meaning};
use crate::json::{Error, Kind, Limits, Reader, Token, decode};

/// An open array or object, and what its members said so far.
#[derive(Default)]
struct Context {
    is_array: bool,
    /// Tells it from every other of the text; from 1.
    serial: u32,
    /// What the last key says of the value that it names.
    name: Name,
    /// What it says of a secret in it.
    secret: Option<Meaning>,
    /// Where the key stands, and whether it holds escapes; of an array, where its own stands.
    key: Range<usize>,
    is_key_escaped: bool,
    /// What a member called `name` or `key` says of the one called `value`.
    named: Option<Meaning>,
    media: Media,
    /// Strings that are media if a member still to come says so.
    pending: u32,
}

/// State of the walk over one text.
struct Walk<'t> {
    text: &'t [u8],
    level: u8,
    suspects: Suspects,
    tracker: Tracker,
    open: Vec<Context>,
    /// How many arrays and objects there were.
    serial: u32,
    pieces: Pieces,
    members: Members,
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
            suspects: self.suspects(text),
            tracker: Tracker::default(),
            open: Vec::with_capacity(8),
            serial: 0,
            pieces: Pieces::default(),
            members: Members::default(),
            hidden: Vec::new(),
            marks: Marks::default(),
        };
        while let Some(token) = reader.next()? {
            walk.tracker.before(&token);
            self.token(&mut walk, &token, observer);
            walk.tracker.after(&token);
        }
        self.seams(text, &walk.pieces, walk.suspects.has_armour, &mut walk.marks);
        for chain in walk.members.into_chains() {
            self.seams(text, &chain, false, &mut walk.marks);
        }
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
            Kind::ObjectStart | Kind::ArrayStart => walk.open(token.kind == Kind::ArrayStart),
            Kind::ObjectEnd | Kind::ArrayEnd => walk.close(),
            Kind::Key => self.key_token(walk, token),
            Kind::String => {
                if !self.string_token(walk, token) && walk.level == 0 {
                    observer.layered(token.range.start);
                }
            }
            Kind::Number => self.number_token(walk, token),
            Kind::True | Kind::False | Kind::Null => {}
        }
        if let Some(leaf) = leaf(walk.text, token) {
            observer.leaf(&walk.tracker.path(walk.text), leaf);
        }
    }

    #[inline]
    fn number_token(&mut self, walk: &mut Walk<'_>, token: &Token) {
        let text = walk.text.get(token.range.clone()).unwrap_or_default();
        let said = self.scope.engine.said_by_name(&walk.key(), text);
        if walk.suspects.concern(&token.range, false) || said.is_some() {
            self.number(text, said.as_deref(), token.range.start, &mut walk.marks);
        }
    }

    #[inline]
    fn key_token(&mut self, walk: &mut Walk<'_>, token: &Token) {
        let raw = walk.text.get(token.range.clone()).unwrap_or_default();
        if let Some(context) = walk.open.last_mut() {
            context.name = Name::read(raw, token.escaped);
            (context.key, context.is_key_escaped) = (token.range.clone(), token.escaped);
            context.secret = match raw {
                b"value" => context.named,
                _ => assignments::meaning(raw),
            };
        }
        let is_suspect = walk.suspects.concern(&token.range, token.escaped);
        if is_suspect || (token.escaped && hides_characters(raw)) {
            let place = (raw, token.escaped, token.range.start);
            if self.decoded(place, &mut walk.marks, Self::key) {
                walk.hidden.push(token.range.start);
            }
        }
    }

    /// Gives whether it is known that nothing can be taken off.
    #[inline]
    fn string_token(&mut self, walk: &mut Walk<'_>, token: &Token) -> bool {
        let mut is_plain = true;
        let raw = walk.text.get(token.range.clone()).unwrap_or_default();
        let media = walk.media_of(raw);
        let secret = walk.secret_of(raw);
        let said = self.scope.engine.said_by_name(&walk.key(), raw);
        let is_suspect = walk.suspects.concern(&token.range, token.escaped);
        if is_suspect
            || (token.escaped && hides_characters(raw))
            || begins_json(raw)
            || blob::may_be(raw, media)
            || secret.is_some()
            || said.is_some()
        {
            is_plain = self.string_leaf(walk, token, media, (secret, said.as_deref()));
        }
        if let Some(group) = walk.text_group() {
            walk.pieces.add(token, group);
        }
        if walk.open.last().is_some_and(|context| !context.is_array) {
            walk.members.add(self.scope.engine, walk.text, token);
        }
        is_plain
    }

    fn string_leaf(
        &mut self,
        walk: &mut Walk<'_>,
        token: &Token,
        media: Media,
        (secret, said): (Option<Meaning>, Option<&[u8]>),
    ) -> bool {
        let raw = walk.text.get(token.range.clone()).unwrap_or_default();
        let (level, uninspected) = (walk.level, walk.marks.uninspected);
        let place = (raw, token.escaped, token.range.start);
        self.decoded(place, &mut walk.marks, |inspector, text| {
            let mut marks = inspector.string(text, level, media);
            if let Some(said) = said.filter(|_| !begins_json(raw)) {
                inspector.named(said, text, &mut marks);
            }
            match secret {
                Some(meaning) if marks.is_empty() => inspector.member(meaning, text),
                _ => marks,
            }
        });
        if let Some(context) = walk.open.last_mut()
            && media == Media::Unknown
            && walk.marks.uninspected == uninspected
            && blob::may_be_media(raw)
        {
            context.pending += 1;
        }
        self.was_plain
    }
}

impl Walk<'_> {
    fn open(&mut self, is_array: bool) {
        self.serial = self.serial.saturating_add(1);
        // What an array is called is what each of its items is.
        let around = self.open.last().filter(|_| is_array);
        let (key, is_key_escaped) =
            around.map_or((0..0, false), |around| (around.key.clone(), around.is_key_escaped));
        let serial = self.serial;
        self.open.push(Context { is_array, serial, key, is_key_escaped, ..Context::default() });
    }

    /// The key that names what is read, decoded; empty if there is none.
    #[inline]
    fn key(&self) -> Cow<'_, [u8]> {
        let Some(context) = self.open.last() else { return Cow::Borrowed(&[]) };
        let raw = self.text.get(context.key.clone()).unwrap_or_default();
        if context.is_key_escaped { decode(raw).text } else { Cow::Borrowed(raw) }
    }

    fn close(&mut self) {
        if let Some(context) = self.open.pop()
            && context.media == Media::Binary
        {
            self.marks.uninspected = self.marks.uninspected.saturating_add(context.pending);
        }
    }

    /// What the members beside a string said of it; remembers what the string says of them.
    #[inline]
    fn media_of(&mut self, raw: &[u8]) -> Media {
        let Some(context) = self.open.last_mut() else { return Media::Unknown };
        if context.name != Name::Media {
            return context.media;
        }
        if context.media == Media::Unknown {
            context.media = Media::from_name(raw);
        }
        Media::Unknown
    }

    /// What the name of a string says of a secret in it; remembers what the string says of the
    /// member beside it that is called `value`.
    #[inline]
    fn secret_of(&mut self, raw: &[u8]) -> Option<Meaning> {
        let context = self.open.last_mut()?;
        if context.name == Name::Naming {
            context.named = assignments::meaning(raw);
        }
        context.secret
    }

    /// The array whose texts the string is joined with closely, 0 for none; nothing if the string
    /// is no text.
    #[inline]
    fn text_group(&self) -> Option<u32> {
        let (context, around) = match self.open.as_slice() {
            [] => return Some(0),
            [context] => (context, None),
            [.., around, context] => (context, Some(around)),
        };
        let group = match around {
            Some(around) if context.is_array && around.name.is_text() => context.serial,
            Some(around) if context.name == Name::PartText && around.is_array => around.serial,
            _ => 0,
        };
        (context.is_array || context.name.is_text()).then_some(group)
    }
}

/// Whether escapes stand for characters that could be part of a value, or seem to once resolved:
/// `\u0041`, `\/`, and `\\u0041`, too.
fn hides_characters(raw: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', raw).any(|at| matches!(raw.get(at + 1), Some(b'u' | b'/')))
}

/// Whether a string may be JSON itself: it begins with a bracket after white space.
fn begins_json(raw: &[u8]) -> bool {
    let mut rest = raw;
    loop {
        match rest {
            [b' ', after @ ..] | [b'\\', b'n' | b't' | b'r' | b'f', after @ ..] => rest = after,
            [first, ..] => return matches!(first, b'{' | b'['),
            [] => return false,
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
