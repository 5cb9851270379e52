//! Names of packages in code: imports, install commands, lists of requirements, manifests.

use super::lexer::{Kind, Token};
use super::shell::Word;
use super::{Found, Language, UNKNOWN_PACKAGE};
use crate::packages::{Ecosystem, Known, Verdict, is_module};

const UNKNOWN: &str = "no package of this name is in the list";
const NEAR: &str = "the name is almost that of a well-known package";

/// How many names of one command or list are judged.
const MAX_NAMES: usize = 256;

/// How a name is asked for, which says how surely it is a package's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It would be fetched.
    Install,
    /// It may as well be a module of one's own.
    Import,
}

fn judge(
    known: &Known,
    ecosystem: Ecosystem,
    name: &str,
    at: usize,
    used: Use,
    found: &mut Vec<Found>,
) {
    let (why, confidence) = match (known.judge(ecosystem, name), used) {
        (Verdict::Fine, _) => return,
        (Verdict::NearMiss(_), Use::Install) => (NEAR, 0.6),
        (Verdict::NearMiss(_), Use::Import) => (NEAR, 0.4),
        (Verdict::Unknown, Use::Install) => (UNKNOWN, 0.9),
        (Verdict::Unknown, Use::Import) => (UNKNOWN, 0.4),
    };
    found.push(Found { kind: UNKNOWN_PACKAGE, range: at..at + name.len(), confidence, why });
}

/// Imports among the tokens of a program.
pub(super) fn check(tokens: &[Token], language: Language, known: &Known, found: &mut Vec<Found>) {
    for (at, token) in tokens.iter().enumerate().filter(|(_, t)| t.kind == Kind::Word) {
        match (language, token.text) {
            (Language::Python, "import" | "from") => python(tokens, at, known, found),
            (Language::JavaScript, "require" | "from" | "import") => node(tokens, at, known, found),
            _ => {}
        }
    }
}

/// `import a, b.c as d` and `from a.b import c`, at the start of a statement.
fn python(tokens: &[Token], at: usize, known: &Known, found: &mut Vec<Found>) {
    let begins = at == 0 || tokens[at - 1].kind == Kind::Line || tokens[at - 1].is(b';');
    if !begins {
        return;
    }
    let is_from = tokens[at].text == "from";
    let line = tokens[at + 1..].iter().take(MAX_NAMES).take_while(|t| t.kind != Kind::Line);
    let mut is_start = true;
    for token in line {
        match token.kind {
            Kind::Word if is_start && !is_module(Ecosystem::PyPi, token.text) => {
                let name = token.text.trim_start_matches('_');
                if name.len() == token.text.len() && name.is_ascii() {
                    judge(known, Ecosystem::PyPi, name, token.at, Use::Import, found);
                }
            }
            _ => {}
        }
        is_start = token.is(b',');
        if is_from && !is_start {
            return;
        }
    }
}

/// `require('a')`, `import … from 'a'`, `import 'a'`, `import('a')`.
fn node(tokens: &[Token], at: usize, known: &Known, found: &mut Vec<Found>) {
    let skip = usize::from(tokens.get(at + 1).is_some_and(|t| t.is(b'(')));
    let Some(text) = tokens.get(at + 1 + skip).filter(|t| t.kind == Kind::Text) else { return };
    if let Some(name) = node_package(text.text) {
        judge(known, Ecosystem::Npm, name, text.at + 1, Use::Import, found);
    }
}

/// The package of a module's specifier; none for files and for what comes with Node.
fn node_package(specifier: &str) -> Option<&str> {
    let is_scoped = specifier.starts_with('@');
    let mut ends = specifier.match_indices('/').map(|(at, _)| at);
    let end = if is_scoped { ends.nth(1) } else { ends.next() };
    let name = &specifier[..end.unwrap_or(specifier.len())];
    let is_whole = !is_scoped || (name.len() > name.find('/')? + 1 && !name.starts_with("@/"));
    let letters =
        name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"@/-_.".contains(&b));
    let is_file = name.starts_with(['.', '/']) || name.is_empty();
    (is_whole && letters && !is_file && !is_module(Ecosystem::Npm, name)).then_some(name)
}

/// Commands that fetch packages: programs, what must follow, whose packages.
#[rustfmt::skip]
const INSTALLERS: &[(&[&str], &[&str], Ecosystem)] = &[
    (&["pip", "pip3", "pipx"], &["install"], Ecosystem::PyPi),
    (&["uv", "poetry", "pdm", "rye", "hatch"], &["add", "pip"], Ecosystem::PyPi),
    (&["npm", "pnpm", "yarn", "bun"], &["install", "i", "add"], Ecosystem::Npm),
    (&["cargo"], &["add", "install"], Ecosystem::Crates),
];

/// Options whose next word is their value.
#[rustfmt::skip]
const VALUED: &[&str] = &[
    "-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-i", "--index-url", "--extra-index-url",
    "-f", "--find-links", "-t", "--target", "--prefix", "--root", "--git", "--branch", "--tag", "--rev", "--path",
    "--version", "--vers", "-F", "--features", "--registry", "-p", "--package", "--trusted-host", "--group", "-G",
    "--python", "--platform", "-w", "--workspace", "--timeout", "--retries", "--proxy", "--cache-dir", "--rename",
];

