//! A scripted DNS server over UDP and TCP. It encodes RFC 1035 by hand, so that it shares no code with the resolver under
//! test.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// The largest UDP answer without EDNS (RFC 1035 4.2.1).
const MAX_UDP_BYTES: usize = 512;
const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const MX: u16 = 15;
const TXT: u16 = 16;

/// A running server. Its threads end with the test's process.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

/// The records of the server, and how it answers. A name `*.parent` is a wildcard for names under `parent` without records.
#[derive(Debug, Clone, Default)]
pub struct Zone {
    /// Name, type and data.
    records: Vec<(String, u16, Vec<u8>)>,
    behavior: DnsBehavior,
    /// The behavior over TCP, if it differs.
    over_tcp: Option<DnsBehavior>,
}

/// How the server answers queries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DnsBehavior {
    /// From the records.
    #[default]
    Answer,
    /// Does not answer.
    Silent,
    /// Sets the truncation flag, over TCP too.
    Truncated,
    /// Answers SERVFAIL, as a validating resolver does after a bad signature.
    ServFail,
    /// Answers REFUSED, as a server does that is not authoritative for the name.
    Refused,
    /// Answers with a referral to other name servers, as a lame server does.
    Referral,
    /// Answers with a record whose name is a compression pointer to itself.
    Malformed,
    /// Answers from the records under the id of another query.
    WrongId,
}

impl DnsServer {
    /// Starts a server without records.
    #[must_use]
    pub fn start() -> Self {
        let (udp, tcp) = (0..100)
            .find_map(|_| bind().ok())
            .expect("a port for UDP and TCP");
        let server = Self::over(udp);
        let over_tcp = server.zone.clone();
        thread::spawn(move || {
            for stream in tcp.incoming().flatten() {
                let zone = over_tcp.clone();
                // An error means that the client closed its connection.
                thread::spawn(move || drop(serve_tcp(stream, &zone)));
            }
        });
        server
    }

    /// Starts a server that listens on UDP only.
    #[must_use]
    pub fn start_without_tcp() -> Self {
        Self::over(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port for UDP"))
    }

    fn over(udp: UdpSocket) -> Self {
        let address = udp.local_addr().expect("an address");
        let zone = Arc::<Mutex<Zone>>::default();
        let over_udp = zone.clone();
        thread::spawn(move || serve_udp(&udp, &over_udp));
        Self { address, zone }
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the zone.
    pub fn publish(&self, zone: Zone) {
        *self.zone.lock().unwrap_or_else(PoisonError::into_inner) = zone;
    }
}

impl Zone {
    /// Adds a TXT record; a text over 255 bytes becomes several strings.
    #[must_use]
    pub fn txt(self, name: &str, text: &str) -> Self {
        let strings = text.as_bytes().chunks(255).flat_map(counted);
        let data = strings.collect();
        self.record(name, TXT, data)
    }

    /// Adds an MX record.
    #[must_use]
    pub fn mx(self, name: &str, priority: u16, host: &str) -> Self {
        let data = [&priority.to_be_bytes()[..], &wire(host)].concat();
        self.record(name, MX, data)
    }

    /// Adds an A record.
    #[must_use]
    pub fn a(self, name: &str, address: Ipv4Addr) -> Self {
        self.record(name, A, address.octets().to_vec())
    }

    /// Adds a CNAME record.
    #[must_use]
    pub fn cname(self, name: &str, target: &str) -> Self {
        self.record(name, CNAME, wire(target))
    }

    /// Sets the behavior.
    #[must_use]
    pub fn behavior(self, behavior: DnsBehavior) -> Self {
        Self { behavior, ..self }
    }

    /// Sets the behavior over TCP.
    #[must_use]
    pub fn over_tcp(self, behavior: DnsBehavior) -> Self {
        let over_tcp = Some(behavior);
        Self { over_tcp, ..self }
    }

    fn record(mut self, name: &str, record_type: u16, data: Vec<u8>) -> Self {
        self.records.push((name.to_owned(), record_type, data));
        self
    }

    /// Returns the records of a name and type; `None` if the name does not exist.
    fn find(&self, name: &str, asked: u16) -> Option<Vec<(u16, &[u8])>> {
        let is_there = |name: &str| self.records.iter().any(|(known, ..)| known == name);
        let wildcard = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        let name = if is_there(name) {
            name.to_owned()
        } else {
            wildcard.filter(|wildcard| is_there(wildcard))?
        };
        let found = self.records.iter().filter(|(known, record_type, _)| {
            *known == name && (*record_type == asked || *record_type == CNAME)
        });
        Some(
            found
                .map(|(_, record_type, data)| (*record_type, &data[..]))
                .collect(),
        )
    }

    /// Returns the answer to a query, without the size limit of UDP.
    fn answer(&self, query: &[u8], behavior: DnsBehavior) -> Option<Vec<u8>> {
        let (name, end) = question(query)?;
        let asked = u16::from_be_bytes([*query.get(end)?, *query.get(end + 1)?]);
        let (code, records) = match self.find(&name, asked) {
            Some(records) => (0, records),
            None => (3, Vec::new()),
        };
        match behavior {
            DnsBehavior::Silent => None,
            DnsBehavior::Answer => Some(message(query, end, code, false, &records)),
            DnsBehavior::Truncated => Some(message(query, end, code, true, &records)),
            DnsBehavior::ServFail => Some(message(query, end, 2, false, &[])),
            DnsBehavior::Refused => Some(message(query, end, 5, false, &[])),
            DnsBehavior::Referral => Some(referral(query, end)),
            DnsBehavior::Malformed => {
                let mut answer = message(query, end, 0, false, &[(TXT, b"")]);
                let name_at = u8::try_from(end + 4).expect("a short name");
                answer[end + 5] = name_at;
                Some(answer)
            }
            DnsBehavior::WrongId => {
                let mut answer = message(query, end, code, false, &records);
                answer[0] ^= 1;
                Some(answer)
            }
        }
    }
}

fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok((UdpSocket::bind(tcp.local_addr()?)?, tcp))
}

fn serve_udp(socket: &UdpSocket, zone: &Mutex<Zone>) {
    let mut query = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut query) {
        let zone = zone.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(mut answer) = zone.answer(&query[..length], zone.behavior) else {
            continue;
        };
        if answer.len() > MAX_UDP_BYTES {
            let end = question(&query[..length]).map_or(12, |(_, end)| end);
            answer = message(&query[..length], end, 0, true, &[]);
        }
        // The client may have closed its socket.
        let _ = socket.send_to(&answer, from);
    }
}

