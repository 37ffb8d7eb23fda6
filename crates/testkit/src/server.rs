//! A server process of a test: on a free port, and killed with the test even if that crashes.

use std::{
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command},
};

/// Returns a free port. Another process may take it first, so callers retry with another port.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A command that gets a signal when the thread that starts it ends. It runs as another user if a name is given.
pub(crate) fn command(program: &str, signal: &str, user: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal]);
    if let Some(user) = user {
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
    }
    command.args(["--", program]);
    command
}

/// Sends a signal to a process.
pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(status.expect("kill runs").success(), "kill -s {name}");
}
