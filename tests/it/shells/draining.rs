//! Hosts taken out of nginx's upstreams, by their lines.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use relm::engine::Operation as _;
use relm::fleet::Targets;
use relm::operations::{DrainHost, Pool};
use relm::template::Template;
use relm::transport::{Exit, Status, Transport as _};

use super::stage::{Stage, ended, record};

super::under_every_shell!(
    only_the_lines_of_the_host_become_comments,
    two_at_once_lose_no_line_of_the_other,
    a_turn_that_was_left_is_taken_and_one_that_is_had_is_waited_for,
);

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
    stage.work(&DrainHost { pool, out, by: None }.work(&stage.on(Some(&name), None))).await
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

/// Two components of one environment, or two environments behind one proxy. Each has read the file when the other puts it back.
async fn two_at_once_lose_no_line_of_the_other(stage: Stage) {
    let file = stage.home().join("proxy.conf");
    fs::write(&file, "server web1;\nserver web2;\nserver web3;\n").expect("a file");
    stage.replaces("mv", "sleep 0.4; PATH=${PATH#*:} exec mv \"$@\"");
    let name = record(0).name;
    let one = |out: bool, server: &'static str| {
        let server = Template::new("server", server, &["host"]).expect("a template");
        let work = DrainHost { pool: Pool { server, ..pool("true", "true") }, out, by: None }
            .work(&stage.on(Some(&name), None));
        let transport = stage.another();
        async move { transport.capture(&work.script, None).await.expect("an exit") }
    };
    for out in [true, false] {
        let (first, second) = tokio::join!(one(out, "web1"), one(out, "web2"));
        ended(&first, 0);
        ended(&second, 0);
        let mark = if out { "#relm:out " } else { "" };
        let there = fs::read_to_string(&file).expect("a file");
        assert_eq!(there, format!("{mark}server web1;\n{mark}server web2;\nserver web3;\n"));
    }
}

async fn a_turn_that_was_left_is_taken_and_one_that_is_had_is_waited_for(stage: Stage) {
    let (file, turn_of) = (stage.home().join("proxy.conf"), stage.home().join(".relm-turn-proxy.conf"));
    fs::write(&file, "server web1;\n").expect("a file");
    let mut other = std::process::Command::new("sleep").arg("60").spawn().expect("a process");
    let stat = fs::read_to_string(format!("/proc/{}/stat", other.id())).expect("a file");
    let since = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(19)).expect("a number");
    // A number that another process has by now, and one that nobody has.
    for left in [format!("{}-1", other.id()), "4194305-1".to_owned()] {
        symlink(left, &turn_of).expect("a link");
        ended(&turn(&stage, pool("true", "true"), true).await, 0);
        ended(&turn(&stage, pool("true", "true"), false).await, 0);
        assert!(fs::symlink_metadata(&turn_of).is_err(), "it stayed");
    }
    symlink(format!("{}-{since}", other.id()), &turn_of).expect("a link");
    stage.replaces("sleep", "echo >>\"$HOME/waited\"");
    let refused = turn(&stage, pool("true", "true"), true).await;
    let said = format!("for 2 minutes (process {}); if none is: rm {}*", other.id(), turn_of.display());
    assert!(refused.status == Status::Code(1) && refused.stderr.contains(&said), "{refused:?}");
    assert_eq!(fs::read_to_string(&file).expect("a file"), "server web1;\n");
    assert!(fs::symlink_metadata(&turn_of).is_ok(), "it is another's");
    assert_eq!(fs::read_to_string(stage.home().join("waited")).expect("a file").len(), 599);
    other.kill().and_then(|()| other.wait()).expect("an end");
    ended(&turn(&stage, pool("true", "true"), true).await, 0);
}
