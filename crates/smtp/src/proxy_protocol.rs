//! The PROXY protocol, versions 1 and 2: a balancer names the client before the first octet of SMTP.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::timeout,
};

/// For a header to arrive. Proxies send it in the first segment.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest header of version 1, with its CRLF.
const MAX_LINE: usize = 107;
/// The longest header of version 2 after its fixed part: addresses and the extensions of the proxy.
const MAX_REST: usize = 2048;
const LINE_START: &[u8] = b"PROXY ";
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Reads a header and nothing after it. Returns the address of the client; `None` when the proxy speaks for itself or does not
/// know it.
///
/// # Errors
/// When there is no header, or it does not arrive in time.
pub(crate) async fn read_header(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    timeout(HEADER_TIMEOUT, read(stream)).await?
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    let mut start = [0; LINE_START.len()];
    stream.read_exact(&mut start).await?;
    if start == LINE_START {
        return read_line(stream).await;
    }
    let mut fixed = [0; 16];
    fixed[..start.len()].copy_from_slice(&start);
    if start != SIGNATURE[..start.len()] {
        return Err(malformed());
    }
    stream.read_exact(&mut fixed[start.len()..]).await?;
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if !fixed.starts_with(SIGNATURE) || fixed[12] >> 4 != 2 || length > MAX_REST {
        return Err(malformed());
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    match (fixed[12] & 0xf, fixed[13] >> 4) {
        // LOCAL, and PROXY of a family without addresses.
        (0, _) | (1, 0 | 3) => Ok(None),
        (1, 1) => address::<4>(&rest).map(|octets| Some(Ipv4Addr::from(octets).into())),
        (1, 2) => address::<16>(&rest).map(|octets| Some(Ipv6Addr::from(octets).into())),
        _ => Err(malformed()),
    }
}

/// Returns the first of two addresses.
fn address<const N: usize>(rest: &[u8]) -> io::Result<[u8; N]> {
    let octets = rest.get(..N).filter(|_| rest.len() >= 2 * N + 4);
    octets
        .and_then(|octets| octets.try_into().ok())
        .ok_or_else(malformed)
}

/// Reads a header of version 1 octet by octet, since what follows belongs to the session.
async fn read_line(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    let mut line = Vec::with_capacity(MAX_LINE);
    while !line.ends_with(b"\r\n") {
        if line.len() + LINE_START.len() >= MAX_LINE {
            return Err(malformed());
        }
        line.push(stream.read_u8().await?);
    }
    let line = line
        .strip_suffix(b"\r\n")
        .and_then(|line| str::from_utf8(line).ok());
    let mut words = line.unwrap_or_default().split(' ');
    let family = words.next();
    if family == Some("UNKNOWN") {
        return Ok(None);
    }
    let mut parse = || words.next()?.parse::<IpAddr>().ok();
    let (Some(source), Some(destination)) = (parse(), parse()) else {
        return Err(malformed());
    };
    let is_family = match family {
        Some("TCP4") => source.is_ipv4() && destination.is_ipv4(),
        Some("TCP6") => source.is_ipv6() && destination.is_ipv6(),
        _ => false,
    };
    let mut is_port = || words.next().is_some_and(|port| port.parse::<u16>().is_ok());
    if !(is_family && is_port() && is_port() && words.next().is_none()) {
        return Err(malformed());
    }
    Ok(Some(source))
}

fn malformed() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "malformed header")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the client, and what is left to read; `None` for an error.
    async fn parse(input: &[u8]) -> Option<(Option<String>, Vec<u8>)> {
        let mut stream = input;
        let client = read_header(&mut stream).await.ok()?;
        Some((client.map(|address| address.to_string()), stream.to_vec()))
    }

    fn version_2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family][..], &length, rest].concat()
    }

    #[tokio::test]
    async fn header_names_the_client_and_leaves_the_rest() {
        let client = |address: &str, rest: &str| Some((Some(address.to_owned()), rest.as_bytes().to_vec()));
        let v4 = b"\xc0\x00\x02\x07\x7f\x00\x00\x01\x30\x39\x00\x19";
        let v6 = [&Ipv6Addr::LOCALHOST.octets()[..], &[0; 16], &[1, 2, 3, 4]].concat();
        let cases = [
            (
                b"PROXY TCP4 192.0.2.7 127.0.0.1 12345 25\r\n".to_vec(),
                client("192.0.2.7", ""),
            ),
            (
                b"PROXY TCP6 2001:db8::7 ::1 12345 25\r\nEHLO x\r\n".to_vec(),
                client("2001:db8::7", "EHLO x\r\n"),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), Some((None, Vec::new()))),
            (
                b"PROXY UNKNOWN ff:: ff:: 1 2\r\nx".to_vec(),
                Some((None, b"x".to_vec())),
            ),
            (
                [version_2(0x21, 0x11, v4), b"EHLO".to_vec()].concat(),
                client("192.0.2.7", "EHLO"),
            ),
            (
                version_2(0x21, 0x11, &[&v4[..], b"\x03\x00\x01x"].concat()),
                client("192.0.2.7", ""),
            ),
            (version_2(0x21, 0x21, &v6), client("::1", "")),
            (version_2(0x20, 0, b""), Some((None, Vec::new()))),
            (version_2(0x21, 0x31, &[0; 216]), Some((None, Vec::new()))),
        ];
        for (input, expected) in cases {
            assert_eq!(
                parse(&input).await,
                expected,
                "{}",
                String::from_utf8_lossy(&input)
            );
        }
    }

    #[tokio::test]
    async fn header_malformed_or_absent_is_an_error() {
        let long = format!("PROXY TCP4 192.0.2.7 {} 1 2\r\n", "1".repeat(100));
        let cases = [
            b"".to_vec(),
            b"EHLO client.example\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 127.0.0.1 12345\r\n".to_vec(),
            b"PROXY TCP4 ::1 ::1 1 2\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 127.0.0.1 1 65536\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 127.0.0.1 1 2 3\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 127.0.0.1 1 2".to_vec(),
            b"PROXY \xff\r\n".to_vec(),
            long.into_bytes(),
            b"\r\n\r\n\0\r\nQUIT!\x21\x11\0\0".to_vec(),
            version_2(0x11, 0x11, &[0; 12]),
            version_2(0x22, 0x11, &[0; 12]),
            version_2(0x21, 0x11, &[0; 11]),
            version_2(0x21, 0x21, &[0; 12]),
            version_2(0x21, 0x11, &[0; 2049]),
        ];
        for input in cases {
            assert_eq!(parse(&input).await, None, "{}", String::from_utf8_lossy(&input));
        }
    }
}
