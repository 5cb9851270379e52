//! Which commands are dangerous, and why.

use super::parse::{Word, base, is_shell, names};
use crate::code::{
    DESTRUCTIVE_COMMAND, DISABLED_TLS, EVAL_OF_INPUT, Found, REMOTE_SCRIPT, REVERSE_SHELL,
    WEAK_PERMISSION,
};

const REMOTE: &str = "what is fetched from the network is run unseen";
const DESTROYS: &str = "destroys what cannot be brought back";
const OPEN: &str = "everybody may write the file";
const TLS: &str = "the identity of the other side is not checked";
const BACK: &str = "connects a shell to another machine";
const EVAL: &str = "what the script is given is run as a command";

pub(super) fn check(pipeline: &[Vec<Word>], found: &mut Vec<Found>) {
    found.extend(piped_script(pipeline));
    found.extend(reverse_shell(pipeline));
    for command in pipeline {
        let Some(name) = names(command).next() else {
            found.extend(assignments(command));
            continue;
        };
        let arguments = arguments(command, name);
        let hit = substituted_script(name, command)
            .or_else(|| destructive(name, &arguments).map(|c| (DESTRUCTIVE_COMMAND, c, DESTROYS)))
            .or_else(|| written_device(command).map(|c| (DESTRUCTIVE_COMMAND, c, DESTROYS)))
            .or_else(|| weak(name, &arguments).map(|c| (WEAK_PERMISSION, c, OPEN)))
            .or_else(|| unverified(name, &arguments).map(|c| (DISABLED_TLS, c, TLS)))
            .or_else(|| evaluated(name, &arguments).map(|c| (EVAL_OF_INPUT, c, EVAL)));
        found.extend(hit.map(|(kind, confidence, why)| finding(kind, command, confidence, why)));
        found.extend(assignments(command));
    }
}

fn finding(kind: &'static str, command: &[Word], confidence: f64, why: &'static str) -> Found {
    let start = command.first().map_or(0, |word| word.at);
    let end = command.last().map_or(start, |word| word.end);
    Found { kind, range: start..end, confidence, why }
}

/// The words behind the program's name.
fn arguments<'a>(command: &'a [Word], name: &str) -> Vec<&'a str> {
    let at = command.iter().position(|word| base(&word.text) == name).unwrap_or(0);
    command[at + 1..].iter().map(|word| word.text.as_str()).collect()
}

fn is_fetcher(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "curl" | "wget" | "fetch" | "iwr" | "irm" | "invoke-webrequest" | "invoke-restmethod"
    )
}

fn is_interpreter(name: &str) -> bool {
    let is_other =
        matches!(name, "perl" | "ruby" | "node" | "php" | "iex" | "Invoke-Expression" | "IEX");
    is_shell(name) || is_other || name.starts_with("python")
}

/// `curl … | sh`.
fn piped_script(pipeline: &[Vec<Word>]) -> Option<Found> {
    let fetch = pipeline.iter().position(|c| names(c).next().is_some_and(is_fetcher))?;
    let runs = pipeline[fetch + 1..].iter().find(|command| {
        let Some(name) = names(command).next().filter(|name| is_interpreter(name)) else {
            return false;
        };
        // A program of its own on the command line reads what is piped as data.
        let arguments = arguments(command, name);
        let mut before = arguments.iter().take_while(|a| **a != "--" && **a != "-s");
        !before.any(|a| {
            (*a != "-" && !a.starts_with('-'))
                || matches!(*a, "-c" | "-e" | "-m" | "-ne" | "-pe" | "-n" | "-p" | "-r")
        })
    })?;
    let end = runs.last().map_or(0, |word| word.end);
    let mut whole = finding(REMOTE_SCRIPT, pipeline[fetch].as_slice(), 0.9, REMOTE);
    whole.range.end = end.max(whole.range.end);
    Some(whole)
}

/// `bash -c "$(curl …)"`, `bash <(curl …)`, `eval "$(wget …)"`, `source <(curl …)`.
fn substituted_script(name: &str, command: &[Word]) -> Option<(&'static str, f64, &'static str)> {
    if !(is_interpreter(name) || matches!(name, "eval" | "source" | ".")) {
        return None;
    }
    command.iter().any(|word| word.is_fetch).then_some((REMOTE_SCRIPT, 0.9, REMOTE))
}

/// The files that a script has fetched so far, so that running one of them is seen.
#[derive(Default)]
pub(super) struct Fetched(Vec<String>);

impl Fetched {
    /// How many files are remembered.
    const MOST: usize = 16;

