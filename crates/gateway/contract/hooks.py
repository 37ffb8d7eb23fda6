"""Hooks of schemathesis: short waits, values that no JSON schema can state, and a record of every operation's answers."""

import atexit
import collections
import itertools
import json
import os
import urllib.parse
import uuid

import schemathesis

with open(os.environ["CONTRACT_FIXTURES"]) as file:
    FIXTURES = json.load(file)

PASSWORD = FIXTURES["password"]
DISPOSABLE = FIXTURES["disposable"]
MESSAGE = {"id": FIXTURES["message"]}
OWNED = {"id": FIXTURES["owned"]}
DOMAIN = {"id": FIXTURES["domain"]}
CAPTURED = {"id": FIXTURES["captured"]}
WEBHOOK = {"id": FIXTURES["webhook"]}
TD = {"account": FIXTURES["td_account"]}
TD_MESSAGE = {**TD, "id": FIXTURES["td_message"]}
TD_CAPTURED = {"id": FIXTURES["td_captured"]}
TD_WEBHOOK = {"id": FIXTURES["td_webhook"]}
EMAIL = {"id": FIXTURES["email"]}
INBOX = {"address": FIXTURES["inbox"]}
KEPT = {
    FIXTURES[name]
    for name in (
        *("message", "owned", "owned_message", "captured", "webhook", "domain", "pro_token_id", "rotated_token_id"),
        *("td_account", "td_reset", "td_message", "td_captured", "td_webhook", "td_domain", "td_pro_token_id"),
        *("inbox", "email"),
    )
}

ROTATE_TOKEN = "POST /pro/api/tokens/{id}/rotate"

# Path parameters that name an object.
PATHS = {
    "GET /api/messages/{id}": MESSAGE,
    "PUT /api/messages/{id}/read": MESSAGE,
    "GET /api/messages/{id}/source": MESSAGE,
    "GET /api/messages/{id}/body": MESSAGE,
    "GET /api/messages/{id}/attachments/{index}": {**MESSAGE, "index": 0},
    "PUT /pro/api/accounts/{id}/reset-password": OWNED,
    "GET /pro/api/accounts/{id}/messages": OWNED,
    "POST /pro/api/accounts/{id}/test-message": OWNED,
    "GET /pro/api/accounts/{id}/messages/{message_id}": {**OWNED, "message_id": FIXTURES["owned_message"]},
    "DELETE /pro/api/accounts/{id}/messages/{message_id}": OWNED,
    "PUT /pro/api/accounts/{id}/messages/{message_id}/read": {**OWNED, "message_id": FIXTURES["owned_message"]},
    "DELETE /pro/api/accounts/{id}/messages/{message_id}/read": {**OWNED, "message_id": FIXTURES["owned_message"]},
    "GET /pro/api/accounts/{id}/messages/{message_id}/source": {**OWNED, "message_id": FIXTURES["owned_message"]},
    "GET /pro/api/accounts/{id}/messages/{message_id}/attachments/{index}": {**OWNED, "message_id": FIXTURES["owned_message"]},
    "GET /pro/api/sandbox/messages/{id}": CAPTURED,
    "GET /pro/api/sandbox/messages/{id}/source": CAPTURED,
    "GET /pro/api/sandbox/messages/{id}/attachments/{index}": {**CAPTURED, "index": 0},
    ROTATE_TOKEN: {"id": FIXTURES["rotated_token_id"]},
    "PUT /pro/api/domains/{id}": DOMAIN,
    "POST /pro/api/domains/{id}/verify": DOMAIN,
    "PUT /pro/api/webhooks/{id}": WEBHOOK,
    "POST /pro/api/webhooks/{id}/rotate": WEBHOOK,
    "POST /pro/api/webhooks/{id}/test": WEBHOOK,
    "GET /pro/api/webhooks/{id}/deliveries": WEBHOOK,
    "POST /pro/api/webhooks/{id}/deliveries/{delivery_id}/replay": {**WEBHOOK, "delivery_id": FIXTURES["delivery"]},
    "GET /api/accounts/{account}": TD,
    "GET /api/accounts/{account}/messages": TD,
    "PUT /api/accounts/{account}/messages/read": TD,
    "GET /api/accounts/{account}/messages/{id}": TD_MESSAGE,
    "DELETE /api/accounts/{account}/messages/{id}": TD,
    "GET /api/accounts/{account}/messages/{id}/attachments/{index}": {**TD_MESSAGE, "index": 0},
    "PUT /api/accounts/{account}/messages/{id}/read": TD_MESSAGE,
    "GET /api/accounts/{account}/messages/{id}/source": TD_MESSAGE,
    "PUT /api/accounts/{account}/reset-password": {"account": FIXTURES["td_reset"]},
    "GET /api/user/accounts/{account}/messages": TD,
    "PUT /api/user/accounts/{account}/reset-password": {"account": FIXTURES["td_reset"]},
    "POST /api/user/domains/{id}/verify": {"id": FIXTURES["td_domain"]},
    "GET /api/user/sandbox/messages/{id}": TD_CAPTURED,
    "GET /api/user/sandbox/messages/{id}/attachments/{index}": {**TD_CAPTURED, "index": 0},
    "GET /api/user/sandbox/messages/{id}/source": TD_CAPTURED,
    "GET /api/user/webhooks/{id}/deliveries": TD_WEBHOOK,
    "POST /api/user/webhooks/{id}/rotate": TD_WEBHOOK,
    "GET /domains/{id}": {"id": FIXTURES["tm_domain"]},
    "GET /accounts/{id}": {"id": FIXTURES["main"]},
    "GET /messages/{id}": MESSAGE,
    "PATCH /messages/{id}": MESSAGE,
    "GET /messages/{id}/download": MESSAGE,
    "GET /messages/{id}/attachment/{attachment_id}": {**MESSAGE, "attachment_id": "ATTACH000001"},
    "GET /sources/{id}": MESSAGE,
    "GET /v1/email/{id}": EMAIL,
    "GET /v1/email/{id}/raw": EMAIL,
    "GET /v1/email/{id}/attachments/{index}": {**EMAIL, "index": 0},
    "GET /v1/inbox/{address}": INBOX,
}

