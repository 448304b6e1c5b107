//! Mistakes, each with a part of what is said about it and the line it stands in.

use super::{LEAST, SAMPLE, read};

/// Asserts that `text` has exactly one problem, with `message` in it, in `line`.
fn one(text: &str, message: &str, line: usize) {
    let problems = read(text).expect_err(&format!("this should not pass:\n{text}"));
    let drawn = problems.render(false);
    assert_eq!(problems.list.len(), 1, "one problem expected ({message}):\n{drawn}");
    let problem = &problems.list[0];
    assert!(problem.hint.is_some(), "a hint expected:\n{drawn}");
    assert!(problem.message.contains(message), "{message:?} expected:\n{drawn}");
    assert_eq!(problems.line(problem), line, "line {line} expected:\n{drawn}");
    if problem.span.start < problem.span.end {
        assert!(drawn.contains('^') && drawn.contains(&format!("Releases.toml:{line}:")), "{drawn}");
    }
}

/// Mistakes in services, each in a table that begins in line 5.
#[test]
fn mistakes_in_services() {
    let cases = [
        ("kind = \"supervisor\"", "[[service]] has no `name`", 5),
        ("name = \"web\"", "[[service]] has no `kind`", 5),
        ("name = \"web\"\nkind = \"runit\"", "`kind` cannot be \"runit\"", 7),
        ("name = \"a b\"\nkind = \"systemd\"", "service name \"a b\"", 6),
        ("name = \"web\"\nkind = \"systemd\"\nprogram = [\"x\"]", "unknown key \"program\" in [[service]]", 8),
        ("name = \"web\"\nkind = \"systemd\"\nprograms = [\"a b\"]", "\"a b\" is no name of a program", 8),
        ("name = \"web\"\nkind = \"systemd\"\nprograms = [\"--now\"]", "\"--now\" is no name of a program", 8),
        ("name = \"web\"\nkind = \"systemd\"\nroles = [\"wbe\"]", "no host has the role \"wbe\"", 8),
        ("name = \"web\"\nkind = \"systemd\"\nsingleton = \"web9\"", "no host \"web9\"", 8),
        ("name = \"web\"\nkind = \"systemd\"\ntimeout = \"soon\"", "\"soon\" is no limit of time", 8),
        ("name = \"web\"\nkind = \"systemd\"\ninto = \"/etc\"", "`into` stands without `templates`", 8),
        ("name = \"web\"\nkind = \"systemd\"\ntemplates = [\"none.conf\"]", "cannot read /srv/shop/none.conf", 8),
        ("name = \"web\"\nkind = \"command\"\npids = \"x\"", "neither `restart` nor both", 6),
        ("name = \"web\"\nkind = \"command\"\nrestart = \"x\"", "has no `pids`", 6),
        ("name = \"web\"\nkind = \"command\"\nrestart = \"x\"\nproof = false\nstrategy = \"reload\"", "no `reload`", 6),
        ("name = \"web\"\nkind = \"command\"\nrestart = \" \"\nproof = false", "`restart` is empty", 8),
        ("name = \"web\"\nkind = \"systemd\"\n[[service]]\nname = \"web\"\nkind = \"systemd\"", "two services", 9),
    ];
    for (text, message, line) in cases {
        one(&format!("{LEAST}[[service]]\n{text}\n"), message, line);
    }
}

/// Mistakes in pools, each in a table that begins in line 5 with its name and roles.
#[test]
fn mistakes_in_pools() {
    let cases = [
        ("min_healthy = 1", "neither `nginx` nor `drain` and `undrain`", 6),
        ("nginx = \"/etc/x\"", "`nginx` needs `proxies` beside it", 8),
        ("drain = \"x\"", "`drain` and `undrain` belong together", 8),
        ("nginx = \"/etc/x\"\nproxies = [\"web\"]\ndrain = \"x\"", "a command stands beside `nginx`", 10),
        ("drain = \"x\"\nundrain = \"y\"\nmin_healthy = -1", "`min_healthy` cannot be -1", 10),
        ("drain = \"x\"\nundrain = \"y\"\nserver = \"{{ hots }}\"", "server uses \"hots\"", 10),
        ("drain = \"x\"\nundrain = \"y\"\nproxies = [\"prox\"]", "no host has the role \"prox\"", 10),
    ];
    for (text, message, line) in cases {
        one(&format!("{LEAST}[[pool]]\nname = \"web\"\nroles = [\"web\"]\n{text}\n"), message, line);
    }
    one(&format!("{LEAST}[[pool]]\nname = \"web\"\ndrain = \"x\"\nundrain = \"y\"\n"), "no `roles`", 5);
}

