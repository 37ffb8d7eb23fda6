//! The other fields that are read: dates, identifiers, addresses to unsubscribe. The first byte chooses the field.
#![no_main]

mod field;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| field::read(
    input,
    &[
        "Date: ",
        "Message-ID: ",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Unsubscribe: ",
        "OTP-Token: ",
    ]
));
