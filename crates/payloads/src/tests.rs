//! Kept and read back, exchanged and erased, over real files.

use std::sync::Arc;

use model::{AgentName, DataSubject, Month, RecordId, Secret, TenantId, Timestamp};
use proptest::prelude::*;
use store::{KeyFilter, KeyStore};
use tempfile::TempDir;

use crate::{Direction, KeyError, Keyring, Payloads, Place, ReadError, Reference, Root};

fn now() -> Timestamp {
    "2026-11-26T12:00:00Z".parse().unwrap()
}

fn month() -> Month {
    Month::of(now())
}

fn subject(name: &str) -> DataSubject {
    DataSubject::Agent(AgentName::new(name).unwrap())
}

fn place(number: u128) -> Place {
    let record = RecordId::new(now(), number);
    Place { tenant: TenantId::main(), record, direction: Direction::Request }
}

pub(crate) fn secret(letter: char) -> Arc<Root> {
    Arc::new(Root::secret(Secret::new(letter.to_string().repeat(32))).unwrap())
}

pub(crate) async fn keyring(
    folder: &TempDir,
    root: Arc<Root>,
    before: Option<Arc<Root>>,
) -> Result<Arc<Keyring>, KeyError> {
    let store = KeyStore::open(&folder.path().join("keys.db")).unwrap();
    Keyring::open(TenantId::main(), store, root, before, now).await.map(Arc::new)
}

async fn payloads(folder: &TempDir, root: Arc<Root>) -> Payloads {
    let keyring = keyring(folder, root, None).await.unwrap();
    Payloads::open(&folder.path().join("payloads"), keyring).unwrap()
}

async fn keep(payloads: &Payloads, name: &str, number: u128, text: &[u8]) -> String {
    keep_up_to(payloads, name, number, text, u64::MAX).await.to_string()
}

async fn keep_up_to(
    payloads: &Payloads,
    name: &str,
    number: u128,
    text: &[u8],
    max: u64,
) -> Reference {
    let key = payloads.key(&subject(name), month(), "").await.unwrap();
    let mut sink = payloads.keep(&key, place(number), "", max).unwrap();
    text.chunks(7_001).for_each(|chunk| sink.push(chunk));
    sink.finish().await.unwrap()
}

/// All bytes under a folder.
pub(crate) fn everything(folder: &std::path::Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => bytes.extend(everything(&path)),
            false => bytes.extend(std::fs::read(path).unwrap()),
        }
    }
    bytes
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_payload_reads_back_whole_after_a_restart_and_is_sealed_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let text = b"what the agent said ".repeat(20_000);
    let long = {
        let payloads = payloads(&folder, secret('a')).await;
        let empty = keep(&payloads, "bot", 1, b"").await;
        assert_eq!(payloads.read(place(1), &empty).await.unwrap().bytes, b"");
        keep(&payloads, "bot", 2, &text).await
    };
    let payloads = payloads(&folder, secret('a')).await;
    let short = keep(&payloads, "bot", 3, b"again").await;
    assert!(payloads.read(place(2), &long).await.unwrap().bytes == text);
    assert_eq!(payloads.read(place(3), &short).await.unwrap().bytes, b"again");
    assert!(!holds(&everything(folder.path()), b"the agent said"));
}

#[tokio::test]
async fn what_is_beyond_the_limit_is_left_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = payloads(&folder, secret('a')).await;
    let text = b"0123456789".repeat(20_000);
    for (max, is_truncated) in [(100_000, true), (199_999, true), (200_000, false)] {
        let reference = keep_up_to(&payloads, "bot", max.into(), &text, max).await.to_string();
        let kept = payloads.read(place(max.into()), &reference).await.unwrap();
        assert_eq!(kept.is_truncated, is_truncated, "{max}");
        assert!(kept.bytes == text[..max as usize]);
    }
}

