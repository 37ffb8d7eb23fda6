//! The binary `mayfly`: parses the command line, loads the configuration, and runs the roles or a command.

mod backup;
mod banner;
mod cli;
mod client;
mod completion;
mod config;
mod data_dir;
mod descriptors;
mod health;
mod local_user;
mod process;
mod roles;
mod run;
mod self_signed;
mod sockets;
mod wiring;

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use mayfly_runtime::tls;

use crate::{
    cli::{Cli, Command, ConfigAction},
    config::Config,
};

/// Under load, `perf` showed the system's allocator at a fifth of the CPU of a list.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The configuration or the environment cannot be used.
const EXIT_UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    match try_main() {
        Ok(code) => code,
        // The reader of the output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mayfly: {error:#}");
            ExitCode::from(EXIT_UNUSABLE)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

fn try_main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    tls::install_crypto_provider();
    match &cli.command {
        // A client reads no configuration.
        Some(Command::Mailbox(command)) => client::run(command),
        Some(Command::Sandbox(command)) => client::run_sandbox(command),
        Some(Command::Token(command)) => client::run_token(command),
        Some(Command::Domain(command)) => client::run_domain(command),
        Some(Command::Webhook(command)) => client::run_webhook(command),
        Some(Command::Mcp(command)) => client::run_mcp(command),
        Some(Command::Completion { shell }) => print(completion::script(*shell)?),
        Some(Command::Man { dir }) => completion::write_man_pages(dir),
        Some(Command::Admin(command)) => client::administer(command, &load(&cli)?),
        Some(Command::Config { action }) => show(&cli, action),
        Some(Command::Health) => health::run(load(&cli)?.admin.listen),
        Some(Command::Migrate) => run::migrate(&databases(&cli)?),
        Some(Command::Backup { dir }) => backup::run(&databases(&cli)?, dir),
        Some(Command::Restore { dir, check }) => backup::restore(&databases(&cli)?, dir.as_deref(), *check),
        None | Some(Command::Serve) => {
            let config = load(&cli)?;
            config.validate()?;
            descriptors::reserve(&config)?;
            run::serve(&config)
        }
    }
}

fn load(cli: &Cli) -> anyhow::Result<Config> {
    Ok(Config::load(cli.config.as_deref(), &cli.flags())?)
}

/// Loads what commands on the databases need.
fn databases(cli: &Cli) -> anyhow::Result<Config> {
    let config = load(cli)?;
    config.validate_databases()?;
    Ok(config)
}

fn show(cli: &Cli, action: &ConfigAction) -> anyhow::Result<ExitCode> {
    match action {
        ConfigAction::Check => {
            load(cli)?.validate()?;
            print("the configuration can be used\n")
        }
        ConfigAction::Dump => print(load(cli)?.dump()?),
        ConfigAction::Reference => print(config::reference()?),
    }
}

fn print(output: impl Display) -> anyhow::Result<ExitCode> {
    write!(std::io::stdout(), "{output}")?;
    Ok(ExitCode::SUCCESS)
}
