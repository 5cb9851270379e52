//! What was agreed of a tool, a prompt or a resource, and what its server says of it now.
//!
//! The first description is the pin, or waits for a person, as configuration says. From then on the
//! tool can be used only while its server says the same; anything else holds it until a person has
//! looked at the difference. A server that goes back to what was pinned while a change waits is not
//! let off: it says one thing to one agent and another to the next.

use model::{AgentName, ServerName};

use super::tool::Definition;

/// When a description is agreed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PinMode {
    /// When it is first seen, unless something is found in it.
    #[default]
    FirstSight,
    /// When a person has accepted it.
    Review,
}

/// A tool, prompt or resource that the gate has seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Pin {
    pub server: ServerName,
    /// Its name: see [`Sort`](super::sort::Sort).
    pub tool: String,
    /// Grows with each change, so that of two writers the second notices.
    pub revision: u64,
    /// What was agreed to.
    pub accepted: Option<Definition>,
    /// What is said instead, until a person decides.
    pub offered: Option<Offer>,
}

/// A description that nobody has agreed to.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub definition: Definition,
    pub why: Why,
    /// Kinds of finding in it.
    pub findings: Vec<String>,
    /// Who was offered it first, unless it was once agreed to.
    pub agent: Option<AgentName>,
    /// Somebody else was told what was agreed to, while this was offered.
    pub differs: bool,
    /// A person said no to it.
    pub is_rejected: bool,
}

/// Why it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// New, and configuration wants a person to look.
    New,
    /// New, and something was found in it.
    Poisoned,
    Changed,
}

impl Why {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Poisoned => "poisoned",
            Self::Changed => "changed",
        }
    }

    /// What that means, for the agent's developer.
    pub fn held(self) -> &'static str {
        match self {
            Self::New => "it is new, and a person has to accept it first",
            Self::Poisoned => {
                "its description speaks to the model, and a person has to look at it first"
            }
            Self::Changed => {
                "its server has changed it, and a person has to accept the change first"
            }
        }
    }

    pub fn of(text: &str) -> Option<Self> {
        [Self::New, Self::Poisoned, Self::Changed].into_iter().find(|why| why.as_str() == text)
    }
}

/// A description that an agent was just given.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub server: &'a ServerName,
    pub agent: &'a AgentName,
    pub definition: &'a Definition,
    pub findings: &'a [String],
    pub mode: PinMode,
}

impl Pin {
    /// The pin after a description was seen; nothing where it stays as it is.
    pub fn after(before: Option<&Self>, seen: &Seen<'_>) -> Option<Self> {
        match before {
            None => Some(Self::first(seen)),
            Some(pin) => pin.again(seen),
        }
    }

    fn first(seen: &Seen<'_>) -> Self {
        let why = match (seen.findings.is_empty(), seen.mode) {
            (false, _) => Some(Why::Poisoned),
            (true, PinMode::Review) => Some(Why::New),
            (true, PinMode::FirstSight) => None,
        };
        let mut pin = Self {
            server: seen.server.clone(),
            tool: seen.definition.name.clone(),
            revision: 1,
            accepted: None,
            offered: None,
        };
        match why {
            Some(why) => pin.offered = Some(Offer::new(seen, why)),
            None => pin.accepted = Some(seen.definition.clone()),
        }
        pin
    }

    fn again(&self, seen: &Seen<'_>) -> Option<Self> {
        let hash = seen.definition.hash;
        let is_agreed = self.accepted.as_ref().is_some_and(|accepted| accepted.hash == hash);
        let is_unlisted = self.accepted.as_ref().is_some_and(Definition::is_unlisted);
        if is_unlisted && !is_agreed && self.offered.is_none() {
            // It was read before anything was said of it: this is the first description.
            return Some(Self { revision: self.revision + 1, ..Self::first(seen) });
        }
        let offered = match &self.offered {
            Some(offer) if is_agreed && offer.is_rejected => None,
            Some(offer) if is_agreed && !offer.differs => {
                Some(Offer { differs: true, ..offer.clone() })
            }
            Some(_) if is_agreed => return None,
            None if is_agreed => return None,
            Some(offer) if offer.definition.hash == hash => return None,
            _ => {
                let why = if self.accepted.is_some() { Why::Changed } else { Offer::first(seen) };
                Some(Offer::new(seen, why))
            }
        };
        Some(Self { revision: self.revision + 1, offered, ..self.clone() })
    }

    /// Whether it may be listed and called.
    pub fn is_usable(&self) -> bool {
        self.accepted.is_some() && self.offered.is_none()
    }

    /// Why it may not, for the agent's developer.
    pub fn held_because(&self) -> Option<&'static str> {
        let offer = self.offered.as_ref()?;
        Some(match offer.why {
            _ if offer.is_rejected => "a person has rejected what its server says of it now",
            _ if offer.differs => "its server says different things of it to different agents",
            why => why.held(),
        })
    }
}

