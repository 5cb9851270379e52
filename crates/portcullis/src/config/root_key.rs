//! The root key: a secret by its place, or a command that holds it.

use std::path::PathBuf;

use toml::de::DeValue;

use super::Environment;
use super::credential::{Credential, Place, SecretError, resolve};
use super::declare::{Shape, section};
use super::reader::{Node, Reader};
use super::value::Value;

section! {
    /// Where the root key is. Give one of the three.
    RootPlace {
        /// A variable of the environment.
        env: Option<String>, example "ROOT_KEY";
        /// A file that holds nothing else. It should be readable by its owner alone.
        file: Option<PathBuf>, example "/run/secrets/root-key";
        /// A program and its arguments. It is run with `wrap` or `unwrap` as one more argument, reads
        /// one line of base64 from standard input, and answers with one line of base64.
        command: Vec<String> = [], example ["/usr/local/bin/kms-wrap", "--key", "portcullis"];
    }
}

/// The root key, as far as the configuration knows it.
#[derive(Clone, Debug)]
pub enum RootKey {
    Credential(Credential),
    Command(Vec<String>),
}

impl RootKey {
    /// Reads the secret, for a command that read the configuration without any.
    pub fn take_up(&mut self, environment: &Environment) -> Result<(), SecretError> {
        if let Self::Credential(credential) = self {
            credential.secret = Some(credential.resolved(environment)?);
        }
        Ok(())
    }
}

impl Value for RootKey {
    const SHAPE: Shape = Shape::Credential { keys: RootPlace::KEYS };

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if node.value.is_some_and(DeValue::is_str) {
            return Credential::read(node, reader).map(Self::Credential);
        }
        let before = reader.diagnostics.len();
        let RootPlace { env, file, command } = RootPlace::read(node, reader)?;
        let place = match (env, file, command.is_empty()) {
            (None, None, false) => return Some(Self::Command(command)),
            (Some(name), None, true) => Place::Environment(name),
            (None, Some(path), true) => Place::File(path),
            _ if reader.diagnostics.len() > before => return None,
            _ => {
                reader.invalid(node, "takes one of `env`, `file` and `command`").help = Some(
                    "write { env = \"NAME\" }, { file = \"PATH\" } or { command = [\"PROGRAM\"] }"
                        .into(),
                );
                return None;
            }
        };
        resolve(place, node, reader).map(Self::Credential)
    }
}
