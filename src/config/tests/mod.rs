//! Whole files: what they come to, what is wrong with them, and that none of them breaks anything.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod bad;
mod choosing;
mod components;
mod effective;
mod inherit;
mod model;
mod odd;
mod sets;

use std::path::Path;

use super::{Config, Problems, parse};

const CONTRACT: &str = include_str!("../../../tests/fixtures/contract.toml");
const SAMPLE: &str = include_str!("../../../Releases.toml");
const TEMPLATE: &str = include_str!("../../../templates/Releases.toml");

fn read(text: &str) -> Result<Config, Problems> {
    parse(text, Path::new("/srv/shop/Releases.toml"), Path::new("/home/ada"))
}

/// A file with nothing but what it must have; more can follow, first of all keys of its last table, the host list.
const LEAST: &str = "[source]\ngit = \".\"\n[env.live.hosts]\nweb1 = { address = \"web1\", roles = [\"web\"] }\n";
