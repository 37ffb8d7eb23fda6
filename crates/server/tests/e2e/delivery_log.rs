//! Records which mails were sent and accepted, and compares them with the stored mail.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mayfly_testkit::MailSender;
use sha2::{Digest, Sha256};

use crate::client::{Client, Mailbox};

/// Pause between two mails of a session. It bounds how many mails the check at the end reads again.
const PACE: Duration = Duration::from_millis(4);

/// The mails to one mailbox by name, and whether the client read `250`. Clones share the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeliveryLog {
    entries: Arc<Mutex<BTreeMap<String, bool>>>,
    accepted: Arc<AtomicUsize>,
    deferred: Arc<AtomicUsize>,
}

/// A mail with a content that its name determines.
pub(crate) fn mail(name: &str) -> Vec<u8> {
    mail_of(name, usize::from(Sha256::digest(name)[0] / 8) + 1)
}

/// A mail of the given number of lines.
pub(crate) fn mail_of(name: &str, lines: usize) -> Vec<u8> {
    let mut mail = format!("Subject: {name}\r\n\r\n").into_bytes();
    for n in 0..lines {
        let line: String = Sha256::digest(format!("{name} {n}"))
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        mail.extend_from_slice(line.as_bytes());
        mail.extend_from_slice(b"\r\n");
    }
    mail
}

impl DeliveryLog {
    /// The number of mails answered `250`.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// The number of mails rejected with a transient error.
    pub(crate) fn deferred(&self) -> usize {
        self.deferred.load(Ordering::Relaxed)
    }

    /// The names of the mails answered `250`.
    pub(crate) fn accepted_names(&self) -> BTreeSet<String> {
        let entries = self.entries.lock().unwrap();
        let accepted = entries.iter().filter(|(_, is_accepted)| **is_accepted);
        accepted.map(|(name, _)| name.clone()).collect()
    }

    /// Records a mail before it is sent.
    pub(crate) fn begin(&self, name: &str) {
        let is_new = self
            .entries
            .lock()
            .unwrap()
            .insert(name.to_owned(), false)
            .is_none();
        assert!(is_new, "{name} is sent twice");
    }

    /// Records that the client read `250`.
    pub(crate) fn accept(&self, name: &str) {
        self.entries.lock().unwrap().insert(name.to_owned(), true);
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends mails one after another until `end` is set, none twice. The only accepted errors are transient.
    pub(crate) async fn keep_sending(
        self,
        smtp: SocketAddr,
        recipient: String,
        name: String,
        end: Arc<AtomicUsize>,
    ) {
        let mut session = None;
        for n in 0.. {
            if end.load(Ordering::Relaxed) > 0 {
                return;
            }
            let sender = match &mut session {
                Some(sender) => sender,
                session => session.insert(MailSender::ready(smtp).await.expect("a session")),
            };
            let name = format!("{name}-{n}");
            self.begin(&name);
            let reply = sender.send("load@example.com", &[&recipient], &mail(&name)).await;
            match reply.unwrap_or_else(|error| panic!("{name}: {error}")) {
                reply if reply.code == 250 => self.accept(&name),
                reply => {
                    assert!(matches!(reply.code, 421 | 451 | 452), "{name}: {reply:?}");
                    self.deferred.fetch_add(1, Ordering::Relaxed);
                    // A session with many failed transactions is ended at any command.
                    let is_open = reply.code != 421 && {
                        let reset = sender.command("RSET").await.expect("a reply");
                        assert!(matches!(reset.code, 250 | 421), "{reset:?}");
                        reset.code == 250
                    };
                    if !is_open {
                        session = None;
                    }
                }
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// Reads the whole mailbox. Every mail answered `250` is stored once and unchanged; the others at most once.
    pub(crate) async fn check(&self, client: &Client, mailbox: &Mailbox) {
        let entries = self.entries.lock().unwrap().clone();
        let found = stored(client, mailbox).await;
        for (name, is_accepted) in &entries {
            let copies = found.get(name).map_or(&[][..], Vec::as_slice);
            assert!(copies.len() <= 1, "{name}: stored {} times", copies.len());
            assert!(!is_accepted || copies.len() == 1, "{name}: answered 250 and lost");
            for copy in copies {
                assert!(
                    *copy == mail(name),
                    "{name}: stored mail differs from the sent one"
                );
            }
        }
        for name in found.keys() {
            assert!(entries.contains_key(name), "{name}: was never sent");
        }
    }
}

/// The raw mails of a mailbox, by subject.
pub(crate) async fn stored(client: &Client, mailbox: &Mailbox) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut found: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for page in 1.. {
        let answer = client
            .get(&format!("/api/messages?page={page}"), &mailbox.token)
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let messages = answer.json()["messages"].as_array().unwrap().clone();
        if messages.is_empty() {
            return found;
        }
        for message in messages {
            let path = format!("/api/messages/{}/source", message["id"].as_str().unwrap());
            let source = client.get(&path, &mailbox.token).await;
            assert_eq!(source.status, 200, "{source:?}");
            let name = message["subject"].as_str().unwrap_or_default().to_owned();
            found.entry(name).or_default().push(source.body);
        }
    }
    found
}
