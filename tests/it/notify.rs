//! Who is told of deploys, of what, and that nobody's trouble with it becomes the deploy's.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::site::{Done, Site, logged, operation};

/// What a webhook got: the first line, the headers and the JSON.
struct Request {
    line: String,
    headers: Vec<String>,
    body: Value,
}

/// A webhook that answers everything with one status.
fn webhook(status: &'static str) -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a connection"));
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).expect("a line");
                if line.trim().is_empty() {
                    break;
                }
                lines.push(line.trim().to_owned());
            }
            let length =
                lines.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.expect("a length")];
            reader.read_exact(&mut body).expect("a body");
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").expect("an answer");
            let request =
                Request { line: lines.remove(0), headers: lines, body: serde_json::from_slice(&body).expect("JSON") };
            if tell.send(request).is_err() {
                return;
            }
        }
    });
    (address, told)
}

#[test]
fn a_deploy_without_notices_is_in_the_history_all_the_same() {
    let (address, told) = webhook("200 OK");
    let site = crate::knowing::site("git = \"code\"\ntag = \"v-{release}\"", "");
    let file = site.read("Releases.toml");
    let file = file
        .replace("[env.test.hosts]", &format!("[[notify]]\nname = \"chat\"\nurl = \"{address}\"\n[env.test.hosts]"));
    site.write("Releases.toml", file);
    site.relm("deploy --no-notify -m quietly").ends(0);
    let quiet = site.live();
    assert!(told.try_recv().is_err(), "somebody was told");
    assert_eq!(crate::knowing::git(&site.path("code"), &["tag"]), "");
    let history = site.relm("history --json").ends(0).report();
    assert_eq!((&history["entries"][0]["to"], &history["entries"][0]["message"]), (&quiet.into(), &"quietly".into()));
    crate::knowing::commit(&site, "two");
    let live = site.deploy();
    assert_eq!(next(&told).body["release"], live.clone());
    assert_eq!(crate::knowing::git(&site.path("code"), &["tag"]), format!("v-{live}"));
}

fn next(told: &Receiver<Request>) -> Request {
    told.recv_timeout(Duration::from_secs(20)).expect("a request")
}

fn with_secrets(site: &Site, address: &str, line: &str) -> Done {
    let mut command = site.command(line.split_whitespace());
    command.env("HOOK", format!("{address}/T0/s3cret-path")).env("TOKEN", "s3cret-token");
    Done::from(command.output().expect("a process"))
}

#[test]
fn a_webhook_hears_of_start_success_failure_and_rollback_with_its_secrets() {
    let (address, told) = webhook("204 No Content");
    let settings = "[secrets]\nHOOK = { env = \"HOOK\" }\nTOKEN = { env = \"TOKEN\" }\n[[notify]]\nname = \"chat\"\n\
                    url = { secret = \"HOOK\" }\n\
                    headers = { Authorization = { before = \"Bearer \", secret = \"TOKEN\" }, X-App = \"shop\" }\n";
    let guard = "[[guards.ask]]\nname = \"texts\"\nquestion = \"In?\"\n";
    let site = Site::new("web1 web2", &format!("{settings}{guard}{}", logged("restart", "after_flip", "undo = true")));
    let mut said = String::new();
    let mut run = |line: &str, code: i32| {
        let done = with_secrets(&site, &address, line).ends(code);
        said += &(done.stdout + &done.stderr);
    };
    run("deploy --yes -m why", 0);
    let first = site.live();
    let start = next(&told);
    assert_eq!(start.line, "POST /T0/s3cret-path HTTP/1.1");
    let has = |wanted: &str| start.headers.iter().any(|header| header.eq_ignore_ascii_case(wanted));
    assert!(has("Authorization: Bearer s3cret-token") && has("X-App: shop"), "{:?}", start.headers);
    assert!(has("content-type: application/json"), "{:?}", start.headers);
    let facts = |body: &Value| {
        ["event", "task", "app", "env", "release", "message"].map(|key| body[key].as_str().unwrap_or("-").to_owned())
    };
    let agreed = serde_json::json!([{ "name": "texts", "words": "answered by --yes" }]);
    assert_eq!((&start.body["consents"], &start.body["commits"]), (&agreed, &Value::Null));
    assert_eq!(facts(&start.body), ["start", "deploy", "shop", "test", &first, "why"]);
    let end = next(&told).body;
    assert_eq!(facts(&end), ["success", "deploy", "shop", "test", &first, "why"]);
    assert_eq!(end["hosts"]["web2"], first.as_str());
    assert_eq!((&end["ending"], &end["exit_code"], &end["ref"]), (&"succeeded".into(), &0.into(), &"dir code".into()));
    assert_eq!(end["text"].as_str().map(|text| text.starts_with(&format!("test runs {first}"))), Some(true), "{end}");

    run("deploy --yes", 0);
    assert_eq!(
        (next(&told).body["event"].as_str(), next(&told).body["event"].as_str()),
        (Some("start"), Some("success"))
    );
    run("rollback", 0);
    let (start, end) = (next(&told).body, next(&told).body);
    assert_eq!(
        (&start["event"], &end["event"], &end["release"]),
        (&"start".into(), &"rollback".into(), &first.as_str().into())
    );

    site.write("broken-restart-web2", "");
    run("deploy --yes --json", 1);
    let (_, end) = (next(&told), next(&told).body);
    assert_eq!((&end["event"], &end["ending"]), (&"failure".into(), &"put_back".into()));
    assert_eq!((&end["failed"][0]["step"], &end["failed"][0]["host"]), (&"restart".into(), &"web2".into()));
    assert_eq!(end["hosts"]["web1"], first.as_str(), "what is live is told");

    // Nothing is told of what changes nothing live.
    for line in ["setup-release", "status", "run -- true", "deploy --dry-run"] {
        run(line, 0);
    }
    run("rollback --to 2020-01-01_00.00.00", 3);
    assert!(told.try_recv().is_err(), "more was told");
    assert!(!said.contains("s3cret"), "a secret was shown: {said}");
}

