//! Mails as real programs break them, by what is broken, with what careful mail clients show of each.

mod addresses;
mod bodies;
mod charsets;
mod encoded_words;
mod headers;
mod parameters;
mod transfer;

use super::{attachment, content, summary};

/// A mail, with `\n` for its line breaks, and what is to be found: `subject`, `from`, `text`, `html`, `names` or `sizes`. The
/// last two are joined by `|`; an absent value is `-`.
type Case<'a> = (&'a [u8], &'a [(&'a str, &'a str)]);

#[track_caller]
fn check(cases: &[Case<'_>]) {
    let mut wrong = Vec::new();
    for (mail, right) in cases {
        let raw = wire(mail);
        let (summary, content) = (summary(&raw), content(&raw, None));
        let or_absent = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let body = |text: Option<String>| {
            or_absent(text)
                .replace("\r\n", "\n")
                .trim_end_matches('\n')
                .to_owned()
        };
        let names = content
            .attachments
            .iter()
            .map(|one| or_absent(one.filename.clone()));
        let sizes = (0..).zip(&content.attachments).map(|(index, one)| {
            let octets = attachment(&raw, index).unwrap().1.len();
            assert_eq!(i64::try_from(octets), Ok(one.size_bytes));
            octets.to_string()
        });
        let found = [
            ("names", names.collect::<Vec<_>>().join("|")),
            ("sizes", sizes.collect::<Vec<_>>().join("|")),
            ("subject", or_absent(summary.subject)),
            ("from", or_absent(summary.from)),
            ("text", body(content.text_body)),
            ("html", body(content.html_body)),
        ];
        for (key, right) in *right {
            let (_, found) = found.iter().find(|(name, _)| name == key).unwrap();
            if found != right {
                let shown = String::from_utf8_lossy(mail);
                wrong.push(format!("{key}: {found:?} instead of {right:?} in\n{shown}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn wire(mail: &[u8]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(mail.len());
    for byte in mail {
        if *byte == b'\n' {
            raw.push(b'\r');
        }
        raw.push(*byte);
    }
    raw
}
