# PyPI mailtmwrapper==0.0.6: mail.tm, plain JSON; marks as read with a field of its own name.
# pip install mailtmwrapper==0.0.6
from recipe import *
from mailtmwrapper import MailTM

MailTM.BASE_URL = BASE
client = MailTM()
domain = client.get_domains()[0]
assert client.get_domain_by_id(domain["id"]) == domain
address, password = f"{unique()}@{domain['domain']}", "Correct-horse-9"
account = client.create_account(address, password)
assert account["address"] == address, account
assert client.create_account(address, password)["detail"] == "address: This value is already used."
assert client.create_token(address, password) == client.token
assert client.get_me()["id"] == client.get_account_by_id(account["id"])["id"] == account["id"]
assert client.get_messages() == []
send(address)
message = until(client.get_messages)[0]
assert message["subject"] == f"Code {CODE}" and message["seen"] is False, message
is_marked, marked = client.mark_message_read(message["id"])
assert is_marked and marked["seen"] is True, marked
opened = client.get_message_by_id(message["id"])
assert CODE in opened["text"] and opened["attachments"][0]["filename"] == "bill.csv", opened
assert f"Code {CODE}" in client.get_source(message["id"])["data"]
assert client.get_message_by_id("unknown")["code"] == 404
# It parses the empty body of 204 as JSON, with the original too; the account is gone nevertheless.
try:
    client.delete_account(account["id"])
except ValueError:
    pass
gone(client.token, account["id"])
ok()