#[test]
fn whoever_cannot_be_told_is_a_note_and_not_a_failure() {
    let (refusing, told) = webhook("500 Oops");
    let (moved, _moved) = webhook("302 Found");
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let entry = |name: &str, way: &str| format!("[[notify]]\nname = \"{name}\"\non = [\"success\"]\n{way}\n");
    let settings = [
        "[secrets]\nTOKEN = { env = \"TOKEN\" }\nLOST = { env = \"NOT_SET\" }\n".to_owned(),
        entry("refusing", &format!("url = \"{refusing}/x\"")),
        entry("moved", &format!("url = \"{moved}/x\"")),
        entry("gone", &format!("url = \"http://{gone}/x\"")),
        entry("keyless", "url = { secret = \"LOST\" }"),
        entry("failing", "command = \"echo \\\"no way, $TOKEN\\\" >&2; exit 3\"\nsecrets = [\"TOKEN\"]"),
        entry("hanging", "command = \"(sleep 300; touch $SITE/late) & sleep 300\"\ntimeout = \"1s\""),
        entry("background", "command = \"sleep 4 & echo $RELM_EVENT $RELM_ENV $TOKEN > $SITE/background\""),
        entry("mailless", "mail = [\"ops@example.org\"]\nsendmail = \"/nonexistent/sendmail\""),
    ];
    let site = Site::new("web1", &settings.concat());
    let before = Instant::now();
    let done = with_secrets(&site, &refusing, "deploy --json").ends(0);
    assert!(before.elapsed() < Duration::from_secs(60));
    let events = done.json();
    let notes: Vec<&str> = events.iter().filter_map(|event| event["message"].as_str()).collect();
    for wanted in [
        "notify: refusing was not told of the success: it answered 500",
        "notify: moved was not told of the success: it answered 302",
        "notify: gone was not told of the success: ",
        "notify: the secret LOST is missing: the variable NOT_SET is not set",
        "notify: failing was not told of the success: exit status: 3: no way, [TOKEN]",
        "notify: hanging was not told of the success: it had not ended within 1 s",
        "notify: mailless was not told of the success: it could not be started: ",
    ] {
        assert!(notes.iter().any(|note| note.starts_with(wanted)), "{wanted}: {notes:#?}");
    }
    assert_eq!(notes.len(), 7, "{notes:#?}");
    assert_eq!(done.ending()["ending"], "succeeded");
    assert_eq!(site.read("background"), "success test\n", "it gets no secret that it does not list");
    assert!(!done.stdout.contains("s3cret") && !done.stderr.contains("s3cret"), "{}", done.stdout);
    assert_eq!(next(&told).body["event"], "success");
    assert!(told.try_recv().is_err(), "it is told of nothing else");
    // People see them too, before the end.
    site.relm("deploy").ends(0).says(&["note", "notify: refusing was not told of the success: it answered 500"]);
}

