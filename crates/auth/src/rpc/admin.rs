//! The tonic adapter of what operators do.

use std::sync::Arc;

use mayfly_proto::auth::{
    AdminUser, AuditEntry, AuthorizeOperatorRequest, AuthorizeOperatorResponse, GetAuthStatisticsRequest,
    GetAuthStatisticsResponse, InviteUserRequest, InviteUserResponse, ListAuthAuditRequest,
    ListAuthAuditResponse, ListUsersRequest, ListUsersResponse, ResetUserPasswordRequest,
    ResetUserPasswordResponse, SetUserRoleRequest, SetUserRoleResponse, SetUserSuspendedRequest,
    SetUserSuspendedResponse, UserRole, auth_admin_server,
};
use tonic::{Request, Response, Status};

use super::{id, role};
use crate::{error::Error, service::Service, store::Role};

/// The service of operators.
pub struct AdminRpc(pub(crate) Arc<Service>);

impl std::fmt::Debug for AdminRpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminRpc")
    }
}

#[tonic::async_trait]
impl auth_admin_server::AuthAdmin for AdminRpc {
    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        let request = request.into_inner();
        let after = request.after_user_id.as_deref().map(id).transpose()?;
        let users = self.0.list_users(&request.contains, after, request.limit).await?;
        let users = users.into_iter().map(|user| AdminUser {
            user_id: user.id.to_string(),
            email: user.email,
            created_at: user.created_at_secs,
            suspended_at: user.suspended_at_secs,
            role: role(user.role).into(),
        });
        Ok(Response::new(ListUsersResponse {
            users: users.collect(),
        }))
    }

    async fn invite_user(
        &self,
        request: Request<InviteUserRequest>,
    ) -> Result<Response<InviteUserResponse>, Status> {
        let request = request.into_inner();
        let invited = self.0.invite_user(&request.email, &request.operator).await?;
        Ok(Response::new(InviteUserResponse {
            user_id: invited.id.to_string(),
            email: invited.email,
            password: invited.password,
        }))
    }

    async fn reset_user_password(
        &self,
        request: Request<ResetUserPasswordRequest>,
    ) -> Result<Response<ResetUserPasswordResponse>, Status> {
        let request = request.into_inner();
        let user_id = id(&request.user_id)?;
        let password = self.0.reset_user_password(user_id, &request.operator).await?;
        Ok(Response::new(ResetUserPasswordResponse { password }))
    }

    async fn set_user_suspended(
        &self,
        request: Request<SetUserSuspendedRequest>,
    ) -> Result<Response<SetUserSuspendedResponse>, Status> {
        let request = request.into_inner();
        let user_id = id(&request.user_id)?;
        self.0
            .set_user_suspended(user_id, request.suspended, &request.reason, &request.operator)
            .await?;
        Ok(Response::new(SetUserSuspendedResponse {}))
    }

    async fn set_user_role(
        &self,
        request: Request<SetUserRoleRequest>,
    ) -> Result<Response<SetUserRoleResponse>, Status> {
        let request = request.into_inner();
        let role = match request.role() {
            UserRole::User => Role::User,
            UserRole::Admin => Role::Admin,
            UserRole::Unspecified => return Err(Error::InvalidRequest("name a role").into()),
        };
        let user_id = id(&request.user_id)?;
        self.0.set_user_role(user_id, role, &request.operator).await?;
        Ok(Response::new(SetUserRoleResponse {}))
    }

    async fn authorize_operator(
        &self,
        request: Request<AuthorizeOperatorRequest>,
    ) -> Result<Response<AuthorizeOperatorResponse>, Status> {
        let user_id = self.0.authorize_operator(&request.into_inner().token).await?;
        Ok(Response::new(AuthorizeOperatorResponse {
            user_id: user_id.to_string(),
        }))
    }

    async fn get_auth_statistics(
        &self,
        _: Request<GetAuthStatisticsRequest>,
    ) -> Result<Response<GetAuthStatisticsResponse>, Status> {
        let counted = self.0.get_statistics().await?;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Ok(Response::new(GetAuthStatisticsResponse {
            users: number(counted.users),
            suspended_users: number(counted.suspended_users),
            tokens: number(counted.tokens),
        }))
    }

    async fn list_auth_audit(
        &self,
        request: Request<ListAuthAuditRequest>,
    ) -> Result<Response<ListAuthAuditResponse>, Status> {
        let entries = self.0.list_audit(request.into_inner().limit).await?;
        let entries = entries.into_iter().map(|entry| AuditEntry {
            at: entry.at_ms.div_euclid(1000),
            operator: entry.operator,
            action: entry.action,
            subject: entry.subject,
            detail: entry.detail,
        });
        Ok(Response::new(ListAuthAuditResponse {
            entries: entries.collect(),
        }))
    }
}
