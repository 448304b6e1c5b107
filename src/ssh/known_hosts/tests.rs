use std::process::Command;

use super::*;

const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
const TWO: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHK2XSnvXZiyPLDIhWYwzRrDfBHvIsDpkqBMWVRnvzKr";
const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGi9wLFqP5o/XO/9zYd6oE9QUYvBfY1/pkhU8VRjIkMqAvTrYuXcP3NTDmbDxNPWrIxvkVXPcXcvtZrqAbHVmUo=";

fn key(text: &str) -> PublicKey {
    PublicKey::from_openssh(text).unwrap()
}

fn known(text: &str, names: &[&str]) -> KnownHosts {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut known = KnownHosts::default();
    known.add(Path::new("known_hosts"), text, &names);
    known
}

/// The verdict on `ONE` in a word.
fn word(text: &str, names: &[&str]) -> String {
    match known(text, names).judge(&key(ONE)) {
        Verdict::Known => "known".to_owned(),
        Verdict::Unknown { .. } => "unknown".to_owned(),
        Verdict::Changed { place, .. } => format!("changed {}", place.line),
        Verdict::Revoked { place } => format!("revoked {}", place.line),
    }
}

#[test]
fn verdicts_on_a_key() {
    let web: &[&str] = &["web"];
    let port: &[&str] = &["[web]:2222", "web"];
    let cases: [(String, &[&str], &str); 22] = [
        (format!("web {ONE}"), web, "known"),
        (format!("WEB {ONE}"), web, "known"),
        (format!("db,web,10.0.0.1 {ONE} comment here"), web, "known"),
        (format!("  web\t {ONE}"), web, "known"),
        (format!("w?b {ONE}"), web, "known"),
        (format!("*,!web {ONE}"), web, "unknown"),
        (format!("# web {ONE}"), web, "unknown"),
        (format!("web1 {ONE}"), web, "unknown"),
        (format!("web {ECDSA}"), web, "unknown"),
        (String::new(), web, "unknown"),
        (format!("\nweb {TWO}"), web, "changed 2"),
        (format!("web {TWO}\nweb {ONE}"), web, "known"),
        (format!("web {ONE}\n@revoked web {ONE}"), web, "revoked 2"),
        (format!("@revoked * {ONE}"), web, "revoked 1"),
        (format!("@revoked * {TWO}\nweb {ONE}"), web, "known"),
        (format!("@revoked * {TWO}"), web, "unknown"),
        (format!("@cert-authority * {ONE}"), web, "unknown"),
        (format!("@strange web {ONE}"), web, "unknown"),
        (format!("web ssh-ed25519 !!!\nweb\nweb {ONE}"), web, "known"),
        (format!("[web]:2222 {ONE}"), port, "known"),
        (format!("web {ONE}"), port, "known"),
        (format!("web {ONE}\n[web]:2222 {TWO}"), port, "changed 2"),
    ];
    for (text, names, expected) in cases {
        assert_eq!(word(&text, names), expected, "{text}");
    }
}

#[test]
fn other_keys_and_authorities_are_told() {
    let known = known(&format!("web {ECDSA}\n@cert-authority * {TWO}"), &["web"]);
    let Verdict::Unknown { others } = known.judge(&key(ONE)) else { panic!("it is unknown") };
    assert_eq!(others, ["ecdsa-sha2-nistp256"]);
    assert_eq!(known.authorities().count(), 1);
}

#[test]
fn hashed_names_are_told_apart() {
    let line = format!("{} {ONE}", hashed("[web]:2222", &[7; 20]));
    assert_eq!(word(&line, &["[web]:2222"]), "known");
    assert_eq!(word(&line, &["web"]), "unknown");
    assert_eq!(word(&format!("|1|| {ONE}"), &["web"]), "unknown");
    assert_eq!(word(&format!("|1|x {ONE}"), &["web"]), "unknown");
}

/// Asks `ssh-keygen -F`, which must find a line exactly where we do.
#[test]
fn ssh_keygen_finds_the_same_lines() {
    if Command::new("ssh-keygen").arg("-?").output().is_err() {
        eprintln!("SKIPPED: there is no ssh-keygen");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_hosts");
    let plain = format!("web,db {ONE}\n[web]:2222 {ONE}\n*.example.org,!bad.example.org {ONE}\n");
    std::fs::write(&file, &plain).unwrap();
    let mut hash = Command::new("ssh-keygen");
    assert!(hash.arg("-H").arg("-f").arg(&file).output().unwrap().status.success());
    let hashed = std::fs::read_to_string(&file).unwrap();
    assert!(hashed.contains("|1|"));
    let names = ["web", "db", "[web]:2222", "[web]:22", "a.example.org", "bad.example.org", "example.org", "W"];
    for text in [plain, hashed] {
        std::fs::write(&file, &text).unwrap();
        for name in names {
            let mut find = Command::new("ssh-keygen");
            let found = find.args(["-F", name, "-f"]).arg(&file).output().unwrap().status.success();
            assert_eq!(word(&text, &[name]) == "known", found, "{name} in\n{text}");
        }
    }
}

/// Whatever stands in the files: a key is known only where one of them has it, and nothing takes a revocation back.
#[test]
fn damaged_files_make_no_key_known() {
    let words = [ONE, TWO, ECDSA, "@revoked ", "@cert-authority ", "*", "!", "|1|", "[web]:2222", "web", ",", "#"];
    let pieces = [ONE, TWO, "@revoked ", "@cert-authority ", "web ", "* ", "!web,", "|1|AA==|BB== ", "?"];
    let data = ONE.split(' ').nth(1).expect("a key");
    crate::tests::damaged("known_hosts", &words, crate::tests::lines_of(&pieces), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        for names in [&["web"][..], &["[web]:2222", "web"]] {
            let verdict = known(&text, names).judge(&key(ONE));
            if verdict == Verdict::Known {
                assert!(text.contains(data));
            }
            let revoked = known(&format!("{text}\n@revoked * {ONE}"), names).judge(&key(ONE));
            assert!(matches!(revoked, Verdict::Revoked { .. }));
            // Lines for others say nothing.
            let more = known(&format!("{text}\nother {ONE}\nother {TWO}"), names).judge(&key(ONE));
            assert_eq!(more, verdict);
        }
    });
}
