//! Taking messages in: all recipients or none, quotas, bounds, batches.

use mayfly_types::{ErrorCode, reason};

use crate::world::{World, assert_refused, chunk, envelope, mail, scope};

#[tokio::test]
async fn a_message_reaches_each_mailbox_once_and_none_sees_another() {
    let world = World::new().await;
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    let ids = world.deliver(&[&bob, &ann, &bob], &mail("a")).await.unwrap();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[0], ids[2]);
    assert_ne!(ids[0], ids[1]);
    for (account, id) in [(&ann, &ids[1]), (&bob, &ids[0])] {
        let listed = world.list(scope(account), 1).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(&listed[0].message_id, id);
        assert_eq!(world.source(scope(account), id).await.unwrap(), mail("a"));
        assert_eq!(world.used(account).await, i64::try_from(mail("a").len()).unwrap());
    }
    // The bytes are shared, and stay for as long as one of the two has them.
    crate::messages::delete(&world, scope(&ann), &ids[1])
        .await
        .unwrap();
    assert_eq!(world.source(scope(&bob), &ids[0]).await.unwrap(), mail("a"));
}

#[tokio::test]
async fn envelopes_and_streams_that_do_not_fit_are_refused() {
    let world = World::new().await;
    let ann = world.create("ann@mayfly.test").await;
    let invalid = [
        vec![],
        vec![chunk(b"x")],
        vec![envelope(&[&ann], 0)],
        vec![envelope(&[], 1), chunk(b"x")],
        vec![envelope(&[&ann], 3), chunk(b"xy")],
        vec![envelope(&[&ann], 1), chunk(b"xy")],
        vec![envelope(&[&ann], 1), envelope(&[&ann], 1)],
    ];
    for parts in invalid {
        let refused = world.deliver_parts(parts).await;
        assert_refused(refused, ErrorCode::InvalidArgument, reason::INVALID_REQUEST);
    }
    let refused = world.deliver_parts(vec![envelope(&[&ann], 26_214_401)]).await;
    assert_refused(refused, ErrorCode::InvalidArgument, reason::MESSAGE_TOO_LARGE);
    let refused = world.deliver(&["x"], b"x").await;
    assert_refused(refused, ErrorCode::NotFound, reason::NOT_FOUND);
    assert!(world.list(scope(&ann), 1).await.unwrap().is_empty());
    assert_eq!(world.used(&ann).await, 0);
}
