//! How many hosts switch together: what the file allows, and no more of a pool than it can spare.

use std::ops::Range;

use crate::config::{self, Batch, Environment};
use crate::engine::Plan;
use crate::event::Phase;
use crate::fleet::Host;

/// A batch, and what keeps the next host from switching with it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    hosts: usize,
    because: Vec<String>,
}

/// What a pool has to say to batches.
#[derive(Debug)]
struct Members {
    name: String,
    /// For each host of the fleet, whether it is in the pool.
    has: Vec<bool>,
    keeps: usize,
}

impl Members {
    fn new(env: &Environment, pool: &config::Pool) -> Self {
        let members = env.fleet.select(&pool.targets);
        let is_in = |host: &crate::fleet::Host| members.iter().any(|member| member.name == host.name);
        let has = env.fleet.hosts.iter().map(is_in).collect();
        Self { name: pool.name.clone(), has, keeps: pool.min_healthy }
    }

    fn size(&self) -> usize {
        self.has.iter().filter(|has| **has).count()
    }

    /// How many of it may be out at a time.
    fn spare(&self) -> usize {
        self.size().saturating_sub(self.keeps)
    }
}

/// Has the fleet switch in batches, and says so where pools make them smaller than the file does.
pub(super) fn divide(plan: Plan, env: &Environment) -> Plan {
    divided(plan, env, "switch")
}

/// The same for what hosts do in batches besides: the verb that says it.
pub(super) fn divided(plan: Plan, env: &Environment, verb: &str) -> Plan {
    let groups = of(env);
    let mut pools: Vec<&str> = groups.iter().flat_map(|group| &group.because).map(String::as_str).collect();
    pools.sort_unstable();
    pools.dedup();
    let note = (!pools.is_empty()).then(|| format!("hosts {verb} in {} batches: {}", groups.len(), pools.join(", ")));
    let plan = note.into_iter().fold(plan, Plan::note);
    let switching = plan.steps.iter().filter(|step| (Phase::BeforeFlip..=Phase::AfterFlip).contains(&step.phase));
    let lines = lines(&groups, env, |host| switching.clone().any(|step| step.left().any(|left| *left == host.name)));
    let mut plan = plan.batches(groups.iter().map(|group| group.hosts).collect());
    plan.batch_lines = lines;
    plan
}

/// The batches in which the fleet would switch, a line each; none if it does so at once.
pub(super) fn told(env: &Environment) -> Vec<String> {
    lines(&of(env), env, |_| true)
}

fn of(env: &Environment) -> Vec<Group> {
    let pools: Vec<Members> = env.pools.iter().map(|pool| Members::new(env, pool)).collect();
    groups(&env.release.batches, &pools, env.fleet.hosts.len())
}

/// A line for each batch in which a host is `wanted`.
fn lines(groups: &[Group], env: &Environment, wanted: impl Fn(&Host) -> bool) -> Vec<String> {
    let mut hosts = env.fleet.hosts.iter();
    let line = |(at, group): (usize, &Group)| {
        let names = hosts.by_ref().take(group.hosts).filter(|host| wanted(host)).map(|host| host.name.as_str());
        let names: Vec<&str> = names.collect();
        let why = if group.because.is_empty() { String::new() } else { format!(" ({})", group.because.join(", ")) };
        (!names.is_empty()).then(|| format!("batch {} of {}: {}{why}", at + 1, groups.len(), names.join(" ")))
    };
    let lines: Vec<_> = groups.iter().enumerate().map(line).collect();
    if groups.len() < 2 { Vec::new() } else { lines.into_iter().flatten().collect() }
}

/// Turns `[1, "25%", "100%"]` into batches for so many hosts: percentages are of the whole fleet, rounded up, and the last
/// batch repeats until every host has switched. None of them is larger, and none takes more hosts out of a pool than it can
/// spare; what is left of one then comes before the next.
fn groups(batches: &[Batch], pools: &[Members], hosts: usize) -> Vec<Group> {
    let size = |batch: &Batch| match *batch {
        Batch::Hosts(hosts) => hosts,
        Batch::Percent(percent) => (hosts * usize::from(percent)).div_ceil(100),
    };
    let mut given = batches.iter().map(size).peekable();
    let (mut most, mut due, mut at, mut groups) = (hosts, 0, 0, Vec::new());
    while at < hosts {
        if due == 0 {
            most = given.next().unwrap_or(most).max(1);
            due = if given.peek().is_some() { most } else { hosts };
        }
        let group = first(pools, at..hosts.min(at + most.min(due)));
        at += group.hosts;
        due = due.saturating_sub(group.hosts);
        groups.push(group);
    }
    groups
}

