//! The small file that says where the last checkpoint stands in the segments, so that a start
//! reads only what came after it.

use serde::{Deserialize, Serialize};

use crate::LogError;
use crate::files::{Files, read_optional, replace};
use crate::segment::Position;

const PATH: &str = "state";

/// Rewritten at each checkpoint, at open and at close. It is a hint: a log without it starts by
/// reading the whole of its last segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Records that the checkpoint covers, and where the last of them stands: a start reads it
    /// again, and so sees whether the segments still reach that far.
    pub(crate) size: u64,
    pub(crate) segment: u64,
    pub(crate) offset: u64,
    /// Closed in order, and not opened since.
    pub(crate) is_closed: bool,
    /// Microseconds since the epoch when this was written.
    pub(crate) time: i64,
}

impl State {
    pub(crate) fn position(&self) -> Position {
        Position { segment: self.segment, offset: self.offset }
    }

    /// `None` where there is none that can be trusted.
    pub(crate) fn load(files: &dyn Files) -> Result<Option<Self>, LogError> {
        let Some(bytes) = read_optional(files, PATH)? else { return Ok(None) };
        let text = String::from_utf8(bytes).unwrap_or_default();
        let parts = text.trim_end().split_once(' ');
        let whole = parts.filter(|(crc, json)| *crc == checksum(json));
        Ok(whole.and_then(|(_, json)| serde_json::from_str(json).ok()))
    }

    pub(crate) fn save(&self, files: &dyn Files) -> Result<(), LogError> {
        let json = serde_json::to_string(self).map_err(|error| LogError::Io {
            operation: "encoding",
            file: PATH.to_owned(),
            reason: error.to_string(),
        })?;
        replace(files, PATH, format!("{} {json}\n", checksum(&json)).as_bytes())
    }
}

fn checksum(json: &str) -> String {
    format!("{:08x}", crc32c::crc32c(json.as_bytes()))
}
