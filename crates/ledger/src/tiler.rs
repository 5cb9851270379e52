//! Grows the tree from the segments and writes tiles, bundles and checkpoints, beside the writer.

use std::collections::BTreeSet;

use model::Timestamp;

use crate::dropped::Dropped;
use crate::files::{Files, SharedFiles, create_folders, parent, read_optional, replace, write_all};
use crate::frame::Stop;
use crate::history::{self, History};
use crate::merkle::{Edge, leaf_hash};
use crate::note::{Checkpoint, VerifierKey};
use crate::segment::{self, Position, Reader, Step};
use crate::state::State;
use crate::tile::{Level, Tile, WIDTH, decode_hashes, encode_entry, encode_hashes};
use crate::{LogError, SigningKey};

pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const VKEY: &str = "vkey";

/// Files that are written but not synced, at most; bounds what a lagging tiler holds open to a crash.
const MAX_UNSYNCED: usize = 4096;

/// More files than this are synced in one call for the whole file system: one by one, the tiles
/// of a busy log would take longer to sync than the log takes to grow.
const MAX_SINGLE_SYNCS: usize = 16;

/// The tree as far as it is in tiles.
pub(crate) struct Tiler {
    files: SharedFiles,
    reader: Reader,
    edge: Edge,
    /// The entries of the bundle that is not full.
    bundle: Vec<u8>,
    key: SigningKey,
    origin: String,
    history: History,
    unsynced: BTreeSet<String>,
    outgrown: Vec<Tile>,
    /// Where the last record of the tree stands.
    last: Position,
    signed: Option<Checkpoint>,
}

impl Tiler {
    /// Reads the last checkpoint and checks that it is ours.
    pub(crate) fn load(
        files: SharedFiles,
        key: SigningKey,
        origin: &str,
        max_history_bytes: u64,
    ) -> Result<Self, LogError> {
        let verifier = VerifierKey::new(origin, key.public()).map_err(|e| refused(VKEY, &e))?;
        create_folders(&*files, "tile/entries")?;
        publish_key(&*files, &verifier)?;
        let (history, last) = History::open(&*files, history::PATH, max_history_bytes)?;
        let published = read_optional(&*files, CHECKPOINT)?;
        let open = |file: &str, note: Option<&Vec<u8>>| {
            note.map(|note| Checkpoint::open(note, &verifier).map_err(|e| refused(file, &e)))
                .transpose()
        };
        let kept = open(history::PATH, last.as_ref())?;
        let public = open(CHECKPOINT, published.as_ref())?;
        // A crash may lie between the two; the history is written first.
        if let (Some(note), true) = (&last, size_of(&kept) > size_of(&public) || public.is_none()) {
            replace(&*files, CHECKPOINT, note)?;
        }
        let signed = if size_of(&public) > size_of(&kept) { public } else { kept };
        Ok(Self {
            reader: Reader::new(&files, 0, Position::start_of(0)),
            files,
            edge: Edge::default(),
            bundle: Vec::new(),
            key,
            origin: origin.to_owned(),
            history,
            unsynced: BTreeSet::new(),
            outgrown: Vec::new(),
            last: Position::start_of(0),
            signed,
        })
    }

    pub(crate) fn key_again(&self) -> Option<SigningKey> {
        self.key.again()
    }

    /// What retention dropped.
    pub(crate) fn dropped(&self) -> Result<Dropped, LogError> {
        Dropped::load(&*self.files, &self.origin, &self.key)
    }

    /// Records that the last checkpoint covers.
    pub(crate) fn signed_size(&self) -> u64 {
        size_of(&self.signed)
    }

    pub(crate) fn checkpoint(&self) -> Option<&Checkpoint> {
        self.signed.as_ref()
    }

    pub(crate) fn position(&self) -> Position {
        self.reader.position()
    }

