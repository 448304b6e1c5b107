//! What holds for one environment comes to that environment when it is read again.

use std::path::Path;

use super::super::parse;
use super::inherit::SHARING;
use super::{CONTRACT, SAMPLE, TEMPLATE, read};

const CORPUS: &str = include_str!("../../../tests/corpus/releases_toml/sample");

#[test]
fn what_is_printed_comes_to_the_same_environment() {
    for (file, text) in [
        ("contract", CONTRACT),
        ("sample", SAMPLE),
        ("template", TEMPLATE),
        ("corpus", CORPUS),
        ("sharing", SHARING),
        ("components", super::components::FILE),
    ] {
        let config = read(text).unwrap_or_else(|problems| panic!("{file}: {}", problems.render(false)));
        for env in &config.envs {
            let (path, home) = (Path::new("/srv/shop/Releases.toml"), Path::new("/home/ada"));
            let whole =
                env.effective(text, path, home, &[]).unwrap_or_else(|| panic!("{file}: {} is another", env.name));
            let again = parse(&whole, path, home).expect("it is read again");
            assert_eq!(again.envs, std::slice::from_ref(env), "{file}:\n{whole}");
            assert!(whole.contains("keep = "), "defaults are filled in:\n{whole}");
        }
    }
}
