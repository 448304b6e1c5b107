//! A real nginx in front, with the template that reads the maintenance flags.

use std::fs;

use super::{free_port, nginx, page};
use crate::site::{Site, within};

/// A server that includes what relm puts into `nginx/`.
fn server(site: &Site, host: &str, port: u16) -> String {
    let home = site.path("hosts").join(host);
    fs::create_dir_all(home.join("nginx")).expect("a directory");
    fs::write(home.join("nginx/none.conf"), "").expect("a file");
    let home = home.display();
    format!(
        "server {{ listen 127.0.0.1:{port}; include {home}/nginx/*.conf;\n\
         location / {{ root {home}/www/test/current; try_files /app.txt =404; }} }}\n"
    )
}

#[test]
fn visitors_see_the_page_that_is_on() {
    let port = free_port();
    let site = Site::new("web1", "");
    let template = fs::read_to_string("templates/nginx-maintenance.conf").expect("the template");
    site.write("templates/maintenance.conf", template);
    site.write("code/maintenance/short.html", "back in a minute\n");
    site.write("code/maintenance/long.html", "back tomorrow\n");
    let nginx_command = "/usr/sbin/nginx -c \"$HOME/nginx.conf\"";
    site.configure(&format!(
        "[maintenance]\nflag = \"shared/maintenance\"\nlong_flag = \"shared/maintenance-long\"\n\
         [[service]]\nname = \"proxy\"\nkind = \"command\"\nproof = false\nstrategy = \"reload\"\n\
         reload = '{nginx_command} -t && {nginx_command} -s reload'\n\
         templates = [\"templates/maintenance.conf\"]\ninto = \"nginx\"\n\
         [[health]]\nname = \"answers\"\nhttp = \"http://127.0.0.1:{port}/\"\ncontains = \"one\"\nwithin = \"8s\"\n"
    ));
    let _nginx = nginx(&site, "web1", port, &server(&site, "web1", port));
    site.deploy();
    assert_eq!(page(port, "/"), (200, "one\n".to_owned()));
    site.relm("maintenance on").ends(0);
    assert!(within(5, || page(port, "/any") == (503, "back in a minute\n".to_owned())), "{:?}", page(port, "/any"));
    site.relm("maintenance on --long").ends(0);
    assert_eq!(page(port, "/"), (503, "back tomorrow\n".to_owned()));
    site.relm("maintenance off").ends(0);
    assert_eq!(page(port, "/"), (200, "one\n".to_owned()));
    // What nginx refuses is put back before anybody sees it.
    site.write("templates/maintenance.conf", "no_such_directive on;\n");
    site.relm("deploy").ends(1).says(&["no_such_directive"]);
    assert_eq!(page(port, "/"), (200, "one\n".to_owned()));
}
