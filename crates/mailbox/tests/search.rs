//! Searches: the index answers as a scan does, finds what was answered before, and forgets what is deleted.

use std::collections::BTreeSet;

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{
    CreateSandboxRequest, DeleteMailboxRequest, DeleteMessageRequest, DeleteMessagesByQueryRequest,
    DeleteMessagesByQueryResponse, Scope, SearchMessagesRequest, SearchMessagesResponse,
};
use mayfly_rpc::Failure;
use mayfly_testkit::{Db, ManualClock, TestDatabase, db_test};
use mayfly_types::{ErrorCode, Reason};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{RngSeed, TestRunner},
};
use time::Duration;

use crate::world::{World, any_owned_by, assert_refused, mail, no_auth, owned, scope, user};

db_test!(
    search_index_answers_as_scan,
    search_after_delivery_finds_every_mail,
    search_finds_fields_and_flags,
    search_pages_newest_first,
    search_among_thousands_finds_common_and_rare_words,
    search_of_other_owner_finds_nothing,
    search_query_not_understood_is_refused,
    delete_by_query_deletes_matches_only,
    delete_by_query_not_understood_deletes_nothing,
    delete_in_mailbox_by_id_spares_namesakes,
    search_index_is_complete_after_restart,
    deleted_words_are_in_no_database_file,
);

pub(crate) async fn page(
    world: &World,
    scope: Scope,
    query: &str,
    after: Option<String>,
    limit: u32,
) -> Result<SearchMessagesResponse, Failure> {
    let request = SearchMessagesRequest {
        scope: Some(scope),
        query: query.to_owned(),
        after_message_id: after,
        limit,
        ..SearchMessagesRequest::default()
    };
    Ok(world.client.clone().search_messages(request).await?.into_inner())
}

/// Returns the ids of all pages.
pub(crate) async fn search(world: &World, scope: Scope, query: &str) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let answer = page(world, scope.clone(), query, after, 7).await.unwrap();
        assert!(answer.is_complete, "{query}");
        let ids = answer
            .messages
            .into_iter()
            .map(|message| message.summary.unwrap().message_id);
        found.extend(ids);
        after = answer.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn delete(world: &World, scope: Scope, query: &str) -> Result<DeleteMessagesByQueryResponse, Failure> {
    let request = DeleteMessagesByQueryRequest {
        scope: Some(scope),
        query: query.to_owned(),
        limit: 1000,
        ..DeleteMessagesByQueryRequest::default()
    };
    let answer = world.client.clone().delete_messages_by_query(request).await?;
    Ok(answer.into_inner())
}

/// Words, parts of words and other characters, so that queries often match.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("code "),
        Just("Coded "),
        Just("4711"),
        Just("-"),
        Just(" "),
        Just("a@b.example "),
        Just("ann"),
        Just("anna "),
        Just("验证码"),
        Just("码"),
        Just("が"),
        Just("Straße "),
        Just("é"),
        Just("İ"),
        Just("\""),
        Just("."),
        Just("กำ"),
        Just("한국 "),
        Just("x'y "),
    ];
    proptest::collection::vec(piece, 1..7).prop_map(|pieces| pieces.concat())
}

fn query() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        Just(""),
        Just(""),
        Just("from:"),
        Just("to:"),
        Just("subject:"),
        Just("body:"),
        Just("filename:"),
        Just("cc:"),
        Just("addressed:"),
    ];
    let word = || text().prop_map(|text| text.replace(['"', ' '], ""));
    let value = prop_oneof![
        word(),
        word().prop_map(|word| format!("{word}*")),
        text().prop_map(|text| format!("\"{}\"", text.replace('"', ""))),
    ];
    let negation = prop_oneof![Just(""), Just(""), Just("-")];
    let term =
        (negation, field, value).prop_map(|(negation, field, value)| format!("{negation}{field}{value}"));
    proptest::collection::vec(term, 1..4).prop_map(|terms| terms.join(" "))
}

