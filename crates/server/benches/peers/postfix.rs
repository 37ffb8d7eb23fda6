//! The peers of the mail edge: Postfix that delivers to a Maildir, and `smtp-sink` that keeps nothing.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

use crate::{
    lab::{Lab, set_mode},
    programs::{Server, find, free_address, run},
};

const MASTER: &str = "
cleanup  unix n - n - 0 cleanup
qmgr     unix n - n 300 1 qmgr
rewrite  unix - - n - - trivial-rewrite
bounce   unix - - n - 0 bounce
defer    unix - - n - 0 bounce
error    unix - - n - - error
retry    unix - - n - - error
proxymap unix - - n - - proxymap
virtual  unix - n n - - virtual
anvil    unix - - n - 1 anvil
";

pub(crate) struct Postfix {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    maildir: PathBuf,
}

impl Postfix {
    /// Starts a Postfix in one directory, without its delay for fast senders. It needs root, as
    /// Postfix does.
    pub(crate) fn start(lab: &Lab) -> anyhow::Result<Self> {
        Self::start_in(&lab.dir.path().join("postfix"), "")
    }

    /// Starts one that a client can log in to with SASL.
    pub(crate) fn start_with_login(lab: &Lab, username: &str, password: &str) -> anyhow::Result<Self> {
        let dir = lab.dir.path().join("postfix-sasl");
        // Debian's Postfix searches its settings of SASL here.
        let sasl_dir = dir.join("conf/sasl");
        fs::create_dir_all(&sasl_dir)?;
        let passwords = dir.join("sasldb2");
        let mut add = Command::new(find("saslpasswd2")?);
        add.args(["-p", "-c", "-u", "peer.test", "-f"])
            .arg(&passwords)
            .arg(username);
        let mut add = add.stdin(Stdio::piped()).spawn()?;
        write!(add.stdin.take().context("a pipe")?, "{password}")?;
        ensure!(add.wait()?.success(), "saslpasswd2 failed");
        set_mode(&passwords, 0o644)?;
        let sasl = format!(
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\nsasldb_path: {}\n",
            passwords.display()
        );
        fs::write(sasl_dir.join("smtpd.conf"), sasl)?;
        let settings = "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_local_domain = peer.test\n\
                        smtpd_recipient_restrictions = permit_sasl_authenticated, reject\n";
        Self::start_in(&dir, settings)
    }

    fn start_in(dir: &Path, settings: &str) -> anyhow::Result<Self> {
        let uid = |option| run(Command::new("id").args([option, "postfix"])).map(|id| id.trim().to_owned());
        ensure!(
            run(Command::new("id").arg("-u"))?.trim() == "0",
            "Postfix starts as root only"
        );
        let (user, group) = (uid("-u")?, uid("-g")?);
        let address = free_address()?;
        for name in ["conf", "queue", "data", "mail"] {
            fs::create_dir_all(dir.join(name))?;
        }
        for name in ["data", "mail"] {
            std::os::unix::fs::chown(dir.join(name), Some(user.parse()?), None)?;
        }
        set_mode(&dir.join("mail"), 0o755)?;
        let here = dir.display();
        let main = format!(
            "compatibility_level = 3.6
queue_directory = {here}/queue
data_directory = {here}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = peer.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
in_flow_delay = 0
virtual_mailbox_domains = mayfly.test
virtual_mailbox_base = {here}/mail
virtual_mailbox_maps = static:box/
virtual_mailbox_limit = 0
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{group}
{settings}"
        );
        fs::write(dir.join("conf/main.cf"), main)?;
        fs::write(
            dir.join("conf/master.cf"),
            format!("{address} inet n - n - 100 smtpd{MASTER}"),
        )?;
        run(Command::new(find("postfix")?)
            .arg("-c")
            .arg(dir.join("conf"))
            .arg("check"))?;
        let mut master = Command::new(find("master")?);
        master
            .arg("-c")
            .arg(dir.join("conf"))
            .arg("-s")
            .env("MAIL_CONFIG", dir.join("conf"));
        Ok(Self {
            server: Server::start(&mut master, address)?,
            address,
            maildir: dir.join("mail/box"),
        })
    }

    pub(crate) fn delivered(&self) -> usize {
        fs::read_dir(self.maildir.join("new")).map_or(0, Iterator::count)
    }

    pub(crate) fn forget(&self) -> std::io::Result<()> {
        fs::remove_dir_all(&self.maildir)
    }
}

/// Starts `smtp-sink`.
pub(crate) fn sink() -> anyhow::Result<(Server, SocketAddr)> {
    let address = free_address()?;
    let mut sink = Command::new(find("smtp-sink")?);
    sink.args(["-u", "nobody", &address.to_string(), "256"]);
    Ok((Server::start(&mut sink, address)?, address))
}
