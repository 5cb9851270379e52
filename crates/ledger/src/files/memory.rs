//! A file system in memory for tests: it knows what was synced, and can fail or lose power at
//! any step.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::{File, Files, parent};

/// What happens at a chosen step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The step and all later ones fail.
    PowerCut,
    /// The nth write fails as a full disk does.
    NoSpace,
    /// The nth sync of a file fails, and what it should have written is never written, although
    /// it can still be read.
    SyncFails,
}

/// What of the unsynced writes a power cut leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    Everything,
    /// Every second write, and only the first half of it.
    Torn,
}

#[derive(Clone, Default)]
struct Node {
    durable: Vec<u8>,
    current: Vec<u8>,
    /// Unsynced changes, oldest first.
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Size(u64),
}

impl Node {
    /// What is pending reaches the disk. Bytes that a failed sync gave up on do not: they are in
    /// `current` and nowhere else, as on a system whose cache takes them for written.
    fn settle(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Write(offset, data) => overlay(&mut self.durable, offset, &data),
                Change::Size(size) => self.durable.resize(size as usize, 0),
            }
        }
    }
}

#[derive(Default)]
struct State {
    nodes: Vec<Node>,
    /// Names now, and names that would survive.
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    folders: BTreeMap<String, bool>,
    steps: u64,
    writes: u64,
    syncs: u64,
    fault: Option<(Fault, u64)>,
    dead: bool,
    short_writes: bool,
    can_write_synced: bool,
    locked: bool,
}

/// Shared handle to the file system in memory.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<State>>);

fn lost() -> io::Error {
    io::Error::other("input/output error")
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn steps(&self) -> u64 {
        self.state().steps
    }

    /// Injects a fault at the nth step (power cut), write or sync from now, counting from 0.
    pub(crate) fn inject(&self, fault: Fault, nth: u64) {
        let mut state = self.state();
        let base = match fault {
            Fault::PowerCut => state.steps,
            Fault::NoSpace => state.writes,
            Fault::SyncFails => state.syncs,
        };
        state.fault = Some((fault, base + nth));
    }

    pub(crate) fn mend(&self) {
        let mut state = self.state();
        state.fault = None;
        state.dead = false;
    }

    pub(crate) fn short_writes(&self) {
        self.state().short_writes = true;
    }

    /// Behaves as systems with synchronous writes do.
    pub(crate) fn with_synced_writes(&self) -> Self {
        let files = self.copy();
        files.state().can_write_synced = true;
        files
    }

    /// The file system as it is found after the power comes back.
    pub(crate) fn after_power_cut(&self, left: Left) -> Self {
        let state = self.state();
        let can_write_synced = state.can_write_synced;
        let mut after =
            State { folders: state.folders.clone(), can_write_synced, ..State::default() };
        let names = if left == Left::Nothing { &state.durable_names } else { &state.names };
        for (name, node) in names {
            let node = &state.nodes[*node];
            let bytes = survivors(node, left);
            let kept = Node { durable: bytes.clone(), current: bytes, pending: Vec::new() };
            after.nodes.push(kept);
            after.names.insert(name.clone(), after.nodes.len() - 1);
        }
        after.durable_names = after.names.clone();
        Self(Arc::new(Mutex::new(after)))
    }

    /// Changes a file behind the log's back.
    pub(crate) fn edit(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let node = state.names[path];
        let mut bytes = state.nodes[node].current.clone();
        change(&mut bytes);
        state.nodes[node] = Node { durable: bytes.clone(), current: bytes, pending: Vec::new() };
    }

    /// Puts a file there behind the log's back.
    pub(crate) fn edit_or_make(&self, path: &str, bytes: &[u8]) {
        self.create(path).map(drop).unwrap();
        self.edit(path, |now| *now = bytes.to_vec());
    }

    /// A copy that shares nothing, everything in it durable.
    pub(crate) fn copy(&self) -> Self {
        self.after_power_cut(Left::Everything)
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.state().names.keys().cloned().collect()
    }
}

fn overlay(bytes: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let (start, end) = (offset as usize, offset as usize + data.len());
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[start..end].copy_from_slice(data);
}