/// Mistakes in health checks, each in a table that begins in line 5 with its name.
#[test]
fn mistakes_in_health_checks() {
    let cases = [
        ("within = \"1m\"", "none of `http`, `tcp`, `file` and `command`", 6),
        ("http = \"http://x/\"\ntcp = \"x:1\"", "`tcp` stands beside `http`", 8),
        ("http = \"localhost:80\"", "\"localhost:80\" is no address for http", 7),
        ("http = \"http://x/{{ hots }}\"", "http uses \"hots\", which has no value", 7),
        ("http = \"http://x/\"\nexpect = 99", "`expect` cannot be 99", 8),
        ("http = \"http://x/\"\ncontains = \"{% if\"", "contains: ", 8),
        ("tcp = \"x\"", "\"x\" is no host with a port", 7),
        ("tcp = \"x:1\"\nexpect = 200", "`expect` has no meaning beside `tcp`", 8),
        ("file = \"x\"\nphase = \"prepare\"", "`phase` cannot be \"prepare\"", 8),
        ("command = \" \"", "`command` is empty", 7),
        ("file = \"x\"\nwithin = \"0s\"", "\"0s\" is no limit of time", 8),
    ];
    for (text, message, line) in cases {
        one(&format!("{LEAST}[[health]]\nname = \"well\"\n{text}\n"), message, line);
    }
}

