//! Sandboxes: what they capture, what they evict, and whom they belong to.

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{
    CreateSandboxRequest, DeleteDomainRequest, DeleteMailboxRequest, DeleteMessagesRequest,
    DeleteOwnerRequest, DeleteSandboxRequest, DeliverMessageRequest, Envelope, FindMailboxRequest,
    GetSandboxRequest, ListMailboxesRequest, ListSandboxesRequest, OpenSandboxRequest,
    ResolveRecipientRequest, Sandbox, Submission, UpdateSandboxRequest, deliver_message_request::Part,
};
use mayfly_rpc::Failure;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason};
use time::Duration;

use crate::{
    domains::{prove, with_dns},
    world::{World, assert_refused, chunk, mail, owned, scope, user},
};

db_test!(
    deliver_submission_stores_one_message_with_its_recipients,
    deliver_submission_copies_to_own_mailboxes_only,
    deliver_submission_to_lost_domain_makes_no_copy,
    deliver_submission_to_full_sandbox_evicts_the_oldest,
    deliver_submission_beyond_quota_evicts_by_bytes,
    open_sandbox_of_another_owner_is_not_found,
    open_sandbox_creates_one_default_sandbox,
    create_sandbox_beyond_limit_is_refused,
    delete_sandbox_ends_its_mail_and_login,
    sandbox_retention_removes_its_messages_only,
    sandbox_is_in_no_list_and_receives_nothing_from_outside,
    delete_owner_ends_sandboxes,
    catch_all_of_system_domain_receives_unknown_names,
);

impl World {
    async fn create_sandbox(&self, owner: &str, request: CreateSandboxRequest) -> Result<Sandbox, Failure> {
        let request = CreateSandboxRequest {
            owner_user_id: owner.to_owned(),
            name: "api".to_owned(),
            ..request
        };
        let created = self.client.clone().create_sandbox(request).await;
        Ok(created.map_err(Failure::from)?.into_inner().sandbox.unwrap())
    }

    async fn sandbox(&self, owner: &str) -> Sandbox {
        let request = CreateSandboxRequest::default();
        self.create_sandbox(owner, request).await.unwrap()
    }

    async fn open_sandbox(
        &self,
        owner: &str,
        only: Option<&str>,
        username: &str,
    ) -> Result<Sandbox, Failure> {
        let request = OpenSandboxRequest {
            owner_user_id: owner.to_owned(),
            sandbox_id: only.map(str::to_owned),
            username: username.to_owned(),
            ..OpenSandboxRequest::default()
        };
        let opened = self.client.clone().open_sandbox(request).await;
        Ok(opened.map_err(Failure::from)?.into_inner().sandbox.unwrap())
    }

    async fn submit(
        &self,
        owner: &str,
        sandbox: &Sandbox,
        recipients: &[&str],
        raw: &[u8],
    ) -> Result<String, Failure> {
        let envelope = Envelope {
            sender: "app@sender.example".to_owned(),
            recipient_account_ids: Vec::new(),
            size_bytes: i64::try_from(raw.len()).unwrap(),
            submission: Some(Submission {
                owner_user_id: owner.to_owned(),
                sandbox_id: sandbox.sandbox_id.clone(),
                recipients: recipients.iter().map(|&text| text.to_owned()).collect(),
                client: "192.0.2.1".to_owned(),
                helo: "app.example.com".to_owned(),
                is_tls: false,
                credential_id: None,
            }),
        };
        let envelope = DeliverMessageRequest {
            part: Some(Part::Envelope(envelope)),
        };
        let parts = vec![envelope, chunk(raw)];
        let ids = self.deliver_parts(parts).await?;
        assert_eq!(ids.len(), 1);
        Ok(ids.into_iter().next().unwrap())
    }

    async fn subjects(&self, account_id: &str) -> Vec<String> {
        let listed = self.list(scope(account_id), 1).await.unwrap();
        listed.into_iter().filter_map(|message| message.subject).collect()
    }

    async fn resolve(&self, address: &str) -> Result<String, Failure> {
        let request = ResolveRecipientRequest {
            address: address.to_owned(),
            ..ResolveRecipientRequest::default()
        };
        let resolved = self.client.clone().resolve_recipient(request).await;
        Ok(resolved.map_err(Failure::from)?.into_inner().account_id)
    }
}

