//! A log, a witness, and what either of them could try.

use std::sync::Arc;

use super::*;
use crate::SigningKey;
use crate::files::Files;
use crate::files::memory::{Fault, Left, Memory};
use crate::merkle::leaf_hash;
use crate::proof::{Tiles, consistency, root};

const ORIGIN: &str = "test.example/ledger/main";
const NAME: &str = "witness.example/w1";

fn log_key() -> SigningKey {
    SigningKey::generate([42; 32]).unwrap()
}

fn witness_key() -> SigningKey {
    SigningKey::generate([9; 32]).unwrap()
}

fn log_verifier() -> VerifierKey {
    VerifierKey::new(ORIGIN, log_key().public()).unwrap()
}

/// Hashes of a history of fewer than 256 records.
struct Leaves(Vec<Digest>);

impl Leaves {
    fn of(history: &str, count: u64) -> Self {
        Self((0..count).map(|n| leaf_hash(format!("{history} {n}").as_bytes())).collect())
    }

    fn note(&mut self) -> String {
        let size = self.0.len() as u64;
        let root = root(self, size).unwrap();
        Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&log_key()).unwrap()
    }

    fn request(&mut self, old: u64) -> String {
        let proof = consistency(self, old, self.0.len() as u64).unwrap_or_default();
        Request { old, proof, note: &self.note() }.encode()
    }
}

impl Tiles for Leaves {
    type Error = crate::proof::ProofError;
    fn tile(&mut self, _: u8, _: u64) -> Result<&[Digest], Self::Error> {
        Ok(&self.0)
    }
}

fn store(files: &Memory) -> Store {
    Store::prepare(files).unwrap();
    let files: Arc<dyn Files> = Arc::new(files.clone());
    Store::open(files, NAME, witness_key(), &[log_verifier()]).unwrap()
}

fn submit(store: &mut Store, history: &str, old: u64, size: u64) -> Reply {
    store.add_checkpoint(Leaves::of(history, size).request(old).as_bytes(), 1_800_000_000 + size)
}

fn size_of(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.body.trim_end())
}

#[test]
fn a_log_that_grows_is_cosigned_and_the_cosignature_fits() {
    let mut store = store(&Memory::default());
    let mut before = 0;
    for size in [0, 1, 5, 5, 100, 200] {
        let reply = submit(&mut store, "a", before, size);
        assert_eq!(reply.status, 200, "{size}: {}", reply.body);
        let note = Leaves::of("a", size).note();
        let joined = crate::cosignature::join(&note, &reply.body, store.verifier()).unwrap();
        let time = crate::cosignature::verify(joined.as_bytes(), store.verifier()).unwrap();
        assert_eq!(time, 1_800_000_000 + size);
        before = size;
    }
}

#[test]
fn the_statuses_are_those_of_the_protocol() {
    let mut store = store(&Memory::default());
    assert_eq!(submit(&mut store, "a", 0, 10).status, 200);
    // The size is not the last cosigned one: 409, its type, and that size.
    let reply = submit(&mut store, "a", 4, 12);
    assert_eq!((size_of(&reply), reply.content_type), ((409, "10"), "text/x.tlog.size"));
    // A rolled-back log, and the same size with another root.
    assert_eq!(size_of(&submit(&mut store, "a", 4, 9)), (409, "10"));
    assert_eq!(size_of(&submit(&mut store, "b", 10, 10)), (409, "10"));
    // A fork, and a proof too many.
    assert_eq!(submit(&mut store, "b", 10, 12).status, 422);
    let mut leaves = Leaves::of("a", 12);
    let note = leaves.note();
    let mut proof = consistency(&mut leaves, 10, 12).unwrap();
    proof.push(Digest([0; 32]));
    let long = Request { old: 10, proof, note: &note }.encode();
    assert_eq!(store.add_checkpoint(long.as_bytes(), 0).status, 422);
    // An old size beyond the checkpoint.
    let beyond = Request { old: 13, proof: vec![], note: &note }.encode();
    assert_eq!(store.add_checkpoint(beyond.as_bytes(), 0).status, 400);
    // Another log, another key under the log's name.
    let other = Checkpoint { origin: "other/log".to_owned(), size: 1, root: Digest([1; 32]) };
    let unknown = Request { old: 0, proof: vec![], note: &other.sign(&log_key()).unwrap() };
    assert_eq!(store.add_checkpoint(unknown.encode().as_bytes(), 0).status, 404);
    let forged = Checkpoint { origin: ORIGIN.to_owned(), size: 11, root: Digest([1; 32]) };
    let forged = forged.sign(&witness_key()).unwrap();
    let forged = Request { old: 10, proof: vec![], note: &forged }.encode();
    assert_eq!(store.add_checkpoint(forged.as_bytes(), 0).status, 403);
    // None of it changed anything.
    assert_eq!(submit(&mut store, "a", 10, 12).status, 200);
}

