//! The language of searches: `effect:deny agent:bot,other -label:test "no such model" since:7d`.
//!
//! Conditions stand beside one another, and all must hold. `field:value` names a field of the
//! record; several values with commas are alternatives; `*` at the end stands for anything; a `-`
//! before a condition turns it around. Numbers take `>`, `>=`, `<`, `<=` and `from..to`. Anything
//! else is words of the reason, the resource or the detail, in quotation marks or not.

use std::time::Duration;

use model::Timestamp;

use super::entry::{scaled, words};
use super::{Clause, Field, Filter, Form, Test};
use crate::{Result, StoreError};

/// The longest query, in bytes.
const MAX_QUERY: usize = 4_096;
/// Conditions of one query, and values of one condition.
const MAX_CONDITIONS: usize = 64;

fn wrong(what: impl Into<String>) -> StoreError {
    StoreError::Query(what.into())
}

impl Filter {
    /// Narrows it by a query. `now` is what `since:7d` counts back from.
    ///
    /// # Errors
    /// [`StoreError::Query`], which says what to write instead.
    pub fn narrow(&mut self, query: &str, now: Timestamp) -> Result<()> {
        if query.len() > MAX_QUERY {
            return Err(wrong(format!("a query has at most {MAX_QUERY} bytes")));
        }
        for condition in conditions(query)? {
            self.take(&condition, now)?;
            if self.clauses.len() > MAX_CONDITIONS {
                return Err(wrong(format!("a query has at most {MAX_CONDITIONS} conditions")));
            }
        }
        Ok(())
    }

    fn take(&mut self, condition: &Condition, now: Timestamp) -> Result<()> {
        match (condition.key.as_deref(), condition.is_negated) {
            (Some("since" | "until"), true) => Err(wrong("a moment cannot be turned around")),
            (Some("since"), false) => {
                let at = moment(condition.only()?, now)?;
                self.since = Some(self.since.map_or(at, |since| since.max(at)));
                Ok(())
            }
            (Some("until"), false) => {
                let at = moment(condition.only()?, now)?;
                self.until = Some(self.until.map_or(at, |until| until.min(at)));
                Ok(())
            }
            (key, is_negated) => {
                let test = match key {
                    None => word_test(condition.only()?)?,
                    Some(key) => test(key, &condition.values)?,
                };
                self.clauses.push(Clause { is_negated, test });
                Ok(())
            }
        }
    }
}

/// A moment: RFC 3339, or a span before now such as `7d`.
///
/// # Errors
/// [`StoreError::Query`]
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let span = span(text).ok_or_else(|| {
        wrong(format!(
            "a moment is written as 2026-11-23T14:00:00Z or as a span before now such as 90s, 30m, 12h, 7d or 4w; {text:?} is neither"
        ))
    })?;
    Ok(now.minus(span))
}

/// A span of time such as `90s` or `7d`.
pub fn span(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    let count: u32 = digits.parse().ok()?;
    Some(Duration::from_secs(u64::from(count) * seconds))
}

/// One condition, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Condition {
    is_negated: bool,
    key: Option<String>,
    values: Vec<String>,
}

impl Condition {
    fn only(&self) -> Result<&str> {
        match self.values.as_slice() {
            [one] => Ok(one),
            _ => Err(wrong("this takes one value; put commas in quotation marks")),
        }
    }
}

fn conditions(query: &str) -> Result<Vec<Condition>> {
    let mut rest = query.trim_start();
    let mut all = Vec::new();
    while !rest.is_empty() {
        let is_negated = rest.starts_with('-');
        let mut scan = Scan(if is_negated { &rest[1..] } else { rest });
        let (first, is_quoted) = scan.piece(&[':', ','])?;
        let key = (!is_quoted && scan.skip(':')).then(|| first.clone());
        let mut values = match key {
            Some(_) => vec![scan.piece(&[','])?.0],
            None => vec![first],
        };
        while scan.skip(',') {
            values.push(scan.piece(&[','])?.0);
        }
        if values.len() > MAX_CONDITIONS {
            return Err(wrong(format!("a condition has at most {MAX_CONDITIONS} values")));
        }
        if values.iter().any(String::is_empty) {
            return Err(wrong("a value is missing; an empty one matches nothing"));
        }
        // Words with commas between them are words.
        if key.is_none() && values.len() > 1 {
            values = vec![values.join(" ")];
        }
        all.push(Condition { is_negated, key, values });
        rest = scan.0.trim_start();
    }
    Ok(all)
}

