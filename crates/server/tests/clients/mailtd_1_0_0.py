# PyPI mailtd==1.0.0 — mail.td, the first official SDK: a token is needed, and every field of its types.
# pip install mailtd==1.0.0
from recipe import *
from mailtd import MailTD

domain = first_domain()
client = MailTD(pro_token(), base_url=BASE)
assert client.accounts.list_domains()[0].domain == domain
account = client.accounts.create(f"{unique()}@{domain}", password="secret1")
assert client.accounts.login(account.address, password="secret1").id == account.id
send(account.address)
messages = until(lambda: client.messages.list(account.id)[0])
message = client.messages.get(account.id, messages[0].id)
assert CODE in message.html_body and CODE.encode() in client.messages.get_source(account.id, message.id), message
client.messages.mark_as_read(account.id, message.id)
assert client.messages.list(account.id)[0][0].is_read is True
me = client.user.get_me()
assert (me.account_count, me.plan) == (1, "pro") and me.max_accounts > 0, me
assert [a.address for a in client.user.list_accounts()] == [account.address]
assert client.webhooks.list() == [] and client.domains.list() == [] and client.billing.get_status().status == ""
client.accounts.reset_password(account.id, password="secret2")
assert client.accounts.login(account.address, password="secret2").id == account.id
client.accounts.delete(account.id)
assert client.user.list_accounts() == []
ok()