#[test]
fn a_first_checkpoint_that_is_empty_must_have_the_empty_root() {
    let mut store = store(&Memory::default());
    let empty = Checkpoint { origin: ORIGIN.to_owned(), size: 0, root: Digest([1; 32]) };
    let note = empty.sign(&log_key()).unwrap();
    let request = Request { old: 0, proof: vec![], note: &note }.encode();
    assert_ne!(store.add_checkpoint(request.as_bytes(), 0).status, 200);
}

#[test]
fn what_is_no_request_is_refused_whatever_it_is() {
    let mut store = store(&Memory::default());
    let good = Leaves::of("a", 7).request(0);
    for bad in [
        String::new(),
        "old 0\n".to_owned(),
        good.replacen("old 0", "old 00", 1),
        good.replacen("old 0", "old +0", 1),
        good.replacen("old 0", "old -1", 1),
        good.replacen("old 0", "old 99999999999999999999", 1),
        good.replacen("old 0\n", "old 0\nAAAA\n", 1),
        good.replacen("old 0\n", "old 0\n\n", 1),
        good.replacen(
            "old 0\n",
            &format!("old 0\n{}", format!("{}=\n", "A".repeat(43)).repeat(64)),
            1,
        ),
        good.replace('\n', "\r\n"),
        format!("{good}{}", "x".repeat(MAX_REQUEST_BYTES)),
    ] {
        let status = store.add_checkpoint(bad.as_bytes(), 0).status;
        assert_eq!(status, 400, "{:?}", &bad[..bad.len().min(80)]);
    }
    for cut in 0..good.len() {
        assert_ne!(store.add_checkpoint(&good.as_bytes()[..cut], 0).status, 200, "cut at {cut}");
    }
    assert_eq!(store.add_checkpoint(good.as_bytes(), 0).status, 200);
}

#[test]
fn nothing_is_forgotten_over_a_restart_nor_by_taking_a_log_off_the_list() {
    let files = Memory::default();
    assert_eq!(submit(&mut store(&files), "a", 0, 10).status, 200);
    let shared = || Arc::new(files.clone()) as Arc<dyn Files>;
    drop(Store::open(shared(), NAME, witness_key(), &[]).unwrap());
    let mut again = store(&files);
    assert_eq!(size_of(&submit(&mut again, "b", 0, 20)), (409, "10"));
    assert!(matches!(
        Store::open(shared(), NAME, witness_key(), &[log_verifier()]),
        Err(StoreError::Locked)
    ));
    // A clock that went back does not make a later statement the earlier one.
    let reply = again.add_checkpoint(Leaves::of("a", 11).request(10).as_bytes(), 5);
    let note = Leaves::of("a", 11).note();
    let joined = crate::cosignature::join(&note, &reply.body, again.verifier()).unwrap();
    let time = crate::cosignature::verify(joined.as_bytes(), again.verifier()).unwrap();
    assert_eq!(time, 1_800_000_010);
}