# Of mail.cx /v1: there is no call that does not wait for up to 25 seconds.
V1_WAITS = {"GET /v1/inbox/{address}", "GET /v1/me", "GET /v1/domain/{name}"}

DELETIONS_BY_QUERY = {"DELETE /api/messages", "DELETE /pro/api/messages"}

# An answer can name the disposable objects of another route.
KEPT.update(itertools.chain.from_iterable(DISPOSABLE.values()))

numbers = itertools.count()
positive_cases = collections.Counter()
answers = collections.defaultdict(collections.Counter)


def body(label):
    """A body that is accepted, where the schema admits others: names that are free, credentials that exist."""
    number = next(numbers)
    return {
        "POST /api/accounts": {"address": f"new{number}@mayfly.test", "password": PASSWORD},
        "POST /api/token": {"address": "main@mayfly.test", "password": PASSWORD},
        "POST /api/tickets": {"for": "events"},
        "POST /pro/api/register": {"email": f"new{number}@example.com", "password": PASSWORD},
        "POST /pro/api/login": {"email": "user@example.com", "password": PASSWORD},
        "PUT /pro/api/accounts/{id}/reset-password": {"password": PASSWORD},
        "POST /pro/api/me/delete": {"password": PASSWORD},
        "PUT /pro/api/me/password": {"current_password": PASSWORD, "password": PASSWORD},
        "POST /pro/api/tokens": {"name": f"new{number}", "scopes": ["messages:read"], "limits": {"address_prefix": "new"}},
        ROTATE_TOKEN: {"overlap": "1h"},
        "POST /pro/api/domains": {"domain": f"new{number}.example"},
        "PUT /pro/api/domains/{id}": {"catch_all": None},
        "POST /pro/api/webhooks": {"url": f"{FIXTURES['base']}/receiver"},
        "PUT /pro/api/webhooks/{id}": {"filter": "subject:code"},
        "PUT /api/accounts/{account}/messages/read": {"all": True},
        "PUT /api/accounts/{account}/reset-password": {"password": PASSWORD},
        "POST /api/user/register": {"email": f"new{number}@example.com", "password": PASSWORD},
        "POST /api/user/login": {"email": "td@example.com", "password": PASSWORD},
        "PUT /api/user/accounts/{account}/reset-password": {"password": PASSWORD},
        "POST /api/user/tokens": {"name": f"new{number}"},
        "POST /api/user/domains": {"domain": f"new{number}.example"},
        "POST /api/user/webhooks": {"url": f"{FIXTURES['base']}/receiver"},
        "POST /accounts": {"address": f"tm{number}@mayfly.test", "password": PASSWORD},
        "POST /token": {"address": "main@mayfly.test", "password": PASSWORD},
        "POST /v1/inbox": {},
        "POST /v1/domains": {"domain": f"new{number}.example"},
        "POST /v1/tokens": {"name": f"new{number}"},
    }.get(label)