async fn deliver_submission_stores_one_message_with_its_recipients(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let sandbox = world.sandbox(&owner).await;
    let recipients = [
        "Ann@foreign.example",
        "bob@other.example",
        "a%b@relay.example",
        "x@[127.0.0.1]",
    ];
    let id = world
        .submit(&owner, &sandbox, &recipients, &mail("all"))
        .await
        .unwrap();
    let account = &sandbox.account_id;
    assert_eq!(world.subjects(account).await, ["all"]);
    let message = world.message(owned(account, &owner), &id).await.unwrap();
    assert_eq!(message.recipients, recipients);
    assert_eq!(
        world.used(account).await,
        i64::try_from(mail("all").len()).unwrap()
    );
    let received = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let id = world
        .deliver(&[&received], &mail("outside"))
        .await
        .unwrap()
        .remove(0);
    let message = world.message(owned(&received, &owner), &id).await.unwrap();
    assert!(message.recipients.is_empty());
}

async fn deliver_submission_copies_to_own_mailboxes_only(db: Db) {
    let world = World::new(db).await;
    let (owner, other) = (user(), user());
    let own = world.create_for("own@mayfly.test", Some(&owner)).await;
    let tagged = world.create_for("tagged@mayfly.test", Some(&owner)).await;
    let others = world.create_for("others@mayfly.test", Some(&other)).await;
    let anonymous = world.create("anonymous@mayfly.test").await;
    let sandbox = world.sandbox(&owner).await;
    let recipients = [
        "OWN@mayfly.test",
        "own@mayfly.test",
        "tagged+x@mayfly.test",
        "others@mayfly.test",
        "anonymous@mayfly.test",
        &sandbox.address.clone(),
    ];
    let sent = world.submit(&owner, &sandbox, &recipients, &mail("copy")).await;
    sent.unwrap();
    for account in [&own, &tagged, &sandbox.account_id] {
        assert_eq!(world.subjects(account).await, ["copy"]);
    }
    for account in [&others, &anonymous] {
        assert!(world.subjects(account).await.is_empty());
    }
    let request = UpdateSandboxRequest {
        owner_user_id: owner.clone(),
        sandbox_id: sandbox.sandbox_id.clone(),
        deliver_to_own: Some(false),
        ..UpdateSandboxRequest::default()
    };
    world.client.clone().update_sandbox(request).await.unwrap();
    let sent = world.submit(&owner, &sandbox, &recipients, &mail("again")).await;
    sent.unwrap();
    assert_eq!(world.subjects(&own).await, ["copy"]);
    assert_eq!(world.subjects(&sandbox.account_id).await, ["again", "copy"]);
}

async fn deliver_submission_to_lost_domain_makes_no_copy(db: Db) {
    let (world, dns) = with_dns(db).await;
    let owner = user();
    let domain = prove(&world, &dns, &owner).await;
    let own = world.create_for("own@mine.example", Some(&owner)).await;
    let sandbox = world.sandbox(&owner).await;
    let recipients = ["own@mine.example"];
    let sent = world.submit(&owner, &sandbox, &recipients, &mail("copy")).await;
    sent.unwrap();
    assert_eq!(world.subjects(&own).await, ["copy"]);
    let request = DeleteDomainRequest {
        user_id: owner.clone(),
        domain_id: domain.domain_id,
        ..DeleteDomainRequest::default()
    };
    world.client.clone().delete_domain(request).await.unwrap();
    let sent = world.submit(&owner, &sandbox, &recipients, &mail("late")).await;
    sent.unwrap();
    assert_eq!(world.subjects(&own).await, ["copy"]);
    assert_eq!(world.subjects(&sandbox.account_id).await, ["late", "copy"]);
}

