//! Hosts taken out of nginx's upstreams, by their lines.

use std::fs;
use std::time::Duration;

use relm::engine::Operation as _;
use relm::fleet::Targets;
use relm::operations::{DrainHost, Pool};
use relm::template::Template;
use relm::transport::{Exit, Status};

use super::stage::{Stage, ended, record};

super::under_every_shell!(only_the_lines_of_the_host_become_comments);

const FILE: &str = "upstream a {\n  server web1:80 weight=5;\n  server web10:80; # web1\n\tserver web1;\n}\n\
                    # server web1:81;\nupstream b { server web1:80; }\nserver web1.example.org;\nserver *;";

fn pool(test: &str, reload: &str) -> Pool {
    Pool {
        name: "web".to_owned(),
        targets: Targets::all(),
        proxies: Some(Targets::all()),
        nginx: Some("proxy.conf".to_owned()),
        commands: [test.to_owned(), reload.to_owned()],
        becoming: None,
        server: Template::new("server", "{{ host }}", &["host"]).expect("a template"),
        wait: Duration::ZERO,
        app: "shop".to_owned(),
        reference: "main".to_owned(),
    }
}

async fn turn(stage: &Stage, pool: Pool, out: bool) -> Exit {
    let name = record(0).name;
    stage.work(&DrainHost { pool, out }.work(&stage.on(Some(&name), None))).await
}

async fn only_the_lines_of_the_host_become_comments(stage: Stage) {
    let file = stage.home().join("proxy.conf");
    let read = || fs::read_to_string(&file).expect("a file");
    let missing = turn(&stage, pool("true", "true"), true).await;
    assert!(missing.status == Status::Code(1) && missing.stderr.contains("is not there"), "{missing:?}");
    fs::write(&file, FILE).expect("a file");
    let drained = FILE
        .replace("  server web1:80 ", "#relm:out   server web1:80 ")
        .replace("\tserver web1;", "#relm:out \tserver web1;");
    ended(&turn(&stage, pool("true", "echo >>\"$HOME/reloads\""), true).await, 0);
    assert_eq!(read(), format!("{drained}\n"));
    ended(&turn(&stage, pool("true", "echo >>\"$HOME/reloads\""), true).await, 90);
    ended(&turn(&stage, pool("true", "true"), false).await, 0);
    assert_eq!(read(), format!("{FILE}\n"));
    assert_eq!(fs::read_to_string(stage.home().join("reloads")).expect("a file").len(), 2);
    for (test, reload) in [("echo no servers; false", "true"), ("true", "echo no servers; false")] {
        let refused = turn(&stage, pool(test, reload), true).await;
        assert!(refused.status == Status::Code(1) && refused.stderr.contains("no servers"), "{refused:?}");
        assert_eq!(read(), format!("{FILE}\n"));
    }
    fs::write(&file, &drained).expect("a file");
    let refused = turn(&stage, pool("! grep -q '^  server web1:80' \"$HOME/proxy.conf\"", "true"), false).await;
    assert!(refused.stderr.contains("with web1; it is as it was"), "{refused:?}");
    assert_eq!(read(), drained);
    let refused = turn(&stage, pool("echo somebody\\'s mistake; false", "true"), false).await;
    assert!(refused.status == Status::Code(1) && refused.stderr.contains("did so before"), "{refused:?}");
    assert_eq!(read(), format!("{FILE}\n"), "it is no longer out");
    let left = fs::read_dir(stage.home()).expect("a directory");
    let left = left.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    assert!(left.into_iter().all(|name| !name.starts_with(".relm-")));
    fs::write(&file, "upstream a { server web2; }\n").expect("a file");
    let unknown = turn(&stage, pool("true", "true"), true).await;
    assert!(unknown.stderr.contains("has no line \"server web1…;\""), "{unknown:?}");
}
