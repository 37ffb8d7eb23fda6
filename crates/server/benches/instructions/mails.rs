//! Mails of a fixed content.

/// Enough different words that compression and caches gain nothing.
const WORDS: [&str; 24] = [
    "order",
    "shipping",
    "account",
    "the",
    "of",
    "settings",
    "delivered",
    "Monday",
    "review",
    "invoice",
    "your",
    "and",
    "a",
    "support",
    "is",
    "ready",
    "street",
    "number",
    "with",
    "details",
    "team",
    "please",
    "for",
    "week",
];

const HEAD: &str = "\
Received: from mail.shop.example (mail.shop.example [192.0.2.10])\r\n\
\tby mx.mayfly.test with ESMTPS id 4f8a2c9d1b; Mon, 23 Nov 2026 12:00:00 +0000\r\n\
From: =?utf-8?q?Shop_=C3=9Cbersee?= <no-reply@shop.example>\r\n\
To: box@mayfly.test\r\n\
Subject: =?utf-8?q?Your_verification_code_is_482913?=\r\n\
Message-ID: <20261123120000.4f8a2c9d1b@shop.example>\r\n\
Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n\
List-Unsubscribe: <https://shop.example/unsubscribe?u=8d3f>\r\n\
MIME-Version: 1.0\r\n";

/// A text mail with a code and a link, of about this size.
pub(crate) fn text(bytes: usize) -> Vec<u8> {
    let mut mail = format!(
        "{HEAD}Content-Type: text/plain; charset=utf-8\r\n\r\n\
         Hello,\r\n\r\nyour verification code is 482913. It expires in ten minutes.\r\n\
         Confirm your address: https://shop.example/verify?token=8d3f9a7c5e1b\r\n\r\n"
    );
    let mut words = Words::default();
    while mail.len() < bytes {
        mail.push_str(&words.line(10));
        mail.push_str("\r\n");
    }
    mail.into_bytes()
}

/// A `multipart/alternative` mail as shops send it, of about this size: nested tables, inline styles, links, a code.
pub(crate) fn html(bytes: usize) -> Vec<u8> {
    let mut mail = format!(
        "{HEAD}Content-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Your verification code is 482913.\r\nhttps://shop.example/verify?token=8d3f9a7c5e1b\r\n\
         --b1\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         <!DOCTYPE html><html><head><title>Shop</title><style>td {{ padding: 4px }} .code {{ font-size: 24px }}</style>\
         </head>\r\n<body><table width=\"600\"><tr><td>Your verification code is <b class=\"code\">482913</b>.\r\n\
         <a href=\"https://shop.example/verify?token=8d3f9a7c5e1b\">Confirm your address</a></td></tr>\r\n"
    );
    let mut words = Words::default();
    for row in 0.. {
        if mail.len() + 100 > bytes {
            break;
        }
        mail.push_str(&format!(
            "<tr><td style=\"font-family:Arial,sans-serif;font-size:14px;color:#333\"><p>{}</p>\r\n\
             <a href=\"https://shop.example/item/{row}?ref=mail\" style=\"color:#06c\">{}</a>\
             <img src=\"https://img.shop.example/{row}.png\" width=\"80\" height=\"80\" alt=\"{}\"></td></tr>\r\n",
            words.line(16),
            words.line(3),
            words.line(2),
        ));
    }
    mail.push_str("</table></body></html>\r\n--b1--\r\n");
    mail.into_bytes()
}

/// Words in an order that repeats only after a long time.
#[derive(Debug, Default)]
struct Words(u32);

impl Words {
    fn line(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count)
            .map(|_| {
                // A linear congruential generator: its high bits are even enough.
                self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                WORDS[(self.0 >> 16) as usize % WORDS.len()]
            })
            .collect();
        words.join(" ")
    }
}
