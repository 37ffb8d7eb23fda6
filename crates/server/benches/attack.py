#!/usr/bin/env python3
"""One client against everybody: p50 and p99 of eight clients (127.0.0.2-9) without and during attacks of one (127.0.0.66).

  attack.py --binary PATH [--seconds 10] [--only a,b] [--victims 8] [--json FILE] [--equal] [--pin] [--control]
  attack.py --url http://127.0.0.1:8080 --smtp 127.0.0.1:2525 ...

With --binary it starts a server of its own on free ports of loopback, with data in a temporary directory, and stops it at the end.
Traffic goes to loopback only. Clients of a real server run on other machines: the eight have the highest priority of the
scheduler here, and attack programs the lowest. --equal gives all the same one. --pin puts attack programs on the last
processor. A ratio is p99 during the attack / p99 right before it. With --control (and --binary) each attack is repeated
against a second server, while the eight clients stay at the first: "machine" is that ratio, which nothing in the first
server can lower.
"""
import argparse, asyncio, json, multiprocessing as mp, os, random, select, shutil, signal, socket, statistics, subprocess, sys
import tempfile, time, urllib.parse

ATTACKER = "127.0.0.66"
TIMEOUT = 10.0
assert all(a.startswith("127.") for a in [ATTACKER])


# ---------------------------------------------------------------- clients
class Http:
    def __init__(self, base, source):
        self.host, self.port = base
        self.source, self.reader, self.writer = source, None, None

    async def request(self, method, path, headers=(), body=b""):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port, local_addr=(self.source, 0), limit=1 << 20)
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{k}: {v}\r\n" for k, v in headers)
        self.writer.write(head.encode() + b"\r\n" + body)
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status = int(head.split(" ", 2)[1])
            fields = dict(l.split(": ", 1) for l in head.lower().split("\r\n")[1:] if ": " in l)
            if "content-length" in fields:
                data = await self.reader.readexactly(int(fields["content-length"]))
            elif fields.get("transfer-encoding") == "chunked":
                data = b""
                while True:
                    size = int((await self.reader.readline()).split(b";")[0], 16)
                    data += (await self.reader.readexactly(size + 2))[:-2]
                    if size == 0:
                        break
            else:
                data = b""
            if fields.get("connection") == "close":
                self.close()
            return status, data
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


class Smtp:
    def __init__(self, address, source):
        self.address, self.source, self.reader, self.writer = address, source, None, None

    async def reply(self):
        while True:
            line = await self.reader.readline()
            if not line:
                raise ConnectionError("closed")
            if line[3:4] != b"-":
                return line.decode("latin-1").strip()

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection(*self.address, local_addr=(self.source, 0))
        greeting = await self.reply()
        if not greeting.startswith("220"):
            raise ConnectionError(greeting)
        await self.command("EHLO victim.example")

    async def command(self, text):
        self.writer.write(text.encode() + b"\r\n")
        return await self.reply()

    async def send(self, recipients, message):
        if self.writer is None:
            await self.open()
        try:
            for text in ["MAIL FROM:<a@shop.example>", *[f"RCPT TO:<{r}>" for r in recipients], "DATA"]:
                answer = await self.command(text)
                if answer[0] not in "23":
                    await self.command("RSET")
                    return answer
            self.writer.write(message + b"\r\n.\r\n")
            await self.writer.drain()
            return await self.reply()
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


