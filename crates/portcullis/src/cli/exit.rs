//! Exit statuses, and what makes a command end with one that is not 0.

use std::fmt;
use std::process::ExitCode;

use crate::client::ClientError;
use crate::config::ConfigError;

/// How a command ended, by its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    /// A check found what it looks for.
    Found = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The configuration is wrong.
    Config(Box<ConfigError>),
    /// The command line asks for what cannot be.
    Usage(String),
    /// It was tried and failed.
    Failed(anyhow::Error),
    /// Nobody reads our output any more.
    OutputClosed,
}

impl Failure {
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Usage(_) => Exit::Usage,
            Self::Failed(_) => Exit::Failed,
            Self::OutputClosed => Exit::Done,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Usage(problem) => f.write_str(problem),
            Self::Failed(error) => write!(f, "{error:#}"),
            Self::OutputClosed => f.write_str("the output was closed"),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// From writing to standard output, which ends early when a reader such as `head` has enough.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::Failed(anyhow::Error::new(error).context("the output could not be written"))
    }
}
