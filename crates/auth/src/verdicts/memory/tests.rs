use super::*;

fn asked(verdicts: &Verdicts<u32, &'static str>, key: u32) -> Asked {
    match verdicts.get(&key) {
        Known::Nothing(asked) => asked,
        Known::Verdict(verdict) => panic!("{verdict} is known"),
    }
}

fn known(verdicts: &Verdicts<u32, &'static str>, key: u32) -> Option<&'static str> {
    match verdicts.get(&key) {
        Known::Nothing(_) => None,
        Known::Verdict(verdict) => Some(verdict),
    }
}

#[test]
fn what_the_database_answered_is_remembered_and_the_first_answer_stays() {
    let verdicts = Verdicts::new(1000);
    let (first, second) = (asked(&verdicts, 1), asked(&verdicts, 1));
    assert_eq!(verdicts.fill(first, 1, "valid"), "valid");
    assert_eq!(verdicts.fill(second, 1, "also valid"), "valid");
    assert_eq!(known(&verdicts, 1), Some("valid"));
    assert_eq!(known(&verdicts, 2), None);
}

#[test]
fn an_answer_from_before_a_revocation_is_not_remembered_after_it() {
    let verdicts = Verdicts::new(1000);
    let before = asked(&verdicts, 1);
    // The validation has read "valid" and is slow; the revocation commits and answers meanwhile.
    drop(verdicts.changing(1));
    verdicts.fill(before, 1, "valid");
    assert_eq!(known(&verdicts, 1), None);
    let after = asked(&verdicts, 1);
    verdicts.fill(after, 1, "revoked");
    verdicts.fill(before, 1, "valid");
    assert_eq!(known(&verdicts, 1), Some("revoked"));
}

#[test]
fn nor_is_it_when_the_revocation_itself_was_evicted() {
    let verdicts = Verdicts::new(SHARDS * 2);
    let before = asked(&verdicts, 1);
    drop(verdicts.changing(1));
    verdicts.fill(asked(&verdicts, 1), 1, "revoked");
    for other in 2..10_000 {
        verdicts.fill(asked(&verdicts, other), other, "valid");
    }
    assert_eq!(known(&verdicts, 1), None, "evicted by the others");
    verdicts.fill(before, 1, "valid");
    assert_eq!(known(&verdicts, 1), None);
}

#[test]
fn an_answer_read_while_a_change_is_under_way_is_forgotten_with_it() {
    let verdicts = Verdicts::new(1000);
    let change = verdicts.changing(1);
    // Read before the commit, remembered before the answer.
    verdicts.fill(asked(&verdicts, 1), 1, "valid");
    assert_eq!(known(&verdicts, 1), Some("valid"));
    drop(change);
    assert_eq!(known(&verdicts, 1), None);
}

#[test]
fn what_is_known_is_forgotten_in_both_halves_and_by_a_panic() {
    let verdicts = Verdicts::new(SHARDS * 200);
    for key in 0..6_000 {
        verdicts.fill(asked(&verdicts, key), key, "valid");
    }
    for key in 0..6_000 {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _change = verdicts.changing(key);
            if key == 17 {
                std::panic::resume_unwind(Box::new("a change that fails"));
            }
        }));
        assert_eq!(outcome.is_err(), key == 17);
        assert_eq!(known(&verdicts, key), None);
    }
}

#[test]
fn the_record_is_bounded_and_keeps_what_is_in_use() {
    let verdicts = Verdicts::new(SHARDS * 20);
    verdicts.fill(asked(&verdicts, 0), 0, "busy");
    for key in 1..100_000 {
        verdicts.fill(asked(&verdicts, key), key, "valid");
        assert_eq!(known(&verdicts, 0), Some("busy"));
    }
    let entries = |shard: &Mutex<Shard<_, _>>| {
        let shard = shard.lock();
        shard.recent.len() + shard.old.len()
    };
    assert!(verdicts.shards.iter().map(entries).sum::<usize>() <= SHARDS * 20);
}
