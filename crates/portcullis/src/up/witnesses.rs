//! Has the log's checkpoints cosigned by the configured witnesses, in the background.
//!
//! Nothing waits for this: the gate answers and the log signs whether witnesses can be reached or
//! not. What they cosigned is kept beside the checkpoint, and a verification says how far each came.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use ledger::cosignature;
use ledger::cosigned::Cosigned;
use ledger::files::Disk;
use ledger::note::{Checkpoint, VerifierKey};
use ledger::prove::Prover;
use ledger::verify::Folder;
use ledger::witness::{Outcome, Submission};
use tokio::task::JoinSet;

use crate::client::dial;
use crate::config::sections::Witness as Configured;

/// The longest that one witness may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer, in bytes: a few signature lines.
const MAX_ANSWER: usize = 64 << 10;
/// The file of cosigned checkpoints is thinned when it outgrows this.
const MAX_COSIGNED: u64 = 4 << 20;

/// One witness, and how far it has come.
#[derive(Clone)]
struct Witness {
    url: Uri,
    key: VerifierKey,
    size: u64,
    /// What was said about it last, so that it is said once.
    said: Option<String>,
}

/// The checkpoint that is submitted.
struct Head {
    folder: PathBuf,
    note: String,
    checkpoint: Checkpoint,
}

/// Submits each new checkpoint, at most this often. Ends when it is aborted.
pub(super) async fn run(folder: PathBuf, configured: Vec<Configured>, every: Duration) {
    let new = |one: &Configured| Witness {
        url: one.url.0.clone(),
        key: one.key.0.clone(),
        size: 0,
        said: None,
    };
    let mut witnesses: Vec<Witness> = configured.iter().map(new).collect();
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let kept: Kept = Arc::default();
    while !witnesses.is_empty() {
        ticks.tick().await;
        if let Err(error) = submit(&folder, &mut witnesses, &kept).await {
            tracing::warn!(%error, "a checkpoint could not be submitted to the witnesses");
        }
    }
}

/// Submits the newest checkpoint to each witness that has not cosigned it, all at once.
async fn submit(folder: &Path, witnesses: &mut [Witness], kept: &Kept) -> anyhow::Result<()> {
    let head = Arc::new(newest(folder.to_owned()).await?);
    let mut asked = JoinSet::new();
    for (place, witness) in witnesses.iter().enumerate() {
        if witness.size < head.checkpoint.size {
            let (head, witness) = (Arc::clone(&head), witness.clone());
            asked.spawn(async move { (place, ask(&head, &witness).await) });
        }
    }
    let mut cosigned = head.note.clone();
    while let Some(answered) = asked.join_next().await {
        let (place, outcome) = answered?;
        let Some(witness) = witnesses.get_mut(place) else { continue };
        if let Ok(Outcome::Cosigned(note)) = &outcome {
            let lines = note.strip_prefix(head.note.as_str()).unwrap_or_default();
            cosigned = cosignature::join(&cosigned, lines, &witness.key)?;
            witness.size = head.checkpoint.size;
        }
        tell(witness, outcome);
    }
    if cosigned != head.note {
        let (folder, kept) = (folder.to_owned(), Arc::clone(kept));
        tokio::task::spawn_blocking(move || keep(&folder, &kept, &cosigned)).await??;
    }
    Ok(())
}

/// The file of cosigned checkpoints, once it has been opened.
type Kept = Arc<Mutex<Option<Cosigned>>>;

fn keep(folder: &Path, kept: &Kept, note: &str) -> Result<(), ledger::LogError> {
    let disk = Disk::new(folder);
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    // Put back only after it went well: otherwise what the file holds is read anew.
    let mut file = match kept.take() {
        Some(file) => file,
        None => Cosigned::open(&disk, MAX_COSIGNED)?,
    };
    file.push(&disk, note)?;
    *kept = Some(file);
    Ok(())
}

/// Says what changed. A witness that has seen another history is the alarm that it is there for.
fn tell(witness: &mut Witness, outcome: anyhow::Result<Outcome>) {
    let (is_alarm, said) = match outcome {
        Ok(Outcome::Cosigned(_)) => (false, None),
        Ok(Outcome::Ahead(size)) => {
            (true, Some(format!("it has cosigned {size} records that this log does not have")))
        }
        Ok(Outcome::Stands(size)) => (false, Some(format!("it stands at {size} records"))),
        Ok(Outcome::Refused(why)) => (false, Some(why)),
        Err(error) => (false, Some(format!("{error:#}"))),
    };
    if said == witness.said {
        return;
    }
    match &said {
        Some(why) if is_alarm => {
            tracing::error!(witness = witness.key.name(), %why, "the log was rolled back, restored from a copy, or forked");
        }
        Some(why) => {
            tracing::warn!(witness = witness.key.name(), %why, "the witness did not cosign");
        }
        None => tracing::info!(witness = witness.key.name(), "the witness cosigns"),
    }
    witness.said = said;
}

async fn newest(folder: PathBuf) -> anyhow::Result<Head> {
    let read = move || {
        let text = |name: &str| {
            std::fs::read_to_string(folder.join(name)).with_context(|| name.to_owned())
        };
        let (note, key) = (text("checkpoint")?, text("vkey")?);
        let checkpoint = Checkpoint::open(note.as_bytes(), &key.trim().parse()?)?;
        Ok(Head { folder, note, checkpoint })
    };
    tokio::task::spawn_blocking(read).await?
}

/// Submits from where the witness was; once more from where it says that it stands.
async fn ask(head: &Arc<Head>, witness: &Witness) -> anyhow::Result<Outcome> {
    let mut old = witness.size.min(head.checkpoint.size);
    for _ in 0..2 {
        let outcome = ask_from(head, witness, old).await?;
        match outcome {
            Outcome::Stands(size) => old = size,
            other => return Ok(other),
        }
    }
    Ok(Outcome::Stands(old))
}

async fn ask_from(head: &Arc<Head>, witness: &Witness, old: u64) -> anyhow::Result<Outcome> {
    let proving = Arc::clone(head);
    let proof = tokio::task::spawn_blocking(move || {
        let mut folder = Folder::new(&proving.folder);
        Prover::new(&mut folder, proving.checkpoint.size).consistency(old)
    });
    let proof = proof.await??;
    let submission =
        Submission { witness: &witness.key, note: &head.note, checkpoint: &head.checkpoint, old };
    let posted = tokio::time::timeout(PATIENCE, post(&witness.url, submission.body(proof))).await;
    let (status, body) = posted.context("it did not answer in time")??;
    Ok(submission.read(status, &body))
}

async fn post(url: &Uri, body: String) -> anyhow::Result<(u16, String)> {
    let path = format!("{}/add-checkpoint", url.path().trim_end_matches('/'));
    let host = url.authority().map_or("localhost", |authority| authority.as_str());
    let request = Request::post(path).header(HOST, host).header(CONTENT_TYPE, "text/plain");
    let request = request.body(Full::new(Bytes::from(body)))?;
    let answer = dial(url).await?.send_request(request).await?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("its answer broke off: {error}"))?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