/// The rest of a query.
struct Scan<'a>(&'a str);

impl Scan<'_> {
    fn skip(&mut self, mark: char) -> bool {
        let rest = self.0.strip_prefix(mark);
        rest.map(|rest| self.0 = rest).is_some()
    }

    /// A text in quotation marks, or up to the next blank or mark; and whether it was quoted.
    fn piece(&mut self, marks: &[char]) -> Result<(String, bool)> {
        if !self.skip('"') {
            let ends = |c: char| c.is_whitespace() || marks.contains(&c);
            let (piece, rest) = self.0.split_at(self.0.find(ends).unwrap_or(self.0.len()));
            self.0 = rest;
            return Ok((piece.to_owned(), false));
        }
        let mut piece = String::new();
        let mut all = self.0.char_indices();
        while let Some((at, c)) = all.next() {
            match c {
                '"' => {
                    self.0 = &self.0[at + 1..];
                    return Ok((piece, true));
                }
                '\\' => piece.extend(all.next().map(|(_, c)| c)),
                c => piece.push(c),
            }
        }
        Err(wrong("a quotation mark is not closed"))
    }
}

fn word_test(text: &str) -> Result<Test> {
    let mut found: Vec<String> = words(text).collect();
    if text.ends_with('*')
        && let Some(last) = found.last_mut()
    {
        last.push('*');
    }
    if found.is_empty() {
        return Err(wrong(format!("there is no word in {text:?}")));
    }
    Ok(Test::Words(found))
}

fn test(key: &str, values: &[String]) -> Result<Test> {
    let (name, member) = match key.split_once('.') {
        Some(("detail", member)) => ("detail", Some(member)),
        _ => (key, None),
    };
    // `finding:secret` means the family.
    let is_family = |value: &String| !value.contains(['.', '*']);
    let field = match Field::named(name)? {
        Field::Finding if values.iter().all(is_family) => Field::Family,
        field => field,
    };
    if let Some(scale) = scale(field) {
        return numbers(field, scale, values);
    }
    if field == Field::Text {
        return match values {
            [one] => word_test(one),
            _ => Err(wrong("text takes one value; put commas in quotation marks")),
        };
    }
    let value = |value: &String| match member {
        Some(member) => format!("{member}={value}"),
        None => value.clone(),
    };
    Ok(Test::Is(field, values.iter().map(value).collect()))
}

fn scale(field: Field) -> Option<u32> {
    match field.form() {
        Form::Code => Some(1),
        Form::Amount { scale } => Some(scale),
        Form::Term | Form::Print | Form::Id => None,
    }
}

