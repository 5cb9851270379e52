//! Documents as they lie on a disk: code, manuals, settings. Agents that write code read little else,
//! and no labelled set holds them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Text;
use super::attack;
use super::dice::{Dice, mix};
use super::grammar::Grammar;
use super::made::{amid, beginning};

/// How many are taken at most.
const DOCUMENTS: usize = 2_000;
/// And of one package: tables of one kind are one document in many files.
const MAX_OF_PACKAGE: usize = 8;
/// So much of one is read, from a sentence somewhere in it.
const MIN_BYTES: usize = 200;
const MAX_BYTES: usize = 4_000;
/// What somebody pastes is shorter.
const MAX_PASTED_BYTES: usize = 1_500;
/// The documents of one folder below the given one's folders, such as a package, are left out
/// together: so many sets are made of them.
const SETS: u64 = 5;
const KINDS: [&str; 12] =
    ["rs", "py", "js", "ts", "md", "rst", "txt", "toml", "json", "yaml", "yml", "html"];

/// Parts of the documents below a folder: as material, some with an attack planted, some typed.
pub(super) fn texts(grammar: &Grammar, folder: &Path) -> anyhow::Result<Vec<Text>> {
    let mut paths = Vec::new();
    walk(folder, &mut paths)?;
    let of = |path: &Path| {
        let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
        (hash(&name), hash(&name.split('/').take(2).collect::<Vec<_>>().join("/")))
    };
    let mut found: Vec<((u64, u64), PathBuf)> =
        paths.into_iter().map(|path| (of(&path), path)).collect();
    found.sort_unstable();
    let mut taken: HashMap<u64, usize> = HashMap::new();
    found.retain(|((_, package), _)| {
        let count = taken.entry(*package).or_default();
        *count += 1;
        *count <= MAX_OF_PACKAGE
    });
    let mut texts = Vec::new();
    for ((seed, package), path) in found.into_iter().take(DOCUMENTS) {
        let Ok(document) = std::fs::read_to_string(&path) else { continue };
        let set = format!("documents-{}", package % SETS);
        let mut dice = Dice::new(seed);
        let part = part(&document, MAX_BYTES, &mut dice);
        if part.len() < MIN_BYTES {
            continue;
        }
        let kind = path.extension().map(|kind| kind.to_string_lossy().into_owned());
        let style = kind.unwrap_or_default();
        texts.push(Text::new(&set, &style, "tool", 0, part.to_owned()));
        match dice.below(3) {
            0 => texts.push(planted(grammar, &set, &style, part, &mut dice)),
            1 => texts.push(typed(grammar, &set, &style, part, &mut dice)),
            _ => {}
        }
    }
    Ok(texts)
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder);
    for entry in entries.with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, paths)?;
        } else if path.extension().is_some_and(|kind| KINDS.iter().any(|known| kind == *known)) {
            paths.push(path);
        }
    }
    Ok(())
}

/// From a sentence on, whole sentences.
fn part<'d>(document: &'d str, most: usize, dice: &mut Dice) -> &'d str {
    let sentences = inspect::injection::sentences(document);
    let from = sentences.get(dice.below(sentences.len() * 2 / 3)).map_or(0, |one| one.start);
    beginning(document.get(from..).unwrap_or_default(), most)
}

fn planted(grammar: &Grammar, set: &str, style: &str, part: &str, dice: &mut Dice) -> Text {
    let attack = attack::planted(grammar, None, dice).text;
    let (from, text) = amid(&attack, part, dice);
    let planted = vec![[from, from + attack.len()]];
    Text { planted, ..Text::new(set, style, "tool", 1, text) }
}

/// With a request before it, half of the time.
fn typed(grammar: &Grammar, set: &str, style: &str, part: &str, dice: &mut Dice) -> Text {
    let part = beginning(part, MAX_PASTED_BYTES);
    let text = match dice.chance(50) {
        true => format!("{}\n{part}", grammar.make("codingprompt", dice)),
        false => part.to_owned(),
    };
    Text::new(set, style, "user", 0, text)
}

/// FNV-1a, mixed.
fn hash(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    mix(name.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}
