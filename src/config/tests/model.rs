//! Good files and the model they come to.

use std::path::PathBuf;
use std::time::Duration;

use super::super::*;
use super::{CONTRACT, LEAST, SAMPLE, TEMPLATE, read};
use crate::fleet::{Address, By, Host, HostName};
use crate::source::Source;

fn roles(names: &[&str]) -> Vec<Role> {
    names.iter().map(|name| Role::new(name).unwrap()).collect()
}

fn host(name: &str, address: Address, names: &[&str]) -> Host {
    Host {
        name: HostName::new(name).unwrap(),
        address,
        roles: roles(names).into_iter().collect(),
        source_files: Vec::new(),
        variables: BTreeMap::new(),
    }
}

pub(super) fn ssh(host: &str, user: &str, port: Option<u16>) -> Address {
    Address::Ssh { host: host.to_owned(), user: Some(user.to_owned()), port }
}

fn operation(name: &str, phase: Phase, on: Option<&[&str]>, run: &str) -> AppOperation {
    AppOperation {
        name: name.to_owned(),
        phase,
        targets: on.map(roles).map_or_else(Targets::all, Targets::roles),
        at_once: None,
        time_limit: None,
        run: run.to_owned(),
        cwd: None,
        unless: None,
        changed_if: None,
        is_job: false,
        log_max: None,
        awaits: None,
        wait: None,
        retry: None,
        unless_same: None,
        migrate: None,
        undo: None,
        always: false,
        becoming: None,
        variables: BTreeMap::new(),
        secrets: Vec::new(),
    }
}

fn contract_operations() -> Vec<AppOperation> {
    let manage = |what: &str| format!("python_env/bin/python manage.py {what} --noinput");
    let migrate = operation("migrate", Phase::Prepare, Some(&["db"]), &manage("migrate"));
    let restart = operation("restart", Phase::AfterFlip, Some(&["web"]), "sudo -n systemctl restart shop");
    let announce = operation("announce", Phase::Finish, None, "./announce $RELM_RELEASE");
    vec![
        operation("collectstatic", Phase::Prepare, Some(&["web"]), &manage("collectstatic")),
        AppOperation { targets: migrate.targets.clone().once(), time_limit: Some(Duration::from_secs(600)), ..migrate },
        AppOperation { at_once: Some(1), undo: Some(Undo::Again), ..restart },
        operation("health", Phase::AfterFlip, Some(&["web"]), "curl -fsS http://127.0.0.1:8000/healthz"),
        AppOperation { targets: Targets::all().once(), ..announce },
    ]
}

fn contract_env(name: &str, confirm: bool, keep: usize, hosts: Vec<Host>) -> Environment {
    Environment {
        name: EnvName::new(name).unwrap().into(),
        app: "shop".to_owned(),
        confirm: if confirm { Confirm::Yes } else { Confirm::No },
        promote_from: None,
        accept_new_host_keys: false,
        forward_agent: false,
        login_password: None,
        cut_by: None,
        fleet: Fleet { hosts },
        source: Wanted {
            source: Source::Git { location: "/srv/shop".to_owned(), reference: Some("main".to_owned()) },
            exclude: vec!["*.pyc".to_owned()],
            patches: Vec::new(),
            extra: Vec::new(),
        },
        pre_connect: PreConnect { knock: vec![], timeout: Duration::from_secs(1) },
        lock: LockRules { shared: None, grace: Duration::from_secs(10), keeps: false },
        distribution: None,
        notify: Vec::new(),
        tag: None,
        release: ReleaseRules {
            root: "www".to_owned(),
            keep,
            keep_failed: Duration::from_secs(86_400),
            min_age: Duration::ZERO,
            batches: vec![Batch::Percent(100)],
            max_parallel: None,
            max_unreachable: Batch::Hosts(0),
            shared_dirs: vec!["media".to_owned()],
            shared_files: vec!["localsettings.py".to_owned()],
            copy_from_current: vec!["node_modules".to_owned()],
            version_file: None,
            record_file: None,
        },
        python: Some(Python {
            packages: Packages::Requirements(vec!["requirements.txt".to_owned()]),
            python: "python3".to_owned(),
            targets: Targets::roles(roles(&["app"])),
            installer: Installer::Auto,
            index: None,
            args: Vec::new(),
            post: Vec::new(),
            offline: None,
            reuse: Reuse::Pinned,
            bring_uv: None,
        }),
        becoming: None,
        secrets: std::collections::BTreeMap::new(),
        secret_files: Vec::new(),
        templates: Vec::new(),
        publish: Vec::new(),
        transfers: Vec::new(),
        operations: contract_operations(),
        services: Vec::new(),
        health: Vec::new(),
        maintenance: None,
        manage: None,
        pools: Vec::new(),
        guards: super::super::guards::Guards::default(),
        busy: Vec::new(),
    }
}

