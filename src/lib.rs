//! relm: atomic releases for a fleet of Linux hosts.

pub mod config;
pub mod event;
pub mod fleet;
pub mod release;
pub mod script;
pub mod source;
pub mod ssh;
pub mod transport;
