"""Receives webhooks. WEBHOOK_SECRET is the `secret` of the answer that created the webhook."""

import hashlib
import hmac
import os
import time

from flask import Flask, abort, request

app = Flask(__name__)
# Deliveries are repeated until they are answered. A database would keep these ids.
processed = {}

TOLERANCE_SECS = 300


def verify(body, headers):
    """Refuses what was not signed with the secret, and what was recorded earlier."""
    timestamp = headers.get("X-Webhook-Timestamp", "")
    signed = timestamp.encode() + b"." + body
    expected = "sha256=" + hmac.new(os.environ["WEBHOOK_SECRET"].encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, headers.get("X-Webhook-Signature", "")):
        abort(401)
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECS:
        abort(401)


@app.post("/mail")
def mail():
    # The bytes as they came: JSON that is parsed and written again has another signature.
    verify(request.get_data(), request.headers)
    event = request.get_json()
    if event["id"] not in processed:
        processed[event["id"]] = event
        data = event["data"]
        print(f"{data['address']}: {data['subject']}, codes {[code['value'] for code in data['codes']]}")
    return "", 204
