//! A DNS server of one's own, over UDP and TCP, that says what a test has it say: RFC 1035 in bytes, so that nothing is
//! shared with what asks it.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// What goes over UDP without being asked for more.
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

/// What is asked for, and what is answered. A name `*.parent` answers for those under `parent` that are not there.
#[derive(Debug, Clone, Default)]
pub struct Zone {
    /// Name, type and data.
    records: Vec<(String, u16, Vec<u8>)>,
    manner: Manner,
    /// How they are met over TCP, when it is another manner.
    over_tcp: Option<Manner>,
}

/// How questions are met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    /// By the records.
    #[default]
    Answering,
    /// Not at all.
    Silent,
    /// By saying that there is more, over TCP too.
    Truncating,
    /// By SERVFAIL, as a resolver does that finds a wrong signature.
    Failing,
    /// By REFUSED, as a server does that knows nothing of the name.
    Refusing,
    /// By naming servers that should be asked, as one does that the name was given to and that does not serve it.
    Referring,
    /// By a record whose name is a pointer to itself.
    Babbling,
    /// By the records, as the answer to another question.
    Mistaking,
}

impl DnsServer {
    /// Starts a server that knows nothing.
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
                // A client that goes away ends its connection.
                thread::spawn(move || drop(serve_tcp(stream, &zone)));
            }
        });
        server
    }

    /// Starts a server that nobody can reach over TCP.
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

    /// Returns where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says something else from now on.
    pub fn publish(&self, zone: Zone) {
        *self.zone.lock().unwrap_or_else(PoisonError::into_inner) = zone;
    }
}

impl Zone {
    /// Adds a text of any length.
    #[must_use]
    pub fn txt(self, name: &str, text: &str) -> Self {
        let strings = text.as_bytes().chunks(255).flat_map(counted);
        let data = strings.collect();
        self.record(name, TXT, data)
    }

    /// Adds a mail server.
    #[must_use]
    pub fn mx(self, name: &str, priority: u16, host: &str) -> Self {
        let data = [&priority.to_be_bytes()[..], &wire(host)].concat();
        self.record(name, MX, data)
    }

    /// Adds an address.
    #[must_use]
    pub fn a(self, name: &str, address: Ipv4Addr) -> Self {
        self.record(name, A, address.octets().to_vec())
    }

    /// Makes a name another name for another.
    #[must_use]
    pub fn cname(self, name: &str, target: &str) -> Self {
        self.record(name, CNAME, wire(target))
    }

    /// Meets questions in a manner.
    #[must_use]
    pub fn manner(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    /// Meets questions over TCP in a manner of its own.
    #[must_use]
    pub fn over_tcp(self, manner: Manner) -> Self {
        let over_tcp = Some(manner);
        Self { over_tcp, ..self }
    }

    fn record(mut self, name: &str, record_type: u16, data: Vec<u8>) -> Self {
        self.records.push((name.to_owned(), record_type, data));
        self
    }

    /// Returns the records of a name, or none when it is not there.
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

    /// Answers a question in whole, or does not.
    fn answer(&self, query: &[u8], manner: Manner) -> Option<Vec<u8>> {
        let (name, end) = question(query)?;
        let asked = u16::from_be_bytes([*query.get(end)?, *query.get(end + 1)?]);
        let (code, records) = match self.find(&name, asked) {
            Some(records) => (0, records),
            None => (3, Vec::new()),
        };
        match manner {
            Manner::Silent => None,
            Manner::Answering => Some(message(query, end, code, false, &records)),
            Manner::Truncating => Some(message(query, end, code, true, &records)),
            Manner::Failing => Some(message(query, end, 2, false, &[])),
            Manner::Refusing => Some(message(query, end, 5, false, &[])),
            Manner::Referring => Some(referral(query, end)),
            Manner::Babbling => {
                let mut answer = message(query, end, 0, false, &[(TXT, b"")]);
                let name_at = u8::try_from(end + 4).expect("a short name");
                answer[end + 5] = name_at;
                Some(answer)
            }
            Manner::Mistaking => {
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
        let Some(mut answer) = zone.answer(&query[..length], zone.manner) else {
            continue;
        };
        if answer.len() > MAX_UDP_BYTES {
            let end = question(&query[..length]).map_or(12, |(_, end)| end);
            answer = message(&query[..length], end, 0, true, &[]);
        }
        // Whoever asked may be gone.
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
        if let Some(answer) = zone.answer(&query, zone.over_tcp.unwrap_or(zone.manner)) {
            let length = u16::try_from(answer.len()).expect("an answer of 64 KiB at most");
            stream.write_all(&[&length.to_be_bytes()[..], &answer].concat())?;
        }
    }
}

/// Returns the name that a query asks for, and where its type stands.
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

/// Writes an answer: the question again, whose type stands at `end`, and the records, whose name is that of the question.
fn message(query: &[u8], end: usize, code: u8, is_cut: bool, records: &[(u16, &[u8])]) -> Vec<u8> {
    let count = u16::try_from(records.len()).expect("few records").to_be_bytes();
    // A response, authoritative, with recursion; cut or not.
    let flags = 0x85 | (u8::from(is_cut) << 1);
    let head = [flags, 0x80 | code, 0, 1, count[0], count[1], 0, 0, 0, 0];
    let mut answer = [&query[..2], &head, &query[12..end + 4]].concat();
    for (record_type, data) in records {
        // The name by a pointer to the question, the class, a minute to live.
        answer.extend_from_slice(&[0xc0, 12]);
        answer.extend_from_slice(&record_type.to_be_bytes());
        answer.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
        let length = u16::try_from(data.len()).expect("data of 64 KiB at most");
        answer.extend_from_slice(&length.to_be_bytes());
        answer.extend_from_slice(data);
    }
    answer
}

/// Writes an answer that knows others who may know: their names stand where no answer does.
fn referral(query: &[u8], end: usize) -> Vec<u8> {
    let mut answer = message(query, end, 0, false, &[(NS, &wire("ns.elsewhere.example"))]);
    // Neither authoritative nor ready to ask others, and the record is not of the answer.
    answer[2..4].copy_from_slice(&[0x81, 0]);
    answer[6..10].copy_from_slice(&[0, 0, 0, 1]);
    answer
}

/// A name, label by label.
fn wire(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| counted(label.as_bytes()));
    labels.chain([0]).collect()
}

/// Up to 255 bytes behind their count.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let count = u8::try_from(bytes.len()).expect("255 bytes at most");
    [&[count], bytes].concat()
}
