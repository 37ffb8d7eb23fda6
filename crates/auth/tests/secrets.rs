//! A stolen database contains no usable credential.

use mayfly_testkit::{Db, db_test};

use mayfly_proto::auth::SignInUserRequest;

use crate::support::World;

db_test!(stolen_database_holds_no_usable_secret,);

async fn stolen_database_holds_no_usable_secret(db: Db) {
    let world = World::new(db).await;
    let id = world.new_account();
    let mut secrets: Vec<String> = Vec::new();
    let passwords = ["mailbox password 1", "mailbox password 2", "pro user password"].map(str::to_owned);
    secrets.push(world.create_credential(&id, &passwords[0]).await.unwrap());
    world.reset(&id, &passwords[1]).await.unwrap();
    secrets.push(world.sign_in(Some(&id), &passwords[1]).await.unwrap());
    let user = world.register("ann@example.com", &passwords[2]).await.unwrap();
    let request = SignInUserRequest {
        email: user.email,
        password: passwords[2].clone().into(),
        ..SignInUserRequest::default()
    };
    secrets.push(
        world
            .client()
            .sign_in_user(request)
            .await
            .unwrap()
            .into_inner()
            .token,
    );
    secrets.push(user.jwt);
    let (active, revoked) = (
        world
            .create_token_once(&user.id, "active token", Some("a key"))
            .await
            .unwrap(),
        world.create_token(&user.id, "revoked token").await.unwrap(),
    );
    world.revoke(&user.id, &revoked.id).await.unwrap();
    for token in [&active.value, &revoked.value] {
        let _ = world.validate(token).await;
        // Neither a token nor the random digits alone.
        secrets.extend([token.clone(), token[7..33].to_owned()]);
    }
    // The signature is the part of a JWT that cannot be reconstructed.
    let signatures: Vec<String> = secrets
        .iter()
        .filter_map(|jwt| jwt.rsplit_once('.'))
        .map(|(_, s)| s.to_owned())
        .collect();
    assert_eq!(signatures.len(), 4);
    secrets.extend(signatures);
    secrets.extend(passwords);
    secrets.extend(world.keys.iter().map(mayfly_types::SecretKey::to_hex));
    let key = *world.keys[0].expose();

    let read_all = || world.test_database().files();
    let holds = |files: &[(String, Vec<u8>)], needle: &[u8]| {
        files
            .iter()
            .any(|(_, bytes)| bytes.windows(needle.len()).any(|window| window == needle))
    };
    let live = read_all();
    assert!(
        live.iter()
            .any(|(name, bytes)| (name.ends_with("-wal") || name.contains("pg_wal")) && !bytes.is_empty()),
        "the write-ahead log is searched too"
    );
    assert!(world.tasks.shutdown(std::time::Duration::from_secs(30)).await);
    world.auth.close().await;
    for files in [live, read_all()] {
        for needle in ["ann@example.com", "active token", "revoked token", "$argon2id$"] {
            assert!(
                holds(&files, needle.as_bytes()),
                "the search finds what is stored: {needle}"
            );
        }
        for secret in &secrets {
            assert!(!holds(&files, secret.as_bytes()), "{secret}");
        }
        assert!(!holds(&files, &key));
    }
}
