//! No mail leaves: the process is in a network namespace, and every packet that it sends elsewhere is counted.

use std::process::{Child, Command};

use crate::world::{World, enter};

/// Mail to a hundred foreign domains, with and without a login.
const SEND: &str = r"
import os, smtplib
for n in range(100):
    with smtplib.SMTP('127.0.0.1', int(os.environ['PORT'])) as smtp:
        if n % 2: smtp.login('any', 'thing')
        to = [f'ann@foreign{n}.example', f'bob@mx{n}.example']
        assert smtp.sendmail('app@example.com', to, 'Subject: x\r\n\r\nx\r\n') == {}
";

/// A program that keeps the network namespace when the process has ended.
struct Keeper(Child);

impl Keeper {
    fn enter(&self, program: &str) -> Command {
        enter(self.0.id(), program)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns how many packets have left.
fn counted(keeper: &Keeper) -> u64 {
    let list = ["list", "counter", "inet", "out", "left"];
    let output = keeper.enter("nft").args(list).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, packets) = text.split_once("packets ").unwrap_or_else(|| panic!("{text}"));
    packets.split(' ').next().unwrap().parse().unwrap()
}

fn must_succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

#[tokio::test]
async fn open_server_opens_no_connection() {
    let mut world = World::start_in_own_network(&[("MAYFLY_SMTP__SANDBOX", "open")]);
    let keeper = Keeper(world.enter("sleep").arg("infinity").spawn().unwrap());
    // A route to everywhere, so that an attempt is a packet and not an error, and a count of what takes it.
    for line in [
        "link add away type veth peer name nowhere",
        "link set nowhere up",
        "link set away up",
        "address add 192.0.2.1/24 dev away",
        "route add default via 192.0.2.254 dev away",
        "neighbour add 192.0.2.254 lladdr 02:00:00:00:00:01 dev away",
    ] {
        must_succeed(world.enter("ip").args(line.split(' ')));
    }
    for rule in [
        "add table inet out",
        "add counter inet out left",
        "add chain inet out output { type filter hook output priority 0; }",
        "add rule inet out output oifname != lo meta l4proto { tcp, udp } counter name left",
    ] {
        must_succeed(world.enter("nft").arg(rule));
    }
    // The rule counts: a connection of another program.
    let before = counted(&keeper);
    let connect = ["1", "bash", "-c", ": < /dev/tcp/198.51.100.1/25"];
    let _ = world.enter("timeout").args(connect).output();
    let tried = counted(&keeper);
    assert!(tried > before, "the rule counts what leaves");
    let port = world.smtp().port().to_string();
    let send = ["-c", SEND];
    must_succeed(world.enter("python3").args(send).env("PORT", port));
    // It completes its tasks first, and an ended process sends nothing.
    assert_eq!(world.process("smtp").terminate(), Some(0));
    assert_eq!(counted(&keeper) - tried, 0, "packets of the process");
}