fn survivors(node: &Node, left: Left) -> Vec<u8> {
    match left {
        Left::Nothing => node.durable.clone(),
        Left::Everything => node.current.clone(),
        Left::Torn => {
            let mut bytes = node.durable.clone();
            for change in node.pending.iter().step_by(2) {
                if let Change::Write(offset, data) = change {
                    overlay(&mut bytes, *offset, &data[..data.len().div_ceil(2)]);
                }
            }
            bytes
        }
    }
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        self.dead |= self.fault == Some((Fault::PowerCut, self.steps));
        self.steps += 1;
        if self.dead { Err(lost()) } else { Ok(()) }
    }

    fn node(&self, path: &str) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

struct Open {
    files: Memory,
    node: usize,
}

impl File for Open {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.files.state();
        let bytes = &state.nodes[self.node].current;
        let rest = &bytes[bytes.len().min(offset as usize)..];
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.files.state();
        state.step()?;
        let nth = state.writes;
        state.writes += 1;
        if state.fault.is_some_and(|(fault, at)| fault == Fault::NoSpace && nth >= at) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let length = if state.short_writes { bytes.len().min(7) } else { bytes.len() };
        let node = &mut state.nodes[self.node];
        overlay(&mut node.current, offset, &bytes[..length]);
        node.pending.push(Change::Write(offset, bytes[..length].to_vec()));
        Ok(length)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.files.state();
        state.step()?;
        let nth = state.syncs;
        state.syncs += 1;
        if state.fault == Some((Fault::SyncFails, nth)) {
            state.nodes[self.node].pending.clear();
            return Err(lost());
        }
        state.nodes[self.node].settle();
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.files.state().nodes[self.node].current.len() as u64)
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        let mut state = self.files.state();
        state.step()?;
        state.nodes[self.node].current.resize(size as usize, 0);
        state.nodes[self.node].pending.push(Change::Size(size));
        Ok(())
    }
}

/// Each write is a write and a sync.
struct Synced(Open);

impl File for Synced {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let written = self.0.write_at(bytes, offset)?;
        self.0.sync().map(|()| written)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.0.set_size(size)
    }
}

impl Files for Memory {
    fn open(&self, path: &str) -> io::Result<Box<dyn File>> {
        let node = self.state().node(path)?;
        Ok(Box::new(Open { files: self.clone(), node }))
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn File>> {
        let mut state = self.state();
        state.step()?;
        let node = match state.node(path) {
            Ok(node) => node,
            Err(_) => {
                state.nodes.push(Node::default());
                let node = state.nodes.len() - 1;
                state.names.insert(path.to_owned(), node);
                node
            }
        };
        Ok(Box::new(Open { files: self.clone(), node }))
    }

    fn create_synced(&self, path: &str) -> io::Result<Option<Box<dyn File>>> {
        if !self.state().can_write_synced {
            return Ok(None);
        }
        let node = self.state().node(path)?;
        Ok(Some(Box::new(Synced(Open { files: self.clone(), node }))))
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let state = self.state();
        Ok(state.nodes[state.node(path)?].current.clone())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let state = self.state();
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let below = |path: &String| path.strip_prefix(&prefix).map(str::to_owned);
        let names = state.names.keys().chain(state.folders.keys()).filter_map(below);
        Ok(names.filter(|name| !name.is_empty() && !name.contains('/')).collect())
    }

    fn create_folder(&self, folder: &str) -> io::Result<bool> {
        let mut state = self.state();
        state.step()?;
        Ok(state.folders.insert(folder.to_owned(), true).is_none())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        let node = state.node(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), node);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        state.node(path)?;
        state.names.remove(path);
        Ok(())
    }

    fn remove_folder(&self, folder: &str) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        let prefix = format!("{folder}/");
        state.names.retain(|name, _| !name.starts_with(&prefix));
        state.folders.retain(|name, _| name != folder && !name.starts_with(&prefix));
        Ok(())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        state.durable_names.retain(|name, _| parent(name) != folder);
        let here = state.names.iter().filter(|(name, _)| parent(name) == folder);
        let here: Vec<_> = here.map(|(name, node)| (name.clone(), *node)).collect();
        state.durable_names.extend(here);
        Ok(())
    }

    fn sync_everything(&self) -> io::Result<bool> {
        let mut state = self.state();
        state.step()?;
        for node in &mut state.nodes {
            node.settle();
        }
        state.durable_names = state.names.clone();
        Ok(true)
    }

    fn lock(&self, _path: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let mut state = self.state();
        if std::mem::replace(&mut state.locked, true) {
            return Ok(None);
        }
        drop(state);
        Ok(Some(Box::new(Lock(self.clone()))))
    }
}

struct Lock(Memory);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.state().locked = false;
    }
}