/// Mistakes in a file of one environment; the first line after what must be there is line 5.
#[test]
fn mistakes_in_tables() {
    let cases = [
        // Shape.
        ("[relaese]\nkeep = 1", "unknown key \"relaese\"", 5),
        ("[release]\nkeeep = 1", "unknown key \"keeep\" in [release]", 6),
        ("[release]\nkeep = \"3\"", "`keep` must be a whole number, but this is a text", 6),
        ("[release]\nkeep = 3.5", "a number with a fraction", 6),
        ("[release]\nkeep = 99999999999999999999", "too large", 6),
        ("[release]\nkeep = 2026-01-01", "a date or time", 6),
        ("[release]\nshared_dirs = \"media\"", "`shared_dirs` must be an array", 6),
        ("[release]\nshared_dirs = [\"a\",\n3]", "`shared_dirs` must be a text", 7),
        ("[operations]\nname = \"x\"", "`operations` must be an array", 5),
        ("[python]\nproject = \"yes\"", "`project` must be true or false", 6),
        ("[python]\ninstaller = \"conda\"", "`installer` cannot be \"conda\"", 6),
        ("[app]\nname = [\"shop\"]", "`name` must be a text in quotes", 6),
        ("[tasks.x]\nabout = \"y\"", "[tasks.x] has no `operations`", 5),
        ("[env.live.extra]", "unknown key \"extra\" in [env.live]", 5),
        // [distribution]
        ("[distribution]\nregion = \"eu-central-1\"", "[distribution] names no `store`", 6),
        ("[distribution]\nmin_hosts = 3", "[distribution] names no `store`", 6),
        ("[distribution]\nstore = \"gs://deploys\"", "\"gs://deploys\" is no store", 6),
        ("[distribution]\nstore = \"s3://x/shop\"", "\"x\" is no name of a bucket", 6),
        ("[distribution]\nstore = \"s3://deploys/a/../b\"", "\"a/../b\" cannot stand before names", 6),
        ("[distribution]\nstore = \"s3://deploys\"\nmin_hosts = 0", "`min_hosts` cannot be 0", 7),
        ("[distribution]\nstore = \"s3://deploys\"\nregion = \"a b\"", "\"a b\" is no region", 7),
        ("[distribution]\nstore = \"s3://deploys\"\nendpoint = \"s3.example.org\"", "no address of a store", 7),
        ("[distribution]\nstore = \"s3://deploys\"\nendpoint = \"https://a:b@s3\"", "no address of a store", 7),
        ("[python]\ninstaller = \"pip\"\nbring_uv = \"uv\"", "`bring_uv` has no meaning", 7),
        // What is told of a release.
        ("[release]\nversion_file = \"/VERSION\"", "`version_file`: the path \"/VERSION\" is absolute", 6),
        ("[release]\nshared_files = [\"v\"]\nversion_file = \"v\"", "the path \"v\" is named twice", 7),
        ("[env.live.source]\ntag = \"live\"", "`tag` would be the same for every release", 6),
        ("[env.live.source]\ntag = \"a b {release}\"", "no name that git would take", 6),
        ("[env.live.source]\ntag = \"{rel}/{release}\"", "no name that git would take", 6),
        ("[env.live.source]\npush_tag = true", "`push_tag` goes with `tag` only", 6),
        ("[env.live.source]\ngit = \"git@x:y\"\ntag = \"{release}\"", "a tag can only be pushed to \"git@x:y\"", 7),
        ("[env.live.source]\ndir = \".\"\ntag = \"{release}\"", "`tag` goes with `git` only", 7),
        // [[notify]]
        ("[[notify]]\nurl = \"https://x\"", "[[notify]] has no `name`", 5),
        ("[[notify]]\nname = \"a\"", "says how \"a\" is told", 6),
        ("[[notify]]\nname = \"a\"\nurl = \"https://x\"\nmail = [\"a@b\"]", "says how \"a\" is told", 6),
        ("[[notify]]\nname = \"a\"\nurl = \"hooks.example.org\"", "`url` is no address of a webhook", 7),
        ("[[notify]]\nname = \"a\"\nurl = \"https://a:b@x/\"", "`url` is no address of a webhook", 7),
        ("[[notify]]\nname = \"a\"\nurl = { secret = \"A\" }", "there is no secret \"A\"", 7),
        (
            "[[notify]]\nname = \"a\"\nurl = \"https://x\"\nheaders = { \"a b\" = \"c\" }",
            "\"a b\" is no name of a header",
            8,
        ),
        ("[[notify]]\nname = \"a\"\nurl = \"https://x\"\nheaders = { A = \"b\\nc\" }", "control character", 8),
        ("[[notify]]\nname = \"a\"\ncommand = \"b\"\nheaders = { A = \"b\" }", "`headers` goes with `url` only", 8),
        ("[[notify]]\nname = \"a\"\ncommand = \"b\"\nsecrets = [\"A\"]", "there is no secret \"A\"", 8),
        ("[[notify]]\nname = \"a\"\nmail = [\"Ops <ops@x>\"]", "no address to write to", 7),
        ("[[notify]]\nname = \"a\"\nmail = []", "`mail` names nobody", 7),
        ("[[notify]]\nname = \"a\"\ncommand = \"b\"\non = [\"sucess\"]", "`on` cannot be \"sucess\"", 8),
        ("[[notify]]\nname = \"a\"\ncommand = \"b\"\ntimeout = \"10\"", "\"10\" is no limit of time", 8),
        (
            "[[notify]]\nname = \"a\"\ncommand = \"b\"\n[[notify]]\nname = \"a\"\ncommand = \"c\"",
            "there are two [[notify]] \"a\"",
            9,
        ),
        // Secrets, and whom to become.
        ("[secrets]\nA = { env = \"A\", ask = true }", "the secret A comes from one place", 6),
        ("[secrets]\nA = {}", "the secret A comes from one place", 6),
        ("[secrets]\nA = { ask = false }", "`ask = false` is no place", 6),
        ("[secrets]\nA = { env = \"\" }", "`env` is empty", 6),
        ("[secrets]\nA = { env = \"A=b\" }", "\"A=b\" is no variable", 6),
        ("[secrets]\nA = { command = \" \" }", "`command` is empty", 6),
        ("[secrets]\nA = \"value\"", "`A` must be a table", 6),
        ("[secrets]\n\"a-b\" = { env = \"A\" }", "\"a-b\" cannot be the name of a secret", 6),
        ("[secrets]\nPATH = { env = \"A\" }", "a secret cannot be called \"PATH\"", 6),
        ("[secrets]\nRELM_ENV = { env = \"A\" }", "a secret cannot be called \"RELM_ENV\"", 6),
        ("[env.live.secrets]\nA = { from = \"A\" }", "unknown key \"from\"", 6),
        ("[[secret_files]]\npath = \"a\"\nsecret = \"A\"", "there is no secret \"A\"", 7),
        ("[secrets.A]\nask = true\n[[secret_files]]\npath = \"../a\"\nsecret = \"A\"", "has `..` in it", 8),
        ("[secrets.A]\nask = true\n[[secret_files]]\nsecret = \"A\"", "has no `path`", 7),
        ("[env.live]\nbecome = \"a b\"", "\"a b\" is no user", 6),
        ("[env.live]\nbecome = \"-u\"", "\"-u\" is no user", 6),
        ("[env.live]\nbecome = { user = \"a\", with = \"su\" }", "`with` cannot be \"su\"", 6),
        ("[env.live]\nbecome = { user = \"a\", wiht = \"sudo\" }", "unknown key \"wiht\"", 6),
        ("[env.live]\nbecome = { with = \"sudo\" }", "has no `user`", 6),
        ("[env.live]\nbecome = true", "`become` must be", 6),
        ("[env.live]\nbecome = { user = \"a\", password = \"P\" }", "there is no secret \"P\"", 6),
        (
            "[secrets.P]\nask = true\n[env.live]\nbecome = { user = \"a\", with = \"doas\", password = \"P\" }",
            "doas cannot be given a password",
            8,
        ),
        // [[busy]]
        ("[[busy]]\nname = \"x\"", "`kind`", 5),
        ("[[busy]]\nname = \"x\"\nkind = \"process\"", "this kind needs `pattern`", 7),
        ("[[busy]]\nname = \"x\"\nkind = \"http_json\"\nurl = \"http://h/\"\npath = \"a\"", "needs `busy_if`", 7),
        ("[[busy]]\nname = \"x\"\nkind = \"tmux\"\nurl = \"http://h/\"", "`url` has no meaning", 8),
        ("[[busy]]\nname = \"x\"\nkind = \"scrapyd\"\nurl = \"http://a:b@h/\"", "`url` has a user", 8),
        ("[[busy]]\nname = \"x\"\nkind = \"scrapyd\"\nurl = \"h:6800\"", "no address of a web server", 8),
        ("[[busy]]\nname = \"x\"\nkind = \"tmux\"\nmax = \"5m\"", "`max` has no meaning", 8),
        ("[[busy]]\nname = \"x\"\nkind = \"tmux\"\non_busy = \"wait\"", "waits and has no `max`", 6),
        ("[[busy]]\nname = \"x\"\nkind = \"tmux\"\n[[busy]]\nname = \"x\"\nkind = \"tmux\"", "two [[busy]]", 9),
        ("[[busy]]\nname = \"x\"\nkind = \"command\"\nrun = \"a\"\nbusy_if = \"no\"", "cannot be \"no\"", 9),
        ("[[busy]]\nname = \"x\"\nkind = \"tmux\"\nwhen = [\"later\"]", "`when` cannot be \"later\"", 8),
        ("[[busy]]\nname = \"x\"\nkind = \"tmux\"\nwhen = [\"before:y\"]", "there is no operation \"y\"", 8),
        // [guards]
        ("[guards]\nwindow = \"always\"", "is not days, times and a time zone", 6),
        ("[guards]\nwindow = \"Mon 09:00-16:00 Europe/Berlni\"", "no time zone \"Europe/Berlni\"", 6),
        ("[guards]\nref = \"block\"", "`ref` cannot be \"block\"", 6),
        ("[guards]\nbefore = [\" \"]", "`before` is empty", 6),
        ("[[guards.ask]]\nname = \"x\"\nquestion = \"?\"\ndays = [\"Tues\"]", "\"Tues\" is no day", 8),
        ("[[guards.ask]]\nname = \"window\"\nquestion = \"?\"", "the name \"window\" is taken", 6),
        // Names.
        ("[app]\nname = \"my shop\"", "app name \"my shop\" has other characters", 6),
        ("[app]\nname = \"../shop\"", "app name \"../shop\"", 6),
        ("[tasks.\"a;b\"]\noperations = [\"setup-release\"]", "task name \"a;b\"", 5),
        // [maintenance]
        ("[maintenance]\nlong_flag = \"x\"", "neither `flag` nor `on` and `off`", 6),
        ("[maintenance]\non = \"x\"", "`on` has no `off` beside it", 6),
        ("[maintenance]\nflag = \"\"", "`flag` is empty", 6),
        ("[maintenance]\nflag = \"x\"\nduring = \"always\"", "`during` cannot be \"always\"", 7),
        // [release]
        ("[release]\nmax_unreachable = -1", "`max_unreachable` cannot be -1", 6),
        ("[release]\nmax_unreachable = \"some\"", "`max_unreachable` cannot be \"some\"", 6),
        ("[release]\nmax_unreachable = true", "`max_unreachable` must be", 6),
        ("[release]\nroot = \"\"", "`root` is empty", 6),
        ("[release]\nroot = \"/\"", "whole file system", 6),
        ("[release]\nroot = \"//.\"", "whole file system", 6),
        ("[release]\nroot = \"a/../b\"", "has `..` in it", 6),
        ("[release]\nroot = \"/srv/../..\"", "has `..` in it", 6),
        ("[release]\nroot = \"~eve/www\"", "another user's home", 6),
        ("[release]\nroot = \"a\\nb\"", "control character '\\n'", 6),
        ("[release]\nroot = \"a\\u0000b\"", "control character '\\0'", 6),
        ("[release]\nkeep = 0", "`keep` cannot be 0", 6),
        ("[release]\nkeep = -1", "`keep` cannot be -1", 6),
        ("[release]\nbatches = []", "`batches` is empty", 6),
        ("[release]\nbatches = [0]", "a batch cannot be 0", 6),
        ("[release]\nbatches = [\"0%\"]", "a batch cannot be \"0%\"", 6),
        ("[release]\nbatches = [\"101%\"]", "a batch cannot be \"101%\"", 6),
        ("[release]\nbatches = [\"+5%\"]", "a batch cannot be \"+5%\"", 6),
        ("[release]\nbatches = [1,\n\"half\"]", "a batch cannot be \"half\"", 7),
        ("[release]\nshared_dirs = [\"../x\"]", "has `..` in it", 6),
        ("[release]\nshared_dirs = [\"/etc\"]", "is absolute", 6),
        ("[release]\nshared_dirs = [\"a//b\"]", "an empty part", 6),
        ("[release]\nshared_dirs = [\"media/\"]", "an empty part", 6),
        ("[release]\nshared_dirs = [\".\"]", "an empty part or `.`", 6),
        ("[release]\nshared_files = [\"\"]", "`shared_files` is empty", 6),
        ("[release]\nshared_files = [\"~/x\"]", "`~` is not expanded here", 6),
        ("[release]\nshared_files = [\"a\\nb\"]", "control character", 6),
        ("[release]\nshared_dirs = [\"python_env\"]", "the release's virtualenv", 6),
        ("[release]\ncopy_from_current = [\"python_env/lib\"]", "the release's virtualenv", 6),
        ("[release]\nshared_files = [\".relm/x\"]", "which is relm's", 6),
        ("[release]\nshared_dirs = [\"a\"]\nshared_files = [\"a\"]", "named twice", 7),
        ("[release]\nshared_dirs = [\"a\"]\nshared_files = [\"a/b\"]", "lie in one another", 7),
        ("[release]\nshared_dirs = [\"a/b\",\n\"a\"]", "lie in one another", 7),
        // [python]
        ("[python]\nproject = true\ncommand = \"x\"", "`command` beside `project`", 7),
        ("[python]\nrequirements = []", "names no file", 6),
        ("[python]\nrequirements = [\"../r.txt\"]", "has `..` in it", 6),
        ("[python]\npython = \"-m\"", "is no interpreter", 6),
        ("[python]\nindex = \"a b\"", "no address of a package index", 6),
        ("[python]\ncommand = \" \"", "`command` is empty", 6),
        ("[python]\nargs = [\"a\\u0000\"]", "a NUL character", 6),
        ("[python]\nroles = [\"wbe\"]", "no host has the role \"wbe\"", 6),
        ("[python]\nroles = []", "names no role", 6),
        // Selectors of roles
        ("[python]\nroles = [\"web[1]\"]", "\"web[1]\" comes to no host", 6),
        ("[python]\nroles = [\"web - web\"]", "\"web - web\" comes to no host", 6),
        ("[python]\nroles = [\"web[-1]\"]", "[-1] is no position in \"web[-1]\"", 6),
        ("[python]\nroles = [\"web[]\"]", "[] is no position", 6),
        ("[python]\nroles = [\"web + \"]", "role \"\" is empty", 6),
        ("[python]\nroles = [\"web - wbe\"]", "no host has the role \"wbe\"", 6),
        ("[python]\nroles = [\"web & web\"]", "neither a name nor a sum", 6),
        ("[role_sets]\nall = [\"wbe\"]", "no host has the role \"wbe\"", 6),
        ("[role_sets]\nweb = [\"web\"]", "is a role and a set of roles", 6),
        ("[role_sets]\nall = []", "the role set \"all\" is empty", 6),
        ("[role_sets]\na = [\"b\"]\nb = [\"web\"]", "no host has the role \"b\"", 6),
        // [tasks]
        ("[tasks.deploy]\noperations = [\"setup-release\"]", "a task \"deploy\" of its own", 5),
        ("[tasks.x]\noperations = []", "does nothing", 6),
        ("[tasks.x]\noperations = [\"setup-relaese\"]", "an operation \"setup-relaese\" that is not there", 6),
        ("[tasks.x]\nabout = \"a\\u001b[2J\"\noperations = [\"setup-release\"]", "control character", 6),
        // [env]
        ("[env.empty]\nconfirm = true", "environment \"empty\" has no hosts", 5),
        ("[env.\"a/b\".hosts]\nx = { address = \"x\" }", "environment name \"a/b\"", 5),
        ("[env.\"..\".hosts]\nx = { address = \"x\" }", "environment name \"..\"", 5),
        ("[env.\"a b\".hosts]\nx = { address = \"x\" }", "environment name \"a b\"", 5),
        ("[env.\"\".hosts]\nx = { address = \"x\" }", "environment name \"\" is empty", 5),
        ("[env.live]\nsource = { dir = \"\" }", "`dir` is empty", 6),
        ("[env.live.source]\ndir = \"a\"\narchive = \"b.tar\"", "`archive` beside `dir`", 7),
        ("[env.live.release]\nkeep = 0", "`keep` cannot be 0", 6),
        ("[env.live.source]\nstrip = 1", "`strip` goes with `archive` only", 6),
    ];
    for (rest, message, line) in cases {
        one(&format!("{LEAST}{rest}\n"), message, line);
    }
}

