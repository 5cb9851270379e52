//! What of a text is new and what is gone, line by line.

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Same,
    Gone,
    Come,
}

/// Between what is the same at both ends, lines are compared one with one up to this many pairs;
/// beyond that the middle is shown as gone and come whole.
const MAX_PAIRS: usize = 1_000_000;

/// Every line of both texts, in an order in which the second can be read from the first.
pub(super) fn lines<'a>(before: &'a str, after: &'a str) -> Vec<(Change, &'a str)> {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let head = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (_, before) = before.split_at(head);
    let (same, after) = after.split_at(head);
    let tail = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let (before, _) = before.split_at(before.len() - tail);
    let (after, rest) = after.split_at(after.len() - tail);
    let mut out: Vec<(Change, &str)> = same.iter().map(|line| (Change::Same, *line)).collect();
    out.extend(middle(before, after));
    out.extend(rest.iter().map(|line| (Change::Same, *line)));
    out
}

/// What is shown of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Line(Change, &'a str),
    /// As many lines that stayed the same.
    Left(usize),
}

/// Lines around a change that are shown with it.
const AROUND: usize = 3;

/// The changes with what is around them. A run is left out only where that saves lines.
pub(super) fn pieces<'a>(lines: &[(Change, &'a str)]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    for (at, run) in runs(lines) {
        let head = if at == 0 { 0 } else { AROUND };
        let tail = if at + run.len() == lines.len() { 0 } else { AROUND };
        let is_same = run.first().is_some_and(|(change, _)| *change == Change::Same);
        let show = |part: &[(Change, &'a str)]| {
            part.iter().map(|(change, line)| Piece::Line(*change, line)).collect::<Vec<_>>()
        };
        if !is_same || run.len() <= head + tail + 1 {
            pieces.extend(show(run));
            continue;
        }
        let (before, rest) = run.split_at(head);
        let (left, after) = rest.split_at(rest.len() - tail);
        pieces.extend(show(before));
        pieces.push(Piece::Left(left.len()));
        pieces.extend(show(after));
    }
    pieces
}

/// Runs of lines that stayed, and runs of lines that did not, each with where it begins.
fn runs<'l, 'a>(lines: &'l [(Change, &'a str)]) -> Vec<(usize, &'l [(Change, &'a str)])> {
    let is_same = |line: &(Change, &str)| line.0 == Change::Same;
    let mut at = 0;
    let chunks = lines.chunk_by(|a, b| is_same(a) == is_same(b));
    chunks
        .map(|run| {
            at += run.len();
            (at - run.len(), run)
        })
        .collect()
}

/// By the longest common subsequence.
fn middle<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<(Change, &'a str)> {
    let gone = before.iter().map(|line| (Change::Gone, *line));
    if before.len().saturating_mul(after.len()) > MAX_PAIRS {
        return gone.chain(after.iter().map(|line| (Change::Come, *line))).collect();
    }
    let width = after.len() + 1;
    let mut longest = vec![0_u32; (before.len() + 1) * width];
    let at = |table: &[u32], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
    for (i, old) in before.iter().enumerate().rev() {
        for (j, new) in after.iter().enumerate().rev() {
            let value = if old == new {
                at(&longest, i + 1, j + 1) + 1
            } else {
                at(&longest, i + 1, j).max(at(&longest, i, j + 1))
            };
            if let Some(slot) = longest.get_mut(i * width + j) {
                *slot = value;
            }
        }
    }
    let (mut out, mut i, mut j) = (Vec::with_capacity(before.len() + after.len()), 0, 0);
    loop {
        match (before.get(i), after.get(j)) {
            (Some(old), Some(new)) if old == new => {
                out.push((Change::Same, *old));
                (i, j) = (i + 1, j + 1);
            }
            (Some(old), next)
                if next.is_none() || at(&longest, i + 1, j) >= at(&longest, i, j + 1) =>
            {
                out.push((Change::Gone, *old));
                i += 1;
            }
            (_, Some(new)) => {
                out.push((Change::Come, *new));
                j += 1;
            }
            (_, None) => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stayed_is_not_shown_as_changed() {
        let found = lines("a\nb\nc\nd", "a\nc\nx\nd");
        let marks: String = found
            .iter()
            .map(|(change, line)| {
                format!(
                    "{}{line}",
                    match change {
                        Change::Same => ' ',
                        Change::Gone => '-',
                        Change::Come => '+',
                    }
                )
            })
            .collect();
        assert_eq!(marks, " a-b c+x d");
    }

    #[test]
    fn what_is_far_from_a_change_is_counted() {
        let before: String = (0..20).map(|n| format!("{n}\n")).collect();
        let after = before.replace("10\n", "ten\n");
        let found = lines(&before, &after);
        let found = pieces(&found);
        assert_eq!((found.first(), found.last()), (Some(&Piece::Left(7)), Some(&Piece::Left(6))));
        assert_eq!(found.len(), 2 + 3 + 2 + 3);
        assert_eq!(pieces(&lines(&before, &before)), [Piece::Left(20)]);
    }

    proptest::proptest! {
        #[test]
        fn both_texts_can_be_read_from_it(before in "[ab\\n]{0,40}", after in "[ab\\n]{0,40}") {
            let found = lines(&before, &after);
            let side = |other: Change| -> Vec<&str> { found.iter().filter(|(change, _)| *change != other).map(|(_, line)| *line).collect() };
            proptest::prop_assert_eq!(side(Change::Come), before.lines().collect::<Vec<_>>());
            proptest::prop_assert_eq!(side(Change::Gone), after.lines().collect::<Vec<_>>());
        }
    }
}
