//! Completion scripts and man pages.

use std::process::{Command, Stdio};

use super::{Script, printed};

#[test]
fn completion_of_every_shell_knows_the_commands() {
    let script = Script::of("unused");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let args = ["completion", shell];
        let text = printed(&script.mayfly(&args).output().unwrap(), &args);
        for word in ["mailbox", "webhook", "code-length"] {
            assert!(text.contains(word), "{word} of {shell}");
        }
    }
    // A shell completes what was typed.
    let line = format!(
        "source <({} completion bash); COMP_WORDS=(mayfly tok); COMP_CWORD=1; _mayfly mayfly tok mayfly; echo \"${{COMPREPLY[@]}}\"",
        env!("CARGO_BIN_EXE_mayfly")
    );
    let output = Command::new("bash")
        .args(["-c", &line])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "token\n");
}

#[test]
fn man_pages_cover_the_commands_and_hold_no_secret() {
    let mut script = Script::of("http://127.0.0.1:8080");
    script
        .env
        .insert("MAYFLY_TOKEN".to_owned(), "tm_pro_secret".to_owned());
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("man1");
    let args = ["man", target.to_str().unwrap()];
    assert_eq!(printed(&script.mayfly(&args).output().unwrap(), &args), "");
    let pages = std::fs::read_dir(&target).unwrap();
    let pages: Vec<(String, String)> = pages
        .map(|page| {
            let path = page.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    for name in [
        "mayfly.1",
        "mayfly-serve.1",
        "mayfly-mailbox-wait.1",
        "mayfly-admin-users-list.1",
    ] {
        let (_, page) = pages.iter().find(|(found, _)| found == name).expect(name);
        assert!(page.contains(".SH DESCRIPTION"), "{page}");
    }
    for (name, page) in pages {
        assert!(!page.contains("tm_pro_secret"), "{name}");
    }
}
