//! Cedar's errors as our diagnostics: place in the file, message, help.

use std::ops::Range;

use crate::{Action, Diagnostic, Source};

/// What Cedar says of one statement, whose offsets count from the statement's own start.
pub(crate) fn diagnostic(
    source: &Source,
    statement: &Range<usize>,
    error: &dyn miette::Diagnostic,
) -> Diagnostic {
    let offset = error.labels().and_then(|mut labels| labels.next());
    let offset = offset.map_or(0, |label| label.offset());
    let at = statement.start + offset.min(statement.len());
    let mut diagnostic = Diagnostic::at(source, at, message(error));
    diagnostic.help =
        action_help(&diagnostic.message).or_else(|| error.help().map(|help| help.to_string()));
    diagnostic
}

/// Cedar takes the whole `Action::"…"` for a word, and so offers the shortest action for any.
fn action_help(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("unrecognized action `Action::\"")?;
    let (name, _) = rest.split_once('"')?;
    let known: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
    Some(match nearest(name, &known) {
        Some(near) => format!("did you mean `Action::\"{near}\"`?"),
        None => format!("there are {}, and `use` for all of them", known.join(", ")),
    })
}

/// The message without the policy's id, which the place makes clear already.
fn message(error: &dyn miette::Diagnostic) -> String {
    let message = error.to_string();
    let short = message.strip_prefix("for policy `").and_then(|rest| rest.split_once("`, "));
    let message = short.map_or(message.as_str(), |(_, rest)| rest).to_owned();
    let label = error.labels().and_then(|mut labels| labels.next());
    let label = label.and_then(|label| label.label().map(str::to_owned));
    match label {
        Some(label) if !message.contains(&label) => format!("{message} ({label})"),
        _ => message,
    }
}

/// Of what is wrong with one policy, the cause: what points inside the policy rather than at
/// all of it, and one sentence for each place (validation repeats itself for each action).
pub(crate) fn causes(start: (u32, u32), mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let points_inside = |problem: &Diagnostic| (problem.line, problem.column) != start;
    if problems.iter().any(points_inside) {
        problems.retain(points_inside);
    }
    problems.sort();
    problems.dedup_by_key(|problem| (problem.line, problem.column));
    problems
}

/// The candidate that is nearest to `word`, if it is near enough to be a slip of the fingers.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let distances = candidates.iter().map(|candidate| (distance(word, candidate), *candidate));
    let (distance, candidate) = distances.min()?;
    (distance <= 1 + candidate.len() / 4).then_some(candidate)
}

/// Levenshtein's distance over bytes; words are short.
fn distance(a: &str, b: &str) -> usize {
    let a = model::clip(a, 64).as_bytes();
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for (i, y) in b.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (x, above) in a.iter().zip(row.iter().skip(1)) {
            let change = diagonal + usize::from(*x != y);
            left = change.min(above + 1).min(left + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshtein() {
        for (a, b, expected) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("id", "di", 2)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_a_near_name_is_offered() {
        let names = ["id", "description", "obligation"];
        assert_eq!(nearest("descripton", &names), Some("description"));
        assert_eq!(nearest("ticket", &names), None);
    }
}
