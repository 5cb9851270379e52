//! Cuts a script into pipelines of commands of words, as a POSIX shell would, forgivingly.

use std::ops::Range;

use super::Pipeline;

/// One word of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::code) struct Word {
    /// Without quotes; what is substituted stands as it is written.
    pub(in crate::code) text: String,
    pub(in crate::code) at: usize,
    pub(in crate::code) end: usize,
    /// The insides of `$(…)`, `` `…` `` and `<(…)`.
    pub(in crate::code) substitutions: Vec<Range<usize>>,
    /// One of them fetches something from the network.
    pub(in crate::code) is_fetch: bool,
    /// `>`, `>>`, `<`, `>&`: a redirection and not an argument.
    pub(in crate::code) is_redirection: bool,
}

/// How many words of one pipeline are kept.
const MAX_WORDS: usize = 1024;

/// The pipelines of a script, in order.
pub(super) fn pipelines(code: &str) -> Vec<Pipeline> {
    let mut parser = Parser {
        code,
        bytes: code.as_bytes(),
        at: 0,
        done: Vec::new(),
        commands: vec![Vec::new()],
    };
    while parser.at < code.len() {
        parser.step();
    }
    parser.end_pipeline();
    parser.done
}

/// The names of the programs that a command runs: its first word, and what `sudo` and its like run.
pub(super) fn names(command: &[Word]) -> impl Iterator<Item = &str> {
    let mut is_name = true;
    command.iter().filter(|word| !word.is_redirection).filter_map(move |word| {
        if !is_name {
            return None;
        }
        let name = base(&word.text);
        let passes = RUNNERS.contains(&name) || name.starts_with('-') || name.contains('=');
        is_name = passes;
        (!passes).then_some(name)
    })
}

#[rustfmt::skip]
const RUNNERS: &[&str] = &[
    "sudo", "doas", "env", "nohup", "time", "exec", "command", "then", "do", "else", "if", "while", "!", "{",
    "(", "nice", "xargs", "busybox",
];

/// A program's name without its folder.
pub(super) fn base(program: &str) -> &str {
    program.rsplit(['/', '\\']).next().unwrap_or(program)
}

pub(super) fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" | "powershell" | "pwsh" | "fish")
}

struct Parser<'a> {
    code: &'a str,
    bytes: &'a [u8],
    at: usize,
    done: Vec<Pipeline>,
    commands: Pipeline,
}