    /// Takes up the tree where the last checkpoint left it. False where the tiles do not fit it:
    /// then the tree has been made again from the segments.
    pub(crate) fn resume(&mut self, start: (u64, Position)) -> Result<bool, LogError> {
        let Some(signed) = self.signed.clone() else { return Ok(true) };
        let loaded = self.load_edge(signed.size)?;
        if let Some((edge, bundle)) = loaded.filter(|(edge, _)| edge.root() == signed.root) {
            (self.edge, self.bundle) = (edge, bundle);
            self.reader = Reader::new(&self.files, start.0, start.1);
            return self.skip_to(signed.size).map(|()| true);
        }
        self.grow(signed.size)?;
        if self.edge.root() == signed.root {
            self.write_partials()?;
            self.sync()?;
            return Ok(false);
        }
        let reason =
            "the segments lead to another root than the signed one; restore the log from a copy";
        Err(LogError::Checkpoint { file: CHECKPOINT.to_owned(), reason: reason.to_owned() })
    }

    /// Reads past what is in the tree already.
    fn skip_to(&mut self, size: u64) -> Result<(), LogError> {
        while self.reader.index() < size {
            match self.reader.step()? {
                Step::Frame(_, position) => self.last = position,
                Step::Stop(stop) => return Err(self.damaged(stop)),
            }
        }
        Ok(())
    }

    fn damaged(&self, stop: Stop) -> LogError {
        let at = self.reader.position();
        LogError::corrupt(&segment::path(at.segment), at.offset, &stop.to_string())
    }

    fn load_edge(&self, size: u64) -> Result<Option<(Edge, Vec<u8>)>, LogError> {
        let mut levels = Vec::new();
        for level in (0..8_u8).take_while(|level| size >> (8 * level) > 0) {
            let index = (size >> (8 * level)) / WIDTH;
            let Some(tile) = Tile::in_tree(Level::Hashes(level), index, size) else {
                levels.push(Vec::new());
                continue;
            };
            let bytes = read_optional(&*self.files, &tile.to_string())?.unwrap_or_default();
            let Some(hashes) = decode_hashes(&bytes, tile.width) else { return Ok(None) };
            levels.push(hashes);
        }
        let bundle = match Tile::in_tree(Level::Entries, size / WIDTH, size) {
            Some(tile) => read_optional(&*self.files, &tile.to_string())?,
            None => Some(Vec::new()),
        };
        let whole = bundle.filter(|bundle| {
            let hashes: Vec<_> =
                crate::tile::Entries::of(bundle).map(|(_, entry)| leaf_hash(entry)).collect();
            hashes == levels.first().cloned().unwrap_or_default()
        });
        Ok(whole.map(|bundle| (Edge::resume(size, levels), bundle)))
    }

    /// Reads records up to `size` into the tree; writes the tiles that become full.
    fn grow(&mut self, size: u64) -> Result<(), LogError> {
        self.reader.refresh();
        let mut full = Vec::new();
        while self.edge.size() < size {
            match self.reader.step()? {
                Step::Frame(frame, position) => {
                    self.last = position;
                    encode_entry(&mut self.bundle, frame.data);
                    self.edge.push(leaf_hash(frame.data), |tile| full.push(tile));
                }
                Step::Stop(stop) => return Err(self.damaged(stop)),
            }
            for tile in std::mem::take(&mut full) {
                if tile.level == 0 {
                    let bundle = std::mem::take(&mut self.bundle);
                    self.write_tile(Tile::full(Level::Entries, tile.index), &bundle)?;
                }
                let place = Tile::full(Level::Hashes(tile.level), tile.index);
                self.write_tile(place, &encode_hashes(&tile.hashes))?;
            }
        }
        Ok(())
    }

    fn write_tile(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), LogError> {
        let path = tile.to_string();
        create_folders(&*self.files, parent(&path))?;
        let write = || {
            let file = self.files.create(&path)?;
            write_all(&*file, bytes, 0)?;
            // Only where a crash left something longer there.
            if file.size()? == bytes.len() as u64 {
                Ok(())
            } else {
                file.set_size(bytes.len() as u64)
            }
        };
        write().map_err(|error| LogError::io("writing", &path, &error))?;
        if !tile.is_partial() {
            self.outgrown.push(tile);
        }
        self.unsynced.insert(path);
        if self.unsynced.len() > MAX_UNSYNCED { self.sync() } else { Ok(()) }
    }

