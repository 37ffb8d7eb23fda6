//! A stolen database contains no secret that signs events.

use base64::{Engine, prelude::BASE64_STANDARD};
use mayfly_testkit::{Db, db_test};

use super::{create_once, rotate_once, with_webhook};
use crate::world::{mail, user};

db_test!(stolen_database_reveals_no_webhook_secret);

fn holds(files: &[(String, Vec<u8>)], needle: &[u8]) -> bool {
    files
        .iter()
        .any(|(_, bytes)| memchr::memmem::find(bytes, needle).is_some())
}

async fn stolen_database_reveals_no_webhook_secret(db: Db) {
    let (world, receiver, owner, account, webhook) = with_webhook(db).await;
    let (id, first) = (webhook.webhook.unwrap().webhook_id, webhook.secret);
    let second = rotate_once(&world, &owner, &id, Some("k")).await.unwrap();
    let third = create_once(&world, &user(), &receiver.url(), Some("k")).await;
    let third = third.unwrap().secret;
    // Both secrets sign now.
    world.deliver(&[&account], &mail("news")).await.unwrap();
    receiver.until_received(1).await;
    let mut needles = vec![world.data_key.expose().to_vec()];
    needles.push(world.data_key.to_hex().into_bytes());
    for secret in [&first, &second, &third] {
        let encoded = secret.strip_prefix("whsec_").unwrap();
        let bytes = BASE64_STANDARD.decode(encoded).unwrap();
        // The notation of bytes in a dump of PostgreSQL.
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let hex_of_text: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        needles.extend([
            encoded.as_bytes().to_vec(),
            bytes,
            hex.into_bytes(),
            hex_of_text.into_bytes(),
        ]);
    }
    let live = world.test_database.files();
    let (test_database, _) = world.stop().await;
    for files in [live, test_database.files()] {
        for known in [receiver.url().as_str(), "email.received", "mayfly.test"] {
            assert!(holds(&files, known.as_bytes()), "the search itself: {known}");
        }
        for needle in &needles {
            assert!(!holds(&files, needle), "{}", String::from_utf8_lossy(needle));
        }
    }
}
