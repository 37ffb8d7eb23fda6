//! The parameters of Content-Type and Content-Disposition. The first byte chooses the field.
#![no_main]

mod field;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| field::read(
    input,
    &[
        "Content-Type: ",
        "Content-Type: application/pdf;\r\n ",
        "Content-Disposition: attachment;\r\n ",
        "Content-Disposition: attachment; filename*0*=utf-8''",
    ]
));
