//! The binary `mayfly`: reads the command line and the configuration, and runs roles until told to stop.

mod banner;
mod cli;
mod config;
mod data_dir;
mod health;
mod mailbox_command;
mod roles;
mod run;
mod wiring;

use std::process::ExitCode;

use clap::Parser;
use mayfly_runtime::telemetry::Telemetry;

/// Under load, `perf` showed the system's allocator at a fifth of the CPU of a list.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What runs here is not ready.
const EXIT_NOT_READY: u8 = 1;
/// A configuration or an environment that cannot be used.
const EXIT_UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    match try_main() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("mayfly: {error:#}");
            ExitCode::from(EXIT_UNUSABLE)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the answers of commands")]
fn try_main() -> anyhow::Result<ExitCode> {
    let cli = cli::Cli::parse();
    // It needs a server somewhere, and no configuration here.
    if let Some(cli::Command::Mailbox(command)) = &cli.command {
        return mailbox_command::run(command);
    }
    let config = config::Config::load(&cli)?;
    match cli.command {
        Some(cli::Command::Config {
            action: cli::ConfigAction::Check,
        }) => {
            println!("the configuration is usable");
            return Ok(ExitCode::SUCCESS);
        }
        Some(cli::Command::Config {
            action: cli::ConfigAction::Dump,
        }) => {
            print!("{}", toml::to_string(&config)?);
            return Ok(ExitCode::SUCCESS);
        }
        Some(cli::Command::Health) => return health(&config),
        _ => {}
    }
    run::install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Declared after the runtime, so that it is dropped, and what is left told, while the runtime still drives the
    // connection to the collector: whether this returns or panics.
    let telemetry = {
        let _entered = runtime.enter();
        let roles: Vec<_> = config.roles.0.iter().map(|role| role.as_str()).collect();
        Telemetry::install(&config.log, &config.telemetry, &roles)?
    };
    let outcome = match cli.command {
        Some(_) => runtime
            .block_on(run::migrate(&config))
            .map(|()| ExitCode::SUCCESS),
        None => runtime.block_on(run::run(config, telemetry.metrics())),
    };
    if let Err(error) = &outcome {
        telemetry.process_failed(&format!("{error:#}"));
    }
    outcome
}

#[expect(clippy::print_stdout, reason = "the answer of the command")]
fn health(config: &config::Config) -> anyhow::Result<ExitCode> {
    // It is asked every few seconds, and needs no thread of its own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match runtime.block_on(health::check(config.admin.listen)) {
        Ok(()) => {
            println!("ready");
            Ok(ExitCode::SUCCESS)
        }
        Err(problem) => {
            eprintln!("mayfly: not ready: {problem}");
            Ok(ExitCode::from(EXIT_NOT_READY))
        }
    }
}
