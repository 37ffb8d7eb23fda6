# PyPI multitempmail==0.2.0 — its provider for mail.td, which reads mailboxes with a Pro token.
# pip install multitempmail==0.2.0
from recipe import *
from multitempmail import TempMailClient
from multitempmail.providers.mailtd import MailTdProvider

MailTdProvider.base_url = BASE
box = TempMailClient("mailtd", api_key=pro_token()).create()
provider = box._provider
assert box.messages() == []
send(box.address)
message = box.message(until(box.messages)[0].id)
assert message.subject == "Code 424242" and CODE in message.body_text and CODE in message.body_html, message
assert provider.download_attachment(box, message.id, message.attachments[0]) == ATTACHMENT
provider.mark_read(box, message.id)
assert box.messages()[0].seen is True
box.delete(message.id)
assert box.messages() == []
provider.delete_mailbox(box)
status, _ = http("GET", f"/api/accounts/{box.address}", token=provider.api_key)
assert status == 404, status
ok()
