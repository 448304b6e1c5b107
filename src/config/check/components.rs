//! Components: names that nothing else has, hosts they live on, and tables as any application has them.

use super::super::Environment;
use super::super::component::{self, Tables};
use super::super::file::{EnvTable, ReleasesToml};
use super::super::placed::At;
use super::environment::{application, environment};
use super::{Check, apart, hosts, roles, shared};
use crate::fleet::{ComponentName, Targets};

/// Words that stand behind an environment and mean something of their own.
const ACTIONS: [&str; 6] = ["status", "start", "stop", "restart", "reload", "tail"];

/// A component of the environment that is checked.
pub(super) struct Component<'f> {
    pub(super) name: &'f At<String>,
    pub(super) lives_on: Targets,
}

/// What an environment deploys: the main application, if there is one, and its components.
pub(super) fn applications(
    check: &mut Check<'_>,
    file: &ReleasesToml,
    name: &At<String>,
    env: &EnvTable,
) -> Vec<Environment> {
    let all = component::tables(file, env);
    let mut applications = Vec::new();
    if all.is_empty() || component::has_main(file, env) || check.source_lost(name) {
        applications.extend(environment(check, file, name, env, None).map(|main| (name, main)));
    } else {
        application(check, env.app.as_ref().or(file.app.as_ref()));
    }
    for tables in &all {
        applications.extend(of_component(check, file, name, env, tables).map(|found| (tables.name, found)));
    }
    apart::keep(check, &applications);
    applications.into_iter().map(|(_, application)| application).collect()
}

/// Nothing where it lives on no host of the environment.
fn of_component(
    check: &mut Check<'_>,
    file: &ReleasesToml,
    name: &At<String>,
    env: &EnvTable,
    tables: &Tables<'_>,
) -> Option<Environment> {
    check.fleet_name(tables.name, ComponentName::new);
    if ACTIONS.contains(&tables.name.value.as_str()) {
        let hint = format!("such as \"the-{0}\": `relm services ENV {0}` would be either", tables.name.value);
        check.problem(tables.name.span(), format!("a component cannot be called {:?}", tables.name.value), hint);
    }
    if file.env.keys().any(|env| env.value == tables.name.value) {
        let hint = "give one of them another name: `relm deploy NAME` would be either".to_owned();
        check.problem(tables.name.span(), format!("{:?} is a component and an environment", tables.name.value), hint);
    }
    let (own_file, own_env) = (tables.file(file, env), tables.env(env));
    shared::tables(check, &own_file);
    roles::enter(check, name);
    let lives_on = hosts::targets(check, tables.roles(), false)?;
    let component = Component { name: tables.name, lives_on };
    let found = environment(check, &own_file, name, &own_env, Some(&component))?;
    if !found.fleet.hosts.is_empty() {
        return Some(found);
    }
    if let Some(own) = tables.own.and_then(|own| own.roles.as_ref()) {
        let message = format!("component {:?} lives on no host of {}", tables.name.value, name.value);
        check.problem(own.span(), message, "leave it out here, or name a role that a host has".to_owned());
    }
    None
}
