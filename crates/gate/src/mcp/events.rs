//! What a server says in a stream: server-sent events, read one by one and written anew.
//!
//! Nothing of an event is passed on but its id, its wish for patience, and one message: a comment or
//! a field of another name carries nothing through.

use bytes::Bytes;

use crate::answer::Source;
use crate::net::upstream::UpstreamError;
use crate::refusal::Refusal;
use crate::sse::{Splitter, fields};

use http_body_util::BodyExt;

use super::pipe::PipeEvents;
use super::seal::MAX_INNER_BYTES;

/// One event of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub id: Option<String>,
    /// Milliseconds to wait before coming back.
    pub retry: Option<u64>,
    /// Empty where the event only gives an id.
    pub data: Bytes,
}

/// What a server says, message by message.
pub(super) enum Events {
    Http(HttpEvents),
    Pipe(PipeEvents),
}

impl Events {
    /// Whether the server made events of its messages.
    pub(super) fn are_framed(&self) -> bool {
        matches!(self, Self::Http(_))
    }

    /// The next that says anything; nothing once all is said.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Refusal> {
        match self {
            Self::Http(events) => events.next().await,
            Self::Pipe(events) => events.next().await,
        }
    }
}

/// The events of an answer over HTTP.
pub(super) struct HttpEvents {
    source: Option<Source>,
    splitter: Splitter,
}

impl HttpEvents {
    pub(super) fn new(source: Source) -> Self {
        Self { source: Some(source), splitter: Splitter::default() }
    }

    /// The next event that says anything; nothing once the stream has ended.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Refusal> {
        loop {
            let raw = self.splitter.next_event();
            if let Some(raw) =
                raw.map_err(|_| Refusal::ServerGarbage("one of its events is too large"))?
            {
                let event = read(&raw)?;
                if event != Event::default() {
                    return Ok(Some(event));
                }
                continue;
            }
            let Some(source) = &mut self.source else { return Ok(None) };
            match source.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.splitter.push(data);
                    }
                }
                Some(Err(error)) => return Err(failed(error)),
                None => {
                    self.source = None;
                    let rest = self.splitter.finish();
                    // A last event without its blank line is no event (WHATWG HTML, section 9.2.6).
                    if !rest.is_empty() {
                        tracing::debug!(
                            bytes = rest.len(),
                            "a server's stream ended within an event"
                        );
                    }
                }
            }
        }
    }
}

fn failed(error: UpstreamError) -> Refusal {
    Refusal::ServerFailed(error)
}

/// Reads one raw event.
fn read(raw: &[u8]) -> Result<Event, Refusal> {
    let garbage = |what| Refusal::ServerGarbage(what);
    let found = fields(raw);
    let mut event = Event::default();
    for range in &found.other {
        let line = raw.get(range.clone()).unwrap_or_default();
        let (name, value) = split_field(line);
        match name {
            b"id" if value.len() <= MAX_INNER_BYTES && !value.contains(&0) => {
                let id =
                    std::str::from_utf8(value).map_err(|_| garbage("an event's id is no text"))?;
                event.id = Some(id.to_owned());
            }
            b"id" => return Err(garbage("an event's id is too long")),
            b"retry" => event.retry = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()),
            b"event" if value != b"message" => return Ok(Event::default()),
            _ => {}
        }
    }
    let lines: Vec<&[u8]> =
        found.data.iter().map(|range| raw.get(range.clone()).unwrap_or_default()).collect();
    event.data = lines.join(&b'\n').into();
    Ok(event)
}

fn split_field(line: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return (line, b"") };
    let (name, value) =
        (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

impl Event {
    /// As an agent is sent it.
    pub(super) fn write(&self) -> Bytes {
        let mut text = Vec::with_capacity(self.data.len() + 64);
        if !self.data.is_empty() {
            text.extend_from_slice(b"event: message\n");
        }
        if let Some(id) = &self.id {
            text.extend_from_slice(format!("id: {id}\n").as_bytes());
        }
        if let Some(retry) = self.retry {
            text.extend_from_slice(format!("retry: {retry}\n").as_bytes());
        }
        // A carriage return ends a line as well; in JSON it is only ever white space.
        for line in self.data.split(|byte| matches!(byte, b'\n' | b'\r')) {
            text.extend_from_slice(b"data: ");
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        text.push(b'\n');
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(text: &str) -> Event {
        read(text.as_bytes()).unwrap()
    }

    #[test]
    fn an_event_is_an_id_a_patience_and_a_message() {
        let event = read_one("event: message\nid: 7\nretry: 500\ndata: {\"a\":\ndata: 1}\n\n");
        assert_eq!(
            event,
            Event { id: Some("7".into()), retry: Some(500), data: "{\"a\":\n1}".into() }
        );
        assert_eq!(event.write(), "event: message\nid: 7\nretry: 500\ndata: {\"a\":\ndata: 1}\n\n");
        let priming = read_one("id: 1\ndata:\n\n");
        assert_eq!(priming.write(), "id: 1\ndata: \n\n");
    }

    #[test]
    fn nothing_else_gets_through() {
        assert_eq!(read_one(": a comment that says something\n\n"), Event::default());
        assert_eq!(read_one("event: other\ndata: {}\n\n"), Event::default());
        assert_eq!(read_one("secret: x\ndata: {}\n\n").write(), "event: message\ndata: {}\n\n");
        assert!(
            read(format!("id: {}\ndata: {{}}\n\n", "x".repeat(MAX_INNER_BYTES + 1)).as_bytes())
                .is_err()
        );
    }

    #[test]
    fn a_message_cannot_begin_a_line_of_its_own() {
        let event =
            Event { data: Bytes::from_static(b"{}\r\rid: 5\n\nevent: x"), ..Event::default() };
        let lines: Vec<_> = event.write().split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        let allowed = |line: &[u8]| {
            line.is_empty() || line.starts_with(b"data: ") || line == b"event: message"
        };
        assert!(lines.iter().all(|line| allowed(line)), "{lines:?}");
        assert!(!event.write().contains(&b'\r'));
    }
}
