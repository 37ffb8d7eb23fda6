//! Third-party clients run a sign-up test: each creates a mailbox, follows it, sends a mail to it over SMTP, and reads the
//! code.

use std::process::Command;

use crate::world::{Kind, World};

/// Runs a client with the API, the SMTP server and a mailbox name; it prints the received code.
fn run(world: &World, name: &str, command: &mut Command) {
    let smtp = world.smtp();
    command
        .env("BASE", world.http())
        .env("SMTP_HOST", smtp.ip().to_string())
        .env("SMTP_PORT", smtp.port().to_string())
        .env("NAME", name);
    let output = command.output().expect("the client runs");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{name}: {stdout}{stderr}");
    assert_eq!(stdout.trim(), "482913", "{name}: {stderr}");
}

const PYTHON: &str = r#"
import json, os, smtplib, urllib.request, websocket
base, name = os.environ["BASE"], os.environ["NAME"] + "@mayfly.test"
def call(path, body):
    request = urllib.request.Request(base + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))
token = call("/api/accounts", {"address": name, "password": "correct horse"})["token"]
socket = websocket.create_connection(base.replace("http", "ws", 1) + "/api/ws", timeout=20, suppress_origin=True)
socket.send(json.dumps({"type": "auth", "token": token}))
assert json.loads(socket.recv()) == {"type": "auth_ok"}
sender = smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]))
sender.sendmail("shop@example.com", [name], "Subject: Welcome\r\n\r\nYour code is 482913.\r\n")
print(json.loads(socket.recv())["codes"][0]["value"])
"#;

const NODE: &str = r#"
import net from "node:net";
import WebSocket from "ws";
const { BASE, NAME, SMTP_HOST, SMTP_PORT } = process.env;
const address = `${NAME}@mayfly.test`;
const answer = await fetch(`${BASE}/api/accounts`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ address, password: "correct horse" }),
});
const { token } = await answer.json();
const socket = new WebSocket(`${BASE.replace("http", "ws")}/api/ws`);
const send = () => {
  const lines = ["EHLO test", "MAIL FROM:<shop@example.com>", `RCPT TO:<${address}>`, "DATA",
    "Subject: Welcome\r\n\r\nYour code is 482913.\r\n.", "QUIT"];
  const smtp = net.connect(Number(SMTP_PORT), SMTP_HOST);
  let answer = "";
  smtp.on("data", (bytes) => {
    answer += bytes;
    // The last line of an answer has no hyphen.
    if (/^\d{3} .*\r\n$/m.test(answer)) { answer = ""; const line = lines.shift(); if (line) smtp.write(`${line}\r\n`); }
  });
};
socket.on("open", () => socket.send(JSON.stringify({ type: "auth", token })));
socket.on("message", (data) => {
  const frame = JSON.parse(data);
  if (frame.type === "auth_ok") send();
  if (frame.type === "new_email") { console.log(frame.codes[0].value); socket.close(); }
});
setTimeout(() => process.exit(1), 20000).unref();
"#;

const CURL: &str = r#"
set -eu
json() { python3 -c "import json,sys; print(json.load(sys.stdin)$1)"; }
token=$(curl -sf -X POST "$BASE/api/accounts" -H 'Content-Type: application/json' -d "{\"address\":\"$NAME@mayfly.test\",\"password\":\"correct horse\"}" | json '["token"]')
since=$(curl -sf -D - -o /dev/null -H "Authorization: Bearer $token" "$BASE/api/messages/wait?timeout=0" | tr -d '\r' | sed -n 's/^x-mayfly-since: //p')
curl -sN -H "Authorization: Bearer $token" -H "Last-Event-ID: $since" "$BASE/api/events" --max-time 20 > "$TMP/events" &
swaks --server "$SMTP_HOST:$SMTP_PORT" --from shop@example.com --to "$NAME@mayfly.test" --header 'Subject: Welcome' --body 'Your code is 482913.' > /dev/null
code=$(curl -sf -H "Authorization: Bearer $token" "$BASE/api/messages/wait?since=$since&has_code=true&timeout=20" | json '["messages"][0]["codes"][0]["value"]')
for _ in $(seq 100); do grep -q new_email "$TMP/events" && break; sleep 0.1; done
grep -q "\"codes\":\[{\"value\":\"$code\"" "$TMP/events"
kill %1
echo "$code"
"#;

#[tokio::test]
async fn sign_up_code_reaches_third_party_clients() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let world = World::start(Kind::AllInOne);
    let python = format!("{root}/target/tools/clients/bin/python");
    run(&world, "python", Command::new(python).args(["-c", PYTHON]));
    let mut node = crate::node::command();
    run(&world, "node", node.args(["--input-type=module", "-e", NODE]));
    let dir = tempfile::tempdir().unwrap();
    run(
        &world,
        "curl",
        Command::new("bash").args(["-c", CURL]).env("TMP", dir.path()),
    );
}
