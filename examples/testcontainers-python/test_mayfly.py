import smtplib


def test_code_of_a_mail_is_found(mailbox, smtp):
    with smtplib.SMTP(*smtp) as session:
        session.sendmail("shop@shop.example", mailbox.address, "Subject: 482913 is your code\r\n\r\nx\r\n")
    assert mailbox.code() == "482913"
