//! Signs of health, asked for with what each set of tools has: curl, wget, python3, nc.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use relm::operations::{CheckHealth, RunCommand, Sign};
use relm::template::Template;
use relm::transport::{Exit, Status};

use super::stage::{Stage, record};

super::under_every_shell!(each_sign_is_seen_and_missed);

/// Answers 200 to `/well` with the header that was sent, 302 to `/moved`, else 503. Ends with the test's process.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let lines: Vec<String> =
                BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let asked = lines.first().map(String::as_str).unwrap_or_default().to_owned();
            let sign = lines.iter().find_map(|line| line.strip_prefix("X-Sign: ")).unwrap_or_default();
            let status = match asked.split(' ').nth(1) {
                Some("/well") => "200 OK",
                Some("/moved") => "302 Found\r\nLocation: /well",
                _ => "503 Unavailable",
            };
            let _ = write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n\r\nrelease {sign}\n");
        }
    });
    port
}

async fn look(stage: &Stage, sign: impl Into<Option<Sign>>, command: &str, within: u64) -> Exit {
    let check = RunCommand { reference: "main".to_owned(), ..RunCommand::new("well", command) };
    let second = Duration::from_secs(1);
    let (within, attempt) = (Duration::from_secs(within), Duration::from_secs(2));
    let operation = CheckHealth {
        check,
        sign: sign.into(),
        within,
        every: second,
        attempt,
        app: "shop".to_owned(),
        of_all: false,
        asks: false,
    };
    stage.run(&operation, &record(0).name).await
}

fn template(text: &str) -> Template {
    Template::new("sign", text, &["release", "address"]).expect("a template")
}

fn http(port: u16, path: &str, expect: u16, contains: Option<&str>) -> Sign {
    Sign::Http {
        url: template(&format!("http://{{{{ address }}}}:{port}{path}")),
        expect,
        contains: contains.map(template),
        headers: vec![format!("X-Sign: {}", record(0).name)],
    }
}

fn well(exit: &Exit) {
    assert_eq!(exit.status, Status::Code(0), "{exit:?}");
}

fn unwell(exit: &Exit, why: &str) {
    assert!(exit.status == Status::Code(1) && exit.stderr.contains(why), "{exit:?}");
}

async fn each_sign_is_seen_and_missed(stage: Stage) {
    stage.with_version(0).await;
    let port = server();
    well(&look(&stage, http(port, "/well", 200, Some("release {{ release }}")), "", 5).await);
    well(&look(&stage, http(port, "/moved", 302, None), "", 5).await);
    unwell(&look(&stage, http(port, "/ill", 200, None), "", 1).await, "/ill answers 503, not 200");
    unwell(&look(&stage, http(port, "/moved", 200, None), "", 1).await, "answers 302, not 200");
    unwell(&look(&stage, http(port, "/well", 200, Some("another")), "", 1).await, "without \"another\"");
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").port();
    unwell(&look(&stage, http(nobody, "/", 200, None), "", 1).await, "does not answer");
    let tcp = |port: u16| Sign::Tcp(template(&format!("127.0.0.1:{port}")));
    well(&look(&stage, tcp(port), "", 5).await);
    unwell(&look(&stage, tcp(nobody), "", 1).await, "takes no connection");
    let file = || Sign::File(template("ready-{{ release }}"));
    unwell(&look(&stage, file(), "", 1).await, "is not there");
    fs::write(stage.path(&format!("releases/{0}/ready-{0}", record(0).name)), "").expect("a file");
    well(&look(&stage, file(), "", 1).await);
    well(&look(&stage, None, "[ -e tried ] || { touch tried; exit 3; }", 5).await);
    unwell(&look(&stage, None, "exit 3", 1).await, "did not succeed");
    unwell(&look(&stage, None, "set -e; false; true", 1).await, "did not succeed");
}
