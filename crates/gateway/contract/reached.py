"""Prints how often each operation of the document was answered, by status. Fails if one never succeeded.

Usage: reached.py DOCUMENT ANSWERS
"""

import collections
import json
import sys

UNREACHABLE = {
    # Only a server that is open to everyone has it, and that server has no other users.
    "POST /pro/api/login/local",
    # Nothing is sold.
    "POST /api/user/billing/portal",
    "POST /api/user/subscription/cancel",
    "POST /api/user/subscription/resume",
    # The DNS servers are a port where none listens, so no domain is verified.
    "GET /v1/domain/{name}",
    # It would end the credential of the others.
    "DELETE /accounts/{id}",
}


def main(document, answers):
    counts = collections.defaultdict(collections.Counter)
    with open(answers) as file:
        for line in file:
            for label, statuses in json.loads(line).items():
                counts[label].update(statuses)
    with open(document) as file:
        paths = json.load(file)["paths"]
    labels = [f"{method.upper()} {path}" for path, item in paths.items() for method in item]
    labels = [label for label in labels if label not in UNREACHABLE]
    missing = [label for label in labels if not any(status.startswith("2") for status in counts[label])]
    for label in labels:
        statuses = " ".join(f"{status}×{count}" for status, count in sorted(counts[label].items()))
        print(f"{label}: {statuses}")
    for label in missing:
        print(f"never succeeded: {label}", file=sys.stderr)
    print(f"{len(labels) - len(missing)} of {len(labels)} operations succeeded at least once")
    return 1 if missing or not labels else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