def mail(size=0, html=False, subject="hello"):
    kind = "text/html" if html else "text/plain"
    head = f"From: a@shop.example\r\nTo: b@mayfly.test\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n"
    line = ('<div style="color:red"><p class="x">words <b>and</b> <a href="https://a.example/x">links</a></p></div>' if html
            else "The quick brown fox jumps over the lazy dog and so on and so on.") + "\r\n"
    return (head + line * max(1, size // len(line))).encode()


async def account(base, source):
    http = Http(base, source)
    name = f"v{random.getrandbits(48):012x}@mayfly.test"
    body = json.dumps({"address": name, "password": "correct horse battery"}).encode()
    status, data = await http.request("POST", "/api/accounts", [("Content-Type", "application/json")], body)
    if status >= 300:
        raise RuntimeError(f"no mailbox: {status} {data[:200]}")
    http.close()
    return name, json.loads(data)["token"]


# ---------------------------------------------------------------- victims
class Victims:
    def __init__(self, base, smtp, count):
        self.base, self.smtp, self.count, self.samples, self.refused = base, smtp, count, {}, {}

    async def prepare(self):
        self.all = []
        for n in range(self.count):
            source = f"127.0.0.{2 + n}"
            name, token = await account(self.base, source)
            sender = Smtp(self.smtp, source)
            await sender.send([name], mail())
            self.all.append((source, name, token, Http(self.base, source), sender))

    async def measure(self, seconds):
        self.samples, self.refused = {}, {}
        end = time.monotonic() + seconds
        await asyncio.gather(*[self.run(v, end) for v in self.all])
        return self.samples, self.refused

    async def timed(self, kind, call):
        started = time.perf_counter()
        try:
            status, data = await asyncio.wait_for(call, TIMEOUT)
            bad = None if status < 300 else f"{kind} {status}"
        except Exception as error:
            data, bad = b"", f"{kind} {type(error).__name__}"
        self.samples.setdefault(kind, []).append(time.perf_counter() - started)
        if bad:
            self.refused[bad] = self.refused.get(bad, 0) + 1
        return data

    async def run(self, victim, end):
        source, name, token, http, sender = victim
        auth = [("Authorization", f"Bearer {token}")]
        last, n = None, 0
        await asyncio.sleep(random.random() * 0.05)
        while time.monotonic() < end:
            n += 1
            await self.timed("me", http.request("GET", "/api/me", auth))
            listed = await self.timed("list", http.request("GET", "/api/messages", auth))
            try:
                last = json.loads(listed)["messages"][0]["id"]
            except Exception:
                pass
            if last:
                await self.timed("read", http.request("GET", f"/api/messages/{last}", auth))
            if n % 3 == 0:
                await self.timed("mail", self.deliver(sender, name))
            await asyncio.sleep(0.02 + random.random() * 0.02)

    async def deliver(self, sender, name):
        answer = await sender.send([name], mail())
        return (200 if answer.startswith("250") else int(answer[:3])), b""


# ---------------------------------------------------------------- attacks; each runs in a process of its own until it is killed
def connect(address):
    s = socket.socket()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.bind((ATTACKER, 0))
    s.settimeout(10)
    s.connect(address)
    s.setblocking(False)
    return s


def flood(address, request, connections, batch=8):
    """Keeps every connection full of requests."""
    ep, sockets, request = select.epoll(), {}, request * batch

    def add():
        try:
            s = connect(address)
        except OSError:
            return
        sockets[s.fileno()] = [s, 0]
        ep.register(s.fileno(), select.EPOLLIN)
        try:
            s.send(request)
        except OSError:
            pass

    for _ in range(connections):
        add()
    while True:
        for fd, _ in ep.poll(1):
            entry = sockets[fd]
            try:
                data = entry[0].recv(1 << 18)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                ep.unregister(fd)
                entry[0].close()
                del sockets[fd]
                add()
                continue
            entry[1] += data.count(b"HTTP/1.1 ")
            if entry[1] >= batch:
                entry[1] = 0
                try:
                    entry[0].send(request)
                except OSError:
                    pass


def get(path, *headers, method="GET"):
    return (f"{method} {path} HTTP/1.1\r\nHost: a\r\n" + "".join(f"{h}\r\n" for h in headers) + "\r\n").encode()


class Attack:
    def __init__(self, name, setup, run, processes=1):
        self.name, self.setup, self.run, self.processes = name, setup, run, processes


async def one_mailbox(env, mails=()):
    name, token = await account(env["http"], ATTACKER)
    sender = Smtp(env["smtp"], ATTACKER)
    for message in mails:
        answer = await sender.send([name], message)
        if not answer.startswith("250"):
            raise RuntimeError(answer)
    sender.close()
    http = Http(env["http"], ATTACKER)
    _, data = await http.request("GET", "/api/messages", [("Authorization", f"Bearer {token}")])
    http.close()
    return {"address": name, "token": token, "ids": [m["id"] for m in json.loads(data)["messages"]]}


async def no_setup(env):
    return {}


def mailbox(*mails):
    return lambda env: one_mailbox(env, mails)


def mailboxes(count, *mails):
    async def setup(env):
        return {"boxes": [await one_mailbox(env, mails) for _ in range(count)]}
    return setup


def senders(message, connections, recipients=None):
    def run(env, got):
        async def one():
            sender = Smtp(env["smtp"], ATTACKER)
            to = recipients(got) if recipients else [got["address"]]
            while True:
                try:
                    await asyncio.wait_for(sender.send(to, message), 60)
                except Exception:
                    sender.close()
                    await asyncio.sleep(0.05)
        asyncio.run(gather(one, connections))
    return run


async def gather(one, count):
    await asyncio.gather(*[one() for _ in range(count)])


def churn(env, got):
    async def one():
        while True:
            try:
                sender = Smtp(env["smtp"], ATTACKER)
                await asyncio.wait_for(sender.open(), 5)
                sender.writer.write(b"QUIT\r\n")
                sender.close()
            except Exception:
                await asyncio.sleep(0.005)
    asyncio.run(gather(one, 60))


def rcpt(env, got):
    def line(n):
        return f"RCPT TO:<nobody{n}@mayfly.test>\r\n"
    async def one():
        while True:
            try:
                s = Smtp(env["smtp"], ATTACKER)
                await s.open()
                while True:
                    names = "".join(line(random.getrandbits(40)) for _ in range(15))
                    s.writer.write(("MAIL FROM:<a@b.example>\r\n" + names + "RSET\r\n").encode())
                    for _ in range(17):
                        await asyncio.wait_for(s.reply(), 20)
            except Exception:
                await asyncio.sleep(0.005)
    asyncio.run(gather(one, 45))


def slow_downloads(env, got):
    def one_socket():
        box = random.choice(got["boxes"])
        s = connect(env["http"])
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        s.setblocking(True)
        s.send(get(f"/api/messages/{box['ids'][0]}/source", f"Authorization: Bearer {box['token']}"))
        return s
    held = [one_socket() for _ in range(40)]
    while True:
        for n, s in enumerate(held):
            s.settimeout(0.02)
            try:
                ok = s.recv(65536)
            except (TimeoutError, BlockingIOError):
                ok = True
            except OSError:
                ok = False
            if not ok or random.random() < 0.02:
                s.close()
                try:
                    held[n] = one_socket()
                except OSError:
                    pass


def waits(env, got):
    """200 long-polls on one mailbox, woken by its mail 20 times a second."""
    async def wait():
        http = Http(env["http"], ATTACKER)
        while True:
            try:
                await http.request("GET", "/api/messages/wait?timeout=30&subject=never", [("Authorization", f"Bearer {got['token']}")])
            except Exception:
                http.close()
                await asyncio.sleep(0.02)

    async def send():
        sender = Smtp(env["smtp"], ATTACKER)
        while True:
            try:
                await sender.send([got["address"]], mail())
            except Exception:
                sender.close()
            await asyncio.sleep(0.05)

    async def main():
        await asyncio.gather(send(), *[wait() for _ in range(200)])
    asyncio.run(main())


def h2_waits(env, got):
    """HTTP/2 connections on which 100 waits begin and are cancelled again and again."""
    def field(name, value):
        n, v = name.encode(), value.encode()
        def length(x):
            return bytes([x]) if x < 127 else bytes([127, x - 127]) if x - 127 < 128 else bytes([127, (x - 127) % 128 | 128, (x - 127) // 128])
        return b"\x00" + length(len(n)) + n + length(len(v)) + v

    def frame(kind, flags, stream, payload):
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    block = b"".join(field(*f) for f in [(":method", "GET"), (":scheme", "http"), (":path", "/api/messages/wait?timeout=30"),
                                          (":authority", "a"), ("authorization", f"Bearer {got['token']}")])

    async def one():
        while True:
            try:
                reader, writer = await asyncio.open_connection(*env["http"], local_addr=(ATTACKER, 0))
                writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
                async def drain():
                    while await reader.read(65536):
                        pass
                drained = asyncio.create_task(drain())
                stream = 1
                while stream < 100_000 and not drained.done():
                    ids = range(stream, stream + 200, 2)
                    writer.write(b"".join(frame(1, 5, i, block) for i in ids))
                    await writer.drain()
                    await asyncio.sleep(0.05)
                    writer.write(b"".join(frame(3, 0, i, b"\0\0\0\x08") for i in ids))
                    await writer.drain()
                    stream += 200
                writer.close()
            except Exception:
                await asyncio.sleep(0.01)
    asyncio.run(gather(one, 10))


def delete_by_query(env, got):
    async def one(box):
        http, sender = Http(env["http"], ATTACKER), Smtp(env["smtp"], ATTACKER)
        auth = [("Authorization", f"Bearer {box['token']}")]
        while True:
            try:
                status, data = await http.request("DELETE", "/api/messages?q=" + urllib.parse.quote("subject:hello"), auth)
                for _ in range(10):
                    await sender.send([box["address"]], mail(300_000))
            except Exception:
                http.close()
                sender.close()
                await asyncio.sleep(0.02)

    async def main():
        await asyncio.gather(*[one(box) for box in got["boxes"]])
    asyncio.run(main())


def reads(path, connections):
    def run(env, got):
        async def one():
            http = Http(env["http"], ATTACKER)
            while True:
                box = random.choice(got["boxes"])
                try:
                    status, _ = await http.request("GET", path.format(id=box["ids"][0]), [("Authorization", f"Bearer {box['token']}")])
                    if status >= 400:
                        await asyncio.sleep(0.01)
                except Exception:
                    http.close()
                    await asyncio.sleep(0.02)
        asyncio.run(gather(one, connections))
    return run


def flooding(request, connections, batch=8):
    return lambda env, got: flood(env["http"], request(got) if callable(request) else request, connections, batch)


def attacks():
    limited = "X-Forwarded-For: 192.0.2.1"
    return [
        Attack("flood of 429", no_setup, flooding(get("/api/messages", limited), 500)),
        Attack("flood of files", no_setup, flooding(get("/"), 500)),
        Attack("flood of OPTIONS", no_setup, flooding(get("/api/messages", "Origin: https://a.example", "Access-Control-Request-Method: GET", limited, method="OPTIONS"), 500)),
        Attack("flood of lists", mailbox(*[mail()] * 20), flooding(lambda got: get("/api/messages", f"Authorization: Bearer {got['token']}"), 500, 1)),
        Attack("HTML documents", mailboxes(8, mail(1_000_000, html=True)), reads("/api/messages/{id}/body", 32)),
        Attack("mails of 20 MiB", mailbox(), senders(mail(20 << 20), 12)),
        Attack("mails of 300 KiB", mailbox(), senders(mail(300_000), 40)),
        Attack("slow downloads", mailboxes(8, mail(20 << 20)), slow_downloads),
        Attack("large reads", mailboxes(8, mail(5 << 20)), reads("/api/messages/{id}", 32)),
        Attack("reads of 300 KiB", mailboxes(8, mail(300_000)), reads("/api/messages/{id}", 64)),
        Attack("SMTP churn", no_setup, churn),
        Attack("HTTP/2 waits", mailbox(), h2_waits),
        Attack("delete by query", mailboxes(6, *[mail(300_000)] * 60), delete_by_query),
        Attack("woken waits", mailbox(), waits),
        Attack("RCPT look-ups", no_setup, rcpt),
        Attack("100 recipients", mailboxes(100), senders(mail(), 20, lambda got: [b["address"] for b in got["boxes"]])),
    ]


# ---------------------------------------------------------------- the run
def p(samples, q):
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * q))] * 1000 if samples else float("nan")


def start_server(binary):
    directory = tempfile.mkdtemp(prefix="mayfly-attack-")
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAYFLY_")}
    env |= {"MAYFLY_DATA_DIR": directory, "MAYFLY_GATEWAY__LISTEN": "127.0.0.1:0", "MAYFLY_SMTP__LISTEN": "127.0.0.1:0",
            "MAYFLY_ADMIN__LISTEN": "127.0.0.1:0", "MAYFLY_MAILBOX__QUOTA_BYTES": "20000000000"}
    log = open(os.path.join(directory, "log"), "wb")
    server = subprocess.Popen([binary], env=env, stdout=subprocess.PIPE, stderr=log, cwd=directory, preexec_fn=lambda: set_nice(0))
    http = smtp = None
    while not (http and smtp):
        line = server.stdout.readline().decode()
        if not line:
            raise SystemExit("the server ended: " + open(os.path.join(directory, "log")).read()[-2000:])
        for word in line.split():
            word = word.rstrip(",.")
            if word.startswith("http://127.0.0.1:") and not http:
                http = ("127.0.0.1", int(word.rsplit(":", 1)[1].split("/")[0]))
            if "smtp" in line.lower() and not smtp:
                tail = word.removeprefix("smtp://")
                if tail.startswith("127.0.0.1:"):
                    smtp = ("127.0.0.1", int(tail.rsplit(":", 1)[1]))
    return server, directory, http, smtp


def set_nice(nice):
    os.setpriority(os.PRIO_PROCESS, 0, nice)


def attack_process(attack, env, got, args):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setpgid(0, 0)
    sys.stderr = open(os.devnull, "w")
    set_nice(0 if args.equal else 19)
    if args.pin:
        os.sched_setaffinity(0, {os.cpu_count() - 1})
    attack.run(env, got)


def stop_server(server, directory):
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(15)
    except subprocess.TimeoutExpired:
        server.kill()
    shutil.rmtree(directory, ignore_errors=True)


async def under_attack(attack, env, got, victims, args):
    """What the victims saw during an attack, what they were refused, and whether the attack went on to the end."""
    running = [mp.Process(target=attack_process, args=(attack, env, got, args), daemon=True) for _ in range(attack.processes)]
    for process in running:
        process.start()
    await asyncio.sleep(1.5)
    attacked, refused = await victims.measure(args.seconds)
    alive = all(process.is_alive() for process in running)
    for process in running:
        process.kill()
        process.join()
    return attacked, refused, alive


def every(samples):
    return [s for kind in samples.values() for s in kind]


async def machine_ratio(attack, binary, victims, quiet, args):
    """The ratio while the same attack goes to another server."""
    server, directory, http, smtp = start_server(binary)
    try:
        env = {"http": http, "smtp": smtp}
        got = await attack.setup(env)
        attacked, _, _ = await under_attack(attack, env, got, victims, args)
    finally:
        stop_server(server, directory)
    await asyncio.sleep(1)
    return p(every(attacked), .99) / p(every(quiet), .99)


async def main():
    args = argparse.ArgumentParser()
    args.add_argument("--binary"), args.add_argument("--url"), args.add_argument("--smtp"), args.add_argument("--json")
    args.add_argument("--seconds", type=float, default=10), args.add_argument("--only", default=""), args.add_argument("--victims", type=int, default=8)
    args.add_argument("--equal", action="store_true"), args.add_argument("--pin", action="store_true"), args.add_argument("--control", action="store_true")
    args = args.parse_args()
    assert args.seconds <= 30
    assert args.binary or not args.control
    if not args.equal:
        set_nice(-20)
    server = directory = None
    if args.binary:
        server, directory, http, smtp = start_server(args.binary)
    else:
        url = urllib.parse.urlparse(args.url)
        http, smtp = (url.hostname, url.port), (args.smtp.split(":")[0], int(args.smtp.split(":")[1]))
    assert http[0].startswith("127.") and smtp[0].startswith("127."), "loopback only"
    env = {"http": http, "smtp": smtp}
    wanted = [w.strip() for w in args.only.split(",") if w.strip()]
    rows = []
    try:
        victims = Victims(http, smtp, args.victims)
        await victims.prepare()
        await victims.measure(2)
        print(f"{'attack':18} {'quiet p50/p99':>16} {'attacked p50/p99':>18} {'ratio p99':>9} {'p50':>6}   by kind (ratio of p99); refused", flush=True)
        for attack in attacks():
            if wanted and not any(w in attack.name for w in wanted):
                continue
            got = await attack.setup(env)
            await asyncio.sleep(0.5)
            quiet, _ = await victims.measure(min(args.seconds, 6))
            attacked, refused, alive = await under_attack(attack, env, got, victims, args)
            a, b = every(quiet), every(attacked)
            ratio, half = p(b, .99) / p(a, .99), p(b, .5) / p(a, .5)
            kinds = {k: p(attacked[k], .99) / p(quiet[k], .99) for k in quiet if k in attacked}
            row = {"attack": attack.name, "quiet": [p(a, .5), p(a, .99)], "attacked": [p(b, .5), p(b, .99)], "ratio": ratio, "p50_ratio": half,
                   "kinds": kinds, "refused": refused, "requests": len(b), "attacker_alive": alive}
            await asyncio.sleep(1.5)
            await victims.measure(1)
            machine = ""
            if args.control:
                row["machine"] = await machine_ratio(attack, args.binary, victims, quiet, args)
                machine = f"   machine {row['machine']:.1f}x"
            rows.append(row)
            print(f"{attack.name:18} {p(a, .5):7.2f}/{p(a, .99):7.2f} {p(b, .5):9.2f}/{p(b, .99):8.2f} {ratio:8.1f}x {half:5.1f}x{machine}   "
                  + " ".join(f"{k} {v:.1f}" for k, v in kinds.items()) + ("" if alive else "  ATTACK ENDED") + (f"  REFUSED {refused}" if refused else ""), flush=True)
    finally:
        if args.json:
            json.dump(rows, open(args.json, "w"), indent=1)
        if server:
            stop_server(server, directory)


if __name__ == "__main__":
    mp.set_start_method("fork")
    asyncio.run(main())
