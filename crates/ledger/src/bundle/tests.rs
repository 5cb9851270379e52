//! A bundle of a small log, and every way to change it.

use super::*;
use crate::files::memory::Memory;
use crate::tests::{ORIGIN, append, block_on, key, open};
use crate::verify::{Trust, Verdict};
use crate::{SigningKey, cosignature};

fn vkey() -> VerifierKey {
    VerifierKey::new(ORIGIN, key().public()).unwrap()
}

fn witness() -> (SigningKey, VerifierKey) {
    let key = SigningKey::generate([77; 32]).unwrap();
    let verifier = VerifierKey::witness("witness.example/w1", key.public()).unwrap();
    (key, verifier)
}

/// A log of small JSON records, one of them hostile to whoever displays it.
fn log(count: u64) -> Memory {
    let files = Memory::default();
    let (log, _) = open(&files);
    for n in 0..count {
        let agent = if n == 3 { "<script>\\u202e" } else { "bot" };
        append(&log, &format!("{{\"agent\":\"{agent}\",\"kind\":\"llm.call\",\"n\":{n}}}"))
            .unwrap();
    }
    block_on(log.checkpoint()).unwrap();
    log.close().unwrap();
    files
}

fn cosign(files: &Memory) {
    let note = String::from_utf8(crate::files::Files::read(files, "checkpoint").unwrap()).unwrap();
    let text = crate::note::parts(note.as_bytes()).unwrap().0;
    let (key, verifier) = witness();
    let line = cosignature::cosign(text, verifier.name(), &key, 1_800_000_000).unwrap();
    let note = cosignature::join(&note, &line, &verifier).unwrap();
    cosigned::Cosigned::open(files, 10_000).unwrap().push(files, &note).unwrap();
}

fn content(count: u64, indexes: &[u64]) -> Content {
    let mut files = log(count);
    cosign(&files);
    let gathered = Content::gather(&mut files, &vkey(), indexes).unwrap();
    let policy = |name: &str, text: &str| Policy { name: name.to_owned(), text: text.to_owned() };
    Content {
        about: "what bot did <b>&</b>".to_owned(),
        made: "2027-01-15T08:00:00Z".to_owned(),
        witnesses: vec![witness().1],
        policies: vec![
            policy("a.cedar", "permit (principal, action, resource);"),
            policy("b.cedar", "permit (principal, action, resource);"),
        ],
        ..gathered
    }
}

fn check(file: &[u8]) -> Result<crate::verify::Report, BundleError> {
    let (key, witnesses) = (vkey(), [witness().1]);
    verify(file, &Trust { witnesses: &witnesses, ..Trust::in_key(&key) })
}

#[test]
fn a_bundle_verifies_offline_and_says_what_it_does_not_show() {
    for (count, indexes) in [(1, &[0][..]), (9, &[3, 1, 1]), (600, &[0, 255, 256, 599])] {
        let file = content(count, indexes).encode().unwrap();
        let report = check(&file).unwrap();
        assert_eq!((report.verdict, report.faults), (Verdict::Verified, vec![]));
        assert_eq!(report.proven as usize, indexes.len() - usize::from(count == 9));
        assert_eq!((report.size, report.witnesses[0].size), (count, count));
        let said = report.not_proved.join("; ");
        assert!(said.contains("when the bundle was made"), "{said}");
        assert_eq!(said.contains("all records"), count > 1, "{said}");
    }
}

#[test]
fn the_page_holds_no_markup_of_a_record() {
    let file = content(9, &[3]).encode().unwrap();
    let text = String::from_utf8_lossy(&file);
    let page = text.split("<!doctype").nth(1).unwrap().split("</html>").next().unwrap();
    assert!(!page.contains("<script") && !page.contains("<b>&</b>"), "{page}");
    assert!(page.contains("&lt;script&gt;"), "{page}");
}

