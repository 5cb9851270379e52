use super::*;

fn build<'a>(ecosystem: Ecosystem, names: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut builder = Builder::new(ecosystem);
    assert!(names.into_iter().all(|name| builder.add(name)));
    builder.finish()
}

#[test]
fn what_can_be_no_name_is_refused() {
    let mut builder = Builder::new(Ecosystem::Npm);
    for line in ["", "two words", "# a remark", "naïve", &"x".repeat(MAX_NAME_BYTES + 1)] {
        assert!(!builder.add(line), "{line}");
    }
    assert!(Set::from_bytes(builder.finish()).unwrap().is_empty());
}

#[test]
fn a_packed_list_knows_its_names_and_no_others() {
    let names: Vec<String> = (0..5000).map(|n| format!("pkg-{n}")).collect();
    let bytes = build(Ecosystem::PyPi, names.iter().map(String::as_str));
    let set = Set::from_bytes(bytes).unwrap();
    assert_eq!((set.ecosystem(), set.len()), (Ecosystem::PyPi, 5000));
    let known = Known::default().with(set);
    assert_eq!(known.judge(Ecosystem::PyPi, "PKG_4711"), Verdict::Fine);
    let unknown = (5000..15000)
        .filter(|n| known.judge(Ecosystem::PyPi, &format!("pkg-{n}")) == Verdict::Unknown);
    assert_eq!(unknown.count(), 10_000);
    assert_eq!(known.judge(Ecosystem::Npm, "no-such-thing"), Verdict::Fine);
}

#[test]
fn damage_is_noticed() {
    let bytes = build(Ecosystem::Npm, ["alpha", "beta", "gamma"]);
    assert_eq!(Set::from_bytes(b"PCPKG\x02\x00".to_vec()).unwrap_err(), SetError::Form);
    assert_eq!(Set::from_bytes(bytes[..bytes.len() - 1].to_vec()).unwrap_err(), SetError::Damaged);
    let mut swapped = bytes.clone();
    swapped[7..].reverse();
    assert_eq!(Set::from_bytes(swapped).unwrap_err(), SetError::Damaged);
}

#[test]
fn near_misses_of_well_known_names_are_told() {
    use Ecosystem::{Crates, Npm, PyPi};
    for (ecosystem, name, meant) in [
        (PyPi, "reqeusts", "requests"),
        (PyPi, "request5", "requests"),
        (PyPi, "python-requests", "requests"),
        (PyPi, "scikitlearn", "scikit-learn"),
        (PyPi, "beautifulsuop", "beautifulsoup4"),
        (Npm, "expres", "express"),
        (Npm, "lodahs", "lodash"),
        (Npm, "axios-js", "axios"),
        (Crates, "serde_jsom", "serde-json"),
        (Crates, "rust-tokio", "tokio"),
    ] {
        let verdict = Known::built_in().judge(ecosystem, name);
        assert_eq!(verdict, Verdict::NearMiss(meant), "{name}");
    }
}

#[test]
fn what_the_small_list_lacks_says_nothing() {
    for name in ["my-company-tools", "zarr", "Flask", "typing_extensions", "ruamel.yaml", "sh2"] {
        assert_eq!(Known::built_in().judge(Ecosystem::PyPi, name), Verdict::Fine, "{name}");
    }
}
