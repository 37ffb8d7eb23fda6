import pytest
from app import app, users


@pytest.fixture
def client(mayfly_server, monkeypatch):
    monkeypatch.setenv("SMTP_URL", f"smtp://{mayfly_server.smtp_host}:{mayfly_server.smtp_port}")
    return app.test_client()


def test_link_of_the_mail_resets_the_password(client, mailbox):
    client.post("/forgot", data={"email": mailbox.address})
    link = mailbox.link("reset", from_="shop.example")
    assert client.post(link, data={"password": "correct horse"}).status_code == 200
    assert users[mailbox.address] == "correct horse"
    # The link works once.
    assert client.post(link, data={"password": "another"}).status_code == 404


def test_link_of_another_user_is_another(client, create_mailbox):
    ann, bob = create_mailbox(), create_mailbox()
    for user in (ann, bob):
        client.post("/forgot", data={"email": user.address})
    assert ann.link("reset") != bob.link("reset")
