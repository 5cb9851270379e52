//! Whether a name is almost a well-known one: a slip of the keys, another separator, a word put on.

use super::{Ecosystem, WellKnown};

/// From this length on a single slip is told of; in shorter names it is chance.
const ONE_SLIP: usize = 5;
/// From this length on two are.
const TWO_SLIPS: usize = 11;

/// Words that are put before or after a well-known name to make one up.
const fn affixes(ecosystem: Ecosystem) -> (&'static [&'static str], &'static [&'static str]) {
    match ecosystem {
        Ecosystem::PyPi => (
            &["python-", "python3-", "py-", "lib"],
            &["-python", "-python3", "-py", "-lib", "-official"],
        ),
        Ecosystem::Npm => {
            (&["node-", "js-", "npm-"], &["-js", ".js", "-node", "-npm", "-official"])
        }
        Ecosystem::Crates => {
            (&["rust-", "rs-", "cargo-", "lib"], &["-rs", "-rust", "-lib", "-official"])
        }
    }
}

/// The well-known name that this one is almost.
pub(super) fn well_known(
    ecosystem: Ecosystem,
    name: &str,
    known: &'static WellKnown,
) -> Option<&'static str> {
    if name.len() < ONE_SLIP {
        return None;
    }
    let (before, after) = affixes(ecosystem);
    let bare = before.iter().find_map(|prefix| name.strip_prefix(prefix));
    let bare = bare.or_else(|| after.iter().find_map(|suffix| name.strip_suffix(suffix)));
    let bare = bare.and_then(|bare| known.find(bare));
    bare.or_else(|| same_letters(name, known)).or_else(|| slip(name, known))
}

/// A name without its separators.
pub(super) fn joined(name: &str) -> String {
    name.replace(['-', '_', '.'], "")
}

fn same_letters(name: &str, known: &'static WellKnown) -> Option<&'static str> {
    let wanted = joined(name);
    let at = known.joined.partition_point(|(other, _)| *other < wanted);
    let (other, at) = known.joined.get(at)?;
    let name = known.names.get(*at)?;
    (*other == wanted).then_some(name.as_str())
}

fn slip(name: &str, known: &'static WellKnown) -> Option<&'static str> {
    let lengths = name.len().saturating_sub(2)..=name.len() + 2;
    let near = lengths.filter_map(|length| known.by_length.get(length)).flatten();
    near.filter_map(|at| known.names.get(*at))
        .find(|other| is_slip(name, other))
        .map(String::as_str)
}

fn is_slip(name: &str, known: &str) -> bool {
    let shorter = name.len().min(known.len());
    let most = match shorter {
        TWO_SLIPS.. => 2,
        ONE_SLIP.. => 1,
        _ => return false,
    };
    name.len().abs_diff(known.len()) <= most && is_within(name.as_bytes(), known.as_bytes(), most)
}

/// Whether few enough insertions, deletions, replacements and swaps of neighbours turn one name
/// into the other.
fn is_within(a: &[u8], b: &[u8], most: usize) -> bool {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    if a.is_empty() || b.is_empty() {
        return a.len().max(b.len()) <= most;
    }
    if most == 0 {
        return false;
    }
    let swapped = a.len() > 1 && b.len() > 1 && a[0] == b[1] && a[1] == b[0];
    is_within(&a[1..], &b[1..], most - 1)
        || is_within(&a[1..], b, most - 1)
        || is_within(a, &b[1..], most - 1)
        || (swapped && is_within(&a[2..], &b[2..], most - 1))
}
