//! The texts of `roles`: a role, a set of roles, sums and differences of them, and positions in them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::file::{HostTable, ReleasesToml};
use super::super::placed::At;
use super::super::suggest::did_you_mean;
use super::Check;
use crate::fleet::{Fleet, HostName, Role, Selector, unfit};

/// The hosts of one environment and their roles, in the order of the file.
type Hosts = Vec<(String, BTreeSet<String>)>;

/// What names in `roles` can stand for.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Every role some host of some environment has.
    roles: BTreeSet<String>,
    sets: BTreeMap<String, Vec<Vec<Term>>>,
    envs: Vec<(String, Hosts)>,
    /// The hosts of what is checked now: of an environment, or of a component of it.
    here: Option<Hosts>,
}

/// A part of a sum.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    is_taken_away: bool,
    name: String,
    /// From which on, and up to which not, counted from 0.
    positions: Option<(usize, Option<usize>)>,
}

impl Known {
    pub(super) fn of(file: &ReleasesToml) -> Self {
        let mut known = Self::default();
        for (name, env) in &file.env {
            let roles =
                |roles: &Option<Vec<At<String>>>| roles.iter().flatten().map(|role| role.value.clone()).collect();
            let hosts: Hosts =
                env.hosts.iter().map(|(name, host)| (name.value.clone(), roles(&host.value.roles))).collect();
            known.roles.extend(hosts.iter().flat_map(|(_, roles)| roles.iter().cloned()));
            known.envs.push((name.value.clone(), hosts));
        }
        // Hosts that no environment names need a role all the same to be named by it.
        if !file.hosts.is_empty() {
            let roles = |host: &HostTable| host.roles.iter().flatten().map(|role| role.value.clone()).collect();
            let hosts: Hosts = file.hosts.iter().map(|(name, host)| (name.value.clone(), roles(&host.value))).collect();
            known.roles.extend(hosts.iter().flat_map(|(_, roles)| roles.iter().cloned()));
            known.envs.push((String::new(), hosts));
        }
        known
    }

    /// Whom a sum comes to, in the order of the file.
    fn chosen<'h>(&self, sum: &[Term], hosts: &'h Hosts) -> Vec<&'h str> {
        let mut chosen = BTreeSet::new();
        for term in sum {
            let of_term: Vec<&str> = match self.sets.get(&term.name) {
                Some(sums) => {
                    let all: BTreeSet<&str> = sums.iter().flat_map(|sum| self.chosen(sum, hosts)).collect();
                    in_order(hosts).filter(|name| all.contains(name)).collect()
                }
                None => hosts.iter().filter(|host| host.1.contains(&term.name)).map(|host| host.0.as_str()).collect(),
            };
            let (from, to) = term.positions.unwrap_or((0, None));
            for host in of_term.iter().take(to.unwrap_or(usize::MAX)).skip(from) {
                if term.is_taken_away {
                    chosen.remove(host)
                } else {
                    chosen.insert(*host)
                };
            }
        }
        in_order(hosts).filter(|name| chosen.contains(name)).collect()
    }
}

fn in_order(hosts: &Hosts) -> impl Iterator<Item = &str> {
    hosts.iter().map(|(name, _)| name.as_str())
}

/// From here on positions and differences are those of the hosts of an environment.
pub(super) fn enter(check: &mut Check<'_>, env: &At<String>) {
    if let Some(known) = &mut check.roles {
        known.here = known.envs.iter().find(|(name, _)| *name == env.value).map(|(_, hosts)| hosts.clone());
    }
}

/// From here on they are those of some of its hosts.
pub(super) fn narrow(check: &mut Check<'_>, fleet: &Fleet) {
    if let Some(here) = check.roles.as_mut().and_then(|known| known.here.as_mut()) {
        here.retain(|(name, _)| fleet.hosts.iter().any(|host| host.name.as_str() == name));
    }
}

/// Learns the sets; each may name those above it.
pub(super) fn sets(check: &mut Check<'_>, file: &ReleasesToml) {
    for (name, members) in &file.role_sets {
        check.name("role set", name);
        if check.roles.as_ref().is_some_and(|known| known.roles.contains(&name.value)) {
            let hint = "give the set a name that is no role".to_owned();
            check.problem(name.span(), format!("{:?} is a role and a set of roles", name.value), hint);
        }
        if members.value.is_empty() && !check.lost(&format!("role_sets.{}", name.value)) {
            check.problem(members.span(), format!("the role set {:?} is empty", name.value), "name a role".to_owned());
        }
        let sums = members.value.iter().filter_map(|member| sum(check, member)).collect();
        if let Some(known) = &mut check.roles {
            known.sets.insert(name.value.clone(), sums);
        }
    }
}

