//! A root key that another program holds.
//!
//! The program is run with one more word, `wrap` or `unwrap`. It reads one line of base64 from
//! standard input and writes one line of base64 to standard output. It has bounded time; what it
//! says on standard error stands in our own error where it fails.

use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::KeyError;

/// How long the program may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Bytes of its answer.
const MAX_ANSWER: u64 = 64 * 1024;

/// Characters of what it says on standard error.
const MAX_COMPLAINT: usize = 500;

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    words: Vec<String>,
    limit: Duration,
}

impl Command {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self { words, limit: LIMIT }
    }

    #[cfg(test)]
    pub(crate) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    pub(crate) fn run(&self, act: &str, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let line = Zeroizing::new(format!("{}\n", STANDARD.encode(input)));
        let answer = self.exchange(act, line.as_bytes()).map_err(|reason| KeyError::Command {
            command: format!("{} {act}", self.words.first().map_or("", String::as_str)),
            reason,
        })?;
        let text = String::from_utf8_lossy(&answer);
        let decoded = STANDARD.decode(text.trim()).map_err(|_| KeyError::Command {
            command: format!("{} {act}", self.words.first().map_or("", String::as_str)),
            reason: "its answer is not one line of base64".to_owned(),
        })?;
        Ok(Zeroizing::new(decoded))
    }

    fn exchange(&self, act: &str, line: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        let mut child = self.spawn(act).map_err(|error| format!("does not run: {error}"))?;
        let end = Instant::now() + self.limit;
        // Threads of their own, which nobody waits for longer than the limit: a program may stop
        // reading, and what it started may keep its pipes open.
        let (input, line) = (child.stdin.take(), Zeroizing::new(line.to_vec()));
        std::thread::spawn(move || input.map(|mut input| input.write_all(&line)));
        let answer = reading(child.stdout.take());
        let complaint = reading(child.stderr.take());
        let ended_well = wait(&mut child, end);
        let left = || end.saturating_duration_since(Instant::now()).max(LOOK);
        match ended_well {
            Some(true) => {
                answer.recv_timeout(left()).map_err(|_| "keeps its output open".to_owned())
            }
            Some(false) => {
                let complaint = complaint.recv_timeout(left()).unwrap_or_default();
                Err(format!("failed: {}", shown(&complaint)))
            }
            None => Err(format!("did not answer within {:?}", self.limit)),
        }
    }

    fn spawn(&self, act: &str) -> std::io::Result<Child> {
        let program = self.words.first().map_or("", String::as_str);
        let mut command = std::process::Command::new(program);
        command.args(self.words.iter().skip(1)).arg(act);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }
}

/// Whether it ended well; nothing where it did not end in time.
fn wait(child: &mut Child, end: Instant) -> Option<bool> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if Instant::now() < end => std::thread::sleep(LOOK), // pause: until it has ended
            _ => {
                // It has ended by itself meanwhile, or it does now.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

fn reading(source: Option<impl Read + Send + 'static>) -> Receiver<Zeroizing<Vec<u8>>> {
    let (read, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        if let Some(source) = source {
            // What was read before an error is what there is.
            let _ = source.take(MAX_ANSWER).read_to_end(&mut bytes);
        }
        let _ = read.send(bytes);
    });
    receiver
}

fn shown(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    model::clip(text.trim(), MAX_COMPLAINT).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        Command::new(["sh", "-c", script].map(str::to_owned).to_vec())
    }

    #[test]
    fn what_the_program_writes_is_the_answer() {
        let said = shell("read line; echo \"$line\"").run("wrap", b"a key").unwrap();
        assert_eq!(*said, b"a key");
        // `sh -c SCRIPT wrap`: the word is the script's name for itself.
        let word = shell("printf %s \"$0\" | base64").run("unwrap", b"").unwrap();
        assert_eq!(*word, b"unwrap");
    }

    #[test]
    fn a_program_that_fails_stalls_or_babbles_is_an_error() {
        let failed = |command: Command| command.run("wrap", b"k").unwrap_err().to_string();
        assert!(failed(shell("echo no such key >&2; exit 1")).contains("no such key"));
        assert!(failed(shell("echo '*'")).contains("base64"));
        assert!(failed(Command::new(vec!["/nowhere/kms".into()])).contains("does not run"));
        for script in ["exec sleep 60", "sleep 60", "cat"] {
            // `cat` ends by itself, and its child does not.
            let script = script.replace("cat", "sleep 60 & echo eA==");
            let stalled = shell(&script).within(Duration::from_millis(50));
            let said = failed(stalled);
            assert!(said.contains("did not answer") || said.contains("open"), "{said}");
        }
    }
}