#[tokio::test]
async fn nothing_opens_in_another_place() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = payloads(&folder, secret('a')).await;
    let (mine, yours) =
        (keep(&payloads, "a", 1, b"mine").await, keep(&payloads, "b", 2, b"yours").await);
    let answer = Place { direction: Direction::Response, ..place(1) };
    let other = Place { tenant: "other".parse().unwrap(), ..place(1) };
    for (place, reference) in
        [(place(2), &mine), (place(1), &yours), (answer, &mine), (other, &mine)]
    {
        let read = payloads.read(place, reference).await;
        assert!(matches!(read, Err(ReadError::Damaged)), "{read:?}");
    }
    let next_month = mine.replace("2026-11", "2026-12");
    assert!(matches!(payloads.read(place(1), &next_month).await, Err(ReadError::Erased)));
}

#[tokio::test]
async fn any_changed_byte_of_a_volume_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = payloads(&folder, secret('a')).await;
    let reference = keep(&payloads, "bot", 1, b"a short text").await;
    let volume = folder.path().join("payloads/2026-11/000001.pay");
    let whole = std::fs::read(&volume).unwrap();
    for at in 16..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&volume, changed).unwrap();
        let read = payloads.read(place(1), &reference).await;
        // Another id is that of a key that is not there.
        assert!(matches!(read, Err(ReadError::Damaged | ReadError::Erased)), "byte {at}: {read:?}");
    }
    std::fs::write(&volume, whole).unwrap();
    assert_eq!(payloads.read(place(1), &reference).await.unwrap().bytes, b"a short text");
}

#[tokio::test]
async fn erasing_a_subject_leaves_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = payloads(&folder, secret('a')).await;
    let (gone, stays) =
        (keep(&payloads, "gone", 1, b"x").await, keep(&payloads, "stays", 2, b"y").await);
    // A copy of everything as it was, but for the root key: it must not help.
    let filter = KeyFilter { subject: Some(subject("gone")), month: None };
    let erased = payloads.keyring().erase(filter.clone()).await.unwrap();
    assert_eq!(erased, [(subject("gone"), month())]);
    assert!(matches!(payloads.read(place(1), &gone).await, Err(ReadError::Erased)));
    assert_eq!(payloads.read(place(2), &stays).await.unwrap().bytes, b"y");
    assert!(!holds(&everything(folder.path()), b"agent:gone"));
    // Who comes back gets another key.
    let again = keep(&payloads, "gone", 3, b"z").await;
    assert!(matches!(payloads.read(place(1), &gone).await, Err(ReadError::Erased)));
    assert_eq!(payloads.read(place(3), &again).await.unwrap().bytes, b"z");
}

#[tokio::test]
async fn what_is_over_expires_by_label_and_month_and_frees_its_volumes() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = payloads(&folder, secret('a')).await;
    let old: Month = "2026-08".parse().unwrap();
    let mut kept = Vec::new();
    for (number, month, label) in [(1, old, "pii"), (2, old, ""), (3, month(), "pii")] {
        let key = payloads.key(&subject("bot"), month, label).await.unwrap();
        let mut sink = payloads.keep(&key, place(number), "", u64::MAX).unwrap();
        sink.push(b"text");
        kept.push((number, sink.finish().await.unwrap().to_string()));
    }
    let opens = async |at: usize| {
        let (number, reference) = &kept[at];
        payloads.read(place(*number), reference).await.is_ok()
    };
    let ring = payloads.keyring();
    let erased = ring.expire(|_, month, label| month == old && label == "pii").await.unwrap();
    assert_eq!(erased, [(subject("bot"), old)]);
    assert_eq!((opens(0).await, opens(1).await, opens(2).await), (false, true, true));
    assert!(ring.months().await.unwrap().contains(&old));
    ring.expire(|_, month, _| month == old).await.unwrap();
    assert_eq!(ring.months().await.unwrap().into_iter().collect::<Vec<_>>(), [month()]);
    assert_eq!(payloads.volumes().months().unwrap(), [old, month()]);
    assert!(payloads.volumes().remove(old).unwrap() > 0);
    assert_eq!((opens(1).await, opens(2).await), (false, true));
}

