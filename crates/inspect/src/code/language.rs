//! The languages whose code is read, and how a text tells which it is written in.

/// A language of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    Python,
    /// And TypeScript.
    JavaScript,
    Shell,
    Go,
    Rust,
    Java,
    CSharp,
    Php,
    Ruby,
    Sql,
    /// YAML and Terraform.
    Config,
    Dockerfile,
    /// Lines of a `requirements.txt`.
    Requirements,
    /// `package.json`.
    PackageJson,
}

impl Language {
    /// By the tag of a fenced block or the ending of a file.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Some(match tag.to_ascii_lowercase().as_str() {
            "python" | "py" | "python3" | "ipython" => Self::Python,
            "javascript" | "js" | "jsx" | "mjs" | "cjs" | "typescript" | "ts" | "tsx" | "node" => {
                Self::JavaScript
            }
            "bash" | "sh" | "shell" | "zsh" | "console" | "terminal" | "shellsession"
            | "powershell" | "ps1" => Self::Shell,
            "go" | "golang" => Self::Go,
            "rust" | "rs" => Self::Rust,
            "java" | "kotlin" | "kt" => Self::Java,
            "csharp" | "cs" | "c#" => Self::CSharp,
            "php" => Self::Php,
            "ruby" | "rb" => Self::Ruby,
            "sql" | "mysql" | "postgresql" | "sqlite" | "plpgsql" => Self::Sql,
            "yaml" | "yml" | "terraform" | "tf" | "hcl" => Self::Config,
            "dockerfile" | "docker" => Self::Dockerfile,
            "requirements" | "requirements.txt" => Self::Requirements,
            "package.json" => Self::PackageJson,
            _ => return None,
        })
    }

    /// By the name of a JSON member that carries code to a tool.
    pub fn from_argument(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "command" | "cmd" | "bash" | "shell" | "shell_command" => Self::Shell,
            "sql" | "sql_query" => Self::Sql,
            "python" | "python_code" => Self::Python,
            "javascript" => Self::JavaScript,
            _ => return None,
        })
    }

    /// By what stands in a text; `None` for prose and for what is too short to tell.
    pub fn recognise(text: &str) -> Option<Self> {
        let head = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
        if let Some(line) = head.strip_prefix("#!") {
            let program = line.lines().next().unwrap_or_default();
            return SHEBANGS.iter().find(|(name, _)| program.contains(name)).map(|(_, l)| *l);
        }
        if head.trim_start().starts_with("<?php") {
            return Some(Self::Php);
        }
        let lines: Vec<&str> =
            head.lines().map(str::trim_start).filter(|l| !l.is_empty()).collect();
        let mut best = None;
        // One line cannot hold two signs, and most texts are of one.
        for (language, signs) in SIGNS.iter().filter(|_| lines.len() >= ENOUGH_SIGNS) {
            let count = lines.iter().filter(|line| signs.iter().any(|s| fits(s, line))).count();
            if count >= ENOUGH_SIGNS && best.is_none_or(|(most, _)| count > most) {
                best = Some((count, *language));
            }
        }
        best.map(|(_, language)| language)
    }
}

/// How much of a text is looked at to tell its language.
const SAMPLE_BYTES: usize = 4096;

/// How many lines must look like the language.
const ENOUGH_SIGNS: usize = 2;

const SHEBANGS: &[(&str, Language)] = &[
    ("python", Language::Python),
    ("node", Language::JavaScript),
    ("ruby", Language::Ruby),
    ("php", Language::Php),
    ("sh", Language::Shell),
];

/// How lines of each language begin and, after `…`, end.
#[rustfmt::skip]
const SIGNS: &[(Language, &[&str])] = &[
    (Language::Python, &["def …:", "class …:", "import ", "from … import ", "if …:", "elif …:", "for …:", "with …:", "print(", "return ", "@", "try:", "except"]),
    (Language::JavaScript, &["const …", "let …;", "var …;", "function …{", "import …;", "export ", "async function", "console.log(", "return …;", "} else {", "await …;", "});"]),
    (Language::Go, &["package ", "func …{", "import (", "type … struct {", "if err != nil {", "defer ", "fmt."]),
    (Language::Rust, &["fn …{", "pub fn ", "use …;", "impl …{", "let mut ", "let …;", "struct …{", "#[", "mod ", "match …{"]),
    (Language::Java, &["public class ", "import java", "public static ", "private …;", "private …{", "public …{", "@Override", "package …;"]),
    (Language::CSharp, &["using …;", "namespace ", "public class ", "public async ", "private readonly ", "var …;", "public …{"]),
    (Language::Ruby, &["def ", "end", "require '", "class ", "module ", "puts ", "attr_"]),
    (Language::Shell, &["$ ", "sudo ", "curl ", "wget ", "export …", "apt-get ", "cd ", "echo ", "pip install ", "npm install ", "chmod ", "fi", "then", "set -"]),
    (Language::Sql, &["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "CREATE TABLE ", "DROP ", "ALTER TABLE ", "FROM ", "WHERE "]),
    (Language::Dockerfile, &["FROM ", "RUN ", "COPY ", "WORKDIR ", "ENTRYPOINT ", "CMD ", "EXPOSE ", "ENV "]),
];

fn fits(sign: &str, line: &str) -> bool {
    if sign.as_bytes().first() != line.as_bytes().first() {
        return false;
    }
    match sign.split_once('…') {
        Some((start, end)) if !end.is_empty() && !end.ends_with(' ') => {
            line.starts_with(start) && line.trim_end().ends_with(end)
        }
        Some((start, end)) => line.starts_with(start) && line.contains(end),
        None => line.starts_with(sign),
    }
}