#[test]
fn mistakes_of_hosts() {
    let cases = [
        ("web1 = { address = \"other\" }", "`web1` stands here for the second time"),
        ("w = { roles = [\"web\"] }", "[env.live.hosts.w] has no `address`"),
        ("w = \"deploy@w\"", "`w` must be a table"),
        ("w = { address = \"w\", rolse = [] }", "unknown key \"rolse\" in [env.live.hosts.w]"),
        ("\"w/1\" = { address = \"w\" }", "host name \"w/1\""),
        ("\"w'1\" = { address = \"w\" }", "host name \"w'1\""),
        ("\"$(w)\" = { address = \"w\" }", "host name \"$(w)\""),
        ("\"w\\n1\" = { address = \"w\" }", "host name \"w\\n1\""),
        ("w = { address = \"\" }", "address \"\" has no usable host name"),
        ("w = { address = \"-oProxyCommand=x\" }", "no usable host name"),
        ("w = { address = \"w:99999\" }", "has a port that is no number"),
        ("w = { address = \"local:\" }", "names no directory"),
        ("w = { address = \"local:/\" }", "the whole of this machine"),
        ("w = { address = \"local:a\\nb\" }", "control character"),
        ("w = { address = \"local:x\", user = \"ada\" }", "has no user"),
        ("w = { address = \"local:x\", port = 22 }", "has no port"),
        ("w = { address = \"a@w\", user = \"b\" }", "the user stands in `address` already"),
        ("w = { address = \"w:22\", port = 22 }", "the port stands in `address` already"),
        ("w = { address = \"w\", port = 0 }", "0 is no port"),
        ("w = { address = \"w\", user = \"-l\" }", "user \"-l\" is none"),
        ("w = { address = \"w\", user = \"\" }", "user \"\" is none"),
        ("w = { address = \"WEB1:22\" }", "hosts \"web1\" and \"w\" are the same machine"),
        ("w = { address = \"eve@web1\" }", "are the same machine"),
        ("w = { address = \"w\", roles = [\"we b\"] }", "role \"we b\""),
        ("w = { address = \"w\", roles = \"web\" }", "`roles` must be an array"),
    ];
    for (host, message) in cases {
        one(&format!("{LEAST}{host}\n"), message, 5);
    }
    one(&format!("{LEAST}a = {{ address = \"local:x/./y\" }}\nb = {{ address = \"local:x/y/\" }}"), "same machine", 6);
}

