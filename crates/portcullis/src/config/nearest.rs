//! The nearest right name for a wrong one.

/// The candidate that `wrong` most likely stands for, if any is near enough to be worth saying.
pub(super) fn nearest<'a>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wrong = fold(wrong);
    let allowed = (wrong.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&wrong, &fold(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `Base-URL`, `baseurl` and `base_url` are the same slip.
fn fold(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .take(MAX_COMPARED)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Names longer than this are compared by their beginning; the work is quadratic.
const MAX_COMPARED: usize = 64;

/// Damerau-Levenshtein distance, optimal string alignment: insertions, deletions,
/// substitutions and swaps of neighbours, each counting one.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut last_a = None;
    for (row, a) in a.chars().enumerate() {
        let mut line = vec![row + 1];
        for (column, &now) in b.iter().enumerate() {
            let substituted = above[column] + usize::from(a != now);
            let mut best = substituted.min(above[column + 1] + 1).min(line[column] + 1);
            if column > 0 && last_a == Some(now) && b[column - 1] == a {
                best = best.min(before[column - 1] + 1);
            }
            line.push(best);
        }
        before = above;
        above = line;
        last_a = Some(a);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_slip_counts_one() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "ab", 2),
            ("listen", "listen", 0),
            ("lisetn", "listen", 1),
            ("listn", "listen", 1),
            ("lissten", "listen", 1),
            ("lixten", "listen", 1),
            ("ab", "ba", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn the_nearest_is_found_and_the_far_is_not() {
        let names = ["listen", "workers", "base_url", "api_key"];
        assert_eq!(nearest("lisetn", names), Some("listen"));
        assert_eq!(nearest("baseUrl", names), Some("base_url"));
        assert_eq!(nearest("api-key", names), Some("api_key"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("x", names), None);
    }
}