/// Takes one text of `roles`.
pub(super) fn selector(check: &mut Check<'_>, text: &At<String>) -> Option<Selector> {
    let sum = sum(check, text)?;
    // Who has lost hosts has been told so.
    let known = check.roles.as_ref()?;
    if let ([Term { name, positions: None, .. }], true) = (sum.as_slice(), known.roles.contains(&text.value)) {
        return Role::new(name).ok().map(Selector::Role);
    }
    if known.envs.iter().all(|(_, hosts)| known.chosen(&sum, hosts).is_empty()) {
        let envs = if known.envs.len() == 1 { "" } else { " in any environment" };
        let hint = match sum.iter().find(|term| term.positions.is_some()) {
            Some(_) => "positions are counted from 0, in the order of the file".to_owned(),
            None => "a role is taken away from what stands before it".to_owned(),
        };
        check.problem(text.span(), format!("{:?} comes to no host{envs}", text.value), hint);
        return None;
    }
    let hosts = known.here.as_ref().map(|hosts| known.chosen(&sum, hosts)).unwrap_or_default();
    let hosts = hosts.into_iter().map(HostName::new).collect::<Result<_, _>>().ok()?;
    Some(Selector::Hosts { text: text.value.clone(), hosts })
}

/// Takes `web`, `services - web`, `static[0] + db`: operators stand between blanks, as names may have `-` in them.
fn sum(check: &mut Check<'_>, text: &At<String>) -> Option<Vec<Term>> {
    let mut words = text.value.split(' ');
    let mut sum = vec![term(check, text, words.next().unwrap_or_default(), false)];
    while let Some(operator) = words.next() {
        let (is_taken_away, name) = match (operator, words.next()) {
            ("-", Some(name)) => (true, name),
            ("+", Some(name)) => (false, name),
            _ => {
                let hint = "write it like \"services - web\" or \"web + db\", with a blank around each sign".to_owned();
                check.problem(text.span(), format!("role {:?} is neither a name nor a sum", text.value), hint);
                return None;
            }
        };
        sum.push(term(check, text, name, is_taken_away));
    }
    sum.into_iter().collect()
}

fn term(check: &mut Check<'_>, text: &At<String>, word: &str, is_taken_away: bool) -> Option<Term> {
    let (name, positions) = match word.strip_suffix(']').and_then(|word| word.split_once('[')) {
        None => (word, None),
        Some((name, inner)) => {
            let positions = positions(inner);
            if positions.is_none() {
                let hint = format!("{name}[0] is the first host, {name}[1:] are the others, {name}[:2] the first two");
                check.problem(text.span(), format!("[{inner}] is no position in {:?}", text.value), hint);
            }
            (name, Some(positions?))
        }
    };
    if unfit(name).is_some() {
        check.fleet_name(&text.with(name.to_owned()), Role::new);
        return None;
    }
    if let Some(known) = &check.roles
        && !known.roles.contains(name)
        && !known.sets.contains_key(name)
    {
        let names: Vec<_> = known.roles.iter().chain(known.sets.keys()).map(String::as_str).collect();
        let hint = did_you_mean(name, &names).unwrap_or_else(|| "no host of this file has any role".to_owned());
        check.problem(text.span(), format!("no host has the role {name:?}"), hint);
        return None;
    }
    Some(Term { is_taken_away, name: name.to_owned(), positions })
}

/// Reads `0`, `1:`, `:2` and `1:3`.
fn positions(text: &str) -> Option<(usize, Option<usize>)> {
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<usize>().ok())?;
    match text.split_once(':') {
        None => number(text).map(|at| (at, Some(at.saturating_add(1)))),
        Some(("", to)) => number(to).map(|to| (0, Some(to))),
        Some((from, "")) => number(from).map(|from| (from, None)),
        Some((from, to)) => number(from).zip(number(to)).map(|(from, to)| (from, Some(to))),
    }
}
