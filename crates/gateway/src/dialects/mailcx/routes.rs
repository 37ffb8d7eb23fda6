//! Handlers: path, shape and status. What a route does is one or two calls of a service.

pub(crate) mod accounts {
    //! `/api/accounts`
    pub(crate) mod create;
}
pub(crate) mod domains {
    //! `/api/domains`
    pub(crate) mod list;
}
pub(crate) mod me {
    //! `/api/me`
    pub(crate) mod delete;
    pub(crate) mod get;
}
pub(crate) mod events;
pub(crate) mod messages;
pub(crate) mod pro {
    //! `/pro/api`
    pub(crate) mod accounts;
    pub(crate) mod audit;
    pub(crate) mod change_password;
    pub(crate) mod delete_user;
    pub(crate) mod domains {
        //! `/pro/api/domains`: what only the bearer API has.
        pub(crate) mod set_catch_all;
    }
    pub(crate) mod login;
    pub(crate) mod login_local;
    pub(crate) mod me;
    pub(crate) mod register;
    pub(crate) mod sandboxes {
        //! `/pro/api/sandboxes`
        pub(crate) mod create;
        pub(crate) mod delete;
        pub(crate) mod list;
        pub(crate) mod rotate;
        pub(crate) mod update;
    }
    pub(crate) mod sign_out;
    pub(crate) mod usage;
    pub(crate) mod webhooks {
        //! `/pro/api/webhooks`: what only the bearer API has.
        pub(crate) mod replay;
        pub(crate) mod test;
        pub(crate) mod update;
    }
}
pub(crate) mod tickets {
    //! `/api/tickets`
    pub(crate) mod create;
}
pub(crate) mod wait;
pub(crate) mod ws;
pub(crate) mod qr {
    //! `/api/qr`
    pub(crate) mod get;
}
pub(crate) mod test_message {
    //! `/api/test-message`, and the same for a mailbox of a Pro user.
    pub(crate) mod send;
}
pub(crate) mod token {
    //! `/api/token`
    pub(crate) mod create;
}
