//! Lists of addresses. The first byte chooses the field.
#![no_main]

mod field;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| field::read(input, &["From: ", "To: ", "Cc: ", "Cc: a@x.test\r\nReply-To: ",]));