def shorten_wait(case):
    """Sets a time-out that would be accepted to 0: the request would outlast the client's own time-out."""
    query = case.query if case.query is not None else {}
    # 1, 0 and nothing are accepted as switches too, so they test no refusal.
    for name in ("claim", "has_code", "unread"):
        if str(query.get(name)) in ("", "0", "1"):
            query[name] = "maybe"
    timeout = query.get("timeout")
    values = timeout if isinstance(timeout, list) else [timeout]
    try:
        is_accepted = all(value is None or 0 <= int(str(value)) <= 60 for value in values)
    except ValueError:
        is_accepted = False
    if is_accepted:
        # schemathesis classifies a changed query anew, and parameters that the document does not name as invalid.
        declared = {parameter.name for parameter in case.operation.query}
        case.query = {name: value for name, value in query.items() if name in declared}
        case.query["timeout"] = ["0"] * len(values) if isinstance(timeout, list) else "0"


def answer_at_once(case):
    """Asks for what is there: without a cursor and a filter one mail is enough, and the inbox has one."""
    path = case.path_parameters or {}
    # Encoded or not. An empty inbox would hold the request.
    if str(path.get("address", "")).lower().endswith("open.test"):
        case.path_parameters = {**path, **INBOX}
    query = case.query if case.query is not None else {}
    kept = {name: value for name, value in query.items() if name not in ("since", "from", "subject")}
    declared = {parameter.name for parameter in case.operation.query}
    case.query = {name: value for name, value in kept.items() if name in declared}
    # An empty number counts as absent.
    if not case.query.get("count") or str(case.query["count"]).lstrip("-").isdigit():
        case.query["count"] = "1"


def keep_fixtures(case, label):
    """Lets a route that deletes have disposable objects only."""
    path = case.path_parameters or {}
    pool = DISPOSABLE[label]
    # The last parameter names what is deleted.
    name = label[label.rindex("{") + 1 : -1]
    value = urllib.parse.unquote(str(path.get(name))).lower()
    if value in KEPT or (pool and is_positive(case) and not is_stateful(case)):
        # A request that is to be refused must use none up.
        path[name] = pool.pop() if pool and is_positive(case) else str(uuid.uuid4())
        case.path_parameters = path


def keep_token(case):
    """Replaces the token of the run by another one: the old one of a rotation is revoked."""
    path = case.path_parameters or {}
    if urllib.parse.unquote(str(path.get("id"))).lower() in KEPT:
        case.path_parameters = {**path, **PATHS[ROTATE_TOKEN]}


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


def is_stateful(case):
    return case.meta is not None and case.meta.phase.name == "stateful"


@schemathesis.hook
def before_call(context, case, kwargs):
    label = case.operation.label
    if label.endswith("/messages/wait"):
        shorten_wait(case)
    if label in V1_WAITS:
        answer_at_once(case)
    if label in DISPOSABLE:
        keep_fixtures(case, label)
    if label == ROTATE_TOKEN:
        keep_token(case)
    if not is_positive(case):
        return
    if label == "POST /pro/api/domains" and is_stateful(case) and isinstance(case.body, dict):
        # A domain of another route, learnt from an answer, would be returned as it is, and a link would delete it.
        case.body = body(label)
    if label in DELETIONS_BY_QUERY:
        # Many queries would find the messages of other routes.
        case.query = {**(case.query or {}), "q": "subject:disposable"}
    # Every second case keeps what was generated.
    positive_cases[label] += 1
    if positive_cases[label] % 2 == 0:
        return
    if label == "GET /v1/sse/addr":
        case.query = {**(case.query or {}), **INBOX}
    if label in PATHS and not is_stateful(case):
        case.path_parameters = {**(case.path_parameters or {}), **PATHS[label]}
    accepted = body(label)
    if accepted and isinstance(case.body, dict):
        case.body = accepted


@schemathesis.hook
def after_call(context, case, response):
    # A check also sends methods that the path does not have.
    label = case.operation.label
    if label.startswith(f"{case.method.upper()} "):
        answers[label][response.status_code] += 1


@atexit.register
def save():
    with open(os.environ["CONTRACT_ANSWERS"], "a") as file:
        file.write(json.dumps(answers) + "\n")
