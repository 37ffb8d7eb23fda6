//! Compiles `/proto` with protox, so that no `protoc` is needed on the machine, and lists the methods that may be repeated.

use std::{env, fs, path::Path};

/// Of `google.protobuf.MethodOptions.IdempotencyLevel`.
const NO_SIDE_EFFECTS: i32 = 1;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let files = [
        "mayfly/auth/v1/auth.proto",
        "mayfly/mailbox/v1/mailbox.proto",
        "mayfly/auth/v1/admin.proto",
        "mayfly/mailbox/v1/admin.proto",
        "mayfly/mailbox/v1/acme.proto",
    ];
    for file in files {
        println!("cargo:rerun-if-changed={}", root.join(file).display());
    }
    let descriptors = protox::compile(files, [&root])?;

    let (mut idempotent, mut reads) = (Vec::new(), Vec::new());
    for file in &descriptors.file {
        for service in &file.service {
            for method in &service.method {
                // Zero is IDEMPOTENCY_UNKNOWN.
                let level = method
                    .options
                    .as_ref()
                    .map_or(0, |options| options.idempotency_level() as i32);
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                if level == 0 {
                    continue;
                }
                if method.client_streaming() {
                    return Err(format!(
                        "{path} takes a stream, which the client does not buffer for a retry"
                    )
                    .into());
                }
                if level == NO_SIDE_EFFECTS && !method.server_streaming() {
                    reads.push(path.clone());
                }
                idempotent.push(path);
            }
        }
    }
    let out = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    for (file, methods) in [("idempotent_methods.rs", idempotent), ("read_methods.rs", reads)] {
        fs::write(Path::new(&out).join(file), format!("&{methods:#?}"))?;
    }

    tonic_prost_build::configure()
        .bytes(".")
        .codec_path("crate::codec::LargeCodec")
        .compile_fds(descriptors)?;
    Ok(())
}
