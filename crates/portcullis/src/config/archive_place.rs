//! Where an archive is: a folder, or a bucket and what its keys begin with.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::declare::{Shape, Written};
use super::diagnostic::Origin;
use super::reader::{Node, Reader};
use super::value::Value;

const SCHEME: &str = "s3://";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchivePlace {
    Folder(PathBuf),
    Bucket {
        bucket: String,
        /// Without a slash at either end; empty for the whole bucket.
        prefix: String,
    },
}

/// Why a text is no such place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchivePlaceError {
    #[error("an archive is a folder, or s3://BUCKET/PREFIX")]
    Scheme,
    #[error("a bucket's name has 3 to 63 of a-z, 0-9, '.' and '-'")]
    Bucket,
    #[error(
        "a prefix has letters, digits, '-', '_', '.' and single '/' within, and no part \"..\""
    )]
    Prefix,
}

impl FromStr for ArchivePlace {
    type Err = ArchivePlaceError;

    fn from_str(text: &str) -> Result<Self, ArchivePlaceError> {
        let Some(rest) = text.strip_prefix(SCHEME) else {
            let is_path = !text.is_empty() && !text.contains("://");
            return is_path.then(|| Self::Folder(text.into())).ok_or(ArchivePlaceError::Scheme);
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b);
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(is_plain) {
            return Err(ArchivePlaceError::Bucket);
        }
        if !prefix.is_empty() && !prefix.split('/').all(is_part) {
            return Err(ArchivePlaceError::Prefix);
        }
        Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

fn is_part(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !matches!(part, "" | "." | "..") && part.bytes().all(is_plain)
}

impl fmt::Display for ArchivePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "{SCHEME}{bucket}"),
            Self::Bucket { bucket, prefix } => write!(f, "{SCHEME}{bucket}/{prefix}"),
        }
    }
}

impl ArchivePlace {
    /// The place of one log among those of several.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        match self {
            Self::Folder(path) => Self::Folder(path.join(name)),
            Self::Bucket { bucket, prefix } => {
                let joint = if prefix.is_empty() { "" } else { "/" };
                let prefix = format!("{prefix}{joint}{name}");
                Self::Bucket { bucket: bucket.clone(), prefix }
            }
        }
    }
}

impl Value for ArchivePlace {
    const SHAPE: Shape = Shape::Scalar {
        expects: "a folder, or a bucket such as \"s3://bucket/prefix\"",
        written: Written::Text,
    };

    /// A relative folder begins as every path does.
    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::SHAPE)?;
        match text.parse() {
            Ok(Self::Folder(path)) => match node.origin {
                Origin::File(_) => Some(Self::Folder(reader.folder.join(path))),
                _ => Some(Self::Folder(path)),
            },
            Ok(bucket) => Some(bucket),
            Err(error) => {
                reader.invalid(node, &format!("takes {}: {error}", Self::SHAPE.expects()));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_and_its_prefix_are_told_from_a_folder() {
        let read = |text: &str| text.parse::<ArchivePlace>();
        let bucket = |bucket: &str, prefix: &str| ArchivePlace::Bucket {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        assert_eq!(read("s3://logs"), Ok(bucket("logs", "")));
        assert_eq!(read("s3://logs/"), Ok(bucket("logs", "")));
        assert_eq!(read("s3://logs/a/B_1.x/"), Ok(bucket("logs", "a/B_1.x")));
        assert_eq!(read("/mnt/archive"), Ok(ArchivePlace::Folder("/mnt/archive".into())));
        for bad in
            ["", "gs://b", "https://b", "s3://", "s3://ab", "s3://Logs", "s3://lo gs", "s3:///x"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        for bad in ["a//b", "..", "a/../b", "/a", "a b", "a?b", "é"] {
            assert_eq!(read(&format!("s3://logs/{bad}")), Err(ArchivePlaceError::Prefix), "{bad}");
        }
    }

    #[test]
    fn each_log_has_a_place_of_its_own() {
        for (place, of_log) in [
            ("s3://logs", "s3://logs/main"),
            ("s3://logs/p", "s3://logs/p/main"),
            ("/a", "/a/main"),
        ] {
            let place: ArchivePlace = place.parse().unwrap();
            assert_eq!(place.below("main").to_string(), of_log);
        }
    }
}
