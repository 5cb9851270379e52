//! Which policies a command is about: a folder, a version, the baseline, or what is in force.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use policy::Source;
use serde_json::Value;

use super::super::Failure;
use super::super::session::Session;
use crate::policies;

/// What of a file's name makes it one of cases.
const TESTS: &str = ".test.toml";

/// Policies, as a command line names them.
#[derive(Clone, Debug)]
pub(crate) enum Which {
    Folder(PathBuf),
    /// A version that was proposed to the running instance.
    Version(u32),
    Baseline,
    InForce,
}

impl FromStr for Which {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match (text, text.parse()) {
            (_, Ok(number)) => Self::Version(number),
            ("baseline", _) => Self::Baseline,
            ("in-force", _) => Self::InForce,
            (folder, _) => Self::Folder(Path::new(folder).to_owned()),
        })
    }
}

impl Which {
    /// The policies themselves, without the cases beside them.
    pub(super) fn sources(&self, session: &Session<'_>) -> Result<Vec<Source>, Failure> {
        match self {
            Self::Folder(folder) => Ok(policies::sources(Some(folder))?),
            Self::Baseline => Ok(policy::baseline_sources()),
            Self::Version(number) => {
                let version = session.read(&format!("/api/v1/policies/{number}"))?;
                Ok(sources(&version["files"]))
            }
            Self::InForce => Ok(sources(&session.read("/api/v1/policy")?["sources"])),
        }
    }
}

fn sources(files: &Value) -> Vec<Source> {
    let text = |file: &Value, name: &str| file[name].as_str().unwrap_or_default().to_owned();
    let all = files.as_array().into_iter().flatten();
    let all = all.map(|file| Source::new(text(file, "name"), text(file, "text")));
    all.filter(|source| !source.name.ends_with(TESTS)).collect()
}
