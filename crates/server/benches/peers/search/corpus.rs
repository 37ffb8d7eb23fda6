//! The mails that are searched. Each is a template with its placeholders replaced, so that a database can write them by itself.

use std::{fs, path::Path};

/// Templates. Coprime to [`SHARE`], so that every mailbox has all of them.
pub(crate) const TEMPLATES: usize = 7;
/// Mailboxes of the owner.
pub(crate) const MAILBOXES: usize = 1_000;
/// The first mailbox has one of so many mails; the others share the rest.
pub(crate) const SHARE: usize = 100;
/// Mails that have one rare word.
pub(crate) const RARE_MAILS: usize = 10;

/// What differs between the mails of a template. The placeholder and its replacement have the same length and are single words, so
/// a row of the template with its placeholders replaced is the row of the mail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variable {
    pub(crate) placeholder: &'static str,
    /// The replacement is this letter and the number with leading zeros.
    pub(crate) prefix: &'static str,
    pub(crate) digits: usize,
    /// The number as an expression of `i`, the number of the mail, in SQL and in Rust.
    pub(crate) sql: &'static str,
    pub(crate) of: fn(usize) -> usize,
}

/// No placeholder can be a part of a UUID in hexadecimal.
pub(crate) const VARIABLES: [Variable; 4] = [
    Variable {
        placeholder: "8305172",
        prefix: "",
        digits: 7,
        sql: "i",
        of: |i| i,
    },
    Variable {
        placeholder: "r830517",
        prefix: "r",
        digits: 6,
        sql: "i / 10",
        of: |i| i / RARE_MAILS,
    },
    Variable {
        placeholder: "q830",
        prefix: "q",
        digits: 3,
        sql: "i % 1000",
        of: |i| i % 1000,
    },
    Variable {
        placeholder: "m8305",
        prefix: "m",
        digits: 4,
        sql: MAILBOX_SQL,
        of: mailbox_of,
    },
];

/// [`mailbox_of`] in SQL.
pub(crate) const MAILBOX_SQL: &str = "CASE WHEN i % 100 = 0 THEN 0 ELSE 1 + i % 999 END";

/// The number of the mailbox of a mail.
pub(crate) fn mailbox_of(i: usize) -> usize {
    if i.is_multiple_of(SHARE) {
        0
    } else {
        1 + i % (MAILBOXES - 1)
    }
}

/// The address of a mailbox.
pub(crate) fn address_of(mailbox: usize) -> String {
    format!("m{mailbox:04}@mayfly.test")
}

/// The rare word of a mail.
pub(crate) fn rare_word_of(i: usize) -> String {
    format!("r{:06}", i / RARE_MAILS)
}

/// Words of every mail.
pub(crate) const COMMON_WORDS: [&str; 5] = ["order", "thank", "delivery", "shop", "customer"];

const SENTENCES: [&str; 15] = [
    "We have received your payment and will pack the goods today.",
    "The parcel leaves our warehouse tomorrow morning with the usual carrier.",
    "You can follow its journey on the page of your account.",
    "Somebody has to be at home to sign for it.",
    "If the colour does not please you, send it back within thirty days.",
    "The invoice is attached to the box and also kept in your account.",
    "Please keep the receipt for the two years of the guarantee.",
    "Batteries and lamps can be returned to any branch without charge.",
    "Our spring catalogue has new bicycles, tents and kitchen knives.",
    "Reply to this message when a part is missing or broken.",
    "The garden chairs arrive in a second parcel, since they are heavy.",
    "A neighbour may accept the box when you are travelling.",
    "Your voucher of five euros is valid until the end of summer.",
    "We never ask for a password by mail or by telephone.",
    "The assembly takes an hour with a screwdriver and some patience.",
];

/// The text of a template.
pub(crate) fn template(number: usize) -> String {
    let sentences: Vec<&str> = (0..9)
        .map(|n| SENTENCES[(number * 2 + n) % SENTENCES.len()])
        .collect();
    format!(
        "From: Riverside Shop <orders@shop.example>\r\n\
         To: Customer <m8305@mayfly.test>\r\n\
         Subject: Your order 8305172 from q830\r\n\
         Date: Sat, 28 Nov 2026 09:30:00 +0000\r\n\
         Message-ID: <8305172.r830517@shop.example>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         \r\n\
         Dear customer,\r\n\
         \r\n\
         Thank you for order 8305172. The reference of its delivery to q830 is r830517.\r\n\
         {}\r\n\
         \r\n\
         The team of your shop\r\n",
        sentences.join("\r\n")
    )
}

/// The mail with a number.
pub(crate) fn mail(i: usize) -> String {
    let mut text = template(i % TEMPLATES);
    for variable in VARIABLES {
        let value = format!(
            "{}{:0width$}",
            variable.prefix,
            (variable.of)(i),
            width = variable.digits
        );
        text = text.replace(variable.placeholder, &value);
    }
    text
}

/// Writes the mails into a Maildir of each mailbox.
pub(crate) fn write_maildirs(dir: &Path, mails: usize) -> std::io::Result<()> {
    for mailbox in 0..MAILBOXES {
        for folder in ["cur", "new", "tmp"] {
            fs::create_dir_all(dir.join(format!("m{mailbox:04}")).join(folder))?;
        }
    }
    for i in 0..mails {
        let name = format!("m{:04}/cur/{i}:2,", mailbox_of(i));
        fs::write(dir.join(name), mail(i).replace("\r\n", "\n"))?;
    }
    Ok(())
}