#[test]
fn an_environment_has_secrets_of_its_own_and_becomes_another() {
    let text = r#"
become = { user = "app", password = "PW" }
[secrets]
PW = { ask = true }
TOKEN = { env = "TOKEN" }
[[secret_files]]
path = "a/key"
secret = "TOKEN"
[[operations]]
name = "x"
phase = "prepare"
run = "true"
become = "root"
secrets = ["TOKEN"]
[source]
dir = "."
[env.one.hosts]
web1 = { address = "web1" }
[env.two]
become = { user = "www-data", with = "doas" }
secrets = { TOKEN = { file = "~/token" } }
[env.two.hosts]
web1 = { address = "web2" }
"#;
    let config = read(text).unwrap_or_else(|problems| panic!("{problems}"));
    let becomes = |user: &str, by, password: Option<&str>| {
        Some(Become { user: user.to_owned(), by, password: password.map(str::to_owned) })
    };
    let [one, two] = config.envs.as_slice() else { panic!("two environments") };
    assert_eq!(one.becoming, becomes("app", By::Sudo, Some("PW")));
    assert_eq!(two.becoming, becomes("www-data", By::Doas, None));
    assert_eq!(one.secrets["TOKEN"], SecretSource::Env("TOKEN".to_owned()));
    assert_eq!(two.secrets["TOKEN"], SecretSource::File(PathBuf::from("/home/ada/token")));
    assert_eq!(two.secrets["PW"], SecretSource::Ask);
    assert_eq!(one.operations[0].becoming, becomes("root", By::Sudo, None));
    assert_eq!(one.operations[0].secrets, ["TOKEN"]);
    assert_eq!((one.secret_files[0].path.as_str(), one.secret_files[0].secret.as_str()), ("a/key", "TOKEN"));
}

#[test]
fn the_promised_file_comes_to_the_promised_model() {
    let stage1 = host("stage1", ssh("stage1.example.org", "deploy", Some(22)), &["web", "app", "db"]);
    let production = vec![
        host("web1", ssh("10.0.0.11", "deploy", None), &["web", "app"]),
        host("web2", ssh("10.0.0.12", "deploy", None), &["web", "app"]),
        host("db1", ssh("10.0.0.21", "deploy", None), &["app", "db"]),
    ];
    let directory = Address::Local(PathBuf::from("/srv/shop/target/demo/web1"));
    let expected = Config {
        path: PathBuf::from("/srv/shop/Releases.toml"),
        default_env: Some(EnvName::new("staging").unwrap()),
        ssh_config: Some(PathBuf::from("/home/ada/.ssh/config")),
        envs: vec![
            contract_env("staging", false, 3, vec![stage1]),
            contract_env("production", true, 5, production),
            contract_env("demo", false, 3, vec![host("web1", directory, &["web", "app", "db"])]),
        ],
        tasks: vec![OwnTask {
            name: "preindex".to_owned(),
            about: "Build a private release and preindex in it".to_owned(),
            operations: vec!["setup-release".to_owned(), "preindex".to_owned()],
            transfers: Vec::new(),
        }],
    };
    assert_eq!(read(CONTRACT).unwrap_or_else(|problems| panic!("{problems}")), expected);
}

