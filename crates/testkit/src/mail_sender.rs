//! A low-level SMTP client: writes raw bytes, returns every reply.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// The reply to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The text after them; lines of a long reply are joined by `\n`.
    pub text: String,
}

/// One SMTP session.
#[derive(Debug)]
pub struct MailSender {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl MailSender {
    /// Connects and reads the greeting.
    ///
    /// # Errors
    /// When the server cannot be reached or ends the connection.
    pub async fn connect(address: SocketAddr) -> io::Result<(Self, Reply)> {
        Self::greeted(TcpStream::connect(address).await?).await
    }

    /// Connects from another loopback address, as another client, and reads the greeting.
    ///
    /// # Errors
    /// As [`MailSender::connect`].
    pub async fn connect_from(source: [u8; 4], address: SocketAddr) -> io::Result<(Self, Reply)> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((source, 0)))?;
        Self::greeted(socket.connect(address).await?).await
    }

    async fn greeted(stream: TcpStream) -> io::Result<(Self, Reply)> {
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let mut sender = Self {
            reader: BufReader::new(reader),
            writer,
        };
        let greeting = sender.read_reply().await?;
        Ok((sender, greeting))
    }

    /// Connects and sends EHLO.
    ///
    /// # Errors
    /// When the connection fails, or the server refuses the client.
    pub async fn ready(address: SocketAddr) -> io::Result<Self> {
        let (mut sender, greeting) = Self::connect(address).await?;
        let hello = sender.command("EHLO client.example.com").await?;
        if greeting.code != 220 || hello.code != 250 {
            return Err(io::Error::other(format!("{greeting:?} {hello:?}")));
        }
        Ok(sender)
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes).await
    }

    /// Reads one reply, which may have several lines.
    ///
    /// # Errors
    /// When the connection ends or the reply is malformed.
    pub async fn read_reply(&mut self) -> io::Result<Reply> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end_matches(['\r', '\n']);
            let malformed = || io::Error::other(format!("not a reply: {line}"));
            let code = line
                .get(..3)
                .and_then(|code| code.parse().ok())
                .ok_or_else(malformed)?;
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply {
                    code,
                    text: lines.join("\n"),
                });
            }
        }
    }

    /// Sends a command and reads its reply.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn command(&mut self, command: &str) -> io::Result<Reply> {
        self.write(format!("{command}\r\n").as_bytes()).await?;
        self.read_reply().await
    }

    /// Sends a mail to several recipients; returns the reply to the first command that was refused, else to the mail.
    ///
    /// # Errors
    /// When the connection is lost: the fate of the mail is unknown then.
    pub async fn send(&mut self, from: &str, recipients: &[&str], mail: &[u8]) -> io::Result<Reply> {
        let reply = self.command(&format!("MAIL FROM:<{from}>")).await?;
        if reply.code != 250 {
            return Ok(reply);
        }
        for recipient in recipients {
            let reply = self.command(&format!("RCPT TO:<{recipient}>")).await?;
            if reply.code != 250 {
                return Ok(reply);
            }
        }
        let reply = self.command("DATA").await?;
        if reply.code != 354 {
            return Ok(reply);
        }
        self.write(&stuffed(mail)).await?;
        self.read_reply().await
    }
}

/// Dot-stuffs a mail and appends the final dot. The mail must end with CRLF.
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + 64);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b".\r\n");
    out
}
