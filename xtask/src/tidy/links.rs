//! Every relative link of a Markdown file leads to a file, and every page of the book is in its summary.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::tree::File;

const BOOK: &str = "docs/";

pub(super) fn check(files: &[File]) -> Vec<String> {
    let known: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let pages: Vec<&File> = files.iter().filter(|file| file.path.ends_with(".md")).collect();
    let mut complaints = Vec::new();
    let mut in_summary = BTreeSet::from([format!("{BOOK}SUMMARY.md")]);
    for page in &pages {
        for (number, target) in links(page) {
            let path = resolve(&page.path, target);
            if !known.contains(path.as_str()) && !is_folder(&known, &path) {
                complaints.push(format!("{}:{number}: the link {target} leads nowhere", page.path));
            }
            if page.path.ends_with("SUMMARY.md") {
                in_summary.insert(path);
            }
        }
    }
    let lost = |page: &&&File| page.path.starts_with(BOOK) && !in_summary.contains(&page.path);
    let lost =
        pages.iter().filter(lost).map(|page| format!("{}: not in the book's summary", page.path));
    complaints.extend(lost);
    complaints
}

fn is_folder(known: &BTreeSet<&str>, path: &str) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    known.iter().any(|file| file.starts_with(&folder))
}

/// The targets of `[text](target)` that are neither addresses nor anchors, without their anchor.
fn links(page: &File) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in page.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let relative = targets.filter(|target| {
            !target.contains("://") && !target.starts_with('#') && !target.starts_with("mailto:")
        });
        found.extend(relative.map(|target| (number, target.split('#').next().unwrap_or(target))));
    }
    found
}

/// `target` as seen from `page`, with `..` resolved.
fn resolve(page: &str, target: &str) -> String {
    let folder = Path::new(page).parent().unwrap_or(Path::new(""));
    let mut path = PathBuf::new();
    for part in folder.join(target).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let files = [
            file("notes/a.md", "[b](../b.md#x) [c](c.md) [d](https://d/) [e](#e)"),
            file("b.md", ""),
        ];
        assert_eq!(check(&files), ["notes/a.md:1: the link c.md leads nowhere"]);
    }

    #[test]
    fn a_page_outside_the_summary_is_found() {
        let files =
            [file("docs/SUMMARY.md", "[a](a.md)"), file("docs/a.md", ""), file("docs/b.md", "")];
        assert_eq!(check(&files), ["docs/b.md: not in the book's summary"]);
    }
}