#[test]
fn mistakes_of_operations() {
    let cases = [
        ("name = \"a\"\nphase = \"prepare\"", "operation \"a\" has neither `run` nor `wait`", 6),
        ("name = \"a\"\nrun = \"x\"", "[[operations]] has no `phase`", 5),
        ("phase = \"prepare\"\nrun = \"x\"", "[[operations]] has no `name`", 5),
        ("name = \"a\"\nphase = \"prepair\"\nrun = \"x\"", "`phase` cannot be \"prepair\"", 7),
        ("name = \"a\"\nphase = \"flip\"\nrun = \"x\"", "`phase` cannot be \"flip\"", 7),
        ("name = \"\"\nphase = \"prepare\"\nrun = \"x\"", "operation name \"\" is empty", 6),
        ("name = \"a/b\"\nphase = \"prepare\"\nrun = \"x\"", "operation name \"a/b\"", 6),
        ("name = \"a\\tb\"\nphase = \"prepare\"\nrun = \"x\"", "operation name \"a\\tb\"", 6),
        ("name = \"record\"\nphase = \"prepare\"\nrun = \"x\"", "a step of relm's own", 6),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"\"", "`run` is empty", 8),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"a\\u0000b\"", "a NUL character", 8),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\nundo = true", "`undo = true` has no meaning", 9),
        ("name = \"a\"\nphase = \"check\"\nrun = \"x\"\nundo = \"y\"", "`undo` has no meaning", 9),
        ("name = \"a\"\nphase = \"finish\"\nrun = \"x\"\nundo = \"y\"", "`undo` has no meaning", 9),
        ("name = \"a\"\nphase = \"after_flip\"\nrun = \"x\"\nundo = \"\"", "`undo` is empty", 9),
        ("name = \"a\"\nphase = \"after_flip\"\nrun = \"x\"\nundo = 1", "`undo` must be true or false or a text", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\ntimeout = \"10\"", "is no limit of time", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\ntimeout = \"0s\"", "is no limit of time", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\ntimeout = 10", "`timeout` must be a text", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\nonce = \"yes\"", "`once` must be true or false", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\nroles = [\"db\"]", "no host has the role \"db\"", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\nroles = [\"w;b\"]", "role \"w;b\"", 9),
        ("name = \"a\"\nphase = \"prepare\"\nruns = \"x\"", "unknown key \"runs\"", 8),
    ];
    for (operation, message, line) in cases {
        one(&format!("{LEAST}[[operations]]\n{operation}\n"), message, line);
    }
    let twice = "[[operations]]\nname = \"a\"\nphase = \"prepare\"\nrun = \"x\"\n".repeat(2);
    one(&format!("{LEAST}{twice}"), "there are two operations \"a\"", 10);
}

