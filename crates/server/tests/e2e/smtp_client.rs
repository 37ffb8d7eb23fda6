//! A client of the mail edge that logs in, one command at a time.

use std::net::SocketAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};

/// A session.
#[derive(Debug)]
pub(crate) struct SmtpClient(BufReader<TcpStream>);

impl SmtpClient {
    /// Connects, and says EHLO.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::connect_from([127, 0, 0, 1], address).await
    }

    /// Connects from an address of this machine, and says EHLO.
    pub(crate) async fn connect_from(client: [u8; 4], address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((client, 0).into()).expect("an own address");
        let stream = socket.connect(address).await.expect("a connection");
        let mut client = Self(BufReader::new(stream));
        assert!(client.reply().await.starts_with("220 "));
        let hello = client.command("EHLO app.example.com").await;
        assert!(hello.starts_with("250"), "{hello}");
        client
    }

    /// Sends a command. Returns the last line of the reply, empty if the server has closed.
    pub(crate) async fn command(&mut self, line: &str) -> String {
        if self.0.write_all(format!("{line}\r\n").as_bytes()).await.is_err() {
            return String::new();
        }
        self.reply().await
    }

    async fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.unwrap_or(0) == 0 {
                return String::new();
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return line;
            }
        }
    }

    /// Tries to log in with PLAIN. Returns the reply.
    pub(crate) async fn try_log_in(&mut self, username: &str, password: &str) -> String {
        let message = STANDARD.encode(format!("\0{username}\0{password}"));
        self.command(&format!("AUTH PLAIN {message}")).await
    }

    /// Logs in with PLAIN.
    pub(crate) async fn log_in(&mut self, username: &str, password: &str) {
        let reply = self.try_log_in(username, password).await;
        assert!(reply.starts_with("235 2.7.0 "), "{reply}");
    }

    /// Sends a mail whose lines need no dot. Returns the reply to MAIL or DATA that is no success, or the last one.
    pub(crate) async fn send(&mut self, sender: &str, recipients: &[&str], mail: &str) -> String {
        let reply = self.command(&format!("MAIL FROM:<{sender}>")).await;
        if !reply.starts_with("250 ") {
            return reply;
        }
        for recipient in recipients {
            let reply = self.command(&format!("RCPT TO:<{recipient}>")).await;
            if !reply.starts_with("250 ") {
                return reply;
            }
        }
        let reply = self.command("DATA").await;
        if !reply.starts_with("354 ") {
            return reply;
        }
        self.command(&format!("{mail}.")).await
    }
}
