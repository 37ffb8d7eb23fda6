//! Grants of the scheduler, case by case, and the bounds that hold for every snapshot.

use proptest::prelude::*;

use super::*;

fn receiver(number: u128) -> WebhookId {
    format!("00000000-0000-7000-8000-{number:012x}").parse().unwrap()
}

fn snapshot(health: ReceiverHealth, limit: usize, in_flight: &[(u128, usize)]) -> ClassSnapshot {
    ClassSnapshot {
        class: ReceiverClass::new(health, limit),
        in_flight: in_flight
            .iter()
            .map(|(number, attempts)| (receiver(*number), *attempts))
            .collect(),
        cursor: None,
    }
}

fn due(numbers: impl IntoIterator<Item = u128>) -> Vec<WebhookId> {
    numbers.into_iter().map(receiver).collect()
}

struct Case {
    name: &'static str,
    health: ReceiverHealth,
    limit: usize,
    in_flight: &'static [(u128, usize)],
    due: &'static [u128],
    /// Receivers and their attempts.
    grants: &'static [(u128, usize)],
}

#[test]
fn grants_follow_the_table() {
    use ReceiverHealth::{Failing, New, Quick, Slow};
    let cases = [
        Case {
            name: "nothing due",
            health: Quick,
            limit: 16,
            in_flight: &[(1, 1)],
            due: &[],
            grants: &[],
        },
        Case {
            name: "no free capacity",
            health: Quick,
            limit: 3,
            in_flight: &[(1, 2), (2, 1)],
            due: &[3, 1],
            grants: &[],
        },
        Case {
            name: "idle receivers get one attempt each, in the given order",
            health: New,
            limit: 16,
            in_flight: &[],
            due: &[7, 9, 2],
            grants: &[(7, 1), (9, 1), (2, 1)],
        },
        Case {
            name: "more idle receivers than free capacity",
            health: Slow,
            limit: 3,
            in_flight: &[(1, 1)],
            due: &[2, 3, 4],
            grants: &[(2, 1), (3, 1)],
        },
        Case {
            name: "busy receivers wait while an idle one is due",
            health: Quick,
            limit: 256,
            in_flight: &[(1, 1), (2, 1)],
            due: &[1, 2, 3],
            grants: &[(3, 1)],
        },
        Case {
            name: "a single busy receiver gets up to the maximum of one receiver",
            health: Quick,
            limit: 256,
            in_flight: &[(1, 1)],
            due: &[1],
            grants: &[(1, 7)],
        },
        Case {
            name: "a receiver at its maximum gets nothing",
            health: Quick,
            limit: 256,
            in_flight: &[(1, 8)],
            due: &[1],
            grants: &[],
        },
        Case {
            name: "a busy receiver gets an eighth of the free capacity",
            health: Slow,
            limit: 25,
            in_flight: &[(1, 1)],
            due: &[1],
            grants: &[(1, 2)],
        },
        Case {
            name: "the threshold shrinks with every grant",
            health: Slow,
            limit: 26,
            in_flight: &[(1, 1), (2, 1)],
            due: &[1, 2],
            grants: &[(1, 2), (2, 1)],
        },
        Case {
            name: "little free capacity is kept for idle receivers",
            health: Quick,
            limit: 10,
            in_flight: &[(1, 1), (2, 1)],
            due: &[1, 2],
            grants: &[],
        },
        Case {
            name: "receivers above the threshold are skipped",
            health: Quick,
            limit: 40,
            in_flight: &[(1, 6), (2, 1)],
            due: &[1, 2],
            grants: &[(2, 3)],
        },
        Case {
            name: "a failing receiver has one attempt in flight",
            health: Failing,
            limit: 64,
            in_flight: &[(1, 1)],
            due: &[1],
            grants: &[],
        },
        Case {
            name: "an idle failing receiver gets one attempt",
            health: Failing,
            limit: 64,
            in_flight: &[(1, 1)],
            due: &[1, 2],
            grants: &[(2, 1)],
        },
    ];
    for case in cases {
        let snapshot = snapshot(case.health, case.limit, case.in_flight);
        let grants = snapshot.grants(&due(case.due.iter().copied()));
        let expected: Vec<Grant> = case
            .grants
            .iter()
            .map(|(number, attempts)| Grant {
                webhook_id: receiver(*number),
                attempts: *attempts,
            })
            .collect();
        assert_eq!(grants, expected, "{}", case.name);
    }
}

#[test]
fn grants_are_limited_per_round() {
    let snapshot = snapshot(ReceiverHealth::Quick, 256, &[]);
    let grants = snapshot.grants(&due(1..=100));
    assert_eq!(grants.len(), MAX_GRANTS);
    assert_eq!(grants[MAX_GRANTS - 1].webhook_id, receiver(32));
}

/// The candidates of a round contain a full round of idle receivers, wherever the busy ones are in the order.
#[test]
fn candidates_contain_a_full_round_of_idle_receivers() {
    let busy: Vec<(u128, usize)> = (1..=100).map(|number| (number, 1)).collect();
    let snapshot = snapshot(ReceiverHealth::Quick, 256, &busy);
    let seen = due((1..=300).take(snapshot.candidates()));
    assert_eq!(snapshot.grants(&seen).len(), MAX_GRANTS);
}

fn health() -> impl Strategy<Value = ReceiverHealth> {
    prop_oneof![
        Just(ReceiverHealth::Quick),
        Just(ReceiverHealth::New),
        Just(ReceiverHealth::Slow),
        Just(ReceiverHealth::Failing),
    ]
}

proptest! {
    #[test]
    fn grants_stay_within_all_limits(
        health in health(),
        limit in 0..300_usize,
        in_flight in prop::collection::hash_map(0..60_u128, 1..=8_usize, 0..40),
        due_numbers in prop::collection::btree_set(0..80_u128, 0..80),
    ) {
        let in_flight: Vec<(u128, usize)> = in_flight.into_iter().collect();
        let snapshot = snapshot(health, limit, &in_flight);
        let due = due(due_numbers);
        let grants = snapshot.grants(&due);
        let total: usize = grants.iter().map(|grant| grant.attempts).sum();
        prop_assert!(total <= snapshot.free());
        prop_assert!(grants.len() <= MAX_GRANTS);
        for grant in &grants {
            let busy = snapshot.in_flight.get(&grant.webhook_id).copied().unwrap_or(0);
            prop_assert!(grant.attempts > 0 && due.contains(&grant.webhook_id));
            prop_assert!(busy + grant.attempts <= MAX_OF_RECEIVER);
        }
        let is_idle = |id: &WebhookId| !snapshot.in_flight.contains_key(id);
        if snapshot.free() > 0 && due.iter().any(is_idle) {
            prop_assert!(!grants.is_empty());
            prop_assert!(grants.iter().all(|grant| grant.attempts == 1 && is_idle(&grant.webhook_id)));
        }
    }
}
