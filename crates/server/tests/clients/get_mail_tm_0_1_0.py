# PyPI get-mail-tm==0.1.0: mail.tm, ld+json.
# pip install get-mail-tm==0.1.0
from recipe import *
from get_mail import MailTM

client = MailTM()
client.base_url = BASE
account = client.create_account()
assert client.get_messages() == []
send(account["address"])
message = until(client.get_messages)[0]
assert message["subject"] == f"Code {CODE}" and message["hasAttachments"] is True, message
assert CODE in client.get_message_content(message["id"])["text"]
assert client.get_message_content("unknown") is None
ok()
