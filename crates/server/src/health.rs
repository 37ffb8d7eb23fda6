//! The command `mayfly health`: a readiness probe for containers without curl.

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// The time-out of the whole probe.
const TIMEOUT: Duration = Duration::from_secs(2);
/// More than any report has.
const MAX_RESPONSE_BYTES: u64 = 64 * 1024;

/// The process is not ready.
const EXIT_NOT_READY: u8 = 1;

/// Prints whether the process with this admin listener is ready.
pub(crate) fn run(admin: SocketAddr) -> anyhow::Result<ExitCode> {
    // Probes run every few seconds and need no thread of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match runtime.block_on(check(admin)) {
        Ok(()) => {
            writeln!(io::stdout(), "ready")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problem) => {
            eprintln!("mayfly: not ready: {problem}");
            Ok(ExitCode::from(EXIT_NOT_READY))
        }
    }
}

/// Calls `/readyz` of the configured admin listener. The error is one line with the reason.
async fn check(admin: SocketAddr) -> Result<(), String> {
    let address = reachable(admin);
    let response = match timeout(TIMEOUT, call(address)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(format!("{address}: {error}")),
        Err(_) => return Err(format!("{address}: no answer within {} s", TIMEOUT.as_secs())),
    };
    parse(&response)
}

/// Returns the address that reaches a listener from this machine; a listener on every address is on loopback too. One on
/// `[::]` takes IPv4 as well, and only IPv4 where the kernel has no IPv6.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[expect(clippy::disallowed_methods, reason = "it connects to this machine")]
async fn call(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream
        .take(MAX_RESPONSE_BYTES)
        .read_to_string(&mut response)
        .await?;
    Ok(response)
}

/// Parses a response of `/readyz`: ready on status 200, else the lines of the checks that fail.
fn parse(response: &str) -> Result<(), String> {
    let (head, report) = response.split_once("\r\n\r\n").unwrap_or((response, ""));
    match head.split(' ').nth(1) {
        Some("200") => Ok(()),
        Some("503") => {
            let failed: Vec<&str> = report.lines().filter(|line| !line.ends_with(" ok")).collect();
            Err(failed.join(", "))
        }
        _ => Err("the listener there is not the admin listener of Mayfly".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reachable_unspecified_address_is_loopback() {
        for (listen, expected) in [
            ("0.0.0.0:9090", "127.0.0.1:9090"),
            ("[::]:9090", "127.0.0.1:9090"),
            ("10.1.2.3:9090", "10.1.2.3:9090"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), expected);
        }
    }

    #[test]
    fn parse_reports_failed_checks() {
        let table = [
            ("HTTP/1.1 200 OK\r\n\r\nserving ok\n", Ok(())),
            (
                "HTTP/1.1 503 Service Unavailable\r\nx: y\r\n\r\nserving no\ndatabase ok\nredis refused\n",
                Err("serving no, redis refused"),
            ),
            ("HTTP/1.1 404 Not Found\r\n\r\n", Err("not the admin listener")),
            ("220 mayfly.test ESMTP\r\n", Err("not the admin listener")),
            ("", Err("not the admin listener")),
        ];
        for (response, expected) in table {
            match (parse(response), expected) {
                (Ok(()), Ok(())) => {}
                (Err(line), Err(part)) => assert!(line.contains(part), "{line}"),
                (found, _) => panic!("{response:?}: {found:?}"),
            }
        }
    }
}