#[test]
fn mistakes_of_waits() {
    let cases = [
        ("prepare", "wait = { max = \"5m\" }", "has no `check`", 8),
        ("prepare", "wait = { check = \"x\" }", "has no `max`", 8),
        ("prepare", "wait = { check = \"\", max = \"5m\" }", "`check` is empty", 8),
        ("prepare", "wait = \"x\"", "`wait` must be a table", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", evry = \"1s\" }", "unknown key \"evry\"", 8),
        ("prepare", "wait = { check = \"x\", max = \"5\" }", "is no limit of time", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", every = \"0s\" }", "is no limit of time", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", every = \"6m\" }", "`every` is longer than `max`", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", factor = 0 }", "`factor` cannot be 0", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", factor = 1.5 }", "`factor` must be a whole number", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", on_timeout = \"stop\" }", "`on_timeout` cannot be", 8),
        ("prepare", "run = \"x\"\nwait = { check = \"x\", max = \"5m\" }", "`wait` stands beside `run`", 9),
        ("prepare", "timeout = \"1m\"\nwait = { check = \"x\", max = \"5m\" }", "`timeout` has no meaning", 8),
        ("prepare", "undo = \"y\"\nwait = { check = \"x\", max = \"5m\" }", "`undo` has no meaning beside", 8),
        ("check", "wait = { check = \"x\", max = \"5m\" }", "cannot wait in this phase", 8),
        ("before_flip", "wait = { check = \"x\", max = \"5m\" }", "cannot wait in this phase", 8),
        ("after_flip", "wait = { check = \"x\", max = \"5m\" }", "cannot wait in this phase", 8),
        ("finish", "wait = { check = \"x\", max = \"5m\", on_timeout = \"fail\" }", "cannot wait in this phase", 8),
    ];
    for (phase, rest, message, line) in cases {
        one(&format!("{LEAST}[[operations]]\nname = \"a\"\nphase = \"{phase}\"\n{rest}\n"), message, line);
    }
    let all = "[[operations]]\nname = \"a\"\nphase = \"check\"\ntimeout = \"1m\"\n\
               wait = { check = \"\", max = \"5\", every = \"x\", factor = -1 }\n";
    assert_eq!(read(&format!("{LEAST}{all}")).expect_err("all wrong").list.len(), 6);
    let good = "[[operations]]\nname = \"a\"\nphase = \"after_flip\"\n\
                wait = { check = \"x\", max = \"1h30m\", on_timeout = \"fail\" }\n";
    assert!(read(&format!("{LEAST}{good}")).is_ok());
}