impl Parser<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn end_pipeline(&mut self) {
        let commands = std::mem::replace(&mut self.commands, vec![Vec::new()]);
        if commands.iter().any(|command| !command.is_empty()) {
            self.done.push(commands);
        }
    }

    fn step(&mut self) {
        match self.peek(0) {
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'\\' if self.peek(1) == b'\n' => self.at += 2,
            b'\n' => {
                self.end_pipeline();
                self.at += 1;
                self.skip_here_document();
            }
            b'#' => self.skip_line(),
            b'|' if self.peek(1) == b'|' => self.separator(2),
            b'|' => {
                self.commands.push(Vec::new());
                self.at += if self.peek(1) == b'&' { 2 } else { 1 };
            }
            b'&' if self.peek(1) == b'>' => self.redirection(),
            b'&' if self.peek(1) == b'&' => self.separator(2),
            b';' | b'&' | b'(' | b')' => self.separator(1),
            b'>' | b'<' if self.peek(1) != b'(' => self.redirection(),
            b'$' if self.is_prompt() => self.at += 1,
            _ => self.word(),
        }
    }

    fn separator(&mut self, width: usize) {
        self.end_pipeline();
        self.at += width;
    }

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// Whether the dollar is the prompt of a quoted session.
    fn is_prompt(&self) -> bool {
        let is_first = self.commands.len() == 1 && self.commands.iter().all(Vec::is_empty);
        is_first && self.peek(1) == b' '
    }

    fn redirection(&mut self) {
        let at = self.at;
        while matches!(self.peek(0), b'>' | b'<' | b'&' | b'-') {
            self.at += 1;
        }
        let text = self.code[at..self.at].to_owned();
        self.push(Word { text, at, end: self.at, is_redirection: true, ..Word::default() });
    }

    fn push(&mut self, word: Word) {
        let count: usize = self.commands.iter().map(Vec::len).sum::<usize>();
        if let Some(command) = self.commands.last_mut().filter(|_| count < MAX_WORDS) {
            command.push(word);
        }
    }

    /// After a line with `<<WORD`: to the line that is the word alone.
    fn skip_here_document(&mut self) {
        let Some(last) = self.done.last().and_then(|pipeline| {
            let words: Vec<&Word> = pipeline.iter().flatten().collect();
            let at = words.iter().position(|w| w.is_redirection && w.text.starts_with("<<"))?;
            words.get(at + 1).filter(|w| w.end + 1 >= w.at).map(|w| w.text.clone())
        }) else {
            return;
        };
        // The same pipeline must not be asked twice.
        self.done.push(Vec::new());
        if last.starts_with('<') || last.is_empty() {
            return;
        }
        while self.at < self.code.len() {
            let from = self.at;
            self.skip_line();
            let is_end = self.code[from..self.at].trim() == last;
            self.at = (self.at + 1).min(self.code.len());
            if is_end {
                return;
            }
        }
    }

    fn word(&mut self) {
        let mut word = Word { at: self.at, ..Word::default() };
        while self.at < self.code.len() {
            match self.peek(0) {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'|' | b'&' | b')' => break,
                b'>' | b'<' if self.peek(1) != b'(' => break,
                b'<' | b'>' | b'$' if self.peek(1) == b'(' => self.substitution(&mut word),
                b'`' => self.backticks(&mut word),
                b'\'' => self.single(&mut word),
                b'"' => self.double(&mut word),
                b'\\' => {
                    self.at += 1;
                    self.letter(&mut word);
                }
                _ => self.letter(&mut word),
            }
        }
        word.end = self.at;
        self.push(word);
    }

    fn letter(&mut self, word: &mut Word) {
        let letter = self.code[self.at..].chars().next();
        word.text.extend(letter);
        self.at += letter.map_or(0, char::len_utf8);
    }

    fn single(&mut self, word: &mut Word) {
        let from = self.at + 1;
        let rest = &self.bytes[from..];
        let length = memchr::memchr(b'\'', rest).unwrap_or(rest.len());
        word.text.push_str(&self.code[from..from + length]);
        self.at = (from + length + 1).min(self.code.len());
    }

    fn double(&mut self, word: &mut Word) {
        self.at += 1;
        while self.at < self.code.len() {
            match self.peek(0) {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'$' if self.peek(1) == b'(' => self.substitution(word),
                b'`' => self.backticks(word),
                b'\\' => {
                    self.at += 1;
                    self.letter(word);
                }
                _ => self.letter(word),
            }
        }
    }

    fn backticks(&mut self, word: &mut Word) {
        let from = self.at + 1;
        let rest = &self.bytes[from..];
        let length = memchr::memchr(b'`', rest).unwrap_or(rest.len());
        word.is_fetch |= is_fetch(&self.code[from..from + length]);
        word.substitutions.push(from..from + length);
        word.text.push_str("$(");
        self.at = (from + length + 1).min(self.code.len());
    }

    /// `$(…)` or `<(…)`: to the bracket that closes it.
    fn substitution(&mut self, word: &mut Word) {
        let from = self.at + 2;
        let mut depth = 1_usize;
        let mut at = from;
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            at += 1;
        }
        word.is_fetch |= is_fetch(&self.code[from..at]);
        word.substitutions.push(from..at);
        word.text.push_str(&self.code[self.at..from]);
        self.at = (at + 1).min(self.code.len());
    }
}

fn is_fetch(code: &str) -> bool {
    matches!(code.split_whitespace().next().map(base), Some("curl" | "wget"))
}