    /// Takes the next pipeline; gives a finding if it runs what was fetched.
    pub(super) fn then(&mut self, pipeline: &[Vec<Word>]) -> Option<Found> {
        for command in pipeline {
            let Some(name) = names(command).next() else { continue };
            let arguments = arguments(command, name);
            if is_fetcher(name) {
                let files = (0..arguments.len()).filter_map(|at| written_file(&arguments, at));
                self.0.extend(files.map(str::to_owned));
                self.0.truncate(Self::MOST);
                continue;
            }
            let plain = |file: &str| file.strip_prefix("./").unwrap_or(file).to_owned();
            let is_fetched = |file: &str| self.0.contains(&plain(file));
            let script = arguments.iter().find(|a| !a.starts_with('-'));
            let reads = is_interpreter(name) || matches!(name, "source" | ".");
            let started = command.iter().find(|word| base(&word.text) == name);
            let runs = (reads && script.is_some_and(|file| is_fetched(file)))
                || started.is_some_and(|word| word.text.contains('/') && is_fetched(&word.text));
            if runs {
                return Some(finding(REMOTE_SCRIPT, command, 0.8, REMOTE));
            }
        }
        None
    }
}

/// The file that a fetching command writes, if the argument at `at` tells it.
fn written_file<'a>(arguments: &[&'a str], at: usize) -> Option<&'a str> {
    let argument = *arguments.get(at)?;
    let file = match argument {
        "-o" | "--output" | "-O" | "--output-document" | ">" | "-OutFile" => {
            *arguments.get(at + 1)?
        }
        _ if argument.contains("://") => base(argument),
        _ => return None,
    };
    let file = if file.contains("://") { base(file) } else { file };
    Some(file.strip_prefix("./").unwrap_or(file)).filter(|file| !file.is_empty() && *file != "-")
}

/// What no command should take away whole.
#[rustfmt::skip]
const PRECIOUS: &[&str] = &[
    "/", "/*", "~", "~/", "~/*", "$HOME", "$HOME/", "$HOME/*", "${HOME}", "/home", "/home/*", "/etc", "/usr",
    "/var", "/bin", "/boot", "/lib", "/root", "/sbin", "/opt", "/etc/*", "/usr/*", "/var/*", "/boot/*", "/.", "/..",
    "C:\\", "C:", "c:\\", "C:\\*", "C:/", "/mnt/c", "/System", "/Users",
];

fn destructive(name: &str, arguments: &[&str]) -> Option<f64> {
    let has = |word: &str| arguments.contains(&word);
    let precious = || arguments.iter().any(|a| PRECIOUS.contains(a));
    let on_device = || arguments.iter().any(|a| is_device(a));
    let short = |letter: char| {
        arguments.iter().any(|a| a.starts_with('-') && !a.starts_with("--") && a.contains(letter))
    };
    let is = match name {
        "rm" => {
            (short('r') || short('R') || has("--recursive"))
                && (precious() || has("--no-preserve-root"))
        }
        "find" => precious() && (has("-delete") || (has("-exec") && has("rm"))),
        "chmod" | "chown" => (short('R') || has("--recursive")) && has("/"),
        "dd" => arguments.iter().any(|a| a.strip_prefix("of=").is_some_and(is_device)),
        "shred" | "wipefs" | "blkdiscard" => on_device(),
        _ if name.starts_with("mkfs") => on_device(),
        "terraform" | "tofu" => {
            has("destroy") && arguments.iter().any(|a| a.ends_with("-auto-approve"))
        }
        "kubectl" => has("delete") && has("--all"),
        "aws" => has("s3") && ((has("rb") && has("--force")) || (has("rm") && has("--recursive"))),
        "redis-cli" => arguments.iter().any(|a| a.eq_ignore_ascii_case("flushall")),
        "dropdb" => !arguments.is_empty(),
        "format" => arguments.iter().any(|a| a.eq_ignore_ascii_case("c:")),
        "del" | "rd" | "rmdir" => (has("/s") || has("/S")) && precious(),
        "Remove-Item" => has("-Recurse") && precious(),
        "mv" => precious() && has("/dev/null"),
        "mysql" | "psql" | "sqlite3" | "mongosh" | "mongo" => arguments.iter().any(|a| drops(a)),
        _ => return None,
    };
    is.then_some(0.9)
}

fn drops(argument: &str) -> bool {
    let small = argument.to_ascii_lowercase();
    small.starts_with("drop database") || small.contains("dropdatabase()")
}

fn is_device(path: &str) -> bool {
    let disks = ["sd", "hd", "vd", "nvme", "xvd", "mmcblk", "disk", "mapper/"];
    path.strip_prefix("/dev/").is_some_and(|name| disks.iter().any(|disk| name.starts_with(disk)))
}

/// `> /dev/sda`.
fn written_device(command: &[Word]) -> Option<f64> {
    let pairs =
        command.windows(2).filter(|pair| pair[0].is_redirection && pair[0].text.contains('>'));
    pairs.into_iter().any(|pair| is_device(&pair[1].text)).then_some(0.9)
}

fn weak(name: &str, arguments: &[&str]) -> Option<f64> {
    let opens = |mode: &&str| {
        matches!(
            *mode,
            "777"
                | "0777"
                | "a+rwx"
                | "ugo+rwx"
                | "o+w"
                | "a+w"
                | "666"
                | "0666"
                | "+rwx"
                | "a=rwx"
                | "o+rwx"
        )
    };
    match name {
        "chmod" => arguments.iter().any(opens).then_some(0.9),
        "umask" => matches!(arguments, ["0" | "000" | "0000"]).then_some(0.9),
        _ => None,
    }
}

