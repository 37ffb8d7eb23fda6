use super::*;

type TestCache = EpochCache<u32, &'static str>;

fn permit(cache: &TestCache, key: u32) -> FillPermit {
    match cache.get(&key) {
        Lookup::Miss(super::super::FillPermit::Memory(permit)) => permit,
        Lookup::Miss(other) => panic!("{other:?}"),
        Lookup::Hit(value) => panic!("{value} is cached"),
    }
}

fn cached(cache: &TestCache, key: u32) -> Option<&'static str> {
    match cache.get(&key) {
        Lookup::Miss(_) => None,
        Lookup::Hit(value) => Some(value),
    }
}

#[test]
fn insert_twice_keeps_the_first_value() {
    let cache = TestCache::new(1000);
    let (first, second) = (permit(&cache, 1), permit(&cache, 1));
    assert_eq!(cache.insert_if_current(first, 1, "valid"), "valid");
    assert_eq!(cache.insert_if_current(second, 1, "also valid"), "valid");
    assert_eq!(cached(&cache, 1), Some("valid"));
    assert_eq!(cached(&cache, 2), None);
}

#[test]
fn insert_with_permit_from_before_a_change_is_dropped() {
    let cache = TestCache::new(1000);
    let before = permit(&cache, 1);
    // The validation has read "valid" and is slow; meanwhile the revocation commits and answers.
    drop(cache.begin_change(1));
    cache.insert_if_current(before, 1, "valid");
    assert_eq!(cached(&cache, 1), None);
    let after = permit(&cache, 1);
    cache.insert_if_current(after, 1, "revoked");
    cache.insert_if_current(before, 1, "valid");
    assert_eq!(cached(&cache, 1), Some("revoked"));
}

#[test]
fn insert_with_old_permit_after_eviction_is_dropped() {
    let cache = TestCache::new(128);
    let before = permit(&cache, 1);
    drop(cache.begin_change(1));
    cache.insert_if_current(permit(&cache, 1), 1, "revoked");
    for other in 2..10_000 {
        cache.insert_if_current(permit(&cache, other), other, "valid");
    }
    cache.entries.run_pending_tasks();
    assert_eq!(cached(&cache, 1), None, "evicted by the others");
    cache.insert_if_current(before, 1, "valid");
    assert_eq!(cached(&cache, 1), None);
}

#[test]
fn insert_during_a_change_is_invalidated_with_it() {
    let cache = TestCache::new(1000);
    let change = cache.begin_change(1);
    // Read before the commit, inserted before the answer.
    cache.insert_if_current(permit(&cache, 1), 1, "valid");
    assert_eq!(cached(&cache, 1), Some("valid"));
    drop(change);
    assert_eq!(cached(&cache, 1), None);
}

#[test]
fn change_that_panics_invalidates_its_key() {
    let cache = TestCache::new(10_000);
    for key in 0..6_000 {
        cache.insert_if_current(permit(&cache, key), key, "valid");
    }
    for key in 0..6_000 {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _change = cache.begin_change(key);
            if key == 17 {
                std::panic::resume_unwind(Box::new("a change that fails"));
            }
        }));
        assert_eq!(outcome.is_err(), key == 17);
        assert_eq!(cached(&cache, key), None);
    }
}

#[test]
fn cache_is_bounded_and_keeps_entries_in_use() {
    let cache = TestCache::new(1280);
    cache.insert_if_current(permit(&cache, 0), 0, "busy");
    for key in 1..100_000 {
        cache.insert_if_current(permit(&cache, key), key, "valid");
        assert_eq!(cached(&cache, 0), Some("busy"));
    }
    // Eviction is deferred; the entries that still wait for it are bounded too.
    assert!(cache.entries.iter().count() <= 1280 + 1024);
    cache.entries.run_pending_tasks();
    assert!(cache.entries.entry_count() <= 1280);
}
