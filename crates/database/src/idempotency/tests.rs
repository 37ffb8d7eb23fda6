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