async fn deliver_submission_to_full_sandbox_evicts_the_oldest(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let request = CreateSandboxRequest {
        max_messages: Some(3),
        ..CreateSandboxRequest::default()
    };
    let sandbox = world.create_sandbox(&owner, request).await.unwrap();
    let mut ids = Vec::new();
    for n in 0..5 {
        let sent = world
            .submit(&owner, &sandbox, &["a@b.test"], &mail(&format!("{n}")))
            .await;
        ids.push(sent.unwrap());
    }
    let account = &sandbox.account_id;
    assert_eq!(world.subjects(account).await, ["4", "3", "2"]);
    assert_eq!(
        world.used(account).await,
        3 * i64::try_from(mail("0").len()).unwrap()
    );
    let evicted = world.message(owned(account, &owner), &ids[0]).await;
    assert_refused(evicted, ErrorCode::NotFound, Reason::NotFound);
    // Many at once share a commit.
    let sent = (0..40).map(|n| {
        let (world, owner, sandbox) = (&world, &owner, &sandbox);
        async move {
            world
                .submit(owner, sandbox, &["a@b.test"], &mail(&format!("b{n:02}")))
                .await
        }
    });
    for outcome in futures_util::future::join_all(sent).await {
        outcome.unwrap();
    }
    assert_eq!(world.subjects(account).await.len(), 3);
    assert_eq!(
        world.used(account).await,
        3 * i64::try_from(mail("b00").len()).unwrap()
    );
    let request = DeleteMessagesRequest {
        scope: Some(owned(account, &owner)),
    };
    let deleted = world
        .client
        .clone()
        .delete_messages(request.clone())
        .await
        .unwrap();
    assert_eq!(deleted.into_inner().deleted, 3);
    let deleted = world.client.clone().delete_messages(request).await.unwrap();
    assert_eq!(deleted.into_inner().deleted, 0);
    assert_eq!(world.used(account).await, 0);
}

