//! A Python application as it is really served: gunicorn, under supervisord, looked at through http.

use super::{free_port, gunicorn, page, runs_from, supervisord};
use crate::site::Site;

const APP: &str = "import os\ndef app(environ, start):\n    start('200 OK', [('Content-Type', 'text/plain')])\n    \
                   return [os.path.dirname(os.path.abspath(__file__)).encode()]\n";

#[test]
fn workers_serve_the_release_that_is_live_or_the_deploy_is_put_back() {
    let port = free_port();
    let site = Site::new("web1", "");
    site.write(
        "templates/shop.conf",
        format!(
            "[program:shop]\ncommand={} --workers 2 --bind 127.0.0.1:{port} app:app\ndirectory={{{{ release_path }}}}\n",
            gunicorn().display()
        ),
    );
    site.write("code/app.py", APP);
    site.configure(&format!(
        "[[service]]\nname = \"shop\"\nkind = \"supervisor\"\ntemplates = [\"templates/shop.conf\"]\ninto = \"conf.d\"\n\
         control = 'supervisorctl -c \"$HOME/supervisord.conf\"'\n\
         [[health]]\nname = \"answers\"\nhttp = \"http://{{{{ address }}}}:{port}/\"\n\
         contains = \"releases/{{{{ release }}}}\"\nwithin = \"8s\"\n"
    ));
    let _daemon = supervisord(&site, "web1");
    let first = site.deploy();
    let second = site.deploy();
    assert_ne!(first, second);
    assert_eq!(page(port, "/"), (200, site.host("web1").release(&second).display().to_string()));
    site.write("code/app.py", APP.replace("200 OK", "503 Unavailable"));
    site.relm("deploy").ends(1).says(&["health:answers", "answers 503, not 200", "not well within 8 s"]);
    assert_eq!(page(port, "/"), (200, site.host("web1").release(&second).display().to_string()));
    runs_from(&site, "web1", &second);
}
