//! What a curl command sends, as far as a signature must know. An option that would change the
//! request in a way that is not understood here is an error: a wrong signature helps nobody.

use super::Asked;

/// Options with a value that change nothing that is signed.
const WITH_VALUE: &[&str] = &[
    "-H",
    "--header",
    "-o",
    "--output",
    "-m",
    "--max-time",
    "--connect-timeout",
    "-A",
    "--user-agent",
    "--cacert",
    "-E",
    "--cert",
    "--key",
    "-w",
    "--write-out",
    "--retry",
    "-D",
    "--dump-header",
    "--resolve",
    "-x",
    "--proxy",
];

/// Options that send something else than this can foresee.
const FOREIGN: &[&str] = &[
    "-F",
    "--form",
    "-T",
    "--upload-file",
    "-G",
    "--get",
    "-K",
    "--config",
    "-L",
    "--location",
    "--data-urlencode",
    "--url-query",
    "--next",
    "-:",
    "--compressed-ssh",
    "--request-target",
    "--path-as-is",
];

/// Reads `curl …`.
pub(super) fn read(words: &[String]) -> Result<Asked, String> {
    let mut method = None;
    let mut body: Option<Vec<u8>> = None;
    let mut urls = Vec::new();
    let mut words = words.iter().skip(1).map(String::as_str);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} lacks its value"));
        match word {
            "-X" | "--request" => method = Some(value()?.to_owned()),
            "-I" | "--head" => method = Some("HEAD".to_owned()),
            "-d" | "--data" | "--data-ascii" => extend(&mut body, plain(value()?)?),
            "--data-raw" => extend(&mut body, value()?.as_bytes().to_vec()),
            "--data-binary" | "--json" => extend(&mut body, file_or_text(value()?)?),
            "--url" => urls.push(value()?.to_owned()),
            known if WITH_VALUE.contains(&known) => drop(value()?),
            foreign if FOREIGN.contains(&foreign) => {
                return Err(format!(
                    "{foreign} cannot be signed; use --data-binary and the whole URL"
                ));
            }
            flag if flag.starts_with('-') => {}
            url => urls.push(url.to_owned()),
        }
    }
    let [url] = urls.as_slice() else {
        return Err("name exactly one URL; a signature is for one request".to_owned());
    };
    let usual = if body.is_some() { "POST" } else { "GET" };
    Ok(Asked { method: method.unwrap_or_else(|| usual.to_owned()), url: url.clone(), body })
}

/// curl joins several with `&`.
fn extend(body: &mut Option<Vec<u8>>, more: Vec<u8>) {
    match body {
        None => *body = Some(more),
        Some(body) => {
            body.push(b'&');
            body.extend(more);
        }
    }
}

fn plain(text: &str) -> Result<Vec<u8>, String> {
    match text.starts_with('@') {
        true => Err("-d drops line breaks of a file; use --data-binary".to_owned()),
        false => Ok(text.as_bytes().to_vec()),
    }
}

fn file_or_text(text: &str) -> Result<Vec<u8>, String> {
    match text.strip_prefix('@') {
        Some("-") => Err("standard input can be read once; put the body into a file".to_owned()),
        Some(file) => std::fs::read(file).map_err(|error| format!("{file}: {error}")),
        None => Ok(text.as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Asked, String> {
        read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_sent_is_what_is_signed() {
        let asked = of("curl -sS -H a:b --json {} http://gate/x?y=z").unwrap();
        assert_eq!((asked.method.as_str(), asked.url.as_str()), ("POST", "http://gate/x?y=z"));
        assert_eq!(asked.body.as_deref(), Some(&b"{}"[..]));
        let asked = of("curl -X PUT -d a=1 -d b=2 http://gate/").unwrap();
        assert_eq!((asked.method.as_str(), asked.body.as_deref()), ("PUT", Some(&b"a=1&b=2"[..])));
        assert_eq!(of("curl http://gate/").unwrap().method, "GET");
    }

    #[test]
    fn what_cannot_be_foreseen_is_refused() {
        for line in [
            "curl",
            "curl http://a http://b",
            "curl -F x=y http://a",
            "curl -G -d x http://a",
            "curl -L http://a",
            "curl -d @file http://a",
            "curl --json @- http://a",
            "curl http://a -X",
        ] {
            assert!(of(line).is_err(), "{line}");
        }
    }
}
