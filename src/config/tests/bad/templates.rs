//! Mistakes in what goes to places of each host.

use super::super::{LEAST, read};
use super::one;

#[test]
fn mistakes_in_templates() {
    let cases = [
        ("dest = \"x\"", "[[templates]] has no `src`", 5),
        ("src = \"/dev/null\"", "[[templates]] has no `dest`", 5),
        ("src = \"nowhere\"\ndest = \"x\"", "cannot read /srv/shop/nowhere", 6),
        ("src = \"/dev/null\"\ndest = \"../x\"", "has `..` in it", 7),
        ("src = \"/dev/null\"\ndest = \"/etc/../x\"", "has a part that leads elsewhere", 7),
        ("src = \"/dev/null\"\ndest = \"x\"\nmode = \"0888\"", "\"0888\" are no permissions", 8),
        ("src = \"/dev/null\"\ndest = \"x\"\nmode = \"4755\"", "\"4755\" are no permissions", 8),
        ("src = \"/dev/null\"\ndest = \"x\"\nowner = \"a b\"", "\"a b\" is no name of an account", 8),
        ("src = \"/dev/null\"\ndest = \"x\"\ngroup = \"-R\"", "\"-R\" is no name of an account", 8),
        ("src = \"/dev/null\"\ndest = \"x\"\ncheck = \"visudo -c\"", "`check` does not say {file}", 8),
        ("src = \"/dev/null\"\ndest = \"x\"\nsecrets = [\"A\"]", "there is no secret \"A\"", 8),
        ("src = \"/dev/null\"\ndest = \"x\"\nroles = [\"wbe\"]", "no host has the role \"wbe\"", 8),
        ("src = \"/proc/sys/kernel/ostype\"\ndest = \"x\"\nmod = \"1\"", "unknown key \"mod\"", 8),
        (
            "src = \"/dev/null\"\ndest = \"x\"\nsecrets = [\"A\"]\nmode = \"0640\"\n[secrets]\nA = { env = \"A\" }",
            "with \"0640\" others could read it",
            9,
        ),
        (
            "src = \"/dev/null\"\ndest = \"x\"\n[[templates]]\nsrc = \"/dev/null\"\ndest = \"x\"",
            "two templates go to \"x\" on one host",
            10,
        ),
        ("src = \"/dev/null\"\ndest = \"v\"\n[release]\nversion_file = \"v\"", "something else goes to \"v\" too", 7),
        ("src = \"/dev/null\"\ndest = \"m\"\n[release]\nshared_files = [\"m\"]", "something else goes to \"m\" too", 7),
    ];
    for (text, message, line) in cases {
        one(&format!("{LEAST}[[templates]]\n{text}\n"), message, line);
    }
}

#[test]
fn mistakes_in_files_that_are_sourced() {
    let cases = [
        ("source_files = [\"shop.sh\"]", "the path \"shop.sh\" is neither absolute nor in the home", 1),
        ("source_files = [\"~/../shop.sh?\"]", "has a part that leads elsewhere", 1),
        ("source_files = [\"?\"]", "`source_files` is empty", 1),
        ("source_files = \"~/x\"", "`source_files` must be an array", 1),
    ];
    for (text, message, line) in cases {
        one(&format!("{text}\n{LEAST}"), message, line);
    }
    one(&format!("{LEAST}[env.live]\nsource_files = [\"x\"]\n"), "neither absolute nor in the home", 6);
    one(&LEAST.replace("[\"web\"] }", "[\"web\"], source_files = [\"x\"] }"), "neither absolute nor in the home", 4);
}

#[test]
fn mistakes_in_what_is_published() {
    let cases = [
        ("to = \"~/x\"\nmode = \"link\"", "[[publish]] has no `from`", 5),
        ("from = \"x\"\nto = \"~/x\"", "[[publish]] has no `mode`", 5),
        ("from = \"/x\"\nto = \"~/x\"\nmode = \"link\"", "`from`: the path \"/x\" is absolute", 6),
        ("from = \"x\"\nto = \"x\"\nmode = \"link\"", "neither absolute nor in the home", 7),
        ("from = \"x\"\nto = \"/\"\nmode = \"mirror\"", "has a part that leads elsewhere", 7),
        ("from = \"x\"\nto = \"~/x\"\nmode = \"copy\"", "`mode` cannot be \"copy\"", 8),
        ("from = \"x\"\nto = \"~/x\"\nmode = \"link\"\nexclude = [\"y\"]", "`exclude` has no meaning for a link", 9),
        (
            "from = \"x\"\nto = \"~/x\"\nmode = \"link\"\n[[publish]]\nfrom = \"y\"\nto = \"~/x/y\"\nmode = \"link\"",
            "\"~/x\" and \"~/x/y\" would be published into each other",
            11,
        ),
    ];
    for (text, message, line) in cases {
        one(&format!("{LEAST}[[publish]]\n{text}\n"), message, line);
    }
}

