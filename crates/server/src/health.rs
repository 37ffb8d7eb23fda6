//! The command `mayfly health`: asks the process that runs here whether it is ready, where there is no curl to do it.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long the whole question may take.
const LIMIT: Duration = Duration::from_secs(2);
/// More than any report has.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// Asks `/readyz` of the admin listener that is configured here. The error is one line that says why it is not ready.
pub(crate) async fn check(admin: SocketAddr) -> Result<(), String> {
    let address = reachable(admin);
    let answer = match timeout(LIMIT, ask(address)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(format!("{address}: {error}")),
        Err(_) => return Err(format!("{address}: no answer within {} s", LIMIT.as_secs())),
    };
    verdict(&answer)
}

/// Where a listener can be reached from this machine: one on every address is on loopback too.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[expect(clippy::disallowed_methods, reason = "it asks this machine")]
async fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER_BYTES).read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Reads an answer of `/readyz`: ready on status 200, else what its lines say is wrong.
fn verdict(answer: &str) -> Result<(), String> {
    let (head, report) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    match head.split(' ').nth(1) {
        Some("200") => Ok(()),
        Some("503") => {
            let wrong: Vec<&str> = report.lines().filter(|line| !line.ends_with(" ok")).collect();
            Err(wrong.join(", "))
        }
        _ => Err("what answers there is not the admin listener of Mayfly".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_asked_on_loopback() {
        for (listen, expected) in [
            ("0.0.0.0:9090", "127.0.0.1:9090"),
            ("[::]:9090", "[::1]:9090"),
            ("10.1.2.3:9090", "10.1.2.3:9090"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), expected);
        }
    }

    #[test]
    fn answers_are_read() {
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
        for (answer, expected) in table {
            match (verdict(answer), expected) {
                (Ok(()), Ok(())) => {}
                (Err(line), Err(part)) => assert!(line.contains(part), "{line}"),
                (found, _) => panic!("{answer:?}: {found:?}"),
            }
        }
    }
}