/// The packages that a command would fetch.
pub(super) fn install(command: &[Word], known: &Known, found: &mut Vec<Found>) {
    let words: Vec<&Word> = command.iter().take(MAX_NAMES).collect();
    let is = |word: &Word, names: &[&str]| {
        names.contains(&word.text.rsplit('/').next().unwrap_or_default())
    };
    let programs = words.iter().enumerate().take(6);
    let Some((at, verbs, ecosystem)) = programs.into_iter().find_map(|(at, word)| {
        let (_, verbs, ecosystem) = INSTALLERS.iter().find(|(names, _, _)| is(word, names))?;
        Some((at, verbs, *ecosystem))
    }) else {
        return;
    };
    let mut rest = words[at + 1..].iter().skip_while(|word| word.text.starts_with('-'));
    let Some(verb) = rest.next().filter(|word| is(word, verbs)) else { return };
    if verb.text == "pip" && rest.next().is_none_or(|word| word.text != "install") {
        return;
    }
    let mut is_value = false;
    for word in rest {
        let text = word.text.as_str();
        if is_value || word.is_redirection || text.starts_with('-') {
            is_value = word.is_redirection || VALUED.contains(&text);
            continue;
        }
        if let Some(name) = requested(text, ecosystem) {
            judge(known, ecosystem, name, word.at + quote_width(word), Use::Install, found);
        }
    }
}

fn quote_width(word: &Word) -> usize {
    usize::from(word.end - word.at > word.text.len())
}

/// The name in a request such as `name[extra]>=1.2`, `name@1`; none for files and addresses.
fn requested(text: &str, ecosystem: Ecosystem) -> Option<&str> {
    if text.contains(['$', '\\', '*']) || text.contains("://") || text.starts_with(['.', '/', '~'])
    {
        return None;
    }
    if ecosystem == Ecosystem::Npm {
        let is_scoped = text.starts_with('@');
        let version =
            text[usize::from(is_scoped)..].find('@').map(|at| at + usize::from(is_scoped));
        let name = &text[..version.unwrap_or(text.len())];
        let slashes = name.matches('/').count();
        return (slashes == usize::from(is_scoped) && !name.contains(':')).then_some(name);
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    let name = &text[..end.unwrap_or(text.len())];
    let rest = &text[name.len()..];
    let is_file = [".whl", ".gz", ".zip", ".txt", ".toml"].iter().any(|end| text.ends_with(end));
    let goes_on =
        rest.is_empty() || rest.starts_with(['[', '=', '<', '>', '!', '~', '@', ';', ',', ' ']);
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    (begins && goes_on && !is_file).then_some(name)
}

/// The lines of a `requirements.txt`.
pub(super) fn requirements(code: &str, known: &Known, found: &mut Vec<Found>) {
    let mut at = 0;
    for line in code.split_inclusive('\n').take(MAX_LINES) {
        let start = at;
        at += line.len();
        let request = line.split('#').next().unwrap_or_default().trim();
        if request.is_empty() || request.starts_with('-') {
            continue;
        }
        if let Some(name) = requested(request, Ecosystem::PyPi) {
            let indent = line.len() - line.trim_start().len();
            judge(known, Ecosystem::PyPi, name, start + indent, Use::Install, found);
        }
    }
}

/// How many lines of a list, and members of a manifest, are judged.
const MAX_LINES: usize = 2048;

/// The dependencies of a `package.json`, by its text: members of the objects whose names end so.
pub(super) fn manifest(code: &str, known: &Known, found: &mut Vec<Found>) {
    let tokens = super::lexer::tokens(code, Language::JavaScript);
    let mut depth = None::<usize>;
    let mut open = 0_usize;
    for (at, token) in tokens.iter().enumerate().filter(|(_, t)| t.kind != Kind::Line) {
        match token.kind {
            Kind::Mark(b'{') => {
                open += 1;
                let before: Vec<_> =
                    tokens[..at].iter().rev().take(3).filter(|t| t.is_string()).collect();
                let is_list = before
                    .first()
                    .is_some_and(|t| t.text.to_ascii_lowercase().ends_with("dependencies"));
                depth = if is_list { Some(open) } else { depth };
            }
            Kind::Mark(b'}') => {
                depth = depth.filter(|inside| *inside != open);
                open = open.saturating_sub(1);
            }
            Kind::Text if depth == Some(open) && tokens.get(at + 1).is_some_and(|t| t.is(b':')) => {
                let value = tokens.get(at + 2).map_or("", |t| t.text);
                let is_elsewhere = value.contains(':') || value.starts_with('.');
                if let Some(name) = node_package(token.text).filter(|_| !is_elsewhere) {
                    judge(known, Ecosystem::Npm, name, token.at + 1, Use::Install, found);
                }
            }
            _ => {}
        }
    }
}
