//! The header of the PROXY protocol, versions 1 and 2.
#![no_main]

#[path = "../../crates/smtp/src/proxy_protocol.rs"]
mod proxy_protocol;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let mut stream = input;
    if runtime.block_on(proxy_protocol::read_header(&mut stream)).is_ok() {
        let header = &input[..input.len() - stream.len()];
        assert!(
            header.starts_with(b"PROXY ") && header.ends_with(b"\r\n")
                || header.starts_with(b"\r\n\r\n\0\r\nQUIT\n")
        );
    }
});
