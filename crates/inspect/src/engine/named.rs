//! Numbers that count only after a word, where that word is the name of a member: `{"ssn": 536221234}`.
//!
//! The name is read as if it stood before the value, as it is written and with its words apart.

use super::figures::Wanted;
use super::resolve::{Resolver, sort};
use super::{Direction, Engine, Keywords, Match};

/// Longer values are no number alone; what is in them has words of its own.
const VALUE_BYTES: usize = 64;

/// Shorter ones are none.
const MIN_VALUE: usize = 6;

/// The end of a name that is read; twice as much must be within reach of a value.
const NAME_BYTES: usize = 28;

impl Engine {
    /// What is read before the value of a member with this name; nothing if that says nothing of a
    /// number, or if the value is none by its length or for want of digits.
    #[inline]
    pub(crate) fn said_by_name(&self, name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        let may_be_number = (MIN_VALUE..=VALUE_BYTES).contains(&value.len())
            && value.iter().filter(|byte| byte.is_ascii_digit()).count() >= MIN_VALUE / 2;
        if !may_be_number || name.is_empty() {
            return None;
        }
        let name = &name[name.len().saturating_sub(NAME_BYTES)..];
        let apart = apart(name);
        let context = &self.identifiers.context;
        let is_said = context.ends(&apart) || context.ends(without_count(name));
        is_said.then(|| [without_count(name), b" ", &apart, b": "].concat())
    }

    /// Appends the numbers in a value of which `said` stands before it; see [`Self::said_by_name`].
    pub(crate) fn scan_named(
        &self,
        direction: Direction,
        said: &[u8],
        value: &[u8],
        out: &mut Vec<Match>,
    ) {
        let text = [said, value].concat();
        let (from, to) = (said.len(), text.len());
        let mut found = Vec::new();
        self.find_figures(Wanted::NAMED, &text, from..to, Keywords::Required, &mut found);
        for candidate in &mut found {
            candidate.start -= from;
            candidate.end -= from;
        }
        let action = |rule| self.action(rule, direction);
        sort(&mut found, action, |rule| self.confidence(rule));
        Resolver::default().resolve(&mut found, value.len(), action, out);
    }
}

/// A name without the digits that count it: `phone_2`.
fn without_count(name: &[u8]) -> &[u8] {
    let is_count = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.' | b' ');
    let length = name.iter().rposition(|byte| !is_count(byte)).map_or(0, |last| last + 1);
    &name[..length]
}

/// The words of a name with blanks between them: `tax_id` and `taxId` are `tax id`.
fn apart(name: &[u8]) -> Vec<u8> {
    let name = without_count(name);
    let mut words = Vec::with_capacity(2 * name.len());
    for (at, byte) in name.iter().enumerate() {
        let before = name[..at].last().copied().unwrap_or(b' ');
        if byte.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            words.push(b' ');
        }
        words.push(if matches!(byte, b'_' | b'-' | b'.') { b' ' } else { *byte });
    }
    words.drain(..words.len().saturating_sub(NAME_BYTES));
    words
}

#[cfg(test)]
mod tests {
    use crate::{Direction, Engine, Settings};

    fn found(name: &str, value: &str) -> Vec<String> {
        let engine = Engine::compile(&Settings::default()).unwrap();
        let mut found = Vec::new();
        if let Some(said) = engine.said_by_name(name.as_bytes(), value.as_bytes()) {
            engine.scan_named(Direction::Request, &said, value.as_bytes(), &mut found);
        }
        found.iter().map(|m| engine.detector(m.detector).name().to_owned()).collect()
    }

    #[test]
    fn a_name_is_read_before_its_value() {
        for name in [
            "ssn",
            "SSN",
            "patient_ssn",
            "customerSsn",
            "social_security_number",
            "socialSecurityNumber",
            "social-security-no",
            "ssn_1",
        ] {
            assert_eq!(found(name, "536221234"), ["us_ssn"], "{name}");
        }
        assert_eq!(found("mobilePhone", "2125550187"), ["phone"]);
        assert_eq!(found("phone_number", "2125550187"), ["phone"]);
        assert_eq!(found("a_name_longer_than_what_is_read_of_it_ssn", "536221234"), ["us_ssn"]);
    }

    #[test]
    fn other_names_and_values_are_not() {
        for name in ["", "id", "count", "lesson", "ssn_last_modified", "phone_build", "assn"] {
            assert_eq!(found(name, "536221234"), [""; 0], "{name}");
        }
        for value in ["000221234", "53622", "536221234567", "five hundred"] {
            assert_eq!(found("ssn", value), [""; 0], "{value}");
        }
    }
}
