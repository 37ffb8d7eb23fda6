//! The client libraries in `clients/` and the examples in `examples/`, built as users get them, against one process. `clients/test`
//! runs the tests of each.

use std::process::{Command, Stdio};

use crate::world::{Kind, World};

/// Runs one of the suites of `clients/test` against one process. Panics with its output if it fails.
async fn run(suite: &'static str) {
    run_in(&World::start(Kind::AllInOne), suite, &[]).await;
}

async fn run_in(world: &World, suite: &'static str, more: &[(&str, &str)]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../clients/test");
    let mut command = Command::new(script);
    command
        .arg(suite)
        .env("MAYFLY_SERVER", world.http())
        .env("MAYFLY_SMTP", world.smtp().to_string())
        .env("MAYFLY_BINARY", env!("CARGO_BIN_EXE_mayfly"))
        .envs(more.iter().copied())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output
        .expect("the runner does not panic")
        .expect("the script runs");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{suite}: {stdout}{stderr}");
}

/// One line for each suite: the name of its test, and its name in `clients/test`.
macro_rules! suites {
    ($($name:ident: $suite:literal,)+) => {
        $(#[tokio::test]
        async fn $name() {
            run($suite).await;
        })+
    };
}

suites! {
    generated_files_of_libraries_are_up_to_date: "generated",
    typescript: "typescript",
    python: "python",
    playwright: "playwright",
    pytest: "pytest",
    cypress: "cypress",
    example_cypress_magic_link: "example-cypress-magic-link",
    example_go: "example-go",
    example_java: "example-java",
    example_playwright_otp: "example-playwright-otp",
    example_pytest_reset: "example-pytest-reset",
    example_selenium_java: "example-selenium-java",
    example_testcontainers_node: "example-testcontainers-node",
    example_testcontainers_python: "example-testcontainers-python",
    example_webhook_express: "example-webhook-express",
    example_webhook_flask: "example-webhook-flask",
    examples_of_ci_fit_their_schemas: "examples-ci",
}

/// Over stdio, and over HTTP with each call at another of two gateways.
#[tokio::test]
async fn example_mcp_agent_signs_up_over_stdio_and_http() {
    let world = World::start(Kind::Replicas);
    let client = world.client();
    let pro = client.register("agents@example.com").await;
    let (_, token) = client.create_token(&pro, "agent").await;
    let gateways = world.all("HTTP").join(" ");
    let more = [("MAYFLY_TOKEN", token.as_str()), ("MAYFLY_GATEWAYS", &gateways)];
    run_in(&world, "example-mcp-agent", &more).await;
}
