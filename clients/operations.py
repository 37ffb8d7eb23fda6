"""Reduces the OpenAPI document to what the libraries call: operations, their successful answers, and the schemas of these.

Usage: operations.py < OPENAPI_JSON > REDUCED_JSON

A change of another route leaves the generated files as they are.
"""

import json
import sys

OPERATIONS = {
    "create_account",
    "create_pro_token",
    "create_sandbox",
    "create_token",
    "create_webhook",
    "delete_account",
    "delete_all_messages_by_query",
    "delete_me",
    "delete_message",
    "delete_messages_by_query",
    "delete_sandbox",
    "delete_webhook",
    "get_attachment",
    "get_current_token",
    "get_me",
    "get_message",
    "get_message_source",
    "list_accounts",
    "list_domains",
    "list_messages",
    "list_sandboxes",
    "list_tokens",
    "list_webhook_deliveries",
    "list_webhooks",
    "login",
    "mark_message_read",
    "mark_message_unread",
    "register",
    "replay_webhook_delivery",
    "revoke_token",
    "rotate_sandbox",
    "rotate_token",
    "rotate_webhook_secret",
    "search_all_messages",
    "search_messages",
    "send_test_message",
    "test_webhook",
    "update_sandbox",
    "update_webhook",
    "wait_for_messages",
}


def references(value):
    """The names of the schemas that a part of the document refers to."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rsplit("/", 1)[1]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def main():
    document = json.load(sys.stdin)
    paths, found = {}, set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("get", "put", "post", "patch", "delete") and operation["operationId"] in OPERATIONS:
                answers = operation["responses"].items()
                operation["responses"] = {status: answer for status, answer in answers if status.startswith("2")}
                for answer in operation["responses"].values():
                    answer.pop("links", None)
                operation.pop("security", None)
                paths.setdefault(path, {})[method] = operation
                found.add(operation["operationId"])
    if OPERATIONS - found:
        sys.exit(f"not in the document: {sorted(OPERATIONS - found)}")
    schemas, queue = {}, list(references(paths))
    while queue:
        name = queue.pop()
        if name not in schemas:
            schemas[name] = document["components"]["schemas"][name]
            queue.extend(references(schemas[name]))
    reduced = {"openapi": document["openapi"], "info": document["info"], "paths": paths}
    reduced["components"] = {"schemas": dict(sorted(schemas.items()))}
    json.dump(reduced, sys.stdout)


if __name__ == "__main__":
    main()
