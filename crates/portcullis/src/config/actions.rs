//! `inspect.actions`: a table whose keys are kinds and families of findings.

use std::collections::{BTreeMap, BTreeSet};

use inspect::{Action, CANARY, OWN_RECORD, OWN_WORD};
use toml::de::{DeTable, DeValue};

use super::declare::{Shape, Written};
use super::diagnostic::Origin;
use super::nearest::nearest;
use super::reader::{Node, Reader};
use super::value::Value;

/// Actions by kind (`secret.github_token`) or family (`secret`).
///
/// The point in a kind's name is also TOML's own: `pii.email = "mask"` and
/// `"pii.email" = "mask"` mean the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actions(pub BTreeMap<String, inspect::Actions>);

const CHOICES: &str = r#""allow", "mark", "tokenise", "mask-format", "mask" or "block""#;

/// Every action that a kind may have; `restore` is what placeholders do by themselves.
fn words() -> impl Iterator<Item = (&'static str, Action)> {
    Action::WORDS.into_iter().filter(|(_, action)| *action != Action::Restore)
}

impl Value for Actions {
    const SHAPE: Shape = Shape::Scalar {
        expects: "a table of kinds with \"allow\", \"mark\", \"tokenise\", \"mask-format\", \"mask\" or \"block\", each or by direction",
        written: Written::Table,
    };

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(DeValue::Table(table)) = node.value else {
            reader.wrong_type(node, &Self::SHAPE);
            return None;
        };
        let mut walk = Walk { reader, known: known(), found: BTreeMap::new(), failed: false };
        walk.table("", table, &node.origin);
        (!walk.failed).then_some(Self(walk.found))
    }
}

/// Every kind and family that the engine has a detector for.
fn known() -> BTreeSet<&'static str> {
    let own = [OWN_WORD, OWN_RECORD, CANARY];
    let kinds = inspect::catalogue().iter().map(|detector| detector.kind).chain(own);
    kinds.flat_map(|kind| [kind, kind.split('.').next().unwrap_or(kind)]).collect()
}

struct Walk<'r, 'e> {
    reader: &'r mut Reader<'e>,
    known: BTreeSet<&'static str>,
    found: BTreeMap<String, inspect::Actions>,
    failed: bool,
}

impl Walk<'_, '_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>, origin: &Origin) {
        for (key, value) in table.iter() {
            let name = match prefix {
                "" => key.get_ref().to_string(),
                prefix => format!("{prefix}.{}", key.get_ref()),
            };
            let at = |span| match origin {
                Origin::File(_) => Origin::File(span),
                other => other.clone(),
            };
            let node = Node { value: Some(value.get_ref()), origin: at(value.span()) };
            self.entry(&name, at(key.span()), &node);
        }
    }

    fn entry(&mut self, name: &str, at: Origin, node: &Node<'_>) {
        match node.value {
            Some(DeValue::Table(below)) if !is_directions(below) => {
                self.table(name, below, &node.origin);
            }
            // Which kinds of one's own there are is known once all of the section is read.
            _ if !self.known.contains(name) && !name.starts_with("own.") => {
                self.unknown(name, at);
            }
            Some(DeValue::Table(directions)) => self.directions(name, directions, node),
            _ => {
                if let Some(action) = self.action(name, node) {
                    // Towards the agent there is nobody yet who could put a value back.
                    let answer = if action == Action::Tokenise { Action::Mask } else { action };
                    let both = inspect::Actions { request: Some(action), answer: Some(answer) };
                    self.found.insert(name.to_owned(), both);
                }
            }
        }
    }

    fn directions(&mut self, name: &str, table: &DeTable<'_>, node: &Node<'_>) {
        let mut read = |direction: &str| {
            let value = table.get(direction)?;
            let origin = match node.origin {
                Origin::File(_) => Origin::File(value.span()),
                ref other => other.clone(),
            };
            self.action(
                &format!("{name}.{direction}"),
                &Node { value: Some(value.get_ref()), origin },
            )
        };
        let actions = inspect::Actions { request: read("request"), answer: read("answer") };
        if actions.answer == Some(Action::Tokenise) {
            self.failed = true;
            let problem = format!("can tokenise {name} in requests alone");
            self.reader.invalid(node, &problem).help = Some(format!(
                "write, for example: {name} = {{ request = \"tokenise\", answer = \"mask\" }}"
            ));
        }
        self.found.insert(name.to_owned(), actions);
    }

    fn action(&mut self, name: &str, node: &Node<'_>) -> Option<Action> {
        let word = node.value.and_then(DeValue::as_str);
        let action = words().find(|(known, _)| Some(*known) == word).map(|(_, action)| action);
        if action.is_none() {
            self.failed = true;
            let near = word.and_then(|word| nearest(word, words().map(|(known, _)| known)));
            let help = match near {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("write, for example: {name} = \"mask\""),
            };
            let problem = format!("takes {CHOICES} for {name}");
            self.reader.invalid(node, &problem).help = Some(help);
        }
        action
    }

    fn unknown(&mut self, name: &str, at: Origin) {
        self.failed = true;
        let help = match nearest(name, self.known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => "`portcullis inspect --detectors` lists all kinds".to_owned(),
        };
        let problem = format!("knows no detector for {:?}", model::clip(name, 64));
        self.reader.invalid(&Node { value: None, origin: at }, &problem).help = Some(help);
    }
}

/// Whether a table says what happens in each direction, rather than to each kind of a family.
fn is_directions(table: &DeTable<'_>) -> bool {
    table.iter().any(|(key, _)| matches!(key.get_ref().as_ref(), "request" | "answer"))
}
