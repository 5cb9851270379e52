//! Where code stands in a text: fenced blocks, commands in running text, or the text as a whole.

use std::ops::Range;

use super::Language;

/// A stretch of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub language: Language,
    pub range: Range<usize>,
    /// A command quoted in running text, which may as well be warned of.
    pub is_quoted: bool,
}

/// How many blocks are read in one text.
pub const MAX_BLOCKS: usize = 256;

/// The longest stretch that is read as one; longer code is cut at a line's end.
pub const MAX_BLOCK_BYTES: usize = 256 * 1024;

/// The stretches of code in a text. With a hint the whole text is one.
pub fn blocks(text: &str, hint: Option<Language>) -> Vec<Block> {
    let whole = |language| Block { language, range: 0..text.len(), is_quoted: false };
    let mut found = match hint {
        Some(language) => vec![whole(language)],
        None => fenced(text),
    };
    if found.is_empty() {
        found.extend(Language::recognise(text).map(whole));
    }
    let cut: Vec<Block> = found.into_iter().flat_map(|block| pieces(text, block)).collect();
    cut.into_iter().take(MAX_BLOCKS).collect()
}

/// A block in stretches of at most [`MAX_BLOCK_BYTES`].
fn pieces(text: &str, block: Block) -> Vec<Block> {
    let mut all = Vec::new();
    let mut from = block.range.start;
    while block.range.end - from > MAX_BLOCK_BYTES {
        let most = text.floor_char_boundary(from + MAX_BLOCK_BYTES);
        let end = text[from..most].rfind('\n').map_or(most, |at| from + at + 1);
        all.push(Block { range: from..end, ..block.clone() });
        from = end;
    }
    all.push(Block { range: from..block.range.end, ..block });
    all
}

/// Fenced blocks (CommonMark, section 4.5) and, outside them, commands between backticks.
fn fenced(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<(&str, &str, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let trimmed = line.trim();
        let fence = fence_of(trimmed);
        match open {
            Some((mark, tag, from)) => {
                if fence
                    .is_some_and(|f| f.len() >= mark.len() && f == trimmed && f[..1] == mark[..1])
                {
                    found.extend(block(text, tag, from..start));
                    open = None;
                }
            }
            None => match fence {
                Some(mark) => open = Some((mark, trimmed[mark.len()..].trim(), at)),
                None => commands(line, start, &mut found),
            },
        }
    }
    if let Some((_, tag, from)) = open {
        found.extend(block(text, tag, from..text.len()));
    }
    found
}

fn fence_of(line: &str) -> Option<&str> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(mark).len();
    (length >= 3 && !line[length..].contains('`')).then(|| &line[..length])
}

fn block(text: &str, tag: &str, range: Range<usize>) -> Option<Block> {
    let code = &text[range.clone()];
    let word = tag.split([' ', ',', '{', ':']).next().unwrap_or_default();
    let is_manifest = code.trim_start().starts_with('{') && code.contains("ependencies\"");
    let language = match Language::from_tag(word) {
        Some(language) => Some(language),
        None if is_manifest => Some(Language::PackageJson),
        None if word.is_empty() || word == "text" => {
            Language::recognise(code).or_else(|| is_command(code).then_some(Language::Shell))
        }
        None => None,
    };
    language.map(|language| Block { language, range, is_quoted: false })
}

/// Commands that are recognised outside of blocks.
#[rustfmt::skip]
const COMMANDS: &[&str] = &[
    "pip", "pip3", "npm", "npx", "yarn", "pnpm", "cargo", "uv", "poetry", "gem", "curl", "wget", "rm",
    "sudo", "chmod", "dd", "bash", "nc", "git", "python", "python3",
];

fn is_command(code: &str) -> bool {
    let code = code.trim_start();
    let code = code.strip_prefix("$ ").unwrap_or(code);
    code.split_once(' ').is_some_and(|(first, _)| COMMANDS.contains(&first))
}

fn commands(line: &str, start: usize, found: &mut Vec<Block>) {
    let shell = |range| Block { language: Language::Shell, range, is_quoted: true };
    let trimmed = line.trim_start();
    if trimmed.starts_with("$ ") && is_command(trimmed) {
        let indent = line.len() - trimmed.len();
        found.push(shell(start + indent + 2..start + line.len()));
        return;
    }
    let mut from = 0;
    while let Some(open) = line[from..].find('`').map(|at| from + at + 1) {
        let Some(end) = line[open..].find('`').map(|at| open + at) else { return };
        if is_command(&line[open..end]) {
            found.push(shell(start + open..start + end));
        }
        from = end + 1;
    }
}