#[test]
fn every_flipped_bit_and_every_cut_is_found() {
    let file = content(3, &[1]).encode().unwrap();
    for at in 0..file.len() {
        let mut bad = file.clone();
        bad[at] ^= 1 << (at % 8);
        let found = check(&bad).map(|report| (report.verdict, report.proven));
        assert!(!matches!(found, Ok((Verdict::Verified, _))), "byte {at}");
        assert!(!matches!(found, Ok((_, 1..))), "byte {at}");
    }
    for length in (0..file.len()).step_by(7) {
        let found = check(&file[..length]).map(|report| report.verdict);
        assert!(!matches!(found, Ok(Verdict::Verified)), "cut at {length}");
    }
    let longer = check(&[&file[..], &[0; 512]].concat()).unwrap();
    assert_eq!(longer.verdict, Verdict::Failed, "bytes after the end");
}

#[test]
fn a_record_that_was_exchanged_and_listed_anew_is_named() {
    let mut content = content(9, &[2, 5]);
    content.items[1].record = content.items[1].record.to_ascii_uppercase();
    let report = check(&content.encode().unwrap()).unwrap();
    assert_eq!((report.verdict, report.proven, report.fault_count), (Verdict::Failed, 0, 1));
    let fault = report.first_bad_record().unwrap();
    assert_eq!((fault.index, fault.file.as_str()), (Some(5), "records/00000000000000000005.json"));
    assert!(fault.offset.is_some());
    // A record under another's number.
    let mut moved = self::content(9, &[2, 5]);
    moved.items[0].index = 3;
    let report = check(&moved.encode().unwrap()).unwrap();
    assert_eq!(report.first_bad_record().unwrap().index, Some(3));
}

#[test]
fn a_page_that_says_something_else_is_found_even_where_the_manifest_was_made_to_fit() {
    let file = content(9, &[2]).encode().unwrap();
    let members = tar::read(&file).unwrap();
    let mut forged = Vec::new();
    let page = String::from_utf8(members[1].bytes.to_vec()).unwrap();
    let other = page.replace("llm.call", "llm.Call");
    assert_ne!(page, other);
    let hash = |text: &str| Digest::of(text.as_bytes()).to_string();
    for member in &members {
        let text = String::from_utf8(member.bytes.to_vec()).unwrap();
        let text = text.replace(&hash(&page), &hash(&other));
        tar::push(&mut forged, member.name, if text == page { &other } else { &text }.as_bytes());
    }
    tar::finish(&mut forged);
    let report = check(&forged).unwrap();
    assert_eq!((report.verdict, report.proven), (Verdict::Failed, 0));
    let fault = &report.faults[0];
    assert!(fault.file == "manifest.json" || fault.file == "index.html", "{fault:?}");
}

#[test]
fn another_key_a_missing_witness_and_a_contradiction_are_faults() {
    let good = content(9, &[2]);
    let file = good.encode().unwrap();
    let other = VerifierKey::new(ORIGIN, SigningKey::generate([1; 32]).unwrap().public()).unwrap();
    assert_eq!(verify(&file, &Trust::in_key(&other)).unwrap().verdict, Verdict::Failed);
    let own = verify(&file, &Trust::default()).unwrap();
    assert_eq!((own.verdict, own.is_key_trusted), (Verdict::Verified, false));
    let stranger = SigningKey::generate([3; 32]).unwrap();
    let stranger = [VerifierKey::witness("w2.example", stranger.public()).unwrap()];
    let key = vkey();
    let trust = Trust { witnesses: &stranger, ..Trust::in_key(&key) };
    assert_eq!(verify(&file, &trust).unwrap().verdict, Verdict::Failed);
    let known = [Checkpoint { origin: ORIGIN.to_owned(), size: 9, root: Digest([4; 32]) }];
    let trust = Trust { known: &known, ..Trust::in_key(&key) };
    assert_eq!(verify(&file, &trust).unwrap().verdict, Verdict::Failed);
}

#[test]
fn what_no_checkpoint_covers_and_too_many_records_are_refused() {
    let mut files = log(5);
    let gather = |files: &mut Memory, indexes: &[u64]| Content::gather(files, &vkey(), indexes);
    assert!(matches!(gather(&mut files, &[7]), Err(BundleError::Uncovered { index: 7, size: 5 })));
    assert!(matches!(gather(&mut files, &[]), Err(BundleError::Records(0))));
    for bad in [&b""[..], b"not a tar", &[0; 1024]] {
        assert!(verify(bad, &Trust::default()).is_err());
    }
}