#[test]
fn letters_and_commands_get_what_they_ask_for_and_an_environment_has_its_own() {
    let wait = "[[operations]]\nname = \"ready\"\nphase = \"prepare\"\n\
                wait = { check = \"test -e $SITE/ready\", every = \"1s\", max = \"1s\" }\n";
    let settings = format!(
        "[[notify]]\nname = \"log\"\ncommand = \"cat >> log.json\"\non = [\"paused\", \"failure\"]\n\
         [[notify]]\nname = \"ops\"\nmail = [\"ops@example.org\", \"ada@example.org\"]\nsendmail = \"bin/sendmail\"\n\
         on = [\"paused\"]\n[[env.test.notify]]\nname = \"log\"\ncommand = \"cat >> test.json\"\non = [\"paused\"]\n{wait}{}",
        operation("check", "check", "", "[ ! -e $SITE/broken ]")
    );
    let site = Site::new("web1", &settings);
    site.shadow("sendmail", "echo \"$@\" > \"$SITE/letter\"; cat >> \"$SITE/letter\"");
    site.relm("deploy").ends(75);
    let letter = site.read("letter");
    assert!(
        letter.starts_with("-i -- ops@example.org ada@example.org\nTo: ops@example.org, ada@example.org\n"),
        "{letter}"
    );
    assert!(letter.contains("\nSubject: [shop] deploy on test: paused\n"), "{letter}");
    assert!(
        letter.contains("is paused (by tester)\n") && letter.contains("\nnext: relm deploy test --resume\n"),
        "{letter}"
    );
    let told: Value = serde_json::from_str(&site.read("test.json")).expect("one JSON object");
    assert_eq!((&told["event"], &told["exit_code"]), (&"paused".into(), &75.into()));
    assert!(!site.path("log.json").exists(), "the environment's own takes the place of the file's");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(site.read("test.json").lines().count(), 1, "it did not ask for failures");
}

/// A chat shows that sentence and nothing else.
#[test]
fn the_text_tells_how_it_ended_and_a_letter_why_it_was_begun() {
    let notifiers = "[[notify]]\nname = \"log\"\ncommand = \"cat >> told.json\"\non = [\"failure\", \"success\"]\n\
                     [[notify]]\nname = \"ops\"\nmail = [\"ops@example.org\"]\nsendmail = \"bin/sendmail\"\n\
                     on = [\"failure\"]\n";
    let page = "[maintenance]\non = \"true\"\noff = '''[ ! -e \"$SITE/broken-off\" ]'''\nduring = \"switch\"\n";
    let slow = operation("slow", "after_flip", "", r#"[ ! -e "$SITE/slow" ] || { touch "$SITE/begun"; sleep 60; }"#);
    let settings = [notifiers, page, &slow].concat()
        + &logged("restart", "after_flip", "")
        + &logged("check", "check", "")
        + &logged("announce", "finish", "");
    let site = crate::knowing::site("git = \"code\"", &settings);
    site.shadow("sendmail", "cat > \"$SITE/letter\"");
    site.deploy();
    crate::knowing::commit(&site, "mend the basket");
    let last = || {
        let line = site.read("told.json").lines().last().expect("a line").to_owned();
        let told: Value = serde_json::from_str(&line).expect("JSON");
        let (text, release) = (told["text"].as_str().expect("a text"), told["release"].as_str().expect("a release"));
        text.replace(release, "NEW")
    };
    let broken = |files: &[&str], code: i32, words: &str| {
        for file in files {
            site.write(file, "");
        }
        site.relm_with(["deploy", "-m", "the basket"]).ends(code);
        assert_eq!(last(), format!("deploy NEW on test {words} (by tester)"));
        for file in files {
            std::fs::remove_file(site.path(file)).expect("a file");
        }
        site.read("letter")
    };
    let letter = broken(&["broken-check-web1"], 1, "failed, and is not live");
    assert!(letter.contains("Subject: [shop] deploy on test: failure\n"), "{letter}");
    assert!(letter.contains("\nwhy: the basket\n") && letter.contains(" mend the basket (Ada)"), "{letter}");
    broken(&["broken-restart-web1"], 1, "failed, everything is as before");
    let words = "failed, and not all of it could be put back";
    broken(&["broken-restart-web1", "broken-off"], 5, words);
    let letter = broken(&["broken-announce-web1"], 4, "is live, what comes after it failed");
    assert!(letter.contains("Subject: [shop] deploy on test: live, not finished\n"), "{letter}");
    site.write("slow", "");
    let run = site.start("deploy");
    site.await_file("begun");
    crate::site::kill(&run.id().to_string(), "INT");
    assert_eq!(run.wait_with_output().expect("an end").status.code(), Some(130));
    assert_eq!(last(), "deploy NEW on test was interrupted, everything is as before (by tester)");
}
