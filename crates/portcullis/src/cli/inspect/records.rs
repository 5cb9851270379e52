//! `portcullis inspect records`: sets of the operator's own records.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Subcommand;
use inspect::exact::{Builder, MAGIC};
use serde_json::json;

use super::lines::{self, Count};
use crate::cli::session::Session;
use crate::cli::{Exit, Failure, Output, Result};
use crate::config::Secrets;
use crate::files;
use crate::keys::{InspectionSecret, Use};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a set of the values in a file
    ///
    /// One value stands on a line: a customer's number, a name, an address, of 4 to 128 letters and
    /// digits in up to 8 words. The set holds a keyed fingerprint of each, never a value; the key
    /// comes from the root key, so only an instance with the same root key can read it. A value is
    /// found however it is written: C-1029 A, c1029a and C 1029/A are one.
    #[command(after_help = "\
Example:
  portcullis inspect records build customers.txt --out customers.set
  cut -d, -f3 export.csv > numbers.txt; portcullis inspect records build numbers.txt --out n.set")]
    Build {
        /// The values, one a line
        file: PathBuf,
        /// Where the set is written; a set that is there is replaced
        #[arg(long, value_name = "SET")]
        out: PathBuf,
    },
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    let Command::Build { file, out } = command;
    build(file, out, session, output)
}

fn build(file: &Path, out: &Path, session: &Session<'_>, output: &mut Output) -> Result {
    files::may_replace(out, MAGIC)?;
    let config = session.config(Secrets::Leave)?.config;
    let root = InspectionSecret::open(&config, &session.tenant(), session.environment)?;
    let mut builder = Builder::new(&root.derive(&session.tenant(), Use::Records)?);
    let (begun, mut count) = (Instant::now(), Count::default());
    lines::each(file, output, &mut count, |value| {
        let refused = builder.refused();
        builder.add(value).refused() == refused
    })?;
    if begun.elapsed().as_secs() > 0 {
        output.note("sorting");
    }
    let set = builder.finish();
    if set.is_empty() {
        let problem = "holds no value of 4 to 128 letters and digits in up to 8 words a line";
        return Err(Failure::Usage(format!("{} {problem}", file.display())));
    }
    let (values, bytes) = (set.len(), set.to_bytes());
    files::replace(out, &bytes).with_context(|| format!("{} cannot be written", out.display()))?;
    count.note(output);
    if output.json {
        output.value(&json!({
            "file": out, "values": values, "bytes": bytes.len(), "refused": count.refused,
        }))?;
        return Ok(Exit::Done);
    }
    let size = bytes.len() as f64 / 1e6;
    output.line(format_args!("{}: {values} values, {size:.1} MB", out.display()))?;
    output.note(format_args!("\n[[inspect.records]]\nfile = \"{}\"", out.display()));
    Ok(Exit::Done)
}
