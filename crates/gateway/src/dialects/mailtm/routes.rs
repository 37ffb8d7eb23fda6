//! Handlers: path, shape and status. What a route does is one or two calls of a service.

pub(crate) mod accounts {
    //! `/accounts`
    pub(crate) mod create;
    pub(crate) mod delete;
    pub(crate) mod get;
}
pub(crate) mod body;
pub(crate) mod domains {
    //! `/domains`
    pub(crate) mod get;
    pub(crate) mod list;
}
pub(crate) mod me {
    //! `/me`
    pub(crate) mod get;
}
pub(crate) mod mercure;
pub(crate) mod messages {
    //! `/messages`
    pub(crate) mod attachment;
    pub(crate) mod delete;
    pub(crate) mod download;
    pub(crate) mod get;
    pub(crate) mod list;
    pub(crate) mod mark;
}
pub(crate) mod sources {
    //! `/sources`
    pub(crate) mod get;
}
pub(crate) mod token {
    //! `/token`
    pub(crate) mod create;
}
