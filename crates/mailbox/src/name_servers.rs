//! Whom this service asks about names.

use std::net::SocketAddr;

use hickory_resolver::{
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    system_conf::read_system_conf,
};

/// Returns these servers, or those of the system when there are none. Names are asked for as they are: no search list of the
/// system is tried with them.
pub(crate) fn name_servers(addresses: &[SocketAddr]) -> ResolverConfig {
    let servers = if addresses.is_empty() {
        read_system_conf().map_or_else(
            |error| {
                tracing::warn!(%error, "cannot read the system's DNS servers: no domain and no receiver of webhooks is found");
                Vec::new()
            },
            |(config, _)| config.name_servers().to_vec(),
        )
    } else {
        addresses.iter().map(server).collect()
    };
    ResolverConfig::from_parts(None, Vec::new(), servers)
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    server.connections = server.connections.into_iter().map(on_port).collect();
    server
}