#[tokio::test]
async fn each_level_rotates_and_no_payload_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = payloads(&folder, secret('a')).await;
    let reference = keep(&first, "bot", 1, b"before").await;
    let vault = first.keyring().vault_secret(None).await.unwrap();
    let volume = folder.path().join("payloads/2026-11/000001.pay");
    let written = std::fs::read(&volume).unwrap();
    assert_eq!(first.keyring().rotate_data().await.unwrap().keys, 1);
    assert_eq!(first.keyring().rotate_tenant().await.unwrap().keys, 2);
    assert_eq!(first.keyring().rotate_root(secret('b')).await.unwrap().keys, 1);
    let after = keep(&first, "bot", 2, b"after").await;
    assert!(std::fs::read(&volume).unwrap().starts_with(&written));
    assert!(matches!(keyring(&folder, secret('a'), None).await, Err(KeyError::WrongRoot)));
    let again = payloads(&folder, secret('b')).await;
    assert_eq!(again.read(place(1), &reference).await.unwrap().bytes, b"before");
    assert_eq!(again.read(place(2), &after).await.unwrap().bytes, b"after");
    assert_eq!(again.keyring().vault_secret(None).await.unwrap().expose(), vault.expose());
}

#[tokio::test]
async fn an_exchanged_root_key_is_taken_up_with_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let reference = keep(&payloads(&folder, secret('a')).await, "bot", 1, b"x").await;
    drop(keyring(&folder, secret('b'), Some(secret('a'))).await.unwrap());
    // A second start with both is no different, and the old one is not needed any more.
    drop(keyring(&folder, secret('b'), Some(secret('a'))).await.unwrap());
    let read = payloads(&folder, secret('b')).await.read(place(1), &reference).await;
    assert_eq!(read.unwrap().bytes, b"x");
}

#[tokio::test]
async fn a_command_can_hold_the_root_key() {
    let folder = tempfile::tempdir().unwrap();
    // No cipher at all: it is the protocol that is tested.
    let script = "case $0 in wrap) read line; printf wrapped:%s \"$line\" | base64 -w 0;; \
        unwrap) base64 -d | sed s/wrapped://;; esac";
    let root = || {
        let words = ["sh", "-c", script].map(str::to_owned).to_vec();
        Arc::new(Root::command(words))
    };
    let reference = keep(&payloads(&folder, root()).await, "bot", 1, b"x").await;
    let read = payloads(&folder, root()).await.read(place(1), &reference).await;
    assert_eq!(read.unwrap().bytes, b"x");
    let none = Arc::new(Root::command(vec!["false".to_owned()]));
    assert!(matches!(keyring(&folder, none, None).await, Err(KeyError::Command { .. })));
}

#[tokio::test]
async fn a_disk_that_fails_is_told_and_the_next_volume_works() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = payloads(&folder, secret('a')).await;
    keep(&payloads, "bot", 1, b"x").await;
    // A folder that stands where the next volume is to be cannot be written to.
    let long = vec![b'x'; 100];
    let key = payloads.key(&subject("bot"), "2026-10".parse().unwrap(), "").await.unwrap();
    std::fs::write(folder.path().join("payloads/2026-10"), b"in the way").unwrap();
    let mut sink = payloads.keep(&key, place(2), "", u64::MAX).unwrap();
    sink.push(&long);
    assert!(sink.finish().await.is_err());
    std::fs::remove_file(folder.path().join("payloads/2026-10")).unwrap();
    let mut sink = payloads.keep(&key, place(3), "", u64::MAX).unwrap();
    sink.push(&long);
    let reference = sink.finish().await.unwrap().to_string();
    assert_eq!(payloads.read(place(3), &reference).await.unwrap().bytes, long);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pieces_of_any_length_come_back_in_order(
        lengths in prop::collection::vec(0_usize..200_000, 0..6), coding in "[a-z]{0,20}"
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let payloads = payloads(&folder, secret('a')).await;
            let key = payloads.key(&subject("bot"), month(), "").await.unwrap();
            let mut sink = payloads.keep(&key, place(1), &coding, u64::MAX).unwrap();
            let mut whole = Vec::new();
            for (number, length) in lengths.iter().enumerate() {
                let part = vec![number as u8; *length];
                sink.push(&part);
                whole.extend(part);
            }
            let reference = sink.finish().await.unwrap().to_string();
            let kept = payloads.read(place(1), &reference).await.unwrap();
            assert!(kept.bytes == whole && kept.coding == coding && !kept.is_truncated);
        });
    }
}
