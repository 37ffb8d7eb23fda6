//! What the edges of a fleet share for automatic HTTPS.

use mayfly_proto::mailbox::{
    AcmeState, AcquireAcmeLeaseRequest, GetAcmeStateRequest, PutAcmeStateRequest,
    mailbox_acme_client::MailboxAcmeClient,
};
use mayfly_rpc::{Transport, local};
use mayfly_testkit::{Db, db_test};
use mayfly_types::{Clock as _, HolderId};
use sea_orm::{ConnectionTrait as _, DbErr, Statement};

use crate::world::World;

db_test!(put_acme_state_without_the_lease_stores_nothing);

struct Edge {
    client: MailboxAcmeClient<Transport>,
    holder: String,
}

impl Edge {
    fn of(world: &World) -> Self {
        Self {
            client: MailboxAcmeClient::new(local(world.mailbox.acme_server())),
            holder: HolderId::new(world.clock.now()).to_string(),
        }
    }

    async fn acquire(&self) -> bool {
        let holder = self.holder.clone();
        let request = AcquireAcmeLeaseRequest { holder };
        let answer = self.client.clone().acquire_acme_lease(request).await;
        answer.unwrap().into_inner().is_held
    }

    async fn put(&self, certificate: &str) -> bool {
        let request = PutAcmeStateRequest {
            holder: self.holder.clone(),
            state: Some(AcmeState {
                certificate: Some(certificate.to_owned()),
                ..AcmeState::default()
            }),
        };
        let answer = self.client.clone().put_acme_state(request).await;
        answer.unwrap().into_inner().is_stored
    }

    async fn certificate(&self) -> Option<String> {
        let answer = self.client.clone().get_acme_state(GetAcmeStateRequest {}).await;
        answer.unwrap().into_inner().state?.certificate
    }
}

/// Of two edges one has the lease; the other takes it over a minute after it was last renewed.
async fn put_acme_state_without_the_lease_stores_nothing(db: Db) {
    let world = World::new(db).await;
    let (first, other) = (Edge::of(&world), Edge::of(&world));
    assert_eq!(first.certificate().await, None);
    assert!(first.acquire().await && first.put("first").await);
    assert!(!other.acquire().await && !other.put("other").await);
    assert_eq!(other.certificate().await.as_deref(), Some("first"));
    for _ in 0..2 {
        world.clock.advance(time::Duration::seconds(40));
        assert!(first.acquire().await && !other.acquire().await);
    }
    world.clock.advance(time::Duration::seconds(61));
    assert!(other.acquire().await && other.put("other").await);
    assert!(!first.put("first").await);
    assert_eq!(first.certificate().await.as_deref(), Some("other"));
}

#[tokio::test]
async fn acme_state_is_sealed_at_rest() {
    let world = World::new(Db::Postgres).await;
    let edge = Edge::of(&world);
    assert!(edge.put("-----BEGIN PRIVATE KEY-----").await);
    let database = world.test_database.open("mailbox").await;
    let sealed = database.read::<_, DbErr, _>("test", |c| {
        Box::pin(async move {
            let statement =
                Statement::from_string(c.get_database_backend(), "SELECT sealed_state FROM acme_states");
            let row = c.query_one_raw(statement).await?.expect("a row");
            row.try_get_by_index::<Vec<u8>>(0)
        })
    });
    let sealed = sealed.await.unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains("PRIVATE KEY"));
}
