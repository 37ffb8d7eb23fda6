//! An S3 server for one test: moto, with one bucket, and a proxy in front of it that fails as networks and servers do.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    path::Path,
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::server::{command, free_port};

const START_DEADLINE: Duration = Duration::from_secs(60);
/// The bucket.
const BUCKET: &str = "mail";

/// What the proxy does with each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum S3Fault {
    /// It passes the call on.
    None,
    /// It closes the connection before the server learns of the call.
    Cut,
    /// It answers 503 SlowDown in place of the server.
    SlowDown,
    /// It passes the call on and closes the connection in place of the answer.
    LoseAnswer,
    /// It keeps the connection open and never answers.
    Hang,
}

/// A running server. It keeps objects in memory.
#[derive(Debug)]
pub struct S3Server {
    child: Child,
    port: u16,
    proxy: u16,
    fault: Arc<AtomicU8>,
    calls: Arc<AtomicUsize>,
}

impl S3Server {
    /// Starts a server with an empty bucket.
    #[must_use]
    pub fn start() -> Self {
        let port = free_port();
        let program =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/clients/bin/moto_server");
        let child = command(&program.display().to_string(), "KILL", None)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto_server starts: `deploy/tools.sh` installs it");
        let deadline = Instant::now() + START_DEADLINE;
        while ask(port, "PUT", &format!("/{BUCKET}")).is_err() {
            assert!(Instant::now() < deadline, "moto_server does not answer");
            thread::sleep(Duration::from_millis(50));
        }
        let (fault, calls) = (Arc::new(AtomicU8::new(0)), Arc::new(AtomicUsize::new(0)));
        let proxy = serve_proxy(port, Arc::clone(&fault), Arc::clone(&calls));
        Self {
            child,
            port,
            proxy,
            fault,
            calls,
        }
    }

    /// Returns its endpoint, behind the proxy.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.proxy)
    }

    /// Returns the URL of the bucket for `blobs.url`.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "s3://{BUCKET}/blobs?region=us-east-1&endpoint={}",
            self.endpoint()
        )
    }

    /// Chooses what the proxy does from now on.
    pub fn set_fault(&self, fault: S3Fault) {
        self.fault.store(fault as u8, Ordering::Release);
    }

    /// Returns how many calls have come to the proxy.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Acquire)
    }

    /// Lists the keys of blobs in the bucket.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let mut keys = self.all_keys();
        keys.retain(|key| !key.ends_with("/mayfly-owner"));
        keys
    }

    /// Deletes an object.
    pub fn delete(&self, key: &str) {
        ask(self.port, "DELETE", &format!("/{BUCKET}/{key}")).expect("moto_server deletes");
    }

    fn all_keys(&self) -> Vec<String> {
        let listed = ask(self.port, "GET", &format!("/{BUCKET}?list-type=2")).expect("moto_server lists");
        let keys = listed.split("<Key>").skip(1);
        keys.filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned()))
            .collect()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(port: u16, method: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    // The server checks no signature, but some calls need a user.
    let user =
        "AWS4-HMAC-SHA256 Credential=id/20261201/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: {user}\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.starts_with("HTTP/1.1 20") {
        true => Ok(answer),
        false => Err(io::Error::other(answer)),
    }
}

/// Serves connections until the process ends.
fn serve_proxy(server: u16, fault: Arc<AtomicU8>, calls: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (fault, calls) = (Arc::clone(&fault), Arc::clone(&calls));
            // A client that goes away ends its connection only.
            thread::spawn(move || while let Ok(true) = pass_on(&client, server, &fault, &calls) {});
        }
    });
    port
}

/// Passes one call on. Returns false at the end of the connection.
fn pass_on(client: &TcpStream, server: u16, fault: &AtomicU8, calls: &AtomicUsize) -> io::Result<bool> {
    // Not shared between calls: the client sends the next one after the answer to this one.
    let mut reader = BufReader::new(client);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line == "\r\n" {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    calls.fetch_add(1, Ordering::AcqRel);
    let fault = fault.load(Ordering::Acquire);
    let mut client = client;
    if fault == S3Fault::Cut as u8 {
        client.shutdown(Shutdown::Both)?;
        return Ok(false);
    }
    if fault == S3Fault::Hang as u8 {
        // Until the client gives up.
        let _ = reader.read(&mut [0]);
        return Ok(false);
    }
    if fault == S3Fault::SlowDown as u8 {
        let body = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
        let head = format!("HTTP/1.1 503 Slow Down\r\nContent-Length: {}\r\n\r\n", body.len());
        client.write_all(format!("{head}{body}").as_bytes())?;
        return Ok(true);
    }
    let mut upstream = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
    upstream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    upstream.write_all(&body)?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    if fault != S3Fault::LoseAnswer as u8 {
        client.write_all(&answer)?;
    }
    client.shutdown(Shutdown::Both)?;
    Ok(false)
}
