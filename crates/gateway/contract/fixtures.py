"""Creates the objects that the contract test acts on, and writes their ids as JSON.

Usage: fixtures.py HTTP_BASE SMTP_ADDRESS OUTPUT
"""

import json
import smtplib
import sys
import time
import urllib.request

PASSWORD = "correct horse"
# Objects that the routes that delete may delete.
DISPOSABLE = 8
MAIL = "Subject: hello\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nhello\r\n"


def main(base, smtp, output):
    def call(path, token=None, body=None):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(base + path, data, headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def account(name, token=None):
        return call("/api/accounts", token, {"address": f"{name}@mayfly.test", "password": PASSWORD})

    def created(path, bodies):
        return [call(path, pro, body)["id"] for body in bodies]

    def disposable(kind):
        return [f"{kind}{number}" for number in range(DISPOSABLE)]

    def send(recipients, sender=None):
        host, port = smtp.rsplit(":", 1)
        with smtplib.SMTP(host, int(port)) as session:
            if sender:
                session.login("any", sender)
            for recipient in recipients:
                session.sendmail("a@example.com", recipient, MAIL)

    main_account = account("main")
    mailbox = main_account["token"]

    def pro_token(name):
        jwt = call("/pro/api/register", None, {"email": f"{name}@example.com", "password": PASSWORD})["token"]
        return call("/pro/api/tokens", jwt, {"name": "contract"})

    # An API token: the change of the password leaves it valid.
    kept = pro_token("user")
    pro_token_id, pro = kept["id"], kept["token"]
    owned = account("owned", pro)["id"]
    send(f"{name}@mayfly.test" for name in ["main", "owned"] + ["main", "main", "owned"] * DISPOSABLE)
    *messages, message = [message["id"] for message in call("/api/messages", mailbox)["messages"]]
    *owned_messages, owned_message = call(f"/pro/api/accounts/{owned}/messages", pro)["messages"]

    send(["ann@foreign.example"] * (1 + DISPOSABLE), pro)
    *captured, kept_captured = [message["id"] for message in call("/pro/api/sandbox/messages", pro)["messages"]]

    # The receiver is the server itself, which refuses the events: nothing is sent elsewhere.
    target = {"url": f"{base}/receiver"}
    webhook, *webhooks = created("/pro/api/webhooks", [target] * (1 + DISPOSABLE))
    call(f"/pro/api/webhooks/{webhook}/test", pro, {})
    deadline = time.monotonic() + 30
    while not (deliveries := call(f"/pro/api/webhooks/{webhook}/deliveries", pro)["deliveries"]):
        if time.monotonic() > deadline:
            sys.exit("the webhook was not called")
        time.sleep(0.1)
    domain, *domains = created("/pro/api/domains", [{"domain": f"{name}.example"} for name in disposable("fixture") + ["x"]])

    # mail.td has a user of its own: some operations of the bearer API end what they act on.
    td_token = pro_token("td")
    td_pro = td_token["token"]
    td = account("td", td_pro)
    td_reset = account("td-reset", td_pro)
    send(["td@mayfly.test"] * (1 + DISPOSABLE))
    send(["ann@foreign.example"] * (1 + DISPOSABLE), td_pro)
    *td_messages, td_message = [message["id"] for message in call("/api/messages", td["token"])["messages"]]
    *td_captured, td_kept_captured = [
        message["id"] for message in call("/pro/api/sandbox/messages", td_pro)["messages"]
    ]

    def td_created(path, bodies):
        return [call(path, td_pro, body)["id"] for body in bodies]

    td_webhook, *td_webhooks = td_created("/pro/api/webhooks", [target] * (1 + DISPOSABLE))
    td_domain, *td_domains = td_created(
        "/pro/api/domains", [{"domain": f"{name}.example"} for name in disposable("td") + ["td-x"]]
    )
    names = [{"name": name} for name in disposable("t")]

    # Open inboxes of mail.cx /v1: one that is kept, and some to clear.
    cleared = [f"{name}@open.test" for name in disposable("cleared")]
    send(["kept@open.test"] * (1 + DISPOSABLE) + cleared)
    *emails, email = [email["id"] for email in call("/v1/inbox/kept@open.test")["emails"]]

    fixtures = {
        "base": base,
        "password": PASSWORD,
        "mailbox": mailbox,
        "pro": pro,
        "pro_token_id": pro_token_id,
        "rotated_token_id": created("/pro/api/tokens", [{"name": "rotated"}])[0],
        # The run deletes its own mailbox with this token, and with no other.
        "deleted_mailbox": account("deleted")["token"],
        "pro_of_delete_me": pro,
        "pro_of_delete_sandbox_messages": pro,
        "pro_of_sign_out_everywhere": pro_token("signed-out")["token"],
        "pro_of_delete_pro_user": pro_token("deleted")["token"],
        "message": message,
        "owned": owned,
        "owned_message": owned_message["id"],
        "captured": kept_captured,
        "webhook": webhook,
        "delivery": deliveries[0]["id"],
        "domain": domain,
        "td_pro": td_pro,
        "td_pro_token_id": td_token["id"],
        "td_account": td["id"],
        "td_mailbox": td["token"],
        "td_reset": td_reset["id"],
        "td_message": td_message,
        "td_captured": td_kept_captured,
        "td_webhook": td_webhook,
        "td_domain": td_domain,
        "main": main_account["id"],
        "tm_domain": call("/domains")["hydra:member"][0]["id"],
        "inbox": "kept@open.test",
        "email": email,
        "disposable": {
            "DELETE /api/messages/{id}": messages[:DISPOSABLE],
            "DELETE /messages/{id}": messages[DISPOSABLE:],
            "DELETE /pro/api/accounts/{id}/messages/{message_id}": [message["id"] for message in owned_messages],
            "DELETE /pro/api/accounts/{id}": [account(name, pro)["id"] for name in disposable("disposable")],
            "DELETE /pro/api/domains/{id}": domains,
            "DELETE /pro/api/sandbox/messages/{id}": captured,
            "DELETE /pro/api/tokens/{id}": created("/pro/api/tokens", [{"name": name} for name in disposable("t")]),
            "DELETE /pro/api/webhooks/{id}": webhooks,
            "DELETE /api/accounts/{account}": [account(name, td_pro)["id"] for name in disposable("td-a")],
            "DELETE /api/accounts/{account}/messages/{id}": td_messages,
            "DELETE /api/user/accounts/{account}": [account(name, td_pro)["id"] for name in disposable("td-b")],
            "DELETE /api/user/domains/{id}": td_domains,
            "DELETE /api/user/sandbox/messages/{id}": td_captured,
            "DELETE /api/user/tokens/{id}": td_created("/pro/api/tokens", names),
            "DELETE /api/user/webhooks/{id}": td_webhooks,
            "DELETE /v1/domains/{id}": created("/pro/api/domains", [{"domain": f"{name}.example"} for name in disposable("v1")]),
            "DELETE /v1/email/{id}": emails,
            "DELETE /v1/inbox/{address}": cleared,
            "DELETE /v1/tokens/{id}": created("/pro/api/tokens", names),
        },
    }
    with open(output, "w") as file:
        json.dump(fixtures, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
