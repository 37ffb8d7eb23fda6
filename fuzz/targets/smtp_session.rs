//! An SMTP session: command lines, pipelining and the end of data. The first byte is the length of the pieces in which the rest
//! arrives.
#![no_main]

use std::{net::IpAddr, sync::Arc};

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use mayfly_smtp::{
    Budget, SandboxMode,
    session::{
        Authentication, Delivery, Login, Recipient, Recipients, Replies, Session, Settings, Step, Submitter,
    },
};
use mayfly_types::{AccountId, SandboxId, UserId};
use uuid::Uuid;

const MAX_MESSAGE_BYTES: u64 = 65_536;

fuzz_target!(|input: &[u8]| {
    let Some((chosen, rest)) = input.split_first() else {
        return;
    };
    let normalizes_newlines = chosen & 1 == 1;
    let settings = Arc::new(Settings {
        host_name: "mx.mayfly.test".to_owned(),
        max_message_bytes: MAX_MESSAGE_BYTES,
        max_recipients: 100,
        has_tls: true,
        sandbox: SandboxMode::Auth,
        requires_login: false,
        plain_login_networks: vec!["192.0.2.0/24".parse().expect("a network")],
        normalizes_newlines,
        budget: Budget::undivided(4 * MAX_MESSAGE_BYTES),
    });
    let mut session = Session::new(Arc::clone(&settings), IpAddr::from([192, 0, 2, 1]));
    let (mut buffer, mut replies) = (BytesMut::new(), Replies::default());
    session.greet(false, &mut replies);
    for piece in rest.chunks(usize::from(chosen >> 1) + 1) {
        buffer.extend_from_slice(piece);
        loop {
            match session.advance(&mut buffer, &mut replies) {
                Step::Read => break,
                Step::Resolve { address, .. } => {
                    let account = Uuid::from_u128(address.as_str().len() as u128);
                    let found = Recipient::Found(AccountId::from_uuid(account));
                    session.recipient_resolved(found, &mut replies);
                }
                Step::Authenticate(login) => {
                    // Passwords of even length are good.
                    let authentication = match login {
                        Login::Password(credentials) if credentials.password.len() % 2 == 0 => {
                            Authentication::Accepted(Submitter {
                                owner: UserId::from_uuid(Uuid::nil()),
                                sandbox: SandboxId::from_uuid(Uuid::nil()),
                                credential: None,
                            })
                        }
                        _ => Authentication::Rejected,
                    };
                    session.authenticated(authentication, &mut replies);
                }
                Step::Deliver(mail) => {
                    let recipients = match &mail.recipients {
                        Recipients::Mailboxes(ids) => ids.len(),
                        Recipients::Sandbox { addresses, .. } => addresses.len(),
                    };
                    assert!((1..=100).contains(&recipients) && mail.content.size_bytes <= MAX_MESSAGE_BYTES);
                    let bytes: Vec<u8> = mail.content.chunks.concat();
                    assert_eq!(bytes.len() as u64, mail.content.size_bytes);
                    assert!(has_whole_lines(&bytes), "{}", bytes.escape_ascii());
                    session.delivered(&Delivery::Stored("id".to_owned()), &mut replies);
                }
                Step::StartTls => session.tls_started(),
                _ => {
                    assert_well_formed(&replies);
                    return;
                }
            }
        }
        assert_well_formed(&replies);
        replies.clear();
    }
    drop(session);
    assert_eq!(settings.budget.free_bytes(), 4 * MAX_MESSAGE_BYTES);
});

/// Whether every CR is followed by LF, every LF is preceded by CR, and the last line is complete.
fn has_whole_lines(bytes: &[u8]) -> bool {
    let is_bare = |at: usize, byte: u8| match byte {
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || bytes[at - 1] != b'\r',
        _ => false,
    };
    !bytes.iter().enumerate().any(|(at, byte)| is_bare(at, *byte))
        && (bytes.is_empty() || bytes.ends_with(b"\r\n"))
}

fn assert_well_formed(replies: &Replies) {
    for line in replies.as_str().split_terminator("\r\n") {
        let (code, rest) = line.split_at(3);
        assert!(
            code.bytes().all(|byte| byte.is_ascii_digit()) && rest.starts_with([' ', '-']),
            "{line}"
        );
        assert!(!line.contains(char::is_control) && line.len() <= 510, "{line}");
    }
}