fn serve_tcp(mut stream: TcpStream, zone: &Mutex<Zone>) -> io::Result<()> {
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query)?;
        let zone = zone.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(answer) = zone.answer(&query, zone.over_tcp.unwrap_or(zone.behavior)) {
            let length = u16::try_from(answer.len()).expect("an answer of 64 KiB at most");
            stream.write_all(&[&length.to_be_bytes()[..], &answer].concat())?;
        }
    }
}

/// Returns the name of a query, and the offset of its type.
fn question(query: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
}

/// Encodes an answer: the question, whose type is at offset `end`, and records under the name of the question.
fn message(query: &[u8], end: usize, code: u8, is_truncated: bool, records: &[(u16, &[u8])]) -> Vec<u8> {
    let count = u16::try_from(records.len()).expect("few records").to_be_bytes();
    // QR, AA and RD; TC if truncated.
    let flags = 0x85 | (u8::from(is_truncated) << 1);
    let head = [flags, 0x80 | code, 0, 1, count[0], count[1], 0, 0, 0, 0];
    let mut answer = [&query[..2], &head, &query[12..end + 4]].concat();
    for (record_type, data) in records {
        // The name as a pointer to the question, the class, a TTL of a minute.
        answer.extend_from_slice(&[0xc0, 12]);
        answer.extend_from_slice(&record_type.to_be_bytes());
        answer.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
        let length = u16::try_from(data.len()).expect("data of 64 KiB at most");
        answer.extend_from_slice(&length.to_be_bytes());
        answer.extend_from_slice(data);
    }
    answer
}

/// Encodes a referral: NS records in the authority section, none in the answer section.
fn referral(query: &[u8], end: usize) -> Vec<u8> {
    let mut answer = message(query, end, 0, false, &[(NS, &wire("ns.elsewhere.example"))]);
    // Without AA and RA, and with the record in the authority section.
    answer[2..4].copy_from_slice(&[0x81, 0]);
    answer[6..10].copy_from_slice(&[0, 0, 0, 1]);
    answer
}

/// Encodes a name as labels.
fn wire(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| counted(label.as_bytes()));
    labels.chain([0]).collect()
}

/// Encodes a character string: a length byte and up to 255 bytes.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let count = u8::try_from(bytes.len()).expect("255 bytes at most");
    [&[count], bytes].concat()
}
