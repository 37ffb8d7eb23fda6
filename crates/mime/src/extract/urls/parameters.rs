//! What the names of query parameters say: campaigns, actions, secrets.

/// Starts of the names of parameters for campaigns.
const TRACKING_STARTS: [&str; 12] = [
    "utm", "mc_", "_hs", "hsa_", "mkt_", "vero_", "oly_", "elq", "pk_", "mtm_", "trk", "_ke",
];
/// Names of parameters that say nothing of what a link does: campaigns, where to go then, whose it is.
const NEUTRAL: [&str; 48] = [
    "ref",
    "source",
    "src",
    "campaign",
    "cid",
    "tracking",
    "gclid",
    "fbclid",
    "msclkid",
    "yclid",
    "medium",
    "return",
    "returnurl",
    "return_url",
    "return_to",
    "returnto",
    "redirect",
    "redirect_to",
    "redirect_uri",
    "redirecturl",
    "redirect_url",
    "next",
    "continue",
    "callback",
    "callback_url",
    "callbackurl",
    "goto",
    "url",
    "target",
    "dest",
    "destination",
    "service",
    "back",
    "lang",
    "locale",
    "hl",
    "language",
    "login",
    "user",
    "username",
    "email",
    "mail",
    "wp_lang",
    "client_id",
    "theme",
    "password",
    "passwd",
    "pwd",
];

/// Parameters of secrets, beside those that end with `token`.
const SECRET_NAMES: [&str; 8] = ["t", "code", "key", "otp", "hash", "sig", "secret", "ticket"];

/// Reports whether a parameter names an action, so that a long value is a word too. Frameworks put the name in brackets.
pub(super) fn is_named_action(name: &str) -> bool {
    let closed = name.trim_end_matches(']').trim_end_matches("%5D");
    let inner = closed.rsplit('[').next().unwrap_or(closed);
    let name = inner.rsplit("%5B").next().unwrap_or(inner);
    [
        "action",
        "task",
        "status",
        "controller",
        "mode",
        "type",
        "page",
        "template",
        "flow",
        "route",
        "view",
    ]
    .iter()
    .any(|known| name.eq_ignore_ascii_case(known))
}

/// Reports whether a parameter holds a secret by its name, however short the value: test systems send `token=abc`.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("token") || SECRET_NAMES.contains(&&*name)
}

pub(super) fn is_neutral(name: &str) -> bool {
    let starts = |start: &&str| {
        name.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    // `back_url`, `post_logout_redirect_uri`
    let ends = |end: &[u8]| {
        let name = name.as_bytes();
        name.len()
            .checked_sub(end.len())
            .is_some_and(|cut| cut > 0 && name[cut..].eq_ignore_ascii_case(end))
    };
    ends(b"_url")
        || ends(b"_uri")
        || ends(b"returnurl")
        || ends(b"backurl")
        || ends(b"nexturl")
        || TRACKING_STARTS.iter().any(starts)
        || NEUTRAL.iter().any(|known| name.eq_ignore_ascii_case(known))
}