fn unverified(name: &str, arguments: &[&str]) -> Option<f64> {
    let has = |word: &str| arguments.contains(&word);
    let follows = |name: &str, value: &str| {
        arguments.windows(2).any(|pair| pair[0].ends_with(name) && pair[1] == value)
    };
    let is = match name {
        "curl" => {
            has("--insecure") || has("--proxy-insecure") || arguments.iter().any(|a| has_k(a))
        }
        "wget" => has("--no-check-certificate"),
        "git" => follows("http.sslVerify", "false") || has("http.sslVerify=false"),
        "npm" | "yarn" => follows("strict-ssl", "false") || has("--strict-ssl=false"),
        "pip" | "pip3" => arguments.iter().any(|a| a.starts_with("--trusted-host")),
        "ssh" | "scp" => arguments.iter().any(|a| a.ends_with("StrictHostKeyChecking=no")),
        _ => return None,
    };
    is.then_some(0.9)
}

/// Whether `-k` is among short flags that take no value before it: `-k`, `-sSLk`, not `-Hk`.
fn has_k(argument: &str) -> bool {
    let flags =
        argument.strip_prefix('-').filter(|rest| !rest.starts_with('-')).unwrap_or_default();
    flags.bytes().take_while(|b| b"fgijklLnNqsSvI#0".contains(b)).any(|b| b == b'k')
}

fn evaluated(name: &str, arguments: &[&str]) -> Option<f64> {
    let given = |a: &&str| {
        let rest = a.strip_prefix('$').unwrap_or_default().trim_start_matches('{');
        rest.starts_with(|c: char| c.is_ascii_digit() || c == '@' || c == '*')
            || ["INPUT", "USER_INPUT", "REPLY", "QUERY_STRING"]
                .contains(&rest.trim_end_matches('}'))
    };
    (name == "eval" && arguments.iter().any(given)).then_some(0.8)
}

/// Variables that switch checks off.
fn assignments(command: &[Word]) -> Option<Found> {
    #[rustfmt::skip]
    const OFF: &[&str] = &[
        "NODE_TLS_REJECT_UNAUTHORIZED=0", "GIT_SSL_NO_VERIFY=1", "GIT_SSL_NO_VERIFY=true", "PYTHONHTTPSVERIFY=0",
    ];
    let word = command.iter().find(|word| OFF.contains(&word.text.as_str()))?;
    Some(finding(DISABLED_TLS, std::slice::from_ref(word), 0.9, TLS))
}

fn reverse_shell(pipeline: &[Vec<Word>]) -> Option<Found> {
    let words = || pipeline.iter().flatten();
    let contains = |part: &str| words().any(|word| word.text.contains(part));
    let named = |name: &str| pipeline.iter().any(|c| names(c).any(|n| n == name));
    let has_shell = || words().any(|word| is_shell(base(&word.text)));
    let net = ["nc", "ncat", "netcat"].into_iter().any(named);
    let executes =
        || words().any(|w| matches!(w.text.as_str(), "-e" | "-c" | "--exec" | "--sh-exec"));
    let program = || {
        words().any(|w| w.text.to_ascii_lowercase().contains("socket") && is_back_program(&w.text))
    };
    let is = ((contains("/dev/tcp/") || contains("/dev/udp/")) && (has_shell() || named("exec")))
        || (net && has_shell() && (executes() || pipeline.len() > 1))
        || (named("socat")
            && contains_ignoring_case(pipeline, "exec:")
            && contains_ignoring_case(pipeline, "tcp"))
        || program();
    let first = pipeline.iter().flatten().next()?;
    let last = pipeline.iter().flatten().last()?;
    is.then_some(Found {
        kind: REVERSE_SHELL,
        range: first.at..last.end,
        confidence: 0.9,
        why: BACK,
    })
}

fn contains_ignoring_case(pipeline: &[Vec<Word>], part: &str) -> bool {
    pipeline.iter().flatten().any(|word| word.text.to_ascii_lowercase().contains(part))
}

/// A program on a command line that opens a socket and starts a shell.
fn is_back_program(program: &str) -> bool {
    let starts = ["dup2", "pty.spawn", "/bin/sh", "/bin/bash", "exec("];
    starts.iter().any(|part| program.contains(part))
}

/// The function that calls itself twice for ever.
pub(super) fn is_fork_bomb(code: &str) -> bool {
    let Some(at) = code.find("|:&").or_else(|| code.find("| :&")).or_else(|| code.find("| : &"))
    else {
        return false;
    };
    let from = code.floor_char_boundary(at.saturating_sub(16));
    let head: String = code[from..at].chars().filter(|c| !c.is_whitespace()).collect();
    head.ends_with(":(){:")
}

pub(super) fn fork_bomb(range: std::ops::Range<usize>) -> Found {
    Found {
        kind: DESTRUCTIVE_COMMAND,
        range,
        confidence: 0.95,
        why: "starts processes without end",
    }
}
