//! No mail leaves: the process is in a network namespace, and every packet that it sends elsewhere is counted.

use std::{process::Command, time::Duration};

use crate::world::World;

/// Mail to a hundred foreign domains, with and without a login.
const SEND: &str = r"
import os, smtplib
for n in range(100):
    with smtplib.SMTP('127.0.0.1', int(os.environ['PORT'])) as smtp:
        if n % 2: smtp.login('any', 'thing')
        to = [f'ann@foreign{n}.example', f'bob@mx{n}.example']
        assert smtp.sendmail('app@example.com', to, 'Subject: x\r\n\r\nx\r\n') == {}
";

/// Returns how many packets have left.
fn counted(world: &World) -> u64 {
    let list = ["list", "counter", "inet", "out", "left"];
    let output = world.enter("nft").args(list).output().unwrap();
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
    let world = World::start_in_own_network(&[("MAYFLY_SMTP__SANDBOX", "open")]);
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
    let before = counted(&world);
    let connect = ["1", "bash", "-c", ": < /dev/tcp/198.51.100.1/25"];
    let _ = world.enter("timeout").args(connect).output();
    let tried = counted(&world);
    assert!(tried > before, "the rule counts what leaves");
    let port = world.smtp().port().to_string();
    let send = ["-c", SEND];
    must_succeed(world.enter("python3").args(send).env("PORT", port));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(counted(&world) - tried, 0, "packets of the process");
}
