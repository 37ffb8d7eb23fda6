# PyPI tempmail-mailtm==1.0.0: mail.tm, lists in plain JSON and in ld+json, the headers of a browser on another site.
# pip install tempmail-mailtm==1.0.0
from recipe import *
from mailtm import Mail

client = Mail(base_url=BASE)
assert client.get_domains()[0]["domain"] == first_domain()
account = client.create_account(unique())
token = client.token(account["address"], account["_password"])["token"]
send(account["address"])
message = until(lambda: client.get_messages(token))[0]
assert message["from"] == {"address": "hi@shop.example", "name": "Shöp"}, message
assert CODE in message["text"] and CODE in message["html"][0]
assert client.get_message(token, message["id"])["@type"] == "Message"
assert client.delete_message(token, message["id"]) is True
assert client.get_messages(token) == []
assert client.delete_account(token, account["id"]) is True
gone(token, account["id"])
ok()
