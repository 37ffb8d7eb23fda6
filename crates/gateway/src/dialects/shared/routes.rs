//! Handlers that several dialects mount, each under its own prefix. The bearer API has them under `/pro/api`.

pub(crate) mod domains {
    //! `…/domains`
    pub(crate) mod add;
    pub(crate) mod delete;
    pub(crate) mod list;
    pub(crate) mod verify;
}
pub(crate) mod sandbox {
    //! `…/sandbox`
    pub(crate) mod get;
    pub(crate) mod messages;
}
pub(crate) mod tokens {
    //! `…/tokens`
    pub(crate) mod create;
    pub(crate) mod current;
    pub(crate) mod list;
    pub(crate) mod revoke;
    pub(crate) mod rotate;
}
pub(crate) mod webhooks {
    //! `…/webhooks`
    pub(crate) mod create;
    pub(crate) mod delete;
    pub(crate) mod deliveries;
    pub(crate) mod list;
    pub(crate) mod rotate;
}
