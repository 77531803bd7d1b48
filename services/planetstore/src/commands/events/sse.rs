//! Server-Sent Events, as a client reads them.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>

/// Reads a stream line by line.
#[derive(Debug, Default)]
pub(in crate::commands) struct Parser {
    id: Option<u64>,
    name: String,
    data: String,
}

/// What a blank line ends.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::commands) struct Message {
    /// The position of the stream from here on.
    pub(in crate::commands) id: Option<u64>,
    /// What it is; empty for events of the log.
    pub(in crate::commands) name: String,
    /// Empty if only the position changed.
    pub(in crate::commands) data: String,
}

impl Parser {
    /// Takes a line with its end; returns the message that it ends.
    pub(in crate::commands) fn line(&mut self, line: &[u8]) -> Option<Message> {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\n', '\r']);
        if line.is_empty() {
            let Self { id, name, data } = std::mem::take(self);
            return (id.is_some() || !data.is_empty()).then_some(Message { id, name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.id = value.parse().ok(),
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // A comment, how soon to come back, or something of later.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_end_at_blank_lines() {
        let mut parser = Parser::default();
        let text = "retry: 2000\n\n: still here\n\nid: 7\ndata: {}\n\nid: 9\n\nevent: behind\ndata: a\ndata:b\r\n\n";
        let found: Vec<_> = text.split_inclusive('\n').filter_map(|line| parser.line(line.as_bytes())).collect();
        let message = |id, name: &str, data: &str| Message { id, name: name.into(), data: data.into() };
        assert_eq!(found, [message(Some(7), "", "{}"), message(Some(9), "", ""), message(None, "behind", "a\nb")]);
    }
}
