//! Passwords of sandboxes: what they are for, and their strict revocation.

use mayfly_proto::auth::{
    DeleteUserRequest, IssueSandboxCredentialRequest, RevokeSandboxCredentialsRequest,
    ValidateSubmissionRequest, ValidateSubmissionResponse, auth_client::AuthClient,
};
use mayfly_rpc::Transport;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{Clock, ErrorCode, Reason, SandboxId};
use tokio::task::JoinSet;

use crate::support::{Answer, World, refused, token_refused};

db_test!(
    validate_submission_returns_the_sandbox_of_its_password,
    issue_sandbox_credential_again_revokes_the_earlier_one,
    revoke_sandbox_credentials_under_load_is_never_accepted_again,
    delete_user_ends_submission,
);

impl World {
    fn new_sandbox(&self) -> String {
        SandboxId::new(self.clock.now()).to_string()
    }

    async fn issue(&self, user_id: &str, sandbox_id: &str) -> Answer<String> {
        let request = IssueSandboxCredentialRequest {
            user_id: user_id.to_owned(),
            sandbox_id: sandbox_id.to_owned(),
        };
        let issued = self.client().issue_sandbox_credential(request).await?;
        Ok(issued.into_inner().password)
    }

    async fn revoke_sandbox(&self, sandbox_id: &str) {
        let request = RevokeSandboxCredentialsRequest {
            sandbox_id: sandbox_id.to_owned(),
        };
        self.client().revoke_sandbox_credentials(request).await.unwrap();
    }

    async fn submit(&self, password: &str) -> Answer<ValidateSubmissionResponse> {
        submit(&mut self.client(), password).await
    }
}

async fn submit(client: &mut AuthClient<Transport>, password: &str) -> Answer<ValidateSubmissionResponse> {
    let request = ValidateSubmissionRequest {
        password: password.to_owned(),
    };
    Ok(client.validate_submission(request).await?.into_inner())
}

#[track_caller]
fn rejected(answer: Answer<ValidateSubmissionResponse>) {
    refused(answer, ErrorCode::Unauthenticated, Reason::InvalidToken);
}

async fn validate_submission_returns_the_sandbox_of_its_password(db: Db) {
    let world = World::new(db).await;
    let (user, sandbox) = (world.user().await, world.new_sandbox());
    let password = world.issue(&user.id, &sandbox).await.unwrap();
    assert!(password.starts_with("mfs_") && password.len() == 36, "{password}");
    for _ in 0..2 {
        let submitter = world.submit(&password).await.unwrap();
        assert_eq!(submitter.user_id, user.id);
        assert_eq!(submitter.sandbox_id.as_deref(), Some(sandbox.as_str()));
    }
    // It can do nothing but send.
    token_refused(world.validate(&password).await);
    // An API token is for every sandbox of its user; a JWT and other text are for none.
    let token = world.create_token(&user.id, "ci").await.unwrap();
    let submitter = world.submit(&token.value).await.unwrap();
    assert_eq!((submitter.user_id, submitter.sandbox_id), (user.id.clone(), None));
    assert_eq!(submitter.credential_id, token.id);
    world.revoke(&user.id, &token.id).await.unwrap();
    let changed = password.replace("mfs_", "mft_");
    for wrong in [
        token.value.as_str(),
        &user.jwt,
        &changed,
        &password[..35],
        "",
        "mfs_",
    ] {
        rejected(world.submit(wrong).await);
    }
}

async fn issue_sandbox_credential_again_revokes_the_earlier_one(db: Db) {
    let world = World::new(db).await;
    let (user, sandbox, other) = (world.user().await, world.new_sandbox(), world.new_sandbox());
    let kept = world.issue(&user.id, &other).await.unwrap();
    let mut current = world.issue(&user.id, &sandbox).await.unwrap();
    for _ in 0..5 {
        world.submit(&current).await.unwrap();
        let next = world.issue(&user.id, &sandbox).await.unwrap();
        rejected(world.submit(&current).await);
        current = next;
    }
    world.submit(&current).await.unwrap();
    world.submit(&kept).await.unwrap();
    let unknown = world
        .issue("01a20846-fe00-7000-8000-000000000000", &sandbox)
        .await;
    refused(unknown, ErrorCode::NotFound, Reason::NotFound);
}

async fn revoke_sandbox_credentials_under_load_is_never_accepted_again(db: Db) {
    let world = World::new(db).await;
    let (user, sandbox) = (world.user().await, world.new_sandbox());
    for _ in 0..50 {
        let password = world.issue(&user.id, &sandbox).await.unwrap();
        let mut clients = JoinSet::new();
        for _ in 0..4 {
            let (mut client, password) = (world.client(), password.clone());
            clients.spawn(async move {
                for _ in 0..20 {
                    let _ = submit(&mut client, &password).await;
                    tokio::task::yield_now().await;
                }
            });
        }
        world.revoke_sandbox(&sandbox).await;
        rejected(world.submit(&password).await);
        while let Some(client) = clients.join_next().await {
            client.unwrap();
        }
        rejected(world.submit(&password).await);
    }
    world.revoke_sandbox(&sandbox).await;
}

async fn delete_user_ends_submission(db: Db) {
    let world = World::new(db).await;
    let (user, sandbox) = (world.user().await, world.new_sandbox());
    let password = world.issue(&user.id, &sandbox).await.unwrap();
    world.submit(&password).await.unwrap();
    let request = DeleteUserRequest { user_id: user.id };
    world.client().delete_user(request).await.unwrap();
    rejected(world.submit(&password).await);
}