fn mails(count: usize, runner: &mut TestRunner) -> Vec<Vec<u8>> {
    let mut draw = || text().new_tree(runner).unwrap().current();
    let mut mail = || {
        let (subject, from, to, cc, name, body) = (draw(), draw(), draw(), draw(), draw(), draw());
        let name = name.replace('"', "");
        format!(
            "From: {from} <{}@sender.example>\r\nTo: {to} <to@x.example>\r\nCc: c <cc@{}.example>\r\nSubject: {subject}\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
             {body}\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n\
             pdf\r\n--b--\r\n",
            from.len(), cc.len(),
        )
        .into_bytes()
    };
    (0..count).map(|_| mail()).collect()
}

/// The same mails are in a mailbox with an owner, which is indexed, and in one without, which is scanned.
async fn search_index_answers_as_scan(db: Db) {
    let seed = ProptestConfig {
        rng_seed: RngSeed::Fixed(4711),
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(seed);
    let world = World::new(db).await;
    let owner = user();
    let indexed = world.create_for("indexed@mayfly.test", Some(&owner)).await;
    let scanned = world.create("scanned@mayfly.test").await;
    let (mut in_index, mut in_scan) = (Vec::new(), Vec::new());
    for mail in mails(60, &mut runner) {
        let mut ids = world.deliver(&[&indexed, &scanned], &mail).await.unwrap();
        in_scan.push(ids.pop().unwrap());
        in_index.push(ids.pop().unwrap());
    }
    let position = |ids: &[String], id: &String| ids.iter().position(|other| other == id).unwrap();
    let (mut asked, mut matched) = (0, 0);
    for _ in 0..150 {
        let query = query().new_tree(&mut runner).unwrap().current();
        let Ok(_) = page(&world, scope(&scanned), &query, None, 1).await else {
            assert!(
                page(&world, scope(&indexed), &query, None, 1).await.is_err(),
                "{query}"
            );
            continue;
        };
        let scan = search(&world, scope(&scanned), &query).await;
        let scan: Vec<usize> = scan.iter().map(|id| position(&in_scan, id)).collect();
        for whose in [scope(&indexed), any_owned_by(&owner)] {
            let index = search(&world, whose, &query).await;
            let index: Vec<usize> = index.iter().map(|id| position(&in_index, id)).collect();
            assert_eq!(index, scan, "{query}");
        }
        asked += 1;
        matched += usize::from(!scan.is_empty());
    }
    assert!(
        asked > 60 && matched > 20,
        "{matched} of {asked} queries found something"
    );
}

/// A mail that was answered before the call is found, or the answer says that it is not complete.
async fn search_after_delivery_finds_every_mail(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let ann = world.create_for("ann@mayfly.test", Some(&owner)).await;
    for n in 0..20 {
        world
            .deliver(&[&ann], &mail(&format!("number{n} common")))
            .await
            .unwrap();
        assert_eq!(
            search(&world, scope(&ann), &format!("number{n}")).await.len(),
            1,
            "{n}"
        );
        assert_eq!(search(&world, any_owned_by(&owner), "common").await.len(), n + 1);
    }
    let deliveries = (0..600).map(|n| {
        let (world, ann) = (&world, &ann);
        async move { world.deliver(&[ann], &mail(&format!("later{n}"))).await.unwrap() }
    });
    futures_util::future::join_all(deliveries).await;
    let mut is_complete = false;
    while !is_complete {
        let mut found = BTreeSet::new();
        let mut after = None;
        is_complete = true;
        loop {
            let answer = page(&world, any_owned_by(&owner), "later*", after, 100)
                .await
                .unwrap();
            is_complete &= answer.is_complete;
            found.extend(
                answer
                    .messages
                    .into_iter()
                    .map(|message| message.summary.unwrap().message_id),
            );
            after = answer.next;
            if after.is_none() {
                break;
            }
        }
        assert!(!is_complete || found.len() == 600, "{} of 600", found.len());
    }
}

async fn search_finds_fields_and_flags(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let ann = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let bob = world.create_for("bob@mayfly.test", Some(&owner)).await;
    let html = "From: Shop <shop@sender.example>\r\nTo: Ann <ann@mayfly.test>\r\nReply-To: help@shop.example\r\n\
        Message-ID: <1@shop.example>\r\nSubject: Your code\r\nContent-Type: text/html\r\n\r\n\
        <p>Your login code is <b>482913</b>, or <a href='https://shop.example/verify?t=1'>verify</a>.</p>";
    let first = world.deliver(&[&ann], html.as_bytes()).await.unwrap().remove(0);
    let second = world.deliver(&[&bob], &mail("plain")).await.unwrap().remove(0);
    crate::messages::mark_read(&world, scope(&bob), &second)
        .await
        .unwrap();
    for (query, is_first, is_second) in [
        ("*", true, true),
        ("from:shop@sender.example", true, false),
        ("from:ann@sender.example", true, true),
        ("to:ann reply-to:help message-id:<1@shop.example>", true, false),
        ("in:bob@mayfly.test", false, true),
        ("has:html has:code has:link", true, false),
        ("-has:html", false, true),
        ("is:read", false, true),
        ("is:unread", true, false),
        ("larger:200", true, false),
        ("body:482913", true, false),
        ("body:shop", false, false),
        ("\"code is 4829\"", true, false),
        ("after:1h before:2100-01-01", true, true),
        ("before:1h", false, false),
    ] {
        let expected: Vec<&String> = [(is_second, &second), (is_first, &first)]
            .into_iter()
            .filter_map(|(is_found, id)| is_found.then_some(id))
            .collect();
        let found = search(&world, any_owned_by(&owner), query).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let answer = page(&world, scope(&ann), "code", None, 10).await.unwrap();
    let message = &answer.messages[0];
    assert_eq!(
        (message.account_id.as_str(), message.address.as_str()),
        (&*ann, "ann@mayfly.test")
    );
    assert_eq!(message.findings.as_ref().unwrap().codes[0].value, "482913");
}

async fn search_pages_newest_first(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let ann = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let bob = world.create_for("bob@mayfly.test", Some(&owner)).await;
    let mut sent = Vec::new();
    for n in 0..25 {
        let to = if n % 3 == 0 { &ann } else { &bob };
        sent.extend(world.deliver(&[to], &mail("word")).await.unwrap());
        // The mailboxes are indexed at different times.
        if n % 5 == 0 {
            search(&world, scope(&ann), "word").await;
        }
    }
    sent.reverse();
    assert_eq!(search(&world, any_owned_by(&owner), "word").await, sent);
    assert_eq!(search(&world, any_owned_by(&owner), "is:unread").await, sent);
}

/// PostgreSQL looks for words in other ways when they are common, less common or rare; SQLite numbers messages of one
/// millisecond, whose mailboxes are indexed one after the other.
async fn search_among_thousands_finds_common_and_rare_words(db: Db) {
    const MAILBOXES: usize = 50;
    const MAILS: usize = 52;
    let world = World::new(db).await;
    let owner = user();
    let mut mailboxes = Vec::new();
    for n in 0..MAILBOXES {
        mailboxes.push(world.create_for(&format!("a{n}@mayfly.test"), Some(&owner)).await);
    }
    let mailboxes: Vec<&str> = mailboxes.iter().map(String::as_str).collect();
    let mut sent = Vec::new();
    for n in 0..MAILS {
        let words = match n {
            0 => "every rare",
            1 | 30 | 50 => "every some",
            _ => "every",
        };
        let mut ids = world.deliver(&mailboxes, &mail(words)).await.unwrap();
        ids.sort_unstable();
        sent.push(ids);
    }
    let whole = any_owned_by(&owner);
    while !page(&world, whole.clone(), "every", None, 1)
        .await
        .unwrap()
        .is_complete
    {}
    for (word, mails) in [
        ("every", (0..MAILS).collect::<Vec<_>>()),
        ("some", vec![1, 30, 50]),
        ("rare", vec![0]),
        ("absent", vec![]),
    ] {
        let expected: Vec<&String> = mails.iter().flat_map(|n| &sent[*n]).rev().collect();
        let found = search(&world, whole.clone(), word).await;
        assert!(found.iter().eq(expected), "{word}: {} found", found.len());
        let in_one = search(&world, scope(mailboxes[7]), word).await;
        assert_eq!(in_one.len(), mails.len(), "{word}");
    }
}

async fn search_of_other_owner_finds_nothing(db: Db) {
    let world = World::new(db).await;
    let (owner, other) = (user(), user());
    let ann = world.create_for("ann@mayfly.test", Some(&owner)).await;
    world.create_for("eve@mayfly.test", Some(&other)).await;
    world.deliver(&[&ann], &mail("secret")).await.unwrap();
    assert_eq!(search(&world, any_owned_by(&owner), "secret").await.len(), 1);
    let word_of_scope = format!("o{}", owner.replace('-', ""));
    for query in ["secret", "*", "is:unread", "-nothing", &word_of_scope] {
        assert!(
            search(&world, any_owned_by(&other), query).await.is_empty(),
            "{query}"
        );
        assert_eq!(
            delete(&world, any_owned_by(&other), query).await.unwrap().deleted,
            0,
            "{query}"
        );
    }
    let foreign = page(&world, owned(&ann, &other), "secret", None, 10).await;
    assert_refused(foreign, ErrorCode::NotFound, Reason::NotFound);
    assert!(
        search(&world, any_owned_by(&owner), &word_of_scope)
            .await
            .is_empty()
    );
    let suspended = DeleteMailboxRequest {
        scope: Some(scope(&ann)),
    };
    world.client.clone().delete_mailbox(suspended).await.unwrap();
    assert!(
        search(&world, any_owned_by(&owner), "secret").await.is_empty(),
        "of a deleted mailbox"
    );
}

async fn search_query_not_understood_is_refused(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    for query in ["before:nonsense", "a OR b", "", "colour:red"] {
        let refused = page(&world, scope(&ann), query, None, 10).await;
        assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidQuery);
    }
}

async fn delete_by_query_deletes_matches_only(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let ann = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let bob = world.create_for("bob@mayfly.test", Some(&owner)).await;
    let free = world.create("free@mayfly.test").await;
    for n in 0..230 {
        let subject = if n % 2 == 0 { "even" } else { "odd" };
        world.deliver(&[&ann, &bob], &mail(subject)).await.unwrap();
    }
    world.deliver(&[&free], &mail("even")).await.unwrap();
    let deleted = delete(&world, any_owned_by(&owner), "subject:even")
        .await
        .unwrap();
    assert_eq!((deleted.deleted, deleted.next), (230, None));
    assert_eq!(search(&world, any_owned_by(&owner), "*").await.len(), 230);
    assert!(search(&world, any_owned_by(&owner), "even").await.is_empty());
    assert_eq!(
        delete(&world, any_owned_by(&owner), "even")
            .await
            .unwrap()
            .deleted,
        0
    );
    assert_eq!(delete(&world, scope(&ann), "*").await.unwrap().deleted, 115);
    assert_eq!((world.used(&ann).await, world.used(&bob).await > 0), (0, true));
    assert_eq!(delete(&world, scope(&free), "even").await.unwrap().deleted, 1);
    assert_eq!(world.used(&free).await, 0);
}

/// A sandbox can have the address of a mailbox, or the id of one, as its name.
async fn delete_in_mailbox_by_id_spares_namesakes(db: Db) {
    let world = World::new(db).await;
    let (owner, other) = (user(), user());
    let ann = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let eve = world.create_for("eve@mayfly.test", Some(&other)).await;
    let mut sandboxes = Vec::new();
    for name in ["ann@mayfly.test", &ann] {
        let request = CreateSandboxRequest {
            owner_user_id: owner.clone(),
            name: name.to_owned(),
            ..CreateSandboxRequest::default()
        };
        let created = world.client.clone().create_sandbox(request).await.unwrap();
        sandboxes.push(created.into_inner().sandbox.unwrap().account_id);
    }
    for account in [&ann, &eve, &sandboxes[0], &sandboxes[1]] {
        world.deliver(&[account], &mail("word")).await.unwrap();
    }
    let query = format!("in:{ann} word");
    assert_eq!(search(&world, any_owned_by(&owner), &query).await.len(), 1);
    assert_eq!(
        search(&world, any_owned_by(&owner), &format!("-in:{ann}"))
            .await
            .len(),
        2
    );
    let foreign = delete(&world, any_owned_by(&owner), &format!("in:{eve}")).await;
    assert_eq!(foreign.unwrap().deleted, 0);
    let deleted = delete(&world, any_owned_by(&owner), &query).await.unwrap();
    assert_eq!((deleted.deleted, deleted.next), (1, None));
    for (account, left) in [(&ann, 0), (&sandboxes[0], 1), (&sandboxes[1], 1), (&eve, 1)] {
        assert_eq!(
            world.list(scope(account), 1).await.unwrap().len(),
            left,
            "{account}"
        );
    }
}

async fn delete_by_query_not_understood_deletes_nothing(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let ann = world.create_for("ann@mayfly.test", Some(&owner)).await;
    world.deliver(&[&ann], &mail("kept")).await.unwrap();
    for query in [
        "before:nonsense",
        "",
        "kept before:tomorrow",
        "is:old",
        "larger:huge",
        "kept OR sent",
    ] {
        for whose in [scope(&ann), any_owned_by(&owner)] {
            let refused = delete(&world, whose, query).await;
            assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidQuery);
        }
    }
    assert_eq!(world.list(scope(&ann), 1).await.unwrap().len(), 1);
}

