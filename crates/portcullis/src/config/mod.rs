//! Configuration: `portcullis.toml` and the `PORTCULLIS_…` variables of the environment.
//!
//! [`sections`] declares every key once; [`declare`] explains how. [`load`] reads a file, lets
//! the environment override it, checks the whole, and gives either a [`Loaded`] or everything
//! that is wrong with it at once, as [`ConfigError`].

pub mod actions;
pub mod archive_place;
mod check;
mod conceal;
pub mod credential;
pub mod declare;
pub mod diagnostic;
pub mod environment;
mod nearest;
mod places;
pub mod reader;
pub mod reference;
pub mod root_key;
pub mod sections;
mod starter;
pub mod tenants;
pub mod types;
pub mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

pub use self::credential::{Credential, Place};
pub use self::environment::Environment;
pub use self::reader::Secrets;
pub use self::sections::Config;

use self::diagnostic::{Diagnostic, Origin, Severity, SourceText};
use self::reader::{Node, Reader};
use self::value::Value;

/// The file that is read where no other is named.
pub const DEFAULT_FILE: &str = "portcullis.toml";
/// A configuration file has at most this many bytes.
const MAX_CONFIG_BYTES: u64 = 4 * 1024 * 1024;

/// A configuration that holds together.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    /// The file that it was read from, if there was one.
    pub file: Option<PathBuf>,
    /// What is allowed and yet worth saying.
    pub warnings: Vec<Diagnostic>,
    pub source: SourceText,
    /// The tenants besides `main`, each with its own file's configuration.
    pub tenants: Vec<tenants::Tenant>,
}

/// Everything that is wrong with a configuration. Exit status 2.
#[derive(Clone, Debug)]
pub struct ConfigError {
    pub diagnostics: Vec<Diagnostic>,
    pub source: SourceText,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.diagnostics {
            writeln!(f, "{}", diagnostic.render(&self.source))?;
        }
        let errors = self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        let plural = if errors == 1 { "error" } else { "errors" };
        write!(f, "the configuration has {errors} {plural}; nothing was started or changed")
    }
}

/// Reads the named file, or [`DEFAULT_FILE`] if there is one, or else the built-in start.
pub fn load(
    named: Option<&Path>,
    environment: &Environment,
    secrets: Secrets,
) -> Result<Loaded, ConfigError> {
    let default = Path::new(DEFAULT_FILE);
    let file = named.or_else(|| default.exists().then_some(default));
    let Some(file) = file else {
        let source =
            SourceText { name: "the built-in start".into(), text: starter::text(environment) };
        return parse(source, None, environment, secrets);
    };
    let name = file.display().to_string();
    match read_file(file) {
        Ok(text) => parse(SourceText { name, text }, Some(file), environment, secrets),
        Err(problem) => {
            let diagnostic = Diagnostic::error(Origin::Default, format!("{name}: {problem}"))
                .help("`portcullis config example > portcullis.toml` writes one to begin with");
            Err(ConfigError { diagnostics: vec![diagnostic], source: SourceText::default() })
        }
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::InvalidData => "the file is not UTF-8 text".to_owned(),
        other => format!("the file cannot be read: {other}"),
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.take(MAX_CONFIG_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_CONFIG_BYTES {
        return Err(format!("the file holds more than {MAX_CONFIG_BYTES} bytes"));
    }
    Ok(text)
}

/// Reads a text, for which `file` gives the folder that relative paths begin at.
pub fn parse(
    source: SourceText,
    file: Option<&Path>,
    environment: &Environment,
    secrets: Secrets,
) -> Result<Loaded, ConfigError> {
    let (config, mut warnings, source) = read(source, file, environment, secrets, check::check)?;
    let (tenants, said) = tenants::load(&config, environment, secrets)?;
    warnings.extend(said);
    let file = file.map(Path::to_owned);
    Ok(Loaded { config, file, warnings, source, tenants })
}

/// One file, and what `check` has to say of it as a whole.
fn read(
    source: SourceText,
    file: Option<&Path>,
    environment: &Environment,
    secrets: Secrets,
    check: impl FnOnce(&Config, &Origins, &mut Vec<Diagnostic>),
) -> Result<(Config, Vec<Diagnostic>, SourceText), ConfigError> {
    let (table, syntax) = DeTable::parse_recoverable(&source.text);
    if !syntax.is_empty() {
        let diagnostics = syntax.iter().map(syntax_error).collect();
        return Err(ConfigError { diagnostics, source });
    }
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
    let mut reader = Reader::new(Config::KEYS, environment, secrets, folder);
    let value = DeValue::Table(table.into_inner());
    let config =
        Config::read(&Node { value: Some(&value), origin: Origin::File(0..0) }, &mut reader);
    reader.check_variables();
    let Reader { mut diagnostics, origins, .. } = reader;
    if let Some(config) = &config {
        check(config, &Origins(origins), &mut diagnostics);
    }
    diagnostics.sort_by_key(order);
    let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
    match config {
        Some(config) if !failed => Ok((config, diagnostics, source)),
        _ => {
            // What is wrong comes first; what is merely absent can be said once that is right.
            diagnostics.retain(|d| d.severity == Severity::Error || d.origin != Origin::Default);
            Err(ConfigError { diagnostics, source })
        }
    }
}

fn syntax_error(error: &toml::de::Error) -> Diagnostic {
    let origin = error.span().map_or(Origin::Default, Origin::File);
    Diagnostic::error(origin, format!("this is not TOML: {}", error.message()))
}

/// Errors first, then by place.
fn order(diagnostic: &Diagnostic) -> (bool, u8, usize) {
    let (rank, at) = match &diagnostic.origin {
        Origin::File(range) => (0, range.start),
        Origin::Environment(_) => (1, 0),
        Origin::Default => (2, 0),
    };
    (diagnostic.severity == Severity::Warning, rank, at)
}

/// Where each key's value was found.
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Whether anything of a section was written.
    fn has(&self, section: &str) -> bool {
        let below = |path: &str| {
            let rest = path.strip_prefix(section);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.0.iter().any(|(path, origin)| below(path) && *origin != Origin::Default)
    }

    /// The origin of a path such as `provider[0].name`, or of the nearest part of it.
    pub fn of(&self, path: &str) -> Origin {
        let mut path = path;
        loop {
            if let Some(origin) = self.0.get(path) {
                return origin.clone();
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return Origin::Default,
            }
        }
    }
}