#[test]
fn mistakes_in_what_is_added_to_the_source() {
    let hosts = "[env.live.hosts]\nweb1 = { address = \"web1\" }\n";
    let cases = [
        ("git = \".\"\npatches = [\"none.patch\"]", "cannot read /srv/shop/none.patch", 3),
        ("dir = \".\"\npatches = [\"/dev/null\"]", "`patches` goes with `git` only", 3),
        ("git = \".\"\n[[source.extra]]\ngit = \"x\"", "has no `path`", 3),
        ("git = \".\"\n[[source.extra]]\npath = \"x\"", "has no `git`", 3),
        ("git = \".\"\n[[source.extra]]\ngit = \"x\"\npath = \"../x\"", "has `..` in it", 5),
        ("git = \".\"\n[[source.extra]]\ngit = \"-x:\"\npath = \"x\"", "looks like an option", 4),
        ("git = \".\"\n[[source.extra]]\ngit = \"x\"\nref = \"-x\"\npath = \"x\"", "no name of a branch", 5),
    ];
    for (text, message, line) in cases {
        one(&format!("[source]\n{text}\n{hosts}"), message, line);
    }
}

#[test]
fn templates_of_the_release_have_paths_in_it() {
    let table = |src: &str| format!("{LEAST}[[templates]]\nsrc = \"release:{src}\"\ndest = \"x\"\n");
    one(&table("/etc/x"), "`src`: the path \"/etc/x\" is absolute", 6);
    one(&table("../x"), "has `..` in it", 6);
    one(&table(""), "`src` is empty", 6);
    read(&table("deploy/nginx.conf")).expect("a path");
}

#[test]
fn only_root_takes_templates_to_their_places() {
    let table = |dest: &str, user: &str| {
        let src = "src = \"release:x\"";
        format!("{LEAST}[[templates]]\n{src}\ndest = \"{dest}\"\nbecome = \"{user}\"\n")
    };
    one(&table("/etc/x", "app"), "`become`: a template is put in its place by root, not \"app\"", 8);
    one(&table("x", "root"), "`become` is for places outside of the release and of the home", 8);
    one(&table("~/x", "root"), "`become` is for places outside of the release and of the home", 8);
    one(&table("/etc/x", "a b"), "\"a b\" is no user", 8);
    read(&table("/etc/x", "root")).expect("a template");
}

/// Mistakes in transfers, each in a table that begins in line 6 with its name, path and source.
#[test]
fn mistakes_in_transfers() {
    let fleet = format!("{LEAST}web2 = {{ address = \"w2\", roles = [\"web\", \"app\"] }}\n");
    let table = "[[transfer]]\nname = \"css\"\npath = \"out\"\nfrom = \"web[0]\"\n";
    let cases = [
        (table.replace("name = \"css\"\n", ""), "[[transfer]] has no `name`", 6),
        (table.replace("path = \"out\"\n", ""), "[[transfer]] has no `path`", 6),
        (table.replace("from = \"web[0]\"\n", ""), "[[transfer]] has no `from`", 6),
        (table.replace("css", "upload_code"), "\"upload_code\" is a step of relm's own", 7),
        (table.replace("\"out\"", "\"/out\""), "is absolute", 8),
        (table.replace("web[0]", "wbe"), "no host has the role \"wbe\"", 9),
        (table.replace("web[0]", "web"), "`from`: \"web\" comes to 2 hosts of live: web1, web2", 9),
        (table.replace("web[0]", "web[7]"), "\"web[7]\" comes to no host", 9),
        (format!("{table}to = []\n"), "the list names no role", 10),
        (format!("{table}form = \"x\"\n"), "unknown key \"form\" in [[transfer]]", 10),
        (format!("{table}after = \"compress\"\n"), "`after`: there is no operation \"compress\"", 10),
        (format!("{table}{table}"), "there are two transfers \"css\"", 11),
        (
            format!("{table}[[operations]]\nname = \"css\"\nphase = \"prepare\"\nrun = \"x\"\n"),
            "there are an operation and a transfer \"css\"",
            7,
        ),
        (
            format!("{table}after = \"x\"\n[[operations]]\nname = \"x\"\nphase = \"finish\"\nrun = \"x\"\n"),
            "`after`: \"x\" is of another phase than `prepare`",
            10,
        ),
        (
            format!("{table}[release]\nshared_dirs = [\"out/media\"]\n"),
            "`path`: \"out/media\" is for relm to put on each host by itself",
            8,
        ),
    ];
    for (text, message, line) in cases {
        one(&format!("{fleet}{text}"), message, line);
    }
    let other = "[env.other.hosts]\ndb1 = { address = \"d1\", roles = [\"db\"] }\n";
    one(&format!("{fleet}{table}{other}"), "`from`: \"web[0]\" comes to no host of other, and db1 would get it", 9);
    read(&format!("{fleet}{table}to = [\"web\"]\n{other}")).expect("nobody there has to do with it");
}