    fn write_partials(&mut self) -> Result<(), LogError> {
        let size = self.edge.size();
        if let Some(tile) = Tile::in_tree(Level::Entries, size / WIDTH, size) {
            let bundle = std::mem::take(&mut self.bundle);
            self.write_tile(tile, &bundle)?;
            self.bundle = bundle;
        }
        for level in 0..self.edge.levels().len() {
            let index = (size >> (8 * level)) / WIDTH;
            let hashes = self.edge.levels().get(level).map_or(&[][..], Vec::as_slice);
            let bytes = encode_hashes(hashes);
            if let Some(tile) = Tile::in_tree(Level::Hashes(level as u8), index, size) {
                self.write_tile(tile, &bytes)?;
            }
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), LogError> {
        let paths = std::mem::take(&mut self.unsynced);
        if paths.len() > MAX_SINGLE_SYNCS {
            let synced = self.files.sync_everything();
            if synced.map_err(|error| LogError::io("syncing", "tile", &error))? {
                return Ok(());
            }
        }
        for path in &paths {
            let sync = || self.files.open(path)?.sync();
            sync().map_err(|error| LogError::io("syncing", path, &error))?;
        }
        let folders: BTreeSet<&str> = paths.iter().map(|path| parent(path)).collect();
        for folder in folders {
            let synced = self.files.sync_folder(folder);
            synced.map_err(|error| LogError::io("syncing", folder, &error))?;
        }
        Ok(())
    }

    /// Signs and publishes a checkpoint of the first `size` records, all of them durable.
    ///
    /// The order is what a crash at any point leaves in order: tiles, then the history, then
    /// the checkpoint that others read, then the hint for the next start.
    pub(crate) fn advance(&mut self, size: u64) -> Result<(), LogError> {
        if self.signed.is_some() && size <= self.edge.size() {
            return Ok(());
        }
        self.grow(size)?;
        self.write_partials()?;
        self.sync()?;
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: self.edge.size(),
            root: self.edge.root(),
        };
        let note = checkpoint.sign(&self.key).map_err(|error| refused(VKEY, &error))?;
        self.history.push(&*self.files, &note)?;
        replace(&*self.files, CHECKPOINT, note.as_bytes())?;
        self.signed = Some(checkpoint);
        for tile in std::mem::take(&mut self.outgrown) {
            let folder = tile.partials_folder();
            let removed = self.files.remove_folder(&folder);
            removed.map_err(|error| LogError::io("removing", &folder, &error))?;
        }
        Ok(())
    }

    pub(crate) fn save_state(&self, time: Timestamp, is_closed: bool) -> Result<(), LogError> {
        let Position { segment, offset } = self.last;
        let size = self.edge.size();
        State { size, segment, offset, is_closed, time: time.micros() }.save(&*self.files)
    }
}

fn size_of(checkpoint: &Option<Checkpoint>) -> u64 {
    checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size)
}

fn refused(file: &str, error: &crate::note::NoteError) -> LogError {
    LogError::Checkpoint { file: file.to_owned(), reason: error.to_string() }
}

/// Puts the verifier key beside the log; refuses to go on with another key than before.
fn publish_key(files: &dyn Files, key: &VerifierKey) -> Result<(), LogError> {
    let text = format!("{key}\n");
    match read_optional(files, VKEY)? {
        Some(found) if found == text.as_bytes() => Ok(()),
        Some(found) if !found.is_empty() => Err(LogError::Checkpoint {
            file: VKEY.to_owned(),
            reason:
                "the log was signed with another key or under another origin; configure that one"
                    .to_owned(),
        }),
        _ => replace(files, VKEY, text.as_bytes()),
    }
}
