use hyper::Method;

use super::sign::{Keys, Signed, escaped, query};
use super::*;

fn keys(session_token: Option<&str>) -> Keys {
    let secret = |text: &str| Secret::new(text.to_owned());
    Keys {
        region: "eu-central-1".to_owned(),
        access_key: secret("an-access-key"),
        secret_key: secret("a-secret-of-the-tests"),
        session_token: session_token.map(secret),
    }
}

fn headers() -> HeaderMap {
    let host = HeaderValue::from_static("archive.example:9000");
    HeaderMap::from_iter([(HOST, host), (IF_NONE_MATCH, HeaderValue::from_static("*"))])
}

fn authorization(keys: &Keys, request: &Signed<'_>) -> String {
    let mut headers = headers();
    let now = "2026-11-27T11:30:05.123456Z".parse().unwrap();
    keys.sign(request, &mut headers, now).unwrap();
    assert_eq!(headers["x-amz-date"], "20261127T113005Z");
    headers["authorization"].to_str().unwrap().to_owned()
}

#[test]
fn signatures_are_those_that_another_implementation_makes() {
    let put =
        Signed { method: &Method::PUT, path: "/b/log/tile/0/x001/000", query: "", body: b"hello" };
    let names = "host;if-none-match;x-amz-content-sha256;x-amz-date";
    assert_eq!(
        authorization(&keys(None), &put),
        format!(
            "AWS4-HMAC-SHA256 Credential=an-access-key/20261127/eu-central-1/s3/aws4_request, \
             SignedHeaders={names}, Signature=4419d59e6f7d905addef2bd9ab9ab5aad6fbeaf6a0adbcfd931f80b0c42c01a8"
        )
    );
    let asked = query(&mut [("prefix", "log/a b"), ("list-type", "2")]);
    assert_eq!(asked, "list-type=2&prefix=log%2Fa%20b");
    let list = Signed { method: &Method::GET, path: "/b/", query: &asked, body: b"" };
    let signed = authorization(&keys(Some("a-token")), &list);
    let names = format!("{names};x-amz-security-token");
    assert!(signed.contains(&format!("SignedHeaders={names}, ")), "{signed}");
    assert!(
        signed.ends_with("4779b61da2e8be5d6bacc99ff24a74b489a52904201b9b107b2efecca7bc7cfb"),
        "{signed}"
    );
}

#[test]
fn a_path_keeps_its_slashes_and_nothing_else_that_is_reserved() {
    assert_eq!(escaped("a/b c+é~", true), "a/b%20c%2B%C3%A9~");
    assert_eq!(escaped("a/b", false), "a%2Fb");
}

#[test]
fn a_bucket_is_part_of_the_host_at_aws_and_of_the_path_elsewhere() {
    let access = |endpoint: Option<&str>| Access {
        bucket: "logs".to_owned(),
        endpoint: endpoint.map(|text| text.parse().unwrap()),
        region: "eu-central-1".to_owned(),
        access_key: Secret::new("a".to_owned()),
        secret_key: Secret::new("b".to_owned()),
        session_token: None,
        tls: Some(Arc::new(client::trust_only(vec![]).unwrap())),
    };
    let bucket = |endpoint| Bucket::new(access(endpoint), || Timestamp::from_micros(0)).unwrap();
    let aws = bucket(None);
    assert_eq!(aws.base.to_string(), "https://logs.s3.eu-central-1.amazonaws.com/");
    assert_eq!(aws.root, "");
    assert_eq!(bucket(Some("https://s3.example.com/store/")).root, "/store/logs");
}