#[test]
fn mistakes_of_attempts_and_of_inputs() {
    let cases = [
        ("prepare", "retry = { every = \"1s\" }", "has no `times`", 9),
        ("prepare", "retry = { times = 1 }", "`times` cannot be 1", 9),
        ("prepare", "retry = { times = 3, every = \"0s\" }", "is no limit of time", 9),
        ("prepare", "retry = { times = 3, factor = 0 }", "`factor` cannot be 0", 9),
        ("prepare", "retry = { times = 3, evry = \"1s\" }", "unknown key \"evry\"", 9),
        ("prepare", "inputs = []", "`inputs` names no file", 9),
        ("prepare", "inputs = [\"../x\"]", "has `..` in it", 9),
        ("prepare", "outputs = [\"x\"]", "`outputs` stands without `inputs`", 9),
        ("prepare", "inputs = [\"a\"]\noutputs = [\"x*\"]", "is a pattern", 10),
        ("prepare", "inputs = [\"a\"]\noutputs = [\"python_env\"]", "the release's virtualenv", 10),
        ("prepare", "inputs = [\"a\"]\noutputs = [\"b\"]\nbecome = \"root\"", "cannot stand beside `become`", 10),
        ("after_flip", "inputs = [\"a\"]", "`inputs` has no meaning in this phase", 9),
        ("check", "migrate = {}", "`migrate` has no meaning in this phase", 9),
        ("prepare", "migrate = { pending = \"\" }", "`pending` is empty", 9),
        ("prepare", "migrate = { penidng = \"x\" }", "unknown key \"penidng\"", 9),
        ("prepare", "migrate = { sql = \"/sql\" }", "is absolute", 9),
        ("prepare", "migrate = { sql = \"a\", pending = \"x\" }", "`pending` has no meaning beside `sql`", 9),
        ("prepare", "become = \"root\"\nmigrate = { sql = \"a\" }", "`become` cannot stand beside `sql`", 9),
        ("prepare", "retry = { times = 2 }\nmigrate = { sql = \"a\" }", "`retry` cannot stand beside `sql`", 9),
        ("prepare", "inputs = [\"a\"]\nmigrate = {}", "`inputs` has no meaning beside `migrate`", 9),
    ];
    for (phase, rest, message, line) in cases {
        one(&format!("{LEAST}[[operations]]\nname = \"a\"\nphase = \"{phase}\"\nrun = \"x\"\n{rest}\n"), message, line);
    }
    let wait = "[[operations]]\nname = \"a\"\nphase = \"prepare\"\nwait = { check = \"x\", max = \"5m\" }\n";
    one(&format!("{LEAST}{wait}retry = {{ times = 3 }}\n"), "`retry` has no meaning beside `wait`", 9);
    one(&format!("{LEAST}{wait}inputs = [\"a\"]\n"), "`inputs` has no meaning beside `wait`", 9);
}

#[test]
fn mistakes_of_the_whole() {
    let hosts = "[env.live.hosts]\nweb1 = { address = \"web1\" }\n";
    let cases = [
        ("[source]\ngit = \".\"\n".to_owned(), "there is no environment to deploy to", 1),
        (hosts.to_owned(), "environment \"live\" has no source", 1),
        (format!("[source]\nref = \"main\"\n{hosts}"), "environment \"live\" has no source", 3),
        (format!("[source]\ngti = \".\"\n{hosts}"), "unknown key \"gti\"", 2),
        (format!("[source]\ngit = \".\"\ndir = \".\"\n{hosts}"), "a second source: `dir` beside `git`", 3),
        (format!("[source]\ngit = \"\"\n{hosts}"), "`git` is empty", 2),
        (format!("[source]\ngit = \"~eve/x\"\n{hosts}"), "another user's home", 2),
        (format!("[source]\ngit = \"-c:x\"\n{hosts}"), "looks like an option", 2),
        (format!("[source]\ngit = \".\"\nref = \"--all\"\n{hosts}"), "no name of a branch", 3),
        (format!("[source]\ndir = \".\"\nref = \"main\"\n{hosts}"), "`ref` goes with `git` only", 3),
        (format!("[source]\ndir = \".\"\nstrip = 1\n{hosts}"), "`strip` goes with `archive` only", 3),
        (format!("[source]\narchive = \"a.tar\"\nstrip = -1\n{hosts}"), "`strip` cannot be -1", 3),
        (format!("[source]\narchive = \"\"\n{hosts}"), "`archive` is empty", 2),
        (format!("[source]\ngit = \".\"\nexclude = [\"\"]\n{hosts}"), "`exclude` is empty", 3),
        (format!("default_env = \"lvie\"\n{LEAST}"), "there is no environment \"lvie\"", 1),
        (format!("keep = 3\n{LEAST}"), "unknown key \"keep\" outside of any table", 1),
        (format!("ssh_config = \"\"\n{LEAST}"), "`ssh_config` is empty", 1),
        (format!("{LEAST}[source]\nexclude = []\n"), "`source` stands here for the second time", 5),
        // Syntax.
        (format!("{LEAST}[release\n"), "unclosed table", 5),
        (format!("{LEAST}keep == 3\n"), "extra `=`", 5),
        (format!("{LEAST}w = {{ address = \"x }}\n"), "unclosed inline table", 5),
        (format!("{LEAST}w = \u{201c}x\u{201d}\n"), "string values must be quoted", 5),
        (format!("a = {}1{}\n{LEAST}", "[".repeat(2000), "]".repeat(2000)), "", 1),
    ];
    for (text, message, line) in cases {
        one(&text, message, line);
    }
}

