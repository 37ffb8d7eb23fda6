//! The hot paths: their set-up and the counted operation.

use std::{net::Ipv4Addr, sync::Arc};

use anyhow::{bail, ensure};
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use mayfly_smtp::{
    Budget, Listeners, SandboxMode,
    session::{Delivery, Recipient, Replies, Session, Settings, Step},
};
use mayfly_testkit::MailSender;
use mayfly_types::AccountId;
use time::OffsetDateTime;
use tokio::{net::TcpListener, sync::Mutex};

use crate::{
    mails,
    world::{ADDRESS, World},
};

/// One operation of a path; called again for each one.
pub(crate) type Operation = Box<dyn FnMut() -> BoxFuture<'static, anyhow::Result<()>>>;

/// A counted path.
pub(crate) struct HotPath {
    pub(crate) name: &'static str,
    /// Operations per run: enough that timer-driven work is negligible.
    pub(crate) operations: u32,
    pub(crate) prepare: fn() -> BoxFuture<'static, anyhow::Result<Operation>>,
}

pub(crate) const PATHS: [HotPath; 10] = [
    HotPath {
        name: "deliver-text-4k",
        operations: 200,
        prepare: || Box::pin(deliver(mails::text(4 << 10))),
    },
    HotPath {
        name: "deliver-html-40k",
        operations: 100,
        prepare: || Box::pin(deliver(mails::html(40 << 10))),
    },
    HotPath {
        name: "list-30",
        operations: 200,
        prepare: || Box::pin(get("/api/messages", 30)),
    },
    HotPath {
        name: "list-30-mailtm",
        operations: 200,
        prepare: || Box::pin(get("/messages", 30)),
    },
    HotPath {
        name: "me",
        operations: 300,
        prepare: || Box::pin(get("/api/me", 0)),
    },
    HotPath {
        name: "validate-mailbox-jwt",
        operations: 1_000,
        prepare: || Box::pin(validate_mailbox_jwt()),
    },
    HotPath {
        name: "validate-pro-token",
        operations: 1_000,
        prepare: || Box::pin(validate_pro_token()),
    },
    HotPath {
        name: "smtp-session-4k",
        operations: 1_000,
        prepare: || Box::pin(smtp_session()),
    },
    HotPath {
        name: "smtp-connection-4k",
        operations: 200,
        prepare: || Box::pin(smtp_connection()),
    },
    HotPath {
        name: "show-html-1k",
        operations: 200,
        prepare: || Box::pin(show_html()),
    },
];

/// `DeliverMessage` and everything below: reading the mail, codes and links, one durable transaction.
async fn deliver(mail: Vec<u8>) -> anyhow::Result<Operation> {
    let (world, mail) = (World::start().await?, Bytes::from(mail));
    let account_id = world.create_mailbox().await?;
    Ok(Box::new(move || {
        let (world, account_id, mail) = (world.clone(), account_id.clone(), mail.clone());
        Box::pin(async move { world.deliver(&account_id, &mail).await.map(drop) })
    }))
}

/// A `GET` through the router with a mailbox's JWT, over a mailbox with the given number of mails.
async fn get(path: &'static str, mails: usize) -> anyhow::Result<Operation> {
    let world = World::start().await?;
    let account_id = world.create_mailbox().await?;
    let token = world.create_credential(&account_id).await?;
    let mail = Bytes::from(mails::text(4 << 10));
    for _ in 0..mails {
        world.deliver(&account_id, &mail).await?;
    }
    Ok(get_repeatedly(world, path.to_owned(), token))
}

fn get_repeatedly(world: World, path: String, token: String) -> Operation {
    Box::new(move || {
        let (world, path, token) = (world.clone(), path.clone(), token.clone());
        Box::pin(async move { world.get(&path, &token).await.map(drop) })
    })
}

async fn validate_mailbox_jwt() -> anyhow::Result<Operation> {
    let world = World::start().await?;
    let account_id = world.create_mailbox().await?;
    let token = world.create_credential(&account_id).await?;
    Ok(validate_repeatedly(world, token))
}

async fn validate_pro_token() -> anyhow::Result<Operation> {
    let world = World::start().await?;
    let token = world.create_pro_token().await?;
    Ok(validate_repeatedly(world, token))
}

fn validate_repeatedly(world: World, token: String) -> Operation {
    Box::new(move || {
        let (world, token) = (world.clone(), token.clone());
        Box::pin(async move { world.validate_token(&token).await })
    })
}

