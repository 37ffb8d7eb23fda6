//! Connections through a balancer that speaks the PROXY protocol.

use std::net::SocketAddr;

use mayfly_runtime::config::List;
use mayfly_smtp::Config;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::world::{World, soon};

async fn world(trusted: &str) -> World {
    World::with_edge(Config {
        trusted_proxies: List(vec![trusted.parse().unwrap()]),
        max_connections_per_client: 1,
        ..Config::default()
    })
    .await
}

/// Connects, sends a header, and returns the first reply; empty when the edge closes.
async fn greeted(address: SocketAddr, header: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(header.as_bytes()).await.unwrap();
    let mut reply = vec![0; 512];
    let length = soon("a greeting", stream.read(&mut reply)).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&reply[..length]).into_owned();
    (stream, text)
}

#[tokio::test]
async fn proxy_header_counts_limits_for_the_client() {
    let world = world("127.0.0.0/8").await;
    let header = |client: u8| format!("PROXY TCP4 192.0.2.{client} 127.0.0.1 1 25\r\n");
    let (first, reply) = greeted(world.smtp, &header(1)).await;
    assert!(reply.starts_with("220 "), "{reply}");
    let (_, reply) = greeted(world.smtp, &header(1)).await;
    assert!(reply.starts_with("421 "), "{reply}");
    let (_second, reply) = greeted(world.smtp, &header(2)).await;
    assert!(reply.starts_with("220 "), "{reply}");
    drop(first);
    let (_, reply) = greeted(world.smtp, "EHLO client.example\r\n").await;
    assert_eq!(reply, "", "a trusted proxy without a header is closed");
}

#[tokio::test]
async fn proxy_header_of_a_stranger_is_input() {
    let world = world("192.0.2.0/24").await;
    let header = "PROXY TCP4 192.0.2.1 127.0.0.1 1 25\r\n";
    let (_stream, reply) = greeted(world.smtp, header).await;
    assert!(reply.starts_with("554 ") || reply.starts_with("220 "), "{reply}");
}
