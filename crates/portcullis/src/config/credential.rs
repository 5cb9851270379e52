//! Secrets in the configuration: named by their place, never written there.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use model::Secret;
use zeroize::Zeroizing;

use super::declare::{Shape, section};
use super::diagnostic::Origin;
use super::environment::Environment;
use super::reader::{Node, Reader, Secrets};
use super::value::Value;

section! {
    /// Where a secret is. Give one of the two.
    SecretPlace {
        /// A variable of the environment.
        env: Option<String>, example "OPENAI_API_KEY";
        /// A file that holds nothing else. It should be readable by its owner alone.
        file: Option<PathBuf>, example "/run/secrets/openai";
    }
}

/// Where a secret was taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Environment(String),
    File(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

impl Place {
    /// What stands there.
    fn secret(&self, environment: &Environment) -> Result<Secret, SecretError> {
        match self {
            Self::Environment(name) => match environment.get(name) {
                Some(text) => cleaned(text, self),
                None => Err(SecretError::NotSet(name.clone())),
            },
            Self::File(path) => read_file(path).and_then(|text| cleaned(&text, self)),
        }
    }
}

/// A secret and its place.
#[derive(Clone, Debug)]
pub struct Credential {
    pub place: Place,
    /// `None` where the configuration was read without its secrets.
    pub secret: Option<Secret>,
}

impl Credential {
    /// The secret, for a command that read the configuration without any.
    pub fn resolved(&self, environment: &Environment) -> Result<Secret, SecretError> {
        self.secret.clone().map_or_else(|| self.place.secret(environment), Ok)
    }
}

/// A file with a secret has at most this many bytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Why a secret could not be read from its place.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("environment variable {0} is not set")]
    NotSet(String),
    #[error("{0} is empty")]
    Empty(Place),
    #[error("there is no {0}")]
    NoFile(Place),
    #[error("{0} cannot be read: {1}")]
    Unreadable(Place, std::io::ErrorKind),
    #[error("{0} holds more than {MAX_SECRET_BYTES} bytes")]
    TooLong(Place),
    #[error("{0} holds characters that no key has")]
    Characters(Place),
}

impl Value for Credential {
    const SHAPE: Shape = Shape::Credential { keys: SecretPlace::KEYS };

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if node.value.is_some_and(toml::de::DeValue::is_str) {
            // A variable of the environment is a place for a secret; the file is none.
            if let Origin::Environment(name) = &node.origin {
                return resolve(Place::Environment(name.to_string()), node, reader);
            }
            refuse_clear_text(node, reader);
            return None;
        }
        let before = reader.diagnostics.len();
        let place = match SecretPlace::read(node, reader)? {
            SecretPlace { env: Some(name), file: None } => Place::Environment(name),
            SecretPlace { env: None, file: Some(path) } => Place::File(path),
            _ if reader.diagnostics.len() > before => return None,
            _ => {
                reader.invalid(node, "takes either `env` or `file`").help =
                    Some("write { env = \"NAME\" } or { file = \"PATH\" }".into());
                return None;
            }
        };
        resolve(place, node, reader)
    }
}

fn refuse_clear_text(node: &Node<'_>, reader: &mut Reader<'_>) {
    reader.invalid(node, "must not be written in clear").help = Some(
        "put the secret into the environment or a file and write its place: \
         { env = \"NAME\" } or { file = \"PATH\" }; a key that stood in a file should be replaced"
            .into(),
    );
}

pub(super) fn resolve(
    place: Place,
    node: &Node<'_>,
    reader: &mut Reader<'_>,
) -> Option<Credential> {
    if let Place::Environment(name) = &place {
        reader.variable_was_read(name);
    }
    if reader.secrets == Secrets::Leave {
        return Some(Credential { place, secret: None });
    }
    match place.secret(reader.environment) {
        Ok(secret) => Some(Credential { place, secret: Some(secret) }),
        Err(error) => {
            reader.invalid(node, &format!("has no secret: {error}")).help = Some(remedy(&place));
            None
        }
    }
}

fn remedy(place: &Place) -> String {
    match place {
        Place::Environment(name) => {
            format!(
                "set it before starting: export {name}=…, or name a file: {{ file = \"PATH\" }}"
            )
        }
        Place::File(path) => format!("write the secret into {} and nothing else", path.display()),
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<String>, SecretError> {
    let place = || Place::File(path.to_owned());
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => SecretError::NoFile(place()),
        kind => SecretError::Unreadable(place(), kind),
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_SECRET_BYTES {
        return Err(SecretError::TooLong(place()));
    }
    Ok(text)
}

/// Editors end files with a newline; a key has none, and could not stand in a header with one.
fn cleaned(text: &str, place: &Place) -> Result<Secret, SecretError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(SecretError::Empty(place.clone()));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(SecretError::Characters(place.clone()));
    }
    Ok(Secret::new(text.to_owned()))
}
