//! Encoded words in a text, in the name of a mailbox and in a file name. The first byte chooses the field.
#![no_main]

mod field;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| field::read(
    input,
    &[
        "Subject: ",
        "From: a@x.test (",
        "To: =?utf-8?q?",
        "Content-Type: application/pdf; name=",
    ]
));