#[test]
fn the_sample_deploys_an_example_to_directories() {
    let sample = read(SAMPLE).unwrap_or_else(|problems| panic!("{problems}"));
    let demo = sample.environment(None).unwrap();
    assert_eq!((demo.name.to_string().as_str(), demo.fleet.hosts.len()), ("demo", 3));
    assert_eq!(demo.source.source, Source::Directory(PathBuf::from("/srv/shop/examples/flask")));
    assert!(demo.fleet.hosts.iter().all(|host| matches!(host.address, Address::Local(_))));
    let production = sample.environment(Some("production")).unwrap();
    let names: Vec<_> = production.operations.iter().map(|operation| operation.name.as_str()).collect();
    assert_eq!(names, ["compile", "schema", "restart", "announce", "health"]);
    assert_eq!(production.release.batches, [Batch::Hosts(1), Batch::Percent(50), Batch::Percent(100)]);
    assert_eq!(production.release.shared_dirs, ["media"]);
}

/// Every line that is switched off in the sample and the template would be right if it were switched on.
#[test]
fn what_is_commented_out_is_right_too() {
    read(TEMPLATE).unwrap_or_else(|problems| panic!("{problems}"));
    let on = |line: &str| match line.strip_prefix("# ") {
        Some(code) if code.starts_with('[') || code.contains(" = ") => format!("{code}\n"),
        _ => format!("{line}\n"),
    };
    let all_on: String = TEMPLATE.lines().map(on).collect();
    let config = read(&all_on).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!((config.envs.len(), config.envs[0].operations.len()), (4, 2));
    let schema = schema().to_string();
    let commented = SAMPLE.lines().filter_map(|line| line.strip_prefix("# ")?.split_once(" = "));
    for (key, _) in commented {
        assert!(schema.contains(&format!("\"{key}\":{{")), "the sample mentions {key:?}, which is no key");
    }
}

#[test]
fn what_is_left_out_has_a_default() {
    let config = read(LEAST).unwrap();
    let env = config.environment(None).unwrap();
    assert_eq!((env.app.as_str(), env.confirm.clone(), &env.python), ("shop", Confirm::No, &None));
    assert_eq!((env.release.root.as_str(), env.release.keep), ("www", 3));
    assert_eq!(env.release.batches, [Batch::Percent(100)]);
    let python = read(&format!("{LEAST}[python]\n")).unwrap().envs[0].python.clone().unwrap();
    assert_eq!(python.packages, Packages::Requirements(vec!["requirements.txt".to_owned()]));
}

#[test]
fn an_older_virtualenv_is_used_again_when_everything_is_pinned_or_as_the_file_says() {
    let cases = [
        ("", Reuse::Pinned),
        ("reuse = \"pinned\"", Reuse::Pinned),
        ("reuse = \"always\"", Reuse::Always),
        ("reuse = \"never\"", Reuse::Never),
    ];
    for (line, reuse) in cases {
        let config = read(&format!("{LEAST}\n[python]\n{line}\n")).unwrap();
        assert_eq!(config.envs[0].python.as_ref().unwrap().reuse, reuse, "{line}");
    }
}

#[test]
fn a_pool_may_wait_for_no_time_at_all() {
    let wait = |text: &str| {
        let pool = "[[pool]]\nname = \"web\"\nroles = [\"web\"]\ndrain = \"x\"\nundrain = \"y\"\n";
        read(&format!("{LEAST}{pool}{text}")).unwrap_or_else(|problems| panic!("{problems}")).envs[0].pools[0].wait
    };
    assert_eq!([wait(""), wait("wait = \"0s\"")], [Duration::from_secs(1), Duration::ZERO]);
}
