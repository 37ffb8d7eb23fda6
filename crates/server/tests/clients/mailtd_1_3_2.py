# PyPI mailtd==1.3.2 — mail.td, the official SDK between the ages: password or key as given, pages of accounts, no sign-in.
# pip install mailtd==1.3.2
from recipe import *
from mailtd import MailTD

domain = first_domain()
client = MailTD(pro_token(), base_url=BASE)
account = client.accounts.create(f"{unique()}@{domain}", password="secret1")
keyed = client.accounts.create(f"{unique()}@{domain}", auth_key="ab" * 32)
assert client.accounts.get(keyed.address).id == keyed.id
send(account.address)
messages = until(lambda: client.messages.list(account.id)[0])
message = client.messages.get(account.address, messages[0].id)
assert CODE in message.text_body and client.messages.get_attachment(account.id, message.id, 0) == ATTACHMENT, message
assert client.messages.batch_mark_as_read(account.id, all=True) == 1
page = client.user.list_accounts_page()
assert [a.id for a in page.accounts] == [account.id, keyed.id] and page.next_cursor == "", page
assert [a.id for a in client.user.list_accounts_page(cursor=account.id).accounts] == [keyed.id]
me = client.user.get_me()
assert me.ops_used == 1 and me.ops_limit > 0, me
client.user.reset_account_password(keyed.address, auth_key="cd" * 32)
assert http("POST", "/api/token", {"address": keyed.address, "auth_key": "cd" * 32})[0] == 200
client.messages.delete(account.id, message.id)
client.accounts.delete(account.address)
client.user.delete_account(keyed.id)
assert client.user.list_accounts() == []
ok()
