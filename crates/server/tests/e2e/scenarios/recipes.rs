//! Public clients of the dialects run unmodified: only their base URL names Mayfly. `tests/clients/` has a recipe for each, which
//! refuses every connection that is not loopback, and prints OK.

use std::process::{Command, Output, Stdio};

use crate::world::{Kind, World};

/// Some clients sleep for seconds between their calls.
const TIMEOUT_SECS: &str = "120";

/// Every dialect, in each process that reads the variable.
const DIALECTS: [(&str, &str); 2] = [
    ("MAYFLY_GATEWAY__DIALECTS", "mailtm,mailtd,mailcx_v1"),
    ("MAYFLY_MAILBOX__OPEN_DOMAINS", "open.test"),
];

/// The program that runs a recipe, with its packages.
fn command(recipe: &str) -> Command {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let clients = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
    let mut command = Command::new("timeout");
    command.arg(TIMEOUT_SECS).current_dir(clients);
    match recipe.strip_suffix(".py") {
        Some(name) => command
            .arg(format!("{root}/target/tools/clients/bin/python"))
            .env("PYTHONPATH", format!("{root}/target/tools/recipes/{name}"))
            .env("PYTHONDONTWRITEBYTECODE", "1"),
        None => command
            .arg(crate::node::command().get_program())
            .args(["--require", "./guard.cjs"]),
    };
    command.arg(recipe);
    command
}

async fn run(world: &World, recipe: &str) {
    let mut command = command(recipe);
    command
        .args([world.http().to_owned(), world.smtp().to_string()])
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.expect("the runner does not panic");
    check(recipe, &output.expect("a Debian program"), world);
}

fn check(recipe: &str, output: &Output, world: &World) {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let is_good = output.status.success() && stdout.lines().any(|line| line == "OK");
    assert!(is_good, "{recipe}: {stdout}{stderr}\n{}", world.log());
}

/// One line for each client: the name of its test, and the file of its recipe.
macro_rules! recipes {
    ($($name:ident: $recipe:literal,)+) => {
        $(mod $name {
            use crate::world::{Kind, World};

            #[tokio::test]
            async fn all_in_one() {
                super::run(&World::start_with(Kind::AllInOne, &super::DIALECTS), $recipe).await;
            }

            #[tokio::test]
            async fn replicas() {
                super::run(&World::start_with(Kind::Replicas, &super::DIALECTS), $recipe).await;
            }
        })+
    };
}

recipes! {
    aiomailtm: "aiomailtm_0_1_0.py",
    dispomail: "dispomail_0_1_0.py",
    get_mail_tm: "get_mail_tm_0_1_0.py",
    mailjs: "mailjs_3_1_2.mjs",
    mailpytm: "mailpytm_1_1_0.py",
    mailtd_1_0: "mailtd_1_0_0.py",
    mailtd_1_1: "mailtd_1_1_1.py",
    mailtd_1_3: "mailtd_1_3_2.py",
    mailtd_2_0: "mailtd_2_0_0.py",
    mailtm_client_wrapper: "mailtm_client_wrapper_0_1_0.py",
    mailtm_unofficial: "mailtm_unofficial_0_1_1.py",
    mailtmwrapper: "mailtmwrapper_0_0_6.py",
    multitempmail: "multitempmail_0_2_0.py",
    multitempmail_mailtd: "multitempmail_mailtd_0_2_0.py",
    pymailtm: "pymailtm_1_1_1.py",
    tempmail_mailtm: "tempmail_mailtm_1_0_0.py",
}

/// The client waits a second after 429, and tries three times.
#[tokio::test]
async fn mailjs_under_rate_limit_gets_through() {
    let limits = [
        // Of a proxy on this machine, so that its clients are limited as others are.
        ("MAYFLY_GATEWAY__RATE_LIMIT", "8"),
        ("MAYFLY_GATEWAY__SIGN_IN_LIMIT", ""),
    ];
    run(&World::start_with(Kind::Replicas, &limits), "mailjs_3_1_2.mjs").await;
}

/// The client solves proofs of work of at least 15 bits, and others when it is asked to.
#[tokio::test]
async fn mailtd_with_proof_of_work_creates_mailboxes() {
    for bits in ["15", "17"] {
        let config = [&DIALECTS[..], &[("MAYFLY_GATEWAY__POW_BITS", bits)]].concat();
        run(&World::start_with(Kind::AllInOne, &config), "mailtd_1_1_1.py").await;
    }
}
