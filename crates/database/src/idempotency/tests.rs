use super::*;

#[test]
fn call_hashes_differ_by_each_part_and_field() {
    let [ann, bob] = [
        UserId::new(OffsetDateTime::UNIX_EPOCH),
        UserId::new(OffsetDateTime::UNIX_EPOCH),
    ];
    let call = Call::new("make", ann, "key", &["a", "b"]);
    assert_eq!(Call::new("make", ann, "key", &["a", "b"]).id, call.id);
    for other in [
        Call::new("remake", ann, "key", &["a", "b"]),
        Call::new("make", bob, "key", &["a", "b"]),
        Call::new("make", ann, "keys", &["a", "b"]),
    ] {
        assert_ne!(other.id, call.id);
        assert_eq!(other.fingerprint, call.fingerprint);
    }
    for fields in [
        &["ab"][..],
        &["a", "b", ""],
        &["", "a", "b"],
        &["a"],
        &["b", "a"],
        &["ab", ""],
    ] {
        let other = Call::new("make", ann, "key", fields);
        assert_eq!(other.id, call.id);
        assert_ne!(other.fingerprint, call.fingerprint, "{fields:?}");
    }
}

#[test]
fn derived_key_opens_only_its_purpose() {
    let key = SecretKey::random();
    let [of_answers, of_others] = [b"answers", b"others!"].map(|purpose| SealingKey::derived(&key, purpose));
    let sealed = of_answers.seal(b"id", b"secret");
    assert!(SealingKey::derived(&key, b"answers").open(b"id", &sealed).is_ok());
    assert!(of_others.open(b"id", &sealed).is_err());
    assert!(SealingKey::new(&key).open(b"id", &sealed).is_err());
}

/// The error of a call: of the database, or a refusal.
#[derive(Debug)]
enum Failed {
    Database(DbErr),
    Refused(Refused),
}

impl From<DbErr> for Failed {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl crate::DatabaseFailure for Failed {
    fn database_error(&self) -> Option<&DbErr> {
        match self {
            Self::Database(error) => Some(error),
            Self::Refused(_) => None,
        }
    }
}

/// A caller with as many keys as it may have repeats them and gets no new one; others do.
#[tokio::test]
async fn once_over_the_keys_of_a_caller_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let database = crate::Database::open_sqlite(&dir.path().join("a.db"))
        .await
        .unwrap();
    let created: Result<(), DbErr> = database
        .tx("create", |tx| {
            Box::pin(async move { create_table(&SchemaManager::new(tx)).await })
        })
        .await;
    created.unwrap();
    let mut answers = Answers::new(&[SecretKey::random()]);
    answers.max_keys_per_owner = 3;
    let answers = std::sync::Arc::new(answers);
    let (now, users) = (
        OffsetDateTime::UNIX_EPOCH + TTL,
        [(); 2].map(|()| UserId::new(OffsetDateTime::UNIX_EPOCH)),
    );
    let make = async |user: usize, key: &str| {
        let call = Call::new("make", users[user], key, &[]);
        let made: Result<u8, Failed> = database
            .tx("make", |tx| {
                let (answers, call) = (answers.clone(), call.clone());
                Box::pin(async move { answers.once(tx, Some(&call), now, async { Ok(7) }).await })
            })
            .await;
        made
    };
    for key in ["a", "b", "c", "a"] {
        assert_eq!(make(0, key).await.unwrap(), 7, "{key}");
    }
    for _ in 0..2 {
        let refused = make(0, "d").await;
        assert!(
            matches!(refused, Err(Failed::Refused(Refused::TooManyKeys))),
            "{refused:?}"
        );
    }
    assert_eq!(make(0, "c").await.unwrap(), 7, "a repeated call gets its answer");
    assert_eq!(make(1, "d").await.unwrap(), 7, "another caller");
}
