//! The sessions in memory, by when they were last used.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use flow::{Labels, Session};
use foldhash::fast::RandomState;

use super::Task;
use super::lost::Lost;

/// Sessions of one tenant that are kept.
pub const MAX_SESSIONS: usize = 65_536;

/// About how many bytes they may take, all together.
pub const MAX_SESSION_BYTES: usize = 512 * 1024 * 1024;

#[derive(Default)]
pub(super) struct Table {
    sessions: HashMap<Task, Kept, RandomState>,
    /// The longest unused first.
    order: BTreeMap<u64, Task>,
    uses: u64,
    bytes: usize,
    lost: Lost,
    /// Of sessions before the gate began, which nobody has used since.
    remembered: HashMap<Task, Labels, RandomState>,
    /// What was before the gate began is not known yet.
    is_in_the_dark: bool,
}

struct Kept {
    session: Arc<Mutex<Session>>,
    used: u64,
    bytes: usize,
}

impl Table {
    pub(super) fn enter(&mut self, task: &Task) -> Arc<Mutex<Session>> {
        let is_lost = self.is_in_the_dark || self.lost.may_hold(task);
        self.take(task, is_lost)
    }

    pub(super) fn resume(&mut self, task: &Task) -> Arc<Mutex<Session>> {
        self.take(task, true)
    }

    pub(super) fn find(&mut self, task: &Task) -> Option<Arc<Mutex<Session>>> {
        match self.remembered.contains_key(task) {
            true => Some(self.take(task, false)),
            false => self.sessions.get(task).map(|kept| kept.session.clone()),
        }
    }

    /// Until it is told what was before, an unknown session is taken for the worst.
    pub(super) fn darken(&mut self) {
        self.is_in_the_dark = true;
    }

    /// What was before the gate began. What has been used since then is known better.
    pub(super) fn remember(&mut self, before: impl Iterator<Item = (Task, Labels)>) {
        let unknown = before.filter(|(task, _)| !self.sessions.contains_key(task));
        self.remembered = unknown.take(MAX_SESSIONS).collect();
        self.is_in_the_dark = false;
    }

    fn take(&mut self, task: &Task, is_lost: bool) -> Arc<Mutex<Session>> {
        self.uses += 1;
        let used = self.uses;
        if let Some(kept) = self.sessions.get_mut(task) {
            self.order.remove(&kept.used);
            self.order.insert(used, task.clone());
            kept.used = used;
            return kept.session.clone();
        }
        let session = match self.remembered.remove(task) {
            Some(labels) => Session::remembered(labels),
            None if is_lost => {
                Session::forgotten(Labels { confidential: true, ..Labels::default() })
            }
            None => Session::default(),
        };
        let session = Arc::new(Mutex::new(session));
        let kept = Kept { session: session.clone(), used, bytes: 0 };
        self.sessions.insert(task.clone(), kept);
        self.order.insert(used, task.clone());
        session
    }

    /// The session grew to so many bytes. One that had to go meanwhile is lost with what it heard.
    pub(super) fn leave(&mut self, task: &Task, session: &Arc<Mutex<Session>>, bytes: usize) {
        match self.sessions.get_mut(task) {
            Some(kept) if Arc::ptr_eq(&kept.session, session) => {
                self.bytes = self.bytes - kept.bytes + bytes;
                kept.bytes = bytes;
            }
            _ => self.lost.add(task),
        }
        self.make_room(MAX_SESSIONS, MAX_SESSION_BYTES);
    }

    pub(super) fn make_room(&mut self, sessions: usize, bytes: usize) {
        while self.sessions.len() > sessions || self.bytes > bytes {
            let Some((_, task)) = self.order.pop_first() else { return };
            self.lost.add(&task);
            if let Some(kept) = self.sessions.remove(&task) {
                self.bytes -= kept.bytes;
            }
        }
    }

    pub(super) fn size(&self) -> (usize, usize) {
        (self.sessions.len(), self.bytes)
    }
}
