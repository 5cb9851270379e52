//! How the demonstration tells what happens: paced sections for people, one object for machines.
//!
//! Every claim is a check. Nothing is told as done that was not seen.

use std::io;

use serde_json::{Map, Value, json};

use crate::cli::{Output, Table};
use crate::visible::visible;

/// Lines are broken here, in characters.
const WIDTH: usize = 92;
/// Labels of shown values take this much room.
const LABEL: usize = 20;

/// Writes to one output, and remembers what was checked.
pub(super) struct Story<'a> {
    output: &'a mut Output,
    scenes: Vec<Value>,
    failed: usize,
    checked: usize,
    /// What comes next begins a new step, after a blank line.
    is_step_done: bool,
    /// The first error of the output; what follows is not written.
    broken: Option<io::Error>,
}

impl<'a> Story<'a> {
    pub(super) fn new(output: &'a mut Output) -> Self {
        Self {
            output,
            scenes: Vec::new(),
            failed: 0,
            checked: 0,
            is_step_done: false,
            broken: None,
        }
    }

    fn line(&mut self, line: &str) {
        if !self.output.json && self.broken.is_none() {
            self.broken = self.output.line(line).err();
        }
    }

    /// A blank line where a step has ended.
    fn step(&mut self) {
        if std::mem::take(&mut self.is_step_done) {
            self.line("");
        }
    }

    /// Turns a style on and off around a text, where there is colour.
    fn styled(&self, code: &str, text: &str) -> String {
        match self.output.has_colour() {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    /// Begins a section.
    pub(super) fn scene(&mut self, name: &str, title: &str) {
        self.scenes.push(json!({ "scene": name, "checks": [] }));
        self.is_step_done = false;
        let heading = self.styled("1;36", &format!("{}. {title}", self.scenes.len()));
        self.line("");
        self.line(&heading);
    }

    /// A heading that is no section.
    pub(super) fn heading(&mut self, title: &str) {
        self.is_step_done = false;
        let heading = self.styled("1", title);
        self.line("");
        self.line(&heading);
    }

    /// A sentence or two.
    pub(super) fn say(&mut self, text: &str) {
        self.step();
        for line in wrapped(text, WIDTH - 3) {
            self.line(&format!("   {line}"));
        }
    }

    /// A command, to be copied as it is: not broken.
    pub(super) fn command(&mut self, command: &str) {
        let command = self.styled("36", command);
        self.line(&format!("     {command}"));
    }

    /// A value under its name; the value may be from outside.
    pub(super) fn show(&mut self, label: &str, value: &str) {
        self.step();
        let value = visible(value);
        for (place, part) in wrapped(&value, WIDTH - LABEL - 5).iter().enumerate() {
            let name = if place == 0 { label } else { "" };
            let name = self.styled("2", &format!("{name:<LABEL$}"));
            let part = self.marked(part);
            self.line(&format!("     {name}{part}"));
        }
    }

    /// What was taken out stands out, where there is colour.
    fn marked(&self, part: &str) -> String {
        let Some(start) = part.find("[redacted:") else { return part.to_owned() };
        let (before, mask) = part.split_at(start);
        let (mask, after) = mask.split_at(mask.find(']').map_or(mask.len(), |end| end + 1));
        format!("{before}{}{after}", self.styled("33", mask))
    }

    /// A value for machines only.
    pub(super) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(scene) = self.scenes.last_mut() {
            scene[name] = value.into();
        }
    }

    /// Whether what was announced has happened.
    pub(super) fn check(&mut self, expected: &str, has_happened: bool) {
        self.checked += 1;
        self.failed += usize::from(!has_happened);
        let check = json!({ "expected": expected, "ok": has_happened });
        if let Some(checks) = self.scenes.last_mut().and_then(|s| s["checks"].as_array_mut()) {
            checks.push(check);
        }
        self.is_step_done = true;
        let mark = match has_happened {
            true => self.styled("32", "✓"),
            false => self.styled("1;31", "✗ NOT SO:"),
        };
        for (place, part) in wrapped(expected, WIDTH - 5).iter().enumerate() {
            let lead = if place == 0 { mark.as_str() } else { " " };
            self.line(&format!("   {lead} {part}"));
        }
    }

    /// A scene that broke off counts as a check that failed.
    pub(super) fn outcome(&mut self, outcome: anyhow::Result<()>) {
        if let Err(error) = outcome {
            self.fact("error", format!("{error:#}"));
            self.check(&visible(&format!("this step went to its end: {error:#}")), false);
        }
    }

    pub(super) fn table(&mut self, table: &Table) {
        self.is_step_done = false;
        self.line("");
        for (place, row) in table.lines().iter().enumerate() {
            let row = if place == 0 { self.styled("1", row) } else { row.clone() };
            self.line(&format!("     {row}"));
        }
        self.line("");
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Whether everything went as told, and the sum of it for people.
    pub(super) fn close(&mut self, took: std::time::Duration) -> bool {
        let (checked, failed) = (self.checked, self.failed);
        let sum = match failed {
            0 => self.styled("1;32", &format!("All {checked} checks hold.")),
            _ => self.styled("1;31", &format!("{failed} of {checked} checks do NOT hold.")),
        };
        self.line("");
        self.line(&format!("{sum} It took {:.1} s.", took.as_secs_f64()));
        failed == 0
    }

    /// The one object for machines, with what else the caller has to tell.
    pub(super) fn finish(&mut self, rest: Map<String, Value>) -> io::Result<()> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        if !self.output.json {
            return Ok(());
        }
        let mut whole =
            json!({ "ok": self.failed == 0, "checked": self.checked, "failed": self.failed });
        whole["scenes"] = Value::Array(std::mem::take(&mut self.scenes));
        for (name, value) in rest {
            whole[name] = value;
        }
        self.output.value(&whole)
    }
}

/// Breaks a text at blanks; a word that is longer than a line keeps one to itself.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_blanks_only() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a unbreakable b", 4), ["a", "unbreakable", "b"]);
    }

    #[test]
    fn one_check_that_fails_fails_the_whole() {
        let mut output = Output::into(false, Box::new(io::sink()), Box::new(io::sink()));
        let mut story = Story::new(&mut output);
        story.scene("a", "A");
        story.check("holds", true);
        assert!(story.close(std::time::Duration::ZERO));
        story.outcome(Err(anyhow::anyhow!("broken")));
        assert!(!story.close(std::time::Duration::ZERO));
    }
}