#[test]
fn a_lost_a_damaged_and_a_foreign_state_are_refused() {
    let files = Memory::default();
    submit(&mut store(&files), "a", 0, 10);
    let open = |files: &Memory, key| {
        let files: Arc<dyn Files> = Arc::new(files.clone());
        Store::open(files, NAME, key, &[log_verifier()]).map(drop)
    };
    let state = Files::read(&files, "state").unwrap();
    for at in 0..state.len() {
        let damaged = files.copy();
        damaged.edit("state", |bytes| bytes[at] ^= 1);
        assert!(matches!(open(&damaged, witness_key()), Err(StoreError::Damaged)), "byte {at}");
        let cut = files.copy();
        cut.edit("state", |bytes| bytes.truncate(at));
        assert!(matches!(open(&cut, witness_key()), Err(StoreError::Damaged)), "cut at {at}");
    }
    let lost = files.copy();
    lost.remove("state").unwrap();
    assert!(matches!(open(&lost, witness_key()), Err(StoreError::Forgotten)));
    assert!(matches!(open(&files, log_key()), Err(StoreError::OtherKey(_))));
}

#[test]
fn what_the_disk_did_not_keep_is_not_cosigned_and_it_goes_on_when_mended() {
    for fault in [Fault::NoSpace, Fault::SyncFails] {
        let files = Memory::default();
        let mut store = store(&files);
        assert_eq!(submit(&mut store, "a", 0, 3).status, 200);
        files.inject(fault, 0);
        assert_eq!(submit(&mut store, "a", 3, 9).status, 500, "{fault:?}");
        files.mend();
        // It never cosigned 9, so another history may still go on from 3.
        assert_eq!(submit(&mut store, "a", 3, 8).status, 200, "{fault:?}");
    }
}

#[test]
fn a_power_cut_at_any_step_leaves_a_witness_that_has_forgotten_no_cosignature() {
    for left in [Left::Nothing, Left::Everything, Left::Torn] {
        for step in 0..12 {
            let files = Memory::default();
            let mut before = store(&files);
            assert_eq!(submit(&mut before, "a", 0, 3).status, 200);
            files.inject(Fault::PowerCut, step);
            let cosigned = submit(&mut before, "a", 3, 9).status == 200;
            let files = files.after_power_cut(left);
            let mut after = store(&files);
            let reply = submit(&mut after, "b", 0, 20);
            let size: u64 = reply.body.trim_end().parse().unwrap();
            assert!(size == 9 || (size == 3 && !cosigned), "{left:?} {step}: {size}");
        }
    }
}

#[test]
fn a_submission_reads_what_the_witness_answers() {
    let files = Memory::default();
    let mut store = store(&files);
    let witness = store.verifier().clone();
    let mut leaves = Leaves::of("a", 9);
    let note = leaves.note();
    let checkpoint = Checkpoint::open(note.as_bytes(), &log_verifier()).unwrap();
    let submission =
        |old| Submission { witness: &witness, note: &note, checkpoint: &checkpoint, old };
    let reply = store.add_checkpoint(submission(0).body(vec![]).as_bytes(), 7);
    let Outcome::Cosigned(cosigned) = submission(0).read(reply.status, &reply.body) else {
        panic!("{reply:?}");
    };
    assert_eq!(crate::cosignature::verify(cosigned.as_bytes(), &witness), Ok(7));
    let read = |old, status, body: &str| submission(old).read(status, body);
    assert_eq!(read(0, 409, "4\n"), Outcome::Stands(4));
    assert_eq!(read(4, 409, "4\n"), Outcome::Ahead(4));
    assert_eq!(read(0, 409, "12\n"), Outcome::Ahead(12));
    for (status, body) in
        [(200, ""), (200, "x"), (409, "many"), (403, ""), (404, ""), (422, ""), (500, "")]
    {
        assert!(matches!(read(0, status, body), Outcome::Refused(_)), "{status} {body}");
    }
}
