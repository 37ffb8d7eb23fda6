"""Creates a mailbox and lists its mail with the generated client.

Usage: client.py HTTP_BASE SMTP_ADDRESS, with the generated package `mayfly_client` in PYTHONPATH
"""

import smtplib
import sys

from mayfly_client import AuthenticatedClient, Client
from mayfly_client.api.mailbox import create_account
from mayfly_client.api.messages import get_attachment, get_message, list_messages
from mayfly_client.models import AddressAndPassword, Message, MessagePage, SignedIn

MAIL = "Subject: generated\r\nContent-Type: image/png\r\nContent-Disposition: attachment\r\n\r\nbytes\r\n"


def main(base, smtp):
    new = AddressAndPassword(address="generated@mayfly.test", password="correct horse")
    account = create_account.sync(client=Client(base_url=base), body=new)
    assert isinstance(account, SignedIn), account
    host, port = smtp.rsplit(":", 1)
    with smtplib.SMTP(host, int(port)) as session:
        session.sendmail("a@example.com", account.address, MAIL)
    client = AuthenticatedClient(base_url=base, token=account.token)
    page = list_messages.sync(client=client)
    assert isinstance(page, MessagePage), page
    (item,) = page.messages
    assert item.subject == "generated", item
    message = get_message.sync(item.id, client=client)
    assert isinstance(message, Message), message
    file = get_attachment.sync(item.id, message.attachments[0].index, client=client)
    content = file.payload.read()
    assert content.strip() == b"bytes", content


if __name__ == "__main__":
    main(*sys.argv[1:])
