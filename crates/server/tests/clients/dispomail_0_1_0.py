# PyPI dispomail==0.1.0: mail.tm, ld+json. Its create() sleeps 10 s and writes a file, so the mailbox is made without it.
# pip install dispomail==0.1.0
from recipe import *
import dispomail.Dispomail as m

m.provider_endpoints["mail.tm"] = BASE
client = m.Dispomail()
account = {"address": f"{unique()}@{first_domain()}", "password": "correct horse"}
assert http("POST", "/accounts", account)[0] == 201
token = client.get_mail_tm_token(account)
send(account["address"])
message = until(lambda: client.get_mail_tm_messages(token))[0]
assert message["subject"] == f"Code {CODE}" and CODE in message["text"], message
assert client.get_mail_tm_messages(token) == [], "each message is new once"
ok()