/// The state machine and the data reader alone: bytes in, replies out.
async fn smtp_session() -> anyhow::Result<Operation> {
    let settings = Arc::new(Settings {
        host_name: "mx.mayfly.test".to_owned(),
        max_message_bytes: 25 << 20,
        max_recipients: 100,
        has_tls: false,
        sandbox: SandboxMode::Auth,
        requires_login: false,
        plain_login_networks: Vec::new(),
        normalizes_newlines: false,
        budget: Budget::new(1 << 30, 25 << 20),
    });
    // A client may not pipeline after EHLO (RFC 2920, section 3.1).
    let hello = Bytes::from_static(b"EHLO client.example.com\r\n");
    let commands: Bytes =
        format!("MAIL FROM:<bounce@shop.example> SIZE=4200\r\nRCPT TO:<{ADDRESS}>\r\nDATA\r\n").into();
    let mail: Bytes = [&mails::text(4 << 10)[..], b".\r\nQUIT\r\n"].concat().into();
    Ok(Box::new(move || {
        let outcome = converse(&settings, [&hello, &commands, &mail]);
        Box::pin(async move { outcome })
    }))
}

fn converse(settings: &Arc<Settings>, inputs: [&Bytes; 3]) -> anyhow::Result<()> {
    let (mut session, mut replies) = (
        Session::new(settings.clone(), Ipv4Addr::LOCALHOST.into()),
        Replies::default(),
    );
    session.greet(false, &mut replies);
    let (mut inputs, mut input) = (inputs.into_iter(), BytesMut::new());
    let mut stored = 0;
    loop {
        match session.advance(&mut input, &mut replies) {
            Step::Read => match inputs.next() {
                Some(more) => input.extend_from_slice(more),
                None => bail!("the session did not end: {}", replies.as_str()),
            },
            Step::Resolve { .. } => {
                session.recipient_resolved(
                    Recipient::Found(AccountId::new(OffsetDateTime::UNIX_EPOCH)),
                    &mut replies,
                );
            }
            Step::Deliver(_) => {
                stored += 1;
                session.delivered(&Delivery::Stored("message".to_owned()), &mut replies);
            }
            Step::StartTls => bail!("TLS is not offered"),
            Step::Authenticate(_) => bail!("nobody logs in"),
            Step::Close { .. } => {
                ensure!(stored == 1, "not delivered once: {}", replies.as_str());
                return Ok(());
            }
        }
    }
}

/// A mail over a kept connection to the real listener; the client and the delivery are counted with it.
async fn smtp_connection() -> anyhow::Result<Operation> {
    let world = World::start().await?;
    world.create_mailbox().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let deps = mayfly_smtp::Deps {
        mailbox: world.to_mailbox.clone(),
        auth: None,
        tls: None,
        submission_tls: None,
        // As in the embedded default; ordinary mail never gets there.
        spool_dir: Some(std::env::temp_dir()),
        turns: mayfly_runtime::fair::Turns::of_runtime(),
        tasks: world.tasks.clone(),
    };
    let listeners = Listeners {
        plain: listener,
        tls: None,
        submission: None,
        submissions: None,
    };
    mayfly_smtp::build(&mayfly_smtp::Config::default(), deps).serve(listeners);
    let sender = Arc::new(Mutex::new(MailSender::ready(address).await?));
    let mail = Bytes::from(mails::text(4 << 10));
    Ok(Box::new(move || {
        let (world, sender, mail) = (world.clone(), sender.clone(), mail.clone());
        Box::pin(async move {
            world.clock.advance(time::Duration::seconds(1));
            let mut sender = sender.lock().await;
            let reply = sender.send("bounce@shop.example", &[ADDRESS], &mail).await?;
            ensure!(reply.code == 250, "{reply:?}");
            Ok(())
        })
    }))
}

/// The document of a mail with 1 KiB of HTML: reading the mail and sanitising its HTML.
async fn show_html() -> anyhow::Result<Operation> {
    let world = World::start().await?;
    let account_id = world.create_mailbox().await?;
    let token = world.create_credential(&account_id).await?;
    let message_id = world.deliver(&account_id, &mails::html(1 << 10).into()).await?;
    let path = format!("/api/messages/{message_id}/body");
    // HTML over the limits is shown as text, which costs much less. Valgrind translates code at its first run, which alone can
    // exceed the CPU budget on a slow machine.
    let mut is_html = false;
    for _ in 0..5 {
        let document = world.get(&path, &token).await?;
        is_html = document.windows(6).any(|tag| tag == b"<table");
        if is_html {
            break;
        }
    }
    ensure!(is_html, "the HTML is not shown as HTML");
    Ok(get_repeatedly(world, path, token))
}
