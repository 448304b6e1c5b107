//! Two hosts behind a real nginx, with requests all the time.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Daemon, free_port, gunicorn, nginx, page, supervisord};
use crate::site::{Site, logged};

const APP: &str = "import os\ndef app(environ, start):\n    start('200 OK', [('Content-Type', 'text/plain')])\n    \
                   return [os.path.basename(os.path.dirname(os.path.abspath(__file__))).encode()]\n";

/// Ask for a page until they are told to go.
pub(crate) struct Visitors {
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<(Vec<Answer>, Seen)>>,
}

/// Status and body of a page.
type Answer = (u16, String);

/// How often each was given.
type Seen = BTreeMap<Answer, usize>;

impl Visitors {
    /// So many at once; `is_fine` says which answers they want to see.
    pub(crate) fn come(number: usize, port: u16, is_fine: fn(u16, &str) -> bool) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let visit = |_| {
            let told = Arc::clone(&end);
            std::thread::spawn(move || {
                let (mut failed, mut served) = (Vec::new(), Seen::new());
                while !told.load(Ordering::Relaxed) {
                    match page(port, "/") {
                        (status, body) if is_fine(status, &body) => *served.entry((status, body)).or_default() += 1,
                        other => failed.push(other),
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
                (failed, served)
            })
        };
        let threads = (0..number).map(visit).collect();
        Self { end, threads }
    }

    /// Asserts that nobody saw anything else. Returns what they saw, and how often.
    pub(crate) fn go(self) -> Seen {
        self.end.store(true, Ordering::Relaxed);
        let mut all = Seen::new();
        for thread in self.threads {
            let (failed, served) = thread.join().expect("visitors");
            assert!(failed.is_empty(), "{served:?} were served, and not: {failed:?}");
            for (answer, times) in served {
                *all.entry(answer).or_default() += times;
            }
        }
        assert!(all.values().sum::<usize>() > 50, "{all:?}");
        all
    }
}

/// Two web hosts behind a proxy; switched in `batches`.
struct Shop {
    site: Site,
    port: u16,
    /// Without one of them.
    settings: String,
    _daemons: Vec<Daemon>,
}

fn shop() -> Shop {
    let site = Site::new("web1 web2 proxy1=proxy", "");
    let [port, one, two] = [free_port(), free_port(), free_port()];
    site.write(
        "templates/shop.conf",
        format!(
            "[program:shop]\ncommand={} --bind 127.0.0.1:{{{{ {one} if host == 'web1' else {two} }}}} app:app\n\
             directory={{{{ release_path }}}}\n",
            gunicorn().display()
        ),
    );
    site.write("code/app.py", APP);
    let command = "/usr/sbin/nginx -c \"$HOME/nginx.conf\"";
    let server = format!("127.0.0.1:{{{{ {one} if host == 'web1' else {two} }}}}");
    let settings = format!(
        "[[service]]\nname = \"shop\"\nkind = \"supervisor\"\nroles = [\"web\"]\n\
         templates = [\"templates/shop.conf\"]\ninto = \"conf.d\"\n\
         control = 'supervisorctl -c \"$HOME/supervisord.conf\"'\n\
         [[health]]\nname = \"answers\"\nroles = [\"web\"]\nhttp = \"http://{server}/\"\ncontains = \"{{{{ release }}}}\"\n\
         [[pool]]\nname = \"web\"\nroles = [\"web\"]\nproxies = [\"proxy\"]\nnginx = \"nginx.conf\"\n\
         server = \"{server}\"\ntest = '{command} -t'\nreload = '{command} -s reload'\n"
    );
    let upstream = format!(
        "upstream shop {{\nserver 127.0.0.1:{one} max_fails=0;\nserver 127.0.0.1:{two} max_fails=0;\n}}\n\
         server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://shop; proxy_next_upstream off; }} }}\n"
    );
    let daemons = vec![supervisord(&site, "web1"), supervisord(&site, "web2"), nginx(&site, "proxy1", port, &upstream)];
    Shop { site, port, settings, _daemons: daemons }
}

#[test]
fn nobody_notices_a_rolling_deploy_nor_one_that_fails() {
    let Shop { site, port, settings, _daemons } = shop();
    let upstream = || fs::read_to_string(site.path("hosts/proxy1/nginx.conf")).expect("a file");
    let whole = upstream();
    // All at once would do for relm; the pool keeps one of them.
    site.configure(&format!("{settings}{}", logged("late", "after_flip", "roles = [\"web\"]")));
    let first = site.deploy();
    assert_eq!(page(port, "/"), (200, first.clone()));
    let visitors = Visitors::come(1, port, |status, release| status == 200 && release.len() == 19);
    let second = site.deploy();
    assert_eq!(page(port, "/"), (200, second.clone()));
    site.relm("rollback").ends(0);
    assert_eq!(page(port, "/"), (200, first.clone()));
    // The first host of the first batch fails: it is put back while it is out of the pool, and comes in again.
    site.write("broken-late-web1", "");
    site.relm("deploy").ends(1);
    visitors.go();
    assert_eq!((upstream(), site.live()), (whole, first));
}