#[test]
fn hints_help() {
    let cases = [
        ("[relaese]", "did you mean `release`?"),
        ("[release]\nkeep = true", "write it like this: keep = 3"),
        ("[release]\nname = \"x\"", "`name` belongs in [app]"),
        ("[python]\nroles = [\"wbe\"]", "did you mean `web`?"),
        ("[role_sets]\nservices = [\"web\"]\n[python]\nroles = [\"sevices[0]\"]", "did you mean `services`?"),
        ("[app]\nname = \"my shop\"", "\"my-shop\" would do"),
        ("[tasks.x]\noperations = [\"setup_release\"]", "did you mean `setup-release`?"),
        ("[[operations]]\nname = \"a\"\nphase = \"prepair\"\nrun = \"x\"", "did you mean `prepare`?"),
    ];
    for (rest, hint) in cases {
        let problems = read(&format!("{LEAST}{rest}\n")).expect_err(rest);
        assert!(problems.render(false).contains(&format!("help: {hint}")), "{}", problems.render(false));
    }
}

#[test]
fn everything_wrong_is_said_at_once_and_in_order() {
    let text = SAMPLE
        .replace("default_env = \"demo\"", "default_env = \"dmeo\"")
        .replace("keep = 3 ", "kep = 3 ")
        .replace("timeout = \"10m\"", "timeout = 10")
        .replace("once = true", "once = 1")
        .replace("phase = \"finish\"", "phase = \"finnish\"")
        .replace("local:target/demo/web2", "local:target/demo/web1")
        .replace("confirm = true", "confirm = \"yes\"");
    let problems = read(&text).expect_err("seven mistakes, one of them twice");
    let lines: Vec<_> = problems.list.iter().map(|problem| problems.line(problem)).collect();
    assert_eq!(problems.list.len(), 8, "{problems}");
    assert!(lines.is_sorted(), "{lines:?}");
}

#[test]
fn an_empty_file_is_named_too() {
    let problems = read("").expect_err("nothing to deploy to");
    assert!(problems.render(false).contains("--> /srv/shop/Releases.toml"), "{problems}");
}

/// A mistake in one place of a host's environment hides none in another.
#[test]
fn mistakes_do_not_hide_each_other() {
    let text = "default_env = \"x\"\n[app]\nname = \"a b\"\n[source]\ngit = \".\"\ndir = \".\"\n[release]\nkeep = 0\nroot = \"/\"\n\
                [python]\nrequirements = []\npython = \"\"\n[[operations]]\nname = \"a/b\"\nphase = \"check\"\nrun = \"\"\nundo = true\n\
                [tasks.deploy]\noperations = []\n[env.\"a b\".hosts]\n\"w/1\" = { address = \"-\", port = 0, roles = [\"/\"] }\n";
    let problems = read(text).expect_err("wrong all over");
    let lines: Vec<_> = problems.list.iter().map(|problem| problems.line(problem)).collect();
    assert_eq!(lines, [1, 3, 6, 8, 9, 11, 12, 14, 16, 17, 18, 19, 20, 21, 21, 21, 21], "{problems}");
}

#[test]
fn a_problem_is_drawn_with_its_place() {
    let problems = read(&format!("{LEAST}[release]\nkepe = 3\n")).expect_err("an unknown key");
    let expected = "\
error: unknown key \"kepe\" in [release]
 --> /srv/shop/Releases.toml:6:1
  |
6 | kepe = 3
  | ^^^^
  |
  = help: did you mean `keep`?
";
    assert_eq!(problems.render(false), expected);
    assert!(problems.render(true).contains("\u{1b}["));
}

/// A look comes before what would disturb: an operation, or a turn of a service.
#[test]
fn looks_know_what_an_environment_runs() {
    let look = |name: &str| {
        let service = "[[service]]\nname = \"db\"\nkind = \"systemd\"\n";
        format!(
            "{LEAST}{service}[[busy]]\nname = \"x\"\nkind = \"tmux\"\nwhen = [\"before:{name}\"]\nonly_if = \"{name}\"\n"
        )
    };
    read(&look("restart:db")).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(read(&look("restart:web")).expect_err("there is no such service").list.len(), 2);
}
