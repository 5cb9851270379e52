//! Forms, and what they ask for.

use super::error::OAuthError;
use super::form::Form;

#[test]
fn a_form_is_read_as_browsers_write_it() {
    let form = Form::parse(b"scope=mail.read+mail.send&client_id=a%2Fb&empty=&x").unwrap();
    assert_eq!(form.get("scope"), Some("mail.read mail.send"));
    assert_eq!(form.get("client_id"), Some("a/b"));
    assert_eq!((form.get("empty"), form.get("x"), form.get("y")), (None, None, None));
}

#[test]
fn a_form_that_could_be_read_in_two_ways_is_refused() {
    for bad in [&b"a=1&a=2"[..], b"a=1&%61=2", b"a=%4", b"a=%zz", b"a=%ff", b"\xff=1"] {
        let read = Form::parse(bad);
        assert!(matches!(read, Err(OAuthError::Request(_))), "{bad:?}");
    }
    let many = (0..40).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
    assert!(Form::parse(many.as_bytes()).is_err());
}
