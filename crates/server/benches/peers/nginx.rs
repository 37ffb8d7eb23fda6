//! The peer of the gateway: nginx with `auth_request` to one upstream and `proxy_pass` to another.

use std::{fs, process::Command};

use crate::{
    lab::Lab,
    programs::{Server, find, free_address},
};

pub(crate) struct Nginx {
    pub(crate) server: Server,
    /// The public address; `/<name>` returns as many bytes as were configured for that name.
    pub(crate) url: String,
}

/// Starts nginx as proxy and as both upstreams: two workers, no `reuseport`, since on two cores that is its fastest.
pub(crate) fn start(lab: &Lab, answers: &[(&str, usize)]) -> anyhow::Result<Nginx> {
    let dir = lab.dir.path().join("nginx");
    fs::create_dir_all(&dir)?;
    let (public, auth, app) = (free_address()?, free_address()?, free_address()?);
    let here = dir.display();
    let answers: String = answers.iter().map(|(name, bytes)| answer(name, *bytes)).collect();
    let upstream = |name, address| {
        format!("upstream {name} {{ server {address}; keepalive 256; keepalive_requests 1000000000; }}")
    };
    let upstreams = upstream("auth", auth) + &upstream("app", app);
    let config = format!(
        r#"
daemon off; worker_processes 2; pid {here}/pid; error_log {here}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/fastcgi;
  uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;
  proxy_http_version 1.1; proxy_set_header Connection "";
  {upstreams}
  server {{ listen {auth}; location / {{ return 204; }} }}
  server {{ listen {app}; {answers} }}
  server {{
    listen {public};
    location / {{ auth_request /auth; proxy_pass http://app; }}
    location = /auth {{
      internal; proxy_pass http://auth; proxy_pass_request_body off; proxy_set_header Content-Length "";
    }}
  }}
}}
"#
    );
    let path = dir.join("nginx.conf");
    fs::write(&path, config)?;
    let server = Server::start(Command::new(find("nginx")?).arg("-c").arg(&path), public)?;
    Ok(Nginx {
        server,
        url: format!("http://{public}"),
    })
}

/// One word of nginx's configuration holds less than 4 KiB, so a long answer repeats a variable.
fn answer(name: &str, bytes: usize) -> String {
    let (thousands, rest) = (bytes / 1000, bytes % 1000);
    let (chunk, rest) = ("x".repeat(1000), "x".repeat(rest));
    let body = "${chunk}".repeat(thousands);
    format!("location = /{name} {{ set $chunk {chunk}; return 200 \"{body}{rest}\"; }}\n")
}