/// As many of these hosts as can be out together, from the first on; one at least.
fn first(pools: &[Members], places: Range<usize>) -> Group {
    let mut out = vec![0; pools.len()];
    for place in places.clone() {
        let touched = pools.iter().zip(&mut out).filter(|(pool, _)| pool.has[place]);
        let dry = touched.filter_map(|(pool, out)| {
            *out += 1;
            (*out > pool.spare()).then(|| format!("pool {} keeps {}", pool.name, pool.keeps))
        });
        let because: Vec<String> = dry.collect();
        if place > places.start && !because.is_empty() {
            return Group { hosts: place - places.start, because };
        }
    }
    Group { hosts: places.len(), because: Vec::new() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sizes(groups: &[Group]) -> Vec<usize> {
        groups.iter().map(|group| group.hosts).collect()
    }

    fn pool(name: &str, has: &str, keeps: usize) -> Members {
        Members { name: name.to_owned(), has: has.chars().map(|mark| mark == 'x').collect(), keeps }
    }

    #[test]
    fn batches_cover_the_fleet() {
        use Batch::{Hosts, Percent};
        let cases: [(&[Batch], usize, &[usize]); 6] = [
            (&[Percent(100)], 4, &[4]),
            (&[Hosts(1), Percent(25), Percent(100)], 8, &[1, 2, 5]),
            (&[Hosts(2)], 5, &[2, 2, 1]),
            (&[Percent(1)], 3, &[1, 1, 1]),
            (&[Hosts(9)], 2, &[2]),
            (&[], 3, &[3]),
        ];
        for (batches, hosts, expected) in cases {
            assert_eq!(sizes(&groups(batches, &[], hosts)), expected, "{batches:?} of {hosts}");
        }
    }

    /// Small pools are for the hosts that are in them: the others do not wait.
    #[test]
    fn pools_make_batches_smaller_where_they_must() {
        use Batch::{Hosts, Percent};
        type Case<'a> = (&'a [Batch], &'a [&'a str], usize, &'a [usize]);
        let cases: [Case<'_>; 6] = [
            // The last host of the small pool waits for the first.
            (&[Percent(100)], &["xxxx.", "..xx."], 1, &[3, 2]),
            (&[Percent(100)], &["xx"], 1, &[1, 1]),
            (&[Percent(100)], &["xxxx"], 3, &[1, 1, 1, 1]),
            // What is left of a batch comes before the next one.
            (&[Hosts(4), Hosts(1), Hosts(2)], &["xxxxxxxx"], 5, &[3, 1, 1, 2, 1]),
            (&[Hosts(3)], &["xxxxxx"], 4, &[2, 2, 2]),
            // Whom no pool has goes at once.
            (&[Percent(100)], &["......"], 1, &[6]),
        ];
        for (batches, marks, keeps, expected) in cases {
            let pools: Vec<Members> = marks.iter().map(|marks| pool("web", marks, keeps)).collect();
            let hosts = marks[0].len();
            assert_eq!(sizes(&groups(batches, &pools, hosts)), expected, "{batches:?} of {marks:?}, {keeps} stay");
        }
    }

    #[test]
    fn a_batch_says_what_ended_it() {
        let pools = [pool("commcare", "xxxx.", 2), pool("submissions", ".xx..", 1)];
        let told = groups(&[Batch::Percent(100)], &pools, 5);
        assert_eq!(sizes(&told), [2, 3]);
        assert_eq!(told[0].because, ["pool commcare keeps 2", "pool submissions keeps 1"]);
        assert_eq!(told[1].because, [""; 0]);
    }

    prop_compose! {
        /// Pools of a fleet, each with a host to spare.
        fn fleet()(hosts in 1_usize..24)(
            hosts in Just(hosts),
            pools in prop::collection::vec((prop::collection::vec(any::<bool>(), hosts), 0_usize..8), 0..5),
        ) -> (usize, Vec<Members>) {
            let pools = pools.into_iter().enumerate().map(|(at, (has, keeps))| {
                let size = has.iter().filter(|has| **has).count();
                Members { name: format!("pool{at}"), has, keeps: keeps.min(size.saturating_sub(1)) }
            });
            (hosts, pools.collect())
        }
    }

    fn batch() -> impl Strategy<Value = Batch> {
        prop_oneof![(1_usize..12).prop_map(Batch::Hosts), (1_u8..=100).prop_map(Batch::Percent)]
    }

    proptest! {
        #[test]
        fn no_moment_empties_a_pool(
            (hosts, pools) in fleet(),
            batches in prop::collection::vec(batch(), 1..5),
        ) {
            let found = groups(&batches, &pools, hosts);
            // Every host switches once, in the order of the file.
            prop_assert_eq!(found.iter().map(|group| group.hosts).sum::<usize>(), hosts);
            prop_assert!(found.iter().all(|group| group.hosts > 0));
            let allowed = groups(&batches, &[], hosts);
            let most = allowed.iter().map(|group| group.hosts).max().unwrap_or_default();
            let mut at = 0;
            for group in &found {
                prop_assert!(group.hosts <= most, "{:?} in {:?}", group, allowed);
                let left = |pool: &Members, end: usize| {
                    let out = pool.has[at..end].iter().filter(|has| **has).count();
                    pool.size() - out
                };
                let end = at + group.hosts;
                for pool in &pools {
                    prop_assert!(left(pool, end) >= pool.keeps, "{:?} leaves too little of {:?}", group, pool);
                }
                // It ends early only for a pool that would run dry.
                let needs_end = end < hosts && pools.iter().any(|pool| left(pool, end + 1) < pool.keeps);
                prop_assert!(group.because.is_empty() || needs_end, "{:?} could be larger", group);
                at = end;
            }
            prop_assert!(found.iter().any(|group| !group.because.is_empty()) || found == allowed);
        }
    }
}
