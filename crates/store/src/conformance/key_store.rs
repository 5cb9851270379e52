//! Wrapped keys.

use super::{Fresh, at, main};
use crate::{KeyFilter, KeyStore, KeyUse, StoreError, WrappedKey};

fn open(fresh: &Fresh) -> KeyStore {
    KeyStore::open(&fresh.folder.path().join("keys.db")).unwrap()
}

fn data(subject: &str, month: &str) -> KeyUse {
    KeyUse::Data(subject.parse().unwrap(), month.parse().unwrap(), String::new())
}

fn key(number: u8, used_for: KeyUse) -> WrappedKey {
    WrappedKey {
        id: [number; 16],
        used_for,
        wrapped: vec![number; 60],
        wrapped_by: [200; 16],
        created: at(i64::from(number)),
        is_retired: false,
    }
}

pub(super) async fn keys_are_found_by_use_and_id(fresh: Fresh) {
    let keys = open(&fresh);
    let (bot, ann) = (data("agent:bot", "2026-11"), data("person:ann", "2026-11"));
    let all = [key(1, KeyUse::Tenant), key(2, bot.clone()), key(3, bot.clone()), key(4, ann)];
    for key in all.clone() {
        keys.add(&main(), key).await.unwrap();
    }
    assert_eq!(keys.all(&main()).await.unwrap(), all);
    assert_eq!(keys.by_id(&main(), [2; 16]).await.unwrap(), Some(all[1].clone()));
    assert_eq!(keys.current(&main(), bot.clone()).await.unwrap(), Some(all[2].clone()));
    let other = "other".parse().unwrap();
    assert_eq!(keys.by_id(&other, [2; 16]).await.unwrap(), None);
    assert_eq!(keys.current(&main(), data("agent:bot", "2026-12")).await.unwrap(), None);
    assert_eq!(keys.retire_data_keys(&main()).await.unwrap(), 3);
    assert_eq!(keys.current(&main(), bot).await.unwrap(), None);
    assert!(keys.current(&main(), KeyUse::Tenant).await.unwrap().is_some());
}

pub(super) async fn an_exchange_is_whole_or_nothing(fresh: Fresh) {
    let keys = open(&fresh);
    let (old, kept) = (key(1, KeyUse::Tenant), key(2, KeyUse::Vault));
    for key in [&old, &kept] {
        keys.add(&main(), key.clone()).await.unwrap();
    }
    let new = key(3, KeyUse::Tenant);
    let rewrapped = WrappedKey { wrapped: vec![9; 60], wrapped_by: [3; 16], ..kept.clone() };
    // The second key of one id fails, and takes the first with it.
    let double = vec![new.clone(), new.clone()];
    let failed = keys.exchange(&main(), double, vec![rewrapped.clone()], vec![old.id]).await;
    assert!(matches!(failed, Err(StoreError::Database(_))));
    assert_eq!(keys.all(&main()).await.unwrap(), [old.clone(), kept]);
    keys.exchange(&main(), vec![new.clone()], vec![rewrapped.clone()], vec![old.id]).await.unwrap();
    assert_eq!(keys.all(&main()).await.unwrap(), [new, rewrapped]);
}

pub(super) async fn an_erased_key_is_in_no_byte(fresh: Fresh) {
    let keys = open(&fresh);
    // Enough for pages to be split and joined: that is what leaves copies behind.
    let mark = |number: u32| [&number.to_be_bytes()[..], b"mark-of-a-wrapped-key"].concat();
    for number in 0..2000_u32 {
        let subject = if number % 3 == 0 { "agent:gone" } else { "agent:stays" };
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_be_bytes());
        let key = WrappedKey { id, wrapped: mark(number), ..key(1, data(subject, "2026-11")) };
        keys.add(&main(), key).await.unwrap();
    }
    let filter = KeyFilter { subject: Some("agent:gone".parse().unwrap()), month: None };
    let erased = keys.erase(&main(), filter).await.unwrap();
    assert_eq!(erased.len(), 667);
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(fresh.folder.path()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let is_there = |number: u32| {
        let mark = mark(number);
        bytes.windows(mark.len()).any(|window| window == mark)
    };
    assert!(is_there(1) && is_there(1999));
    assert!(!bytes.windows(10).any(|window| window == b"agent:gone"));
    for number in (0..2000).step_by(3).step_by(20) {
        assert!(!is_there(number), "{number}");
    }
}