impl Offer {
    fn new(seen: &Seen<'_>, why: Why) -> Self {
        Self {
            definition: seen.definition.clone(),
            why,
            findings: seen.findings.to_vec(),
            agent: Some(seen.agent.clone()),
            differs: false,
            is_rejected: false,
        }
    }

    /// Why another first description waits.
    fn first(seen: &Seen<'_>) -> Why {
        if seen.findings.is_empty() { Why::New } else { Why::Poisoned }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Case {
        server: ServerName,
        agent: AgentName,
        mode: PinMode,
        findings: Vec<String>,
    }

    impl Case {
        fn new() -> Self {
            Self {
                server: ServerName::new("s").unwrap(),
                agent: AgentName::new("a").unwrap(),
                mode: PinMode::FirstSight,
                findings: Vec::new(),
            }
        }

        fn sees(&self, before: Option<&Pin>, text: &str) -> Option<Pin> {
            let definition = Definition::read(&json!({"name": "t", "description": text})).unwrap();
            let seen = Seen {
                server: &self.server,
                agent: &self.agent,
                definition: &definition,
                findings: &self.findings,
                mode: self.mode,
            };
            Pin::after(before, &seen)
        }
    }

    #[test]
    fn the_first_description_is_the_pin_and_the_same_changes_nothing() {
        let case = Case::new();
        let pin = case.sees(None, "one").unwrap();
        assert!(pin.is_usable() && pin.held_because().is_none());
        assert_eq!(case.sees(Some(&pin), "one"), None);
    }

    #[test]
    fn review_and_findings_hold_the_first_description() {
        let review = Case { mode: PinMode::Review, ..Case::new() };
        assert_eq!(review.sees(None, "one").unwrap().offered.unwrap().why, Why::New);
        let poisoned = Case { findings: vec!["tool.poisoned_description".into()], ..Case::new() };
        let pin = poisoned.sees(None, "one").unwrap();
        assert_eq!(pin.offered.as_ref().unwrap().why, Why::Poisoned);
        // Saying something else does not wash it clean.
        let again = Case::new().sees(Some(&pin), "two").unwrap();
        assert!(!again.is_usable());
    }

    #[test]
    fn a_change_holds_it_and_taking_it_back_does_not_free_it() {
        let case = Case::new();
        let pin = case.sees(None, "one").unwrap();
        let held = case.sees(Some(&pin), "two").unwrap();
        assert_eq!(held.offered.as_ref().unwrap().why, Why::Changed);
        assert!(!held.is_usable() && held.revision == 2);
        assert_eq!(case.sees(Some(&held), "two"), None);
        let back = case.sees(Some(&held), "one").unwrap();
        assert!(back.offered.as_ref().unwrap().differs && !back.is_usable());
        assert_eq!(case.sees(Some(&back), "one"), None);
        let third = case.sees(Some(&back), "three").unwrap();
        assert!(!third.offered.unwrap().differs);
    }

    #[test]
    fn what_was_read_before_it_was_listed_is_pinned_when_it_is_and_held_when_it_changes() {
        let case = Case::new();
        let see = |before: Option<&Pin>, definition: &Definition, findings: &[String]| {
            let (server, agent, mode) = (&case.server, &case.agent, case.mode);
            Pin::after(before, &Seen { server, agent, definition, findings, mode })
        };
        let listed = |text: &str| {
            let entry = json!({"uri": "a:b", "name": "n", "description": text});
            Definition::of(super::super::sort::Sort::Resource, &entry).unwrap()
        };
        let bare = Definition::unlisted("a:b").unwrap();
        assert!(bare.is_unlisted() && !listed("x").is_unlisted());
        let read = see(None, &bare, &[]).unwrap();
        assert!(read.is_usable());
        let pinned = see(Some(&read), &listed("one"), &[]).unwrap();
        assert!(pinned.is_usable() && pinned.revision == 2);
        assert!(!see(Some(&pinned), &listed("two"), &[]).unwrap().is_usable());
        let poisoned = see(Some(&read), &listed("one"), &["tool.poisoned_description".into()]);
        assert_eq!(poisoned.unwrap().offered.unwrap().why, Why::Poisoned);
    }

    #[test]
    fn what_was_rejected_is_over_when_the_server_goes_back() {
        let case = Case::new();
        let mut pin = case.sees(Some(&case.sees(None, "one").unwrap()), "two").unwrap();
        pin.offered.as_mut().unwrap().is_rejected = true;
        assert_eq!(case.sees(Some(&pin), "two"), None);
        assert!(case.sees(Some(&pin), "one").unwrap().is_usable());
    }
}
