//! relm: atomic releases for a fleet of Linux hosts.

pub mod config;
pub mod engine;
pub mod event;
pub mod fleet;
pub mod local;
pub mod operations;
pub mod release;
pub mod script;
pub mod source;
pub mod survey;
pub mod tasks;
pub mod transport;
