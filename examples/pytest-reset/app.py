"""An application that resets passwords: it sends a link by mail. SMTP_URL names its mail server."""

import os
import secrets
import smtplib
from email.message import EmailMessage
from urllib.parse import urlsplit

from flask import Flask, abort, request, url_for

app = Flask(__name__)
users = {}
resets = {}


@app.post("/forgot")
def forgot():
    email = request.form["email"]
    token = secrets.token_urlsafe()
    resets[token] = email
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Shop <no-reply@shop.example>", email, "Reset your password"
    mail.set_content(f"Choose another password: {url_for('reset', token=token, _external=True)}\n")
    server = urlsplit(os.environ["SMTP_URL"])
    with smtplib.SMTP(server.hostname, server.port) as smtp:
        smtp.send_message(mail)
    return "A mail is on its way.\n"


@app.post("/reset/<token>")
def reset(token):
    email = resets.pop(token, None) or abort(404)
    users[email] = request.form["password"]
    return "Your password is changed.\n"
