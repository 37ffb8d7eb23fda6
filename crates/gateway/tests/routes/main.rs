//! One file per route: the path gives the folders, the method gives the file. `guard.rs` fails on a route without a file.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

mod auth_key;
mod guard;
mod hydra;
mod limits;
mod scopes;
mod support;
mod turns;

mod _well_known {
    mod mercure {
        mod get;
    }
    mod oauth_protected_resource {
        mod mcp {
            mod get;
        }
    }
}
mod accounts {
    mod post;
    mod id {
        mod delete;
        mod get;
    }
}
mod api {
    mod accounts {
        mod post;
        mod account {
            mod delete;
            mod get;
            mod messages {
                mod get;
                mod id {
                    mod delete;
                    mod get;
                    mod attachments {
                        mod index {
                            mod get;
                        }
                    }
                    mod read {
                        mod put;
                    }
                    mod source {
                        mod get;
                    }
                }
                mod read {
                    mod put;
                }
            }
            mod reset_password {
                mod put;
            }
        }
    }
    mod docs {
        mod mailcx_v1 {
            mod get;
        }
        mod mailtd {
            mod get;
        }
        mod mailtm {
            mod get;
        }
    }
    mod domains {
        mod get;
    }
    mod events {
        mod get;
    }
    mod me {
        mod delete;
        mod get;
    }
    mod messages {
        mod delete;
        mod get;
        mod read {
            mod delete;
            mod put;
        }
        mod search {
            mod get;
        }
        mod id {
            mod delete;
            mod get;
            mod attachments {
                mod index {
                    mod get;
                }
            }
            mod body {
                mod get;
            }
            mod read {
                mod delete;
                mod put;
            }
            mod source {
                mod get;
            }
        }
        mod wait {
            mod get;
        }
    }
    mod openapi_json {
        mod get;
    }
    mod qr {
        mod get;
    }
    mod test_message {
        mod post;
    }
    mod tickets {
        mod post;
    }
    mod token {
        mod post;
    }
    mod user {
        mod accounts {
            mod get;
            mod account {
                mod delete;
                mod messages {
                    mod get;
                }
                mod reset_password {
                    mod put;
                }
            }
        }
        mod billing {
            mod portal {
                mod post;
            }
        }
        mod domains {
            mod get;
            mod post;
            mod id {
                mod delete;
                mod verify {
                    mod post;
                }
            }
        }
        mod login {
            mod post;
        }
        mod me {
            mod get;
        }
        mod register {
            mod post;
        }
        mod sandbox {
            mod get;
            mod messages {
                mod delete;
                mod get;
                mod id {
                    mod attachments {
                        mod index {
                            mod get;
                        }
                    }
                    mod delete;
                    mod get;
                    mod source {
                        mod get;
                    }
                }
            }
        }
        mod subscription {
            mod cancel {
                mod post;
            }
            mod resume {
                mod post;
            }
            mod status {
                mod get;
            }
        }
        mod tokens {
            mod get;
            mod post;
            mod id {
                mod delete;
            }
        }
        mod webhooks {
            mod get;
            mod post;
            mod id {
                mod delete;
                mod deliveries {
                    mod get;
                }
                mod rotate {
                    mod post;
                }
            }
        }
    }
    mod ws {
        mod get;
    }
}
mod domains {
    mod get;
    mod id {
        mod get;
    }
}
mod mcp {
    pub(crate) mod post;
    mod anonymous {
        mod post;
    }
}
mod me {
    mod get;
}
mod messages {
    mod get;
    mod id {
        mod delete;
        mod get;
        mod patch;
        mod attachment {
            mod attachment_id {
                mod get;
            }
        }
        mod download {
            mod get;
        }
    }
}
mod pro {
    mod api {
        mod audit {
            mod get;
        }
        mod accounts {
            mod get;
            mod id {
                mod delete;
                mod messages {
                    mod get;
                    mod message_id {
                        mod delete;
                        mod get;
                        mod attachments {
                            mod index {
                                mod get;
                            }
                        }
                        mod read {
                            mod delete;
                            mod put;
                        }
                        mod source {
                            mod get;
                        }
                    }
                }
                mod reset_password {
                    mod put;
                }
                mod test_message {
                    mod post;
                }
            }
        }
        mod domains {
            mod get;
            mod post;
            mod id {
                mod delete;
                mod put;
                mod verify {
                    mod post;
                }
            }
        }
        mod events {
            mod get;
        }
        mod login {
            mod local {
                mod post;
            }
            mod post;
        }
        mod me {
            mod get;
            mod delete {
                mod post;
            }
            mod password {
                mod put;
            }
        }
        mod messages {
            mod delete;
            mod read {
                mod delete;
                mod put;
            }
            mod search {
                mod get;
            }
            mod wait {
                mod get;
            }
        }
        mod sandbox {
            mod get;
            mod messages {
                mod delete;
                mod get;
                mod id {
                    mod attachments {
                        mod index {
                            mod get;
                        }
                    }
                    mod delete;
                    mod get;
                    mod source {
                        mod get;
                    }
                }
            }
        }
        mod sandboxes {
            mod get;
            mod id {
                mod delete;
                mod patch;
                mod rotate {
                    mod post;
                }
            }
            mod post;
        }
        mod register {
            mod post;
        }
        mod sessions {
            mod delete;
        }
        mod tokens {
            mod get;
            mod post;
            mod current {
                mod get;
            }
            mod id {
                mod delete;
                mod rotate {
                    mod post;
                }
            }
        }
        mod usage {
            mod get;
        }
        mod webhooks {
            mod get;
            mod post;
            mod id {
                mod delete;
                mod put;
                mod deliveries {
                    mod get;
                    mod delivery_id {
                        mod replay {
                            mod post;
                        }
                    }
                }
                mod rotate {
                    mod post;
                }
                mod test {
                    mod post;
                }
            }
        }
    }
}
mod sources {
    mod id {
        mod get;
    }
}
mod token {
    mod post;
}
mod v1 {
    mod config {
        mod get;
    }
    mod domain {
        mod name {
            mod get;
        }
    }
    mod domains {
        mod get;
        mod post;
        mod id {
            mod delete;
        }
    }
    mod email {
        mod id {
            mod delete;
            mod get;
            mod attachments {
                mod index {
                    mod get;
                }
            }
            mod raw {
                mod get;
            }
        }
    }
    mod inbox {
        mod post;
        mod address {
            mod delete;
            mod get;
        }
    }
    mod me {
        mod get;
    }
    mod sessions {
        mod anon {
            mod post;
        }
    }
    mod sse {
        mod addr {
            mod get;
        }
        mod user {
            mod get;
        }
    }
    mod tokens {
        mod get;
        mod post;
        mod id {
            mod delete;
        }
    }
}
mod web {
    mod captcha_json {
        mod get;
    }
    mod server_json {
        mod get;
    }
}