async fn deliver_submission_beyond_quota_evicts_by_bytes(db: Db) {
    let config = Config {
        pro_quota_bytes: 10_000,
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let owner = user();
    let sandbox = world.sandbox(&owner).await;
    let sized = |subject: &str| {
        let mut raw = mail(subject);
        raw.resize(4_000, b'x');
        raw
    };
    for subject in ["1", "2", "3", "4"] {
        let sent = world
            .submit(&owner, &sandbox, &["a@b.test"], &sized(subject))
            .await;
        sent.unwrap();
    }
    assert_eq!(world.subjects(&sandbox.account_id).await, ["4", "3"]);
    assert_eq!(world.used(&sandbox.account_id).await, 8_000);
    let mut large = mail("large");
    large.resize(10_001, b'x');
    let sent = world.submit(&owner, &sandbox, &["a@b.test"], &large).await;
    assert_refused(sent, ErrorCode::InvalidArgument, Reason::MessageTooLarge);
    // A full mailbox of the owner gets no copy, and the application does not learn of it.
    let own = world.create_for("own@mayfly.test", Some(&owner)).await;
    for subject in ["5", "6", "7"] {
        let sent = world
            .submit(&owner, &sandbox, &["own@mayfly.test"], &sized(subject))
            .await;
        sent.unwrap();
    }
    assert_eq!(world.subjects(&own).await, ["6", "5"]);
    assert_eq!(world.subjects(&sandbox.account_id).await, ["7", "6"]);
}

async fn open_sandbox_of_another_owner_is_not_found(db: Db) {
    let world = World::new(db).await;
    let (owner, other) = (user(), user());
    let (sandbox, foreign) = (world.sandbox(&owner).await, world.sandbox(&other).await);
    let opened = world
        .open_sandbox(&owner, Some(&sandbox.sandbox_id), &sandbox.login)
        .await;
    assert_eq!(opened.unwrap().sandbox_id, sandbox.sandbox_id);
    let by_token = world
        .open_sandbox(&owner, None, &sandbox.login.to_ascii_uppercase())
        .await;
    assert_eq!(by_token.unwrap().sandbox_id, sandbox.sandbox_id);
    let second = world.sandbox(&owner).await;
    for (only, username) in [
        (Some(&sandbox.sandbox_id), second.login.as_str()),
        (Some(&sandbox.sandbox_id), foreign.login.as_str()),
        (Some(&sandbox.sandbox_id), "any"),
        (Some(&foreign.sandbox_id), foreign.login.as_str()),
        (None, foreign.login.as_str()),
        (None, "sb_aaaaaaaa"),
    ] {
        let opened = world
            .open_sandbox(&owner, only.map(String::as_str), username)
            .await;
        assert_refused(opened, ErrorCode::NotFound, Reason::NotFound);
    }
    let sent = world.submit(&owner, &foreign, &["a@b.test"], &mail("x")).await;
    assert_refused(sent, ErrorCode::NotFound, Reason::NotFound);
}

async fn open_sandbox_creates_one_default_sandbox(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let request = GetSandboxRequest {
        owner_user_id: owner.clone(),
        sandbox_id: None,
        ..GetSandboxRequest::default()
    };
    let found = world.client.clone().get_sandbox(request.clone()).await;
    assert_refused(
        found.map_err(Failure::from),
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    let opened =
        futures_util::future::join_all((0..8).map(|_| world.open_sandbox(&owner, None, "any"))).await;
    let ids: std::collections::BTreeSet<String> = opened
        .into_iter()
        .map(|opened| opened.unwrap().account_id)
        .collect();
    assert_eq!(ids.len(), 1);
    let found = world
        .client
        .clone()
        .get_sandbox(request)
        .await
        .unwrap()
        .into_inner();
    let sandbox = found.sandbox.unwrap();
    assert!(sandbox.is_default);
    let digits = &owner[owner.len() - 8..];
    assert_eq!(sandbox.address, format!("sandbox-{digits}@sandbox.mayfly.test"));
    let sent = world.submit(&owner, &sandbox, &["a@b.test"], &mail("x")).await;
    sent.unwrap();
}

async fn create_sandbox_beyond_limit_is_refused(db: Db) {
    let config = Config {
        max_sandboxes: 2,
        max_accounts: 1,
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let (owner, other) = (user(), user());
    world.open_sandbox(&owner, None, "any").await.unwrap();
    for _ in 0..2 {
        world.sandbox(&owner).await;
    }
    let third = world
        .create_sandbox(&owner, CreateSandboxRequest::default())
        .await;
    assert_refused(third, ErrorCode::PermissionDenied, Reason::SandboxLimitReached);
    world.sandbox(&other).await;
    // They are no mailboxes of the limit of mailboxes.
    world.create_for("ann@mayfly.test", Some(&owner)).await;
    for request in [
        CreateSandboxRequest {
            max_messages: Some(0),
            ..CreateSandboxRequest::default()
        },
        CreateSandboxRequest {
            retention_secs: Some(59),
            ..CreateSandboxRequest::default()
        },
    ] {
        let refused = world.create_sandbox(&other, request).await;
        assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidRequest);
    }
}

async fn delete_sandbox_ends_its_mail_and_login(db: Db) {
    let world = World::new(db).await;
    let (owner, other) = (user(), user());
    let sandbox = world.sandbox(&owner).await;
    let sent = world.submit(&owner, &sandbox, &["a@b.test"], &mail("x")).await;
    let id = sent.unwrap();
    let delete = |owner: &str| {
        let request = DeleteSandboxRequest {
            owner_user_id: owner.to_owned(),
            sandbox_id: sandbox.sandbox_id.clone(),
            ..DeleteSandboxRequest::default()
        };
        let mut client = world.client.clone();
        async move { client.delete_sandbox(request).await.map_err(Failure::from) }
    };
    assert_refused(delete(&other).await, ErrorCode::NotFound, Reason::NotFound);
    delete(&owner).await.unwrap();
    assert_refused(delete(&owner).await, ErrorCode::NotFound, Reason::NotFound);
    let opened = world
        .open_sandbox(&owner, Some(&sandbox.sandbox_id), &sandbox.login)
        .await;
    assert_refused(opened, ErrorCode::NotFound, Reason::NotFound);
    let sent = world.submit(&owner, &sandbox, &["a@b.test"], &mail("y")).await;
    assert_refused(sent, ErrorCode::NotFound, Reason::NotFound);
    let read = world.message(owned(&sandbox.account_id, &owner), &id).await;
    assert_refused(read, ErrorCode::NotFound, Reason::NotFound);
    // The default sandbox comes back with the next login, also when its mailbox was deleted.
    let default = world.open_sandbox(&owner, None, "any").await.unwrap();
    let request = DeleteMailboxRequest {
        scope: Some(owned(&default.account_id, &owner)),
    };
    world.client.clone().delete_mailbox(request).await.unwrap();
    let again = world.open_sandbox(&owner, None, "any").await.unwrap();
    assert_eq!(again.address, default.address);
    assert_ne!(again.account_id, default.account_id);
    world.mailbox.sweep().await;
}

async fn sandbox_retention_removes_its_messages_only(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let request = CreateSandboxRequest {
        retention_secs: Some(3600),
        ..CreateSandboxRequest::default()
    };
    let short = world.create_sandbox(&owner, request).await.unwrap();
    let request = CreateSandboxRequest {
        retention_secs: Some(86_400 * 365),
        ..CreateSandboxRequest::default()
    };
    let long = world.create_sandbox(&owner, request).await.unwrap();
    assert_eq!(
        long.retention_secs,
        7 * 86_400,
        "the server keeps mail for a week"
    );
    for sandbox in [&short, &long] {
        let sent = world.submit(&owner, sandbox, &["a@b.test"], &mail("x")).await;
        sent.unwrap();
    }
    world.clock.advance(Duration::minutes(59));
    world.mailbox.sweep().await;
    assert_eq!(world.subjects(&short.account_id).await, ["x"]);
    world.clock.advance(Duration::minutes(2));
    world.mailbox.sweep().await;
    assert!(world.subjects(&short.account_id).await.is_empty());
    assert_eq!(world.used(&short.account_id).await, 0);
    assert_eq!(world.subjects(&long.account_id).await, ["x"]);
}

async fn sandbox_is_in_no_list_and_receives_nothing_from_outside(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let sandbox = world.sandbox(&owner).await;
    let request = ListMailboxesRequest {
        owner_user_id: owner.clone(),
        ..ListMailboxesRequest::default()
    };
    let listed = world.client.clone().list_mailboxes(request).await.unwrap();
    assert!(listed.into_inner().mailboxes.is_empty());
    let resolved = world.resolve(&sandbox.address).await;
    assert_refused(resolved, ErrorCode::NotFound, Reason::NotFound);
    let request = FindMailboxRequest {
        address: "sandbox@sandbox.mayfly.test".to_owned(),
    };
    let found = world.client.clone().find_mailbox(request).await.unwrap();
    assert_eq!(found.into_inner().account_id, None);
}

async fn delete_owner_ends_sandboxes(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let sandbox = world.sandbox(&owner).await;
    let request = DeleteOwnerRequest {
        owner_user_id: owner.clone(),
    };
    world.client.clone().delete_owner(request).await.unwrap();
    let request = ListSandboxesRequest {
        owner_user_id: owner.clone(),
        ..ListSandboxesRequest::default()
    };
    let listed = world.client.clone().list_sandboxes(request).await.unwrap();
    assert!(listed.into_inner().sandboxes.is_empty());
    for opened in [
        world
            .open_sandbox(&owner, Some(&sandbox.sandbox_id), &sandbox.login)
            .await,
        world.open_sandbox(&owner, None, "any").await,
    ] {
        assert_refused(opened, ErrorCode::NotFound, Reason::NotFound);
    }
}

async fn catch_all_of_system_domain_receives_unknown_names(db: Db) {
    let config = Config {
        catch_all: Some("all@mayfly.test".to_owned()),
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let refused = world.resolve("unknown@mayfly.test").await;
    assert_refused(refused, ErrorCode::NotFound, Reason::NotFound);
    let all = world.create("all@mayfly.test").await;
    let ann = world.create("ann@mayfly.test").await;
    let gone = world.create("gone@mayfly.test").await;
    let request = DeleteMailboxRequest {
        scope: Some(scope(&gone)),
    };
    world.client.clone().delete_mailbox(request).await.unwrap();
    for (address, account) in [
        ("unknown@mayfly.test", &all),
        ("unknown+tag@other.test", &all),
        ("ann@mayfly.test", &ann),
        ("ann+tag@mayfly.test", &ann),
    ] {
        assert_eq!(world.resolve(address).await.unwrap(), *account, "{address}");
    }
    for address in ["gone@mayfly.test", "gone+tag@mayfly.test", "ann@foreign.example"] {
        let refused = world.resolve(address).await;
        assert_refused(refused, ErrorCode::NotFound, Reason::NotFound);
    }
}
