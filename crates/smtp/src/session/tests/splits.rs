//! Statement 33: how the network splits the input has no effect.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// Fragments of arbitrary input, with the significant bytes over-represented.
const FRAGMENTS: &[&[u8]] = &[
    b"\r\n",
    b".",
    b"\r",
    b"\n",
    b"a",
    b"\r\n.",
    b"Received: x\r\n",
    b"\xff\0",
];
/// The lines of valid messages.
const LINES: &[&[u8]] = &[
    b"",
    b".",
    b"..",
    b"Subject: x",
    b".a",
    b" a.",
    b"\xc3\xa9",
    b"Received: y",
];

/// The result of a session: its replies, its mails, whether it is closed.
type Outcome = (String, Vec<DeliveredMail>, bool);

/// Sends groups of bytes; within a group the client does not wait. `cuts` are the lengths of the writes, in a cycle.
fn play(groups: &[Vec<u8>], cuts: &[usize]) -> Outcome {
    let mut talk = Talk::new();
    let mut text = String::new();
    let mut cuts = cuts.iter().cycle();
    for group in groups {
        let mut rest = &group[..];
        while !rest.is_empty() {
            let length = cuts.next().map_or(rest.len(), |cut| (*cut).min(rest.len()));
            let (piece, later) = rest.split_at(length);
            text += &talk.send_for_text(piece);
            rest = later;
        }
    }
    (text, talk.mails, talk.is_closed)
}

fn arbitrary_input(length: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(select(FRAGMENTS), 0..length).prop_map(|pieces| pieces.concat())
}

/// Complete lines, as a valid client sends them.
fn message() -> impl Strategy<Value = Vec<u8>> {
    vec(select(LINES), 0..80).prop_map(|lines| {
        let lines = lines.iter().flat_map(|line| [*line, b"\r\n"]);
        lines.collect::<Vec<_>>().concat()
    })
}

/// Commands that may be pipelined.
fn pipelined() -> impl Strategy<Value = Vec<u8>> {
    let command = select(
        &[
            "MAIL FROM:<a@x.test> SIZE=10",
            "MAIL FROM:<>",
            "RCPT TO:<u1@mayfly.test>",
            "RCPT TO:<u2@mayfly.test>",
            "RCPT TO:<full@mayfly.test>",
            "RCPT TO:<nobody@mayfly.test>",
            "RSET",
            "NOOP x",
            "VRFY u1",
            "HELP",
            "NONSENSE",
            "MAIL FROM:<a@x\n.test>",
            "STARTTLS now",
            "RCPT TO:<a\0@x>",
        ][..],
    );
    vec(command, 0..8).prop_map(|commands| {
        let lines = commands.iter().map(|command| format!("{command}\r\n"));
        lines.collect::<String>().into_bytes()
    })
}

fn session() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let transaction = (pipelined(), message(), pipelined()).prop_map(|(commands, message, after)| {
        let begin = b"RSET\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<u3@mayfly.test>\r\nDATA\r\n";
        [
            [commands, begin.to_vec()].concat(),
            [stuffed(&message), after].concat(),
        ]
    });
    let last = prop_oneof![
        Just(b"QUIT\r\nNOOP\r\n".to_vec()),
        arbitrary_input(2000),
        vec(any::<u8>(), 0..200),
        Just(vec![b'x'; 80_000]),
    ];
    (vec(transaction, 0..4), arbitrary_input(200), last).prop_map(|(transactions, data, last)| {
        let mut groups = vec![b"EHLO client.example.com\r\n".to_vec()];
        groups.extend(transactions.into_iter().flatten());
        groups.push(b"RSET\r\nMAIL FROM:<b@x.test>\r\nRCPT TO:<u3@mayfly.test>\r\nDATA\r\n".to_vec());
        groups.push(data);
        groups.push(last);
        groups
    })
}

/// Finds the end of a message in the complete input, as RFC 5321 words it. Returns `None` without an end, an error if a
/// lone newline comes first, else the message and the number of consumed bytes.
fn reference(wire: &[u8]) -> Option<Result<(Vec<u8>, usize), ()>> {
    let starts_line = |at: usize| at == 0 || wire[..at].ends_with(b"\r\n");
    let end = (0..wire.len()).find(|at| starts_line(*at) && wire[*at..].starts_with(b".\r\n"));
    let is_lone = |at: usize| match wire[at] {
        b'\n' => at == 0 || wire[at - 1] != b'\r',
        b'\r' => wire.get(at + 1).is_some_and(|next| *next != b'\n'),
        _ => false,
    };
    let lone = (0..wire.len()).find(|at| is_lone(*at));
    let end = match (end, lone) {
        (Some(end), Some(lone)) if lone < end => return Some(Err(())),
        (Some(end), _) => end,
        (None, Some(_)) => return Some(Err(())),
        (None, None) => return None,
    };
    let kept = (0..end).filter(|at| !(wire[*at] == b'.' && starts_line(*at)));
    Some(Ok((kept.map(|at| wire[at]).collect(), end + 3)))
}

fn read_in_pieces(wire: &[u8], cuts: &[usize]) -> Option<Result<(Vec<u8>, usize), ()>> {
    let mut reader = DataReader::new(LIMIT, &Budget::undivided(BUDGET), CLIENT);
    let (mut at, mut cuts) = (0, cuts.iter().cycle());
    while at < wire.len() {
        let length = cuts.next().map_or(wire.len(), |cut| *cut).min(wire.len() - at);
        let mut input = BytesMut::from(&wire[at..at + length]);
        let progress = reader.read(&mut input);
        at += length;
        match progress {
            Progress::More => assert!(input.is_empty()),
            Progress::BareNewline => return Some(Err(())),
            Progress::End => return Some(Ok((reader.finish().chunks.concat(), at - input.len()))),
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn session_result_is_independent_of_input_splits(groups in session(), cuts in vec(1usize..40, 1..20)) {
        let whole = play(&groups, &[]);
        prop_assert_eq!(&play(&groups, &cuts), &whole);
        prop_assert_eq!(&play(&groups, &[1]), &whole);
    }

    #[test]
    fn data_reader_agrees_with_the_reference(wire in arbitrary_input(40), cuts in vec(1usize..5, 1..10)) {
        let expected = reference(&wire);
        prop_assert_eq!(&read_in_pieces(&wire, &[]), &expected);
        prop_assert_eq!(&read_in_pieces(&wire, &[1]), &expected);
        prop_assert_eq!(&read_in_pieces(&wire, &cuts), &expected);
    }

    #[test]
    fn data_reader_returns_the_message_as_sent(message in message(), cuts in vec(1usize..50, 1..10)) {
        let wire = stuffed(&message);
        prop_assert_eq!(read_in_pieces(&wire, &cuts), Some(Ok((message, wire.len()))));
    }
}
