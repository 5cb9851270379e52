//! Reads declared keys out of a parsed file and the environment, and collects what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::declare::{Key, Shape};
use super::diagnostic::{Diagnostic, Origin};
use super::environment::{self, Environment};
use super::nearest::nearest;
use super::value::Value;

/// A value and where it was written.
#[derive(Clone)]
pub struct Node<'a> {
    /// `None` stands for a table that nobody wrote.
    pub value: Option<&'a DeValue<'a>>,
    pub origin: Origin,
}

impl Node<'_> {
    /// An empty table in the same place.
    pub fn emptied(&self) -> Node<'static> {
        Node { value: None, origin: self.origin.clone() }
    }

    /// The origin of a part of this value, which lies at `span`.
    fn origin_at(&self, span: std::ops::Range<usize>) -> Origin {
        match &self.origin {
            Origin::File(_) => Origin::File(span),
            other => other.clone(),
        }
    }
}

/// How far secrets are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Each is read, and a missing one is an error.
    Resolve,
    /// Only their places are read: for commands that need none.
    Leave,
}

#[derive(Clone, Copy)]
enum Step {
    Key(&'static Key),
    Item(usize),
}

/// The state of one reading.
pub struct Reader<'e> {
    pub environment: &'e Environment,
    pub secrets: Secrets,
    /// Relative paths of the file begin here.
    pub folder: PathBuf,
    pub diagnostics: Vec<Diagnostic>,
    /// Where each key's value was found, by the key's path such as `provider[0].name`.
    pub origins: BTreeMap<String, Origin>,
    root: &'static [Key],
    path: Vec<Step>,
    read_variables: BTreeSet<String>,
}

impl<'e> Reader<'e> {
    pub fn new(
        root: &'static [Key],
        environment: &'e Environment,
        secrets: Secrets,
        folder: &Path,
    ) -> Self {
        Self {
            environment,
            secrets,
            folder: folder.to_owned(),
            diagnostics: Vec::new(),
            origins: BTreeMap::new(),
            root,
            path: Vec::new(),
            read_variables: BTreeSet::new(),
        }
    }

    /// The path of the key that is being read.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(key.name),
                Step::Key(key) => path.extend([".", key.name]),
                Step::Item(place) => path.extend(["[", &place.to_string(), "]"]),
            }
        }
        path
    }

    fn variable(&self) -> String {
        let mut name = environment::PREFIX.to_owned();
        for step in &self.path {
            name.push('_');
            match step {
                Step::Key(key) => name.push_str(&key.name.to_ascii_uppercase()),
                Step::Item(place) => name.push_str(&place.to_string()),
            }
        }
        name
    }

    /// Notes that a variable of the environment had its use.
    pub fn variable_was_read(&mut self, name: &str) {
        self.read_variables.insert(name.to_owned());
    }

    /// Adds what is wrong with variables that no key asked for.
    pub fn check_variables(&mut self) {
        self.diagnostics.extend(self.environment.unread(&self.read_variables, self.root));
    }

    /// Reports what is wrong with `node` itself.
    pub fn invalid(&mut self, node: &Node<'_>, problem: &str) -> &mut Diagnostic {
        let message = format!("`{}` {problem}", self.path());
        self.report(Diagnostic::error(node.origin.clone(), message))
    }

    fn report(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.diagnostics.push(diagnostic);
        let last = self.diagnostics.len() - 1;
        &mut self.diagnostics[last]
    }

    /// Reports a value of the wrong type.
    pub fn wrong_type(&mut self, node: &Node<'_>, shape: &Shape) {
        let found = match node.value {
            Some(value) => with_article(value.type_str()),
            None => "a table",
        };
        let example = self.example();
        self.invalid(node, &format!("takes {}; this is {found}", shape.expects())).help = example;
    }

    /// Reports a key that must be there and is not; `node` is the table that should hold it.
    pub fn missing(&mut self, node: &Node<'_>) {
        let example = self.example();
        self.invalid(node, "is missing here").help = example;
    }

    /// "write, for example, `key = value`", from the declaration.
    fn example(&self) -> Option<String> {
        let key = self.path.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key),
            Step::Item(_) => None,
        })?;
        let value = key.example.or(key.default)?;
        Some(format!("write, for example: {} = {value}", key.name))
    }

    /// The text of a string value.
    pub fn text<'n>(&mut self, node: &Node<'n>, shape: &Shape) -> Option<&'n str> {
        let text = node.value.and_then(|value| value.as_str());
        if text.is_none() {
            self.wrong_type(node, shape);
        }
        text
    }

    /// One of a few words.
    pub fn word(
        &mut self,
        node: &Node<'_>,
        words: &'static [&'static str],
    ) -> Option<&'static str> {
        let expects = Shape::Scalar { expects: "a word", written: super::declare::Written::Text };
        let text = self.text(node, &expects)?;
        if let Some(word) = words.iter().find(|word| **word == text) {
            return Some(word);
        }
        let help = match nearest(text, words.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("write one of: {}", quoted(words)),
        };
        self.invalid(node, &format!("is one of {}; {text:?} is none of them", quoted(words)))
            .help = Some(help);
        None
    }

    /// Opens a table whose keys are `keys`; reports those that are not.
    pub fn table<'n>(&mut self, node: &Node<'n>, keys: &'static [Key]) -> Option<Table<'n>> {
        let table = match node.value {
            None => None,
            Some(DeValue::Table(table)) => Some(table),
            Some(_) => {
                self.wrong_type(node, &Shape::Table { about: "", keys });
                return None;
            }
        };
        for (name, _) in table.into_iter().flat_map(|table| table.iter()) {
            if !keys.iter().any(|key| key.name == name.get_ref()) {
                self.unknown(name.get_ref(), node.origin_at(name.span()), keys);
            }
        }
        Some(Table { node: node.clone(), table, keys: keys.iter() })
    }

    fn unknown(&mut self, name: &str, origin: Origin, keys: &'static [Key]) {
        let place = match self.path().as_str() {
            "" => "at the top of the file".to_owned(),
            path => format!("in `{path}`"),
        };
        let help = match nearest(name, keys.iter().map(|key| key.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => self.elsewhere(name).unwrap_or_else(|| {
                let names: Vec<_> = keys.iter().map(|key| key.name).collect();
                format!("the keys {place} are {}", names.join(", "))
            }),
        };
        let shown = model::clip(name, 64);
        self.report(
            Diagnostic::error(origin, format!("there is no key `{shown}` {place}")).help(help),
        );
    }

    /// A key of that very name in another section.
    fn elsewhere(&self, name: &str) -> Option<String> {
        let sections = self
            .root
            .iter()
            .filter(|section| section.shape.keys().iter().any(|key| key.name == name));
        let sections: Vec<_> = sections
            .map(|s| {
                if s.shape.is_repeated() {
                    format!("[[{}]]", s.name)
                } else {
                    format!("[{}]", s.name)
                }
            })
            .collect();
        (!sections.is_empty()).then(|| format!("`{name}` is a key of {}", sections.join(" and ")))
    }

    /// Reads one entry of a list.
    pub fn item<T: Value>(&mut self, place: usize, node: &Node<'_>) -> Option<T> {
        self.path.push(Step::Item(place));
        self.origins.insert(self.path(), node.origin.clone());
        let value = T::read(node, self);
        self.path.pop();
        value
    }

    /// The origin of an entry that only the environment speaks of, if it does.
    pub fn item_of_environment(&mut self, place: usize) -> Option<Origin> {
        let name = format!("{}_{place}", self.variable());
        self.environment.any_below(&name).then(|| Origin::Environment(name.into()))
    }
}

