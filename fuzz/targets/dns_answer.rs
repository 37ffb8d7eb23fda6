//! A DNS answer to the check of a custom domain.
#![no_main]

#[path = "../../crates/mailbox/src/dns/report.rs"]
#[allow(dead_code, reason = "only the readers of answers are fuzzed")]
mod report;

use hickory_resolver::proto::op::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(message) = Message::from_vec(input) else {
        return;
    };
    let read = || report::read(Ok((message.truncation, message.answers.clone())));
    let mx = report::check_mx(read(), "mx.mayfly.test");
    for probe in [read(), Ok(Vec::new())] {
        let proof = report::check_txt(read(), probe, "mayfly-verify=1");
        let _ = report::DnsReport { proof, mx }.message();
    }
});
