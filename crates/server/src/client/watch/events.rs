//! Reads server-sent events from the pieces of a stream.

/// The longest event. A message in one has at most 100 links.
const MAX_EVENT_BYTES: usize = 4 << 20;

/// An event with what a client of Mayfly needs of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: Option<String>,
    pub(super) data: Option<String>,
}

/// The part of a stream that is no whole event yet.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    event: Event,
}

impl Events {
    /// Takes the next bytes; returns the events that they complete. `None` if one is too long or no text.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<Vec<Event>> {
        let mut complete = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            let data_len = self.event.data.as_ref().map_or(0, String::len);
            if self.line.len() + data_len > MAX_EVENT_BYTES {
                return None;
            }
            if self.line.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                complete.extend(self.end_line(std::str::from_utf8(&line).ok()?));
            }
        }
        Some(complete)
    }

    /// Reads a line; an empty one ends an event.
    fn end_line(&mut self, line: &str) -> Option<Event> {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return (event != Event::default()).then_some(event);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (name, &mut self.event.data) {
            ("id", _) => self.event.id = Some(value.to_owned()),
            ("data", Some(data)) => data.extend(["\n", value]),
            ("data", None) => self.event.data = Some(value.to_owned()),
            // A comment, the kind of the event, or the reconnection time.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str =
        "id: 1\nretry: 2000\n\n:\n\nevent: new_email\r\nid: 2\r\ndata: {\r\ndata: \"a\"}\r\n\r\ndata:x\n";

    fn expected() -> Vec<Event> {
        let event = |id: &str, data: Option<&str>| Event {
            id: Some(id.to_owned()),
            data: data.map(str::to_owned),
        };
        vec![event("1", None), event("2", Some("{\n\"a\"}"))]
    }

    #[test]
    fn events_are_read_however_they_are_cut() {
        for size in 1..STREAM.len() {
            let mut events = Events::default();
            let pieces = STREAM.as_bytes().chunks(size);
            let found: Vec<Event> = pieces.flat_map(|piece| events.push(piece).unwrap()).collect();
            assert_eq!(found, expected(), "{size}");
        }
    }

    #[test]
    fn endless_event_is_rejected() {
        let mut events = Events::default();
        let line = format!("data: {}\n", "x".repeat(1 << 20));
        let taken = (0..8).take_while(|_| events.push(line.as_bytes()).is_some());
        assert_eq!(taken.count(), 3);
        assert_eq!(Events::default().push(b"data: \xff\n"), None);
    }
}