/// A table that is being read key by key, in the order of the declarations.
pub struct Table<'n> {
    node: Node<'n>,
    table: Option<&'n DeTable<'n>>,
    keys: std::slice::Iter<'static, Key>,
}

impl Table<'_> {
    /// Reads the next key: from the environment, or the file, or its default.
    pub fn next<T: Value>(&mut self, reader: &mut Reader<'_>) -> Option<T> {
        let key = self.keys.next()?;
        reader.path.push(Step::Key(key));
        let value = self.read(key, reader);
        reader.path.pop();
        value
    }

    fn read<T: Value>(&self, key: &'static Key, reader: &mut Reader<'_>) -> Option<T> {
        let name = reader.variable();
        let environment = reader.environment;
        let one = key.shape.keys().is_empty() || matches!(key.shape, Shape::Credential { .. });
        let set = environment.get(&name).filter(|_| one);
        if let Some(text) = set {
            reader.variable_was_read(&name);
            let value = environment::value(text, key.shape);
            return read(
                &Node { value: Some(&value), origin: Origin::Environment(name.into()) },
                reader,
            );
        }
        if let Some((written, value)) = self.table.and_then(|t| t.get_key_value(key.name)) {
            let span = if value.get_ref().is_table() { written.span() } else { value.span() };
            let origin = self.node.origin_at(span);
            return read(&Node { value: Some(value.get_ref()), origin }, reader);
        }
        if !key.shape.is_repeated() && !key.shape.keys().is_empty() && environment.any_below(&name)
        {
            return read(&Node { value: None, origin: Origin::Environment(name.into()) }, reader);
        }
        match key.default {
            Some(text) => default(text, reader),
            None => T::absent(&self.node, reader),
        }
    }
}

fn read<T: Value>(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<T> {
    reader.origins.insert(reader.path(), node.origin.clone());
    T::read(node, reader)
}

fn default<T: Value>(text: &'static str, reader: &mut Reader<'_>) -> Option<T> {
    match DeValue::parse(text) {
        Ok(value) => {
            T::read(&Node { value: Some(value.get_ref()), origin: Origin::Default }, reader)
        }
        Err(error) => {
            let nobody = Node { value: None, origin: Origin::Default };
            reader.invalid(&nobody, &format!("has a broken default: {}", error.message()));
            None
        }
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

fn with_article(kind: &str) -> &'static str {
    match kind {
        "string" => "a string",
        "integer" => "a whole number",
        "float" => "a decimal number",
        "boolean" => "true or false",
        "datetime" => "a date",
        "array" => "a list",
        _ => "a table",
    }
}
