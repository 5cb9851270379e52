//! The values in a call's arguments.

use serde_json::Value;

/// Values of one call that are traced; of what is left out the worst is assumed.
pub const MAX_VALUES: usize = 512;

/// Stands in a path for a name that is data.
const HIDDEN: &str = "…";

/// How deep arguments are read.
const MAX_DEPTH: usize = 32;

/// Every string and number with its path, and every name of a member that is no plain word.
/// `None` stands for what was too much to read.
pub(crate) fn values(arguments: &Value) -> Vec<(String, Option<String>)> {
    let mut out = Vec::new();
    let mut path = String::new();
    walk(arguments, &mut path, 0, &mut out);
    if out.len() > MAX_VALUES {
        out.truncate(MAX_VALUES);
        out.push((HIDDEN.to_owned(), None));
    }
    out
}

pub(crate) fn strings(arguments: &Value) -> Vec<(String, String)> {
    values(arguments).into_iter().filter_map(|(path, text)| Some((path, text?))).collect()
}

fn walk(value: &Value, path: &mut String, depth: usize, out: &mut Vec<(String, Option<String>)>) {
    if out.len() > MAX_VALUES {
        return;
    }
    let length = path.len();
    match value {
        Value::String(text) => out.push((path.clone(), Some(text.clone()))),
        Value::Number(number) => out.push((path.clone(), Some(number.to_string()))),
        Value::Array(_) | Value::Object(_) if depth == MAX_DEPTH => out.push((path.clone(), None)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                walk(item, path, depth + 1, out);
                path.truncate(length);
            }
        }
        Value::Object(members) => {
            for (name, item) in members {
                push_name(path, name);
                if !is_plain_name(name) {
                    out.push((path.clone(), Some(name.clone())));
                }
                walk(item, path, depth + 1, out);
                path.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Adds the name of a member to a path. A name that is data is not shown, and so can neither pass
/// for another nor carry anything into a record.
pub(crate) fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(if is_plain_name(name) { name } else { HIDDEN });
}

/// Whether the name of a member is one that a schema gives, not data.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    name.len() <= 64 && name.bytes().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The words of an argument's name: `file_id` and `fileId` are about a file and an id.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter.is_uppercase() || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| word.len() > 1);
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_string_and_number_has_a_path() {
        let arguments = json!({"to": ["a", "b"], "n": 5, "flag": true, "x": {"a@b.c": "r"}});
        let expected = [("n", "5"), ("to[0]", "a"), ("to[1]", "b"), ("x.…", "a@b.c"), ("x.…", "r")];
        let found = strings(&arguments);
        let mut found: Vec<(&str, &str)> =
            found.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_too_deep_or_too_much_is_said() {
        let deep = (0..100).fold(json!("x"), |inner, _| json!([inner]));
        assert!(values(&deep).iter().any(|(_, text)| text.is_none()));
        assert!(values(&json!(vec![1; 10_000])).iter().any(|(_, text)| text.is_none()));
    }

    #[test]
    fn names_have_words() {
        assert_eq!(words("file_id"), ["file", "id"]);
        assert_eq!(words("fileId"), ["file", "id"]);
    }
}