fn numbers(field: Field, scale: u32, values: &[String]) -> Result<Test> {
    let [text] = values else {
        return Err(wrong(format!("{} takes one number or one range", field.name())));
    };
    let bad = || {
        let name = field.name();
        wrong(format!(
            "{name} takes {name}:5, {name}:>5, {name}:<=5 or {name}:2..5; {text:?} is none of them"
        ))
    };
    let number = |text: &str| -> Result<u64> {
        let number: f64 = text.parse().map_err(|_| bad())?;
        if number.is_finite() && number >= 0.0 { Ok(scaled(number, scale)) } else { Err(bad()) }
    };
    let (low, high) = if let Some(rest) = text.strip_prefix(">=") {
        (number(rest)?, u64::MAX)
    } else if let Some(rest) = text.strip_prefix("<=") {
        (0, number(rest)?)
    } else if let Some(rest) = text.strip_prefix('>') {
        (number(rest)?.saturating_add(1), u64::MAX)
    } else if let Some(rest) = text.strip_prefix('<') {
        (0, number(rest)?.checked_sub(1).ok_or_else(bad)?)
    } else if let Some((low, high)) = text.split_once("..") {
        (number(low)?, number(high)?)
    } else if let Some(class) = text.strip_suffix("xx") {
        let hundreds = number(class)?.saturating_mul(100);
        (hundreds, hundreds + 99)
    } else {
        let exact = number(text)?;
        (exact, exact)
    };
    if low > high {
        return Err(bad());
    }
    Ok(Test::Between(field, low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-26T12:00:00Z".parse().unwrap()
    }

    fn read(query: &str) -> Result<Filter> {
        let mut filter = Filter::default();
        filter.narrow(query, now()).map(|()| filter)
    }

    fn clauses(query: &str) -> Vec<Clause> {
        read(query).unwrap().clauses
    }

    fn is(field: Field, values: &[&str]) -> Test {
        Test::Is(field, values.iter().map(|value| (*value).to_owned()).collect())
    }

    #[test]
    fn conditions_name_fields_or_are_words() {
        let found =
            clauses(r#"effect:deny agent:a,"b c" -label:te* "No such-model" bill* finding:pii"#);
        let tests = [
            (false, is(Field::Effect, &["deny"])),
            (false, is(Field::Agent, &["a", "b c"])),
            (true, is(Field::Label, &["te*"])),
            (false, Test::Words(vec!["no".into(), "such".into(), "model".into()])),
            (false, Test::Words(vec!["bill*".into()])),
            (false, is(Field::Family, &["pii"])),
        ];
        let expected = tests.map(|(is_negated, test)| Clause { is_negated, test });
        assert_eq!(found, expected);
        let detail = clauses("detail.act:policy.deploy finding:pii.iban");
        assert_eq!(detail[0].test, is(Field::Detail, &["act=policy.deploy"]));
        assert_eq!(detail[1].test, is(Field::Finding, &["pii.iban"]));
    }

    #[test]
    fn numbers_have_ranges_in_the_units_of_the_index() {
        let between = |query: &str| match clauses(query).as_slice() {
            [Clause { test: Test::Between(_, low, high), .. }] => (*low, *high),
            other => panic!("{other:?}"),
        };
        assert_eq!(between("http_status:5xx"), (500, 599));
        assert_eq!(between("input_tokens:>1000"), (1_001, u64::MAX));
        assert_eq!(between("cost_usd:0.5..2"), (500_000, 2_000_000));
        assert_eq!(between("upstream_ms:<=1.5"), (0, 1_500));
        assert_eq!(between("bytes_in:7"), (7, 7));
    }

    #[test]
    fn moments_are_moments_or_spans_before_now() {
        let filter = read("since:7d since:2026-11-01T00:00:00Z until:1h").unwrap();
        assert_eq!(filter.since.unwrap().to_string(), "2026-11-19T12:00:00.000000Z");
        assert_eq!(filter.until.unwrap().to_string(), "2026-11-26T11:00:00.000000Z");
    }

    #[test]
    fn what_is_not_understood_is_refused_with_what_to_write() {
        for (bad, says) in [
            ("agnet:x", "there is no field \"agnet\""),
            ("http://x", "quotation marks"),
            ("agent:", "a value is missing"),
            ("agent:a,,b", "a value is missing"),
            ("\"open", "not closed"),
            ("since:soon", "7d"),
            ("-since:7d", "turned around"),
            ("http_status:ok", "http_status:>5"),
            ("input_tokens:5..2", "input_tokens:2..5"),
            ("input_tokens:<0", "input_tokens:>5"),
            ("!!", "no word"),
            ("-", "a value is missing"),
        ] {
            let error = read(bad).unwrap_err().to_string();
            assert!(error.contains(says), "{bad}: {error}");
        }
        assert!(read(&"a ".repeat(100)).is_err());
        assert!(read(&"a".repeat(5_000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_query_breaks_it(query in "\\PC{0,60}") {
            let _ = read(&query);
        }

        #[test]
        fn a_quoted_value_arrives_as_it_was(value in "[^\\pC]{1,30}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let found = clauses(&format!("agent:\"{quoted}\""));
            proptest::prop_assert_eq!(&found[0].test, &is(Field::Agent, &[&value]));
        }
    }
}