async fn search_index_is_complete_after_restart(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let ann = world.create_for("ann@mayfly.test", Some(&owner)).await;
    for n in 0..40 {
        world.deliver(&[&ann], &mail(&format!("word{n}"))).await.unwrap();
        if n == 20 {
            search(&world, scope(&ann), "word0").await;
        }
    }
    let (database, _) = world.stop().await;
    let world = open(database).await;
    assert_eq!(search(&world, any_owned_by(&owner), "word*").await.len(), 40);
    assert_eq!(search(&world, any_owned_by(&owner), "word39").await.len(), 1);
}

async fn open(database: TestDatabase) -> World {
    World::open(
        database,
        ManualClock::default(),
        Config::default(),
        no_auth(),
        &["mayfly.test"],
    )
    .await
}

/// On every path that deletes a message, its words leave the files of the database; on PostgreSQL its tables, whose files are
/// cleaned by VACUUM.
async fn deleted_words_are_in_no_database_file(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let ann = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let bob = world.create_for("bob@mayfly.test", Some(&owner)).await;
    let words = ["zebraone", "zebratwo", "zebrathree", "zebrafour", "zebrafive"];
    let mut ids = Vec::new();
    for (n, word) in words.iter().enumerate() {
        let to = if n == 3 { &bob } else { &ann };
        ids.extend(world.deliver(&[to], &mail(word)).await.unwrap());
        for other in 0..30 {
            world
                .deliver(&[to], &mail(&format!("keeper{other}")))
                .await
                .unwrap();
        }
    }
    assert_eq!(search(&world, any_owned_by(&owner), "zebra*").await.len(), 5);
    let request = DeleteMessageRequest {
        scope: Some(scope(&ann)),
        message_id: ids[0].clone(),
    };
    world.client.clone().delete_message(request).await.unwrap();
    assert_eq!(
        delete(&world, any_owned_by(&owner), "zebratwo")
            .await
            .unwrap()
            .deleted,
        1
    );
    let request = DeleteMailboxRequest {
        scope: Some(scope(&bob)),
    };
    world.client.clone().delete_mailbox(request).await.unwrap();
    world.mailbox.sweep().await;
    assert_eq!(search(&world, any_owned_by(&owner), "zebra*").await.len(), 2);
    world.clock.advance(Duration::days(1));
    let (database, _) = world.stop().await;
    let mut files = database.files();
    files.retain(|(name, _)| matches!(db, Db::Sqlite) || name == "dump");
    let holds = |word: &str| {
        let holds = |bytes: &[u8]| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        files.iter().any(|(_, bytes)| holds(bytes))
    };
    let held: Vec<bool> = words.iter().map(|word| holds(word)).collect();
    assert_eq!(held, [false, false, true, false, true]);
}
