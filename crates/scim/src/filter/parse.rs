//! Reading filters: a descent of bounded depth over the grammar of RFC 7644, figure 1.

use serde_json::Value;

use super::test::{Operator, Test};
use super::{Filter, Node};
use crate::error::Result;
use crate::path::{Named, Path, named};
use crate::schema::Attribute;
use crate::{Kind, MAX_DEPTH, MAX_FILTER, MAX_TERMS, Resource, ScimError};

/// What names of attributes are looked up in.
#[derive(Clone, Copy)]
enum Scope {
    Resource(&'static Resource),
    /// Within the brackets after an attribute: its parts.
    Parts(&'static Attribute),
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    terms: usize,
    depth: usize,
}

pub(super) fn whole(resource: &'static Resource, text: &str) -> Result<Filter> {
    read(Scope::Resource(resource), text)
}

/// Reads what stands between the brackets after an attribute.
pub(crate) fn within(attribute: &'static Attribute, text: &str) -> Result<Filter> {
    read(Scope::Parts(attribute), text)
}

fn read(scope: Scope, text: &str) -> Result<Filter> {
    if text.len() > MAX_FILTER {
        return Err(wrong(format!("a filter has at most {MAX_FILTER} bytes")));
    }
    let mut parser = Parser { text, at: 0, terms: 0, depth: 0 };
    let node = parser.any(scope)?;
    parser.blanks();
    match parser.rest() {
        "" => Ok(Filter(node)),
        rest => Err(unexpected(rest)),
    }
}

fn wrong(detail: impl Into<String>) -> ScimError {
    ScimError::new(Kind::InvalidFilter, detail)
}

fn unexpected(rest: &str) -> ScimError {
    let shown: String = rest.chars().take(20).collect();
    match shown.is_empty() {
        true => wrong("the filter ends too early"),
        false => wrong(format!("the filter cannot go on with {shown:?}")),
    }
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }

    fn eat(&mut self, sign: char) -> bool {
        self.blanks();
        let is_there = self.rest().starts_with(sign);
        self.at += if is_there { sign.len_utf8() } else { 0 };
        is_there
    }

    /// A name or a word, without moving on.
    fn word(&mut self) -> &'t str {
        self.blanks();
        let rest = self.rest();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.:$".contains(c);
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    fn keyword(&mut self, wanted: &str) -> bool {
        let word = self.word();
        let is_there = word.eq_ignore_ascii_case(wanted);
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn any(&mut self, scope: Scope) -> Result<Node> {
        let mut all = vec![self.all(scope)?];
        while self.keyword("or") {
            all.push(self.all(scope)?);
        }
        Ok(joined(all, Node::Any))
    }

    fn all(&mut self, scope: Scope) -> Result<Node> {
        let mut all = vec![self.one(scope)?];
        while self.keyword("and") {
            all.push(self.one(scope)?);
        }
        Ok(joined(all, Node::All))
    }

    fn one(&mut self, scope: Scope) -> Result<Node> {
        if self.eat('(') {
            return self.grouped(scope, ')');
        }
        let word = self.word();
        let before = self.at;
        self.at += word.len();
        if word.eq_ignore_ascii_case("not") && self.eat('(') {
            return Ok(Node::Not(Box::new(self.grouped(scope, ')')?)));
        }
        self.at = before + word.len();
        if word.is_empty() {
            return Err(unexpected(self.rest()));
        }
        let path = match (scope, lookup(scope, word)) {
            (_, Named::Nothing | Named::NotKept) => None,
            (_, Named::Known(path)) => Some(path),
        };
        match (self.rest().starts_with('['), scope, path) {
            (true, Scope::Resource(_), path) => self.chosen(path),
            (true, Scope::Parts(_), _) => Err(wrong("there are no brackets within brackets")),
            (false, _, path) => self.term(path),
        }
    }

    /// What follows an opening bracket.
    fn grouped(&mut self, scope: Scope, end: char) -> Result<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(wrong(format!("brackets stand at most {MAX_DEPTH} deep")));
        }
        let inner = self.any(scope)?;
        self.depth -= 1;
        if self.eat(end) { Ok(inner) } else { Err(unexpected(self.rest())) }
    }

    fn chosen(&mut self, path: Option<Path>) -> Result<Node> {
        self.at += 1;
        let path = path.filter(|path| path.attribute.is_many && path.part.is_none());
        let path = path.ok_or_else(|| wrong("[ ] follows an attribute that has several values"))?;
        let inner = self.grouped(Scope::Parts(path.attribute), ']')?;
        Ok(Node::Value(path, Box::new(inner)))
    }

    fn term(&mut self, path: Option<Path>) -> Result<Node> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(wrong(format!("a filter has at most {MAX_TERMS} comparisons")));
        }
        if self.keyword("pr") {
            return Ok(path.map_or(Node::Never, Node::Present));
        }
        let word = self.word();
        let operator = Operator::parse(word).ok_or_else(|| unexpected(self.rest()))?;
        self.at += word.len();
        let value = self.value()?;
        let Some(path) = path else { return Ok(Node::Never) };
        let test = Test::new(path.compared(), operator, &value).map_err(wrong)?;
        Ok(Node::Test(path, test))
    }

    /// A JSON string, number, `true`, `false` or `null`.
    fn value(&mut self) -> Result<Value> {
        self.blanks();
        let rest = self.rest();
        let end = match rest.strip_prefix('"') {
            Some(text) => text_end(text).map(|end| end + 2),
            None => rest.find([' ', ')', ']']).or(Some(rest.len())),
        };
        let end = end.ok_or_else(|| wrong("a text is not closed by \""))?;
        let literal = rest.get(..end).unwrap_or_default();
        let value: Value = serde_json::from_str(literal).map_err(|_| unexpected(rest))?;
        self.at += end;
        match value {
            Value::Array(_) | Value::Object(_) => Err(unexpected(rest)),
            value => Ok(value),
        }
    }
}

/// Where the closing quote stands.
fn text_end(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

fn lookup(scope: Scope, word: &str) -> Named {
    match scope {
        Scope::Resource(resource) => named(resource, word),
        Scope::Parts(attribute) => {
            let part = attribute.part(word);
            part.map_or(Named::Nothing, |part| Named::Known(Path { attribute: part, part: None }))
        }
    }
}

fn joined(mut all: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    match (all.len(), all.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            all.extend(last);
            join(all)
        }
    }
}
