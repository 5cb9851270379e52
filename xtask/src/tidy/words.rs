//! Words that must not stand in the tree: machines, folders of one machine, silenced lints and tests.

use super::tree::File;

/// Parts that are joined here, so that this file does not hold them itself; and why not.
const EVERYWHERE: &[(&[&str], &str)] = &[
    (&["crates", ".io/api"], "names a registry's host"),
    (&["index.", "crates.io"], "names a registry's host"),
    (&["static.", "crates.io"], "names a registry's host"),
    (&["registry.", "npmjs.org"], "names a registry's host"),
    (&["files.", "pythonhosted.org"], "names a registry's host"),
    (&["pypi", ".org"], "names a registry's host"),
    (&["proxy.", "golang.org"], "names a registry's host"),
    (&["/", "work/"], "names a folder of one machine"),
    (&["/", "tmp/"], "names a folder of one machine; ask for a temporary one"),
    (&["/", "root/"], "names a folder of one machine"),
    (&["sha", "red/"], "only .ci/run may name what lies beside the repository"),
];

const IN_RUST: &[(&[&str], &str)] = &[
    (&["#[", "ignore"], "a test that does not run is none"),
    (&["allow(", "dead_code"], "delete what is dead"),
    (&["todo", "!("], "finish it or leave it out"),
    (&["unimplemented", "!("], "finish it or leave it out"),
    (
        &["thread::", "sleep("],
        "wait for a condition with a deadline; a retry pause carries `// pause:` and why",
    ),
];

/// The licence is quoted as it is; the lock files are written by their tools.
const QUOTED: &[&str] = &["LICENSE", "Cargo.lock"];

pub(super) fn check(files: &[File]) -> Vec<String> {
    files.iter().filter(|file| !QUOTED.contains(&file.path.as_str())).flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<String> {
    let rules = EVERYWHERE.iter().chain(IN_RUST.iter().filter(|_| file.is_rust()));
    let rules: Vec<(String, &str)> = rules.map(|(parts, why)| (parts.concat(), *why)).collect();
    let mut complaints = Vec::new();
    for (number, line) in file.lines() {
        for (word, why) in &rules {
            if line.contains(word) && !is_excused(file, line, word) {
                complaints.push(format!("{}:{number}: {word}: {why}", file.path));
            }
        }
    }
    complaints
}

fn is_excused(file: &File, line: &str, word: &str) -> bool {
    let beside = file.path == ".ci/run" && word.starts_with("sha");
    let pause = word.contains("sleep") && line.contains("// pause:");
    beside || pause
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> usize {
        check(&[File { path: path.to_owned(), text: text.to_owned() }]).len()
    }

    #[test]
    fn a_forbidden_word_is_found_and_an_excused_one_is_not() {
        assert_eq!(complaints("a.rs", &["#[", "ignore]"].concat()), 1);
        assert_eq!(complaints("a.md", &["see /", "tmp/x"].concat()), 1);
        assert_eq!(complaints("a.md", &["see sha", "red/x"].concat()), 1);
        assert_eq!(complaints(".ci/run", &["see sha", "red/x"].concat()), 0);
        assert_eq!(complaints("a.rs", "fn shared() {}"), 0);
    }
}
