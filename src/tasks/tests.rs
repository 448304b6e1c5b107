//! The plans of relm's own tasks for the sample `Releases.toml`, as tables: what a person reviews when a task changes.

pub(super) mod sample;

use super::complete::Part;
use super::{Refusal, Site, clean_releases, deploy, rollback, setup_release};
use crate::engine::Plan;
use crate::release::ReleaseName;
use crate::survey::HostSeen;
use sample::{actor, name, now, on, payload, record, sample, survey};

fn existing(site: Site<'_>, n: i64) -> Result<Plan, Refusal> {
    deploy::plan_existing(site, &name(n), Part { roles: &[], whole: &site.env.fleet, named: &site.env.fleet })
}

#[test]
fn a_deploy() {
    let plan = |site: Site<'_>| deploy::plan(site, &record(&ReleaseName::at(now())), &payload());
    insta::assert_snapshot!(on("demo", |_| {}, plan), @r"
    deploy demo 1970-04-11_00.00.00, batches of 3
    Prepare     upload_code       web1 web2 db1
    Prepare     check_upload      web1 web2 db1
    Prepare     link_shared       web1 web2 db1
    Prepare     build_virtualenv  web1 web2 db1
    Prepare     compile           web1 web2 db1
    Prepare     schema            db1
    Prepare     mark_complete     web1 web2 db1
    Prepare     check_flip        web1 web2 db1
    Flip        flip_current      web1 web2 db1
    AfterFlip   restart           web1 web2
    Finish      announce          web1
    Finish      record            web1 web2 db1
    Finish      clean_releases    web1 web2 db1
    if it fails mark_failed
    ");
    insta::assert_snapshot!(on("production", |_| {}, plan), @r"
    deploy production 1970-04-11_00.00.00, batches of 1 2
    Prepare     upload_code       web1 web2 db1
    Prepare     check_upload      web1 web2 db1
    Prepare     link_shared       web1 web2 db1
    Prepare     build_virtualenv  web1 web2 db1
    Prepare     compile           web1 web2 db1
    Prepare     schema            db1
    Prepare     mark_complete     web1 web2 db1
    Prepare     check_flip        web1 web2 db1
    Flip        flip_current      web1 web2 db1
    AfterFlip   restart           web1 web2
    AfterFlip   health            web1 web2
    Finish      announce          web1
    Finish      record            web1 web2 db1
    Finish      clean_releases    web1 web2 db1
    if it fails mark_failed
    ");
}

#[test]
fn a_deploy_of_a_private_release_leaves_out_what_is_done() {
    insta::assert_snapshot!(on("demo", |_| {}, |site| existing(site, 5)), @r"
    deploy demo 1970-01-06_00.00.00, batches of 3
    Prepare     compile           web1 web2 db1
    Prepare     schema            db1
    Prepare     mark_complete     web1 web2 db1
    Prepare     check_flip        web1 web2 db1
    Flip        flip_current      web1 web2 db1
    AfterFlip   restart           web1 web2
    Finish      announce          web1
    Finish      record            web1 web2 db1
    Finish      clean_releases    web1 web2 db1
    ");
}

#[test]
fn a_deploy_of_what_is_live_has_nothing_to_do() {
    insta::assert_snapshot!(on("demo", |_| {}, |site| existing(site, 4)), @"deploy demo 1970-01-05_00.00.00, batches of 3");
}

#[test]
fn a_rollback() {
    insta::assert_snapshot!(on("demo", |_| {}, |site| rollback::plan(site, None, false)), @r"
    rollback demo 1970-01-03_00.00.00, batches of 3
    Prepare     check_flip        web1 web2 db1
    Flip        flip_current      web1 web2 db1
    AfterFlip   restart           web1 web2
    Finish      announce          web1
    Finish      record            web1 web2 db1
    ");
    insta::assert_snapshot!(on("demo", |_| {}, |site| rollback::plan(site, Some(&name(1)), false)), @r"
    rollback demo 1970-01-02_00.00.00, batches of 3
    Prepare     check_flip        web1 web2 db1
    Flip        flip_current      web1 web2 db1
    AfterFlip   restart           web1 web2
    Finish      announce          web1
    Finish      record            web1 web2 db1
    ");
}

#[test]
fn a_private_release() {
    let plan = |site: Site<'_>| setup_release::plan(site, &record(&ReleaseName::at(now())), &payload());
    insta::assert_snapshot!(on("demo", |_| {}, plan), @r"
    setup-release demo 1970-04-11_00.00.00, batches of 3
    Prepare     upload_code       web1 web2 db1
    Prepare     check_upload      web1 web2 db1
    Prepare     link_shared       web1 web2 db1
    Prepare     build_virtualenv  web1 web2 db1
    Prepare     mark_complete     web1 web2 db1
    if it fails mark_failed
    ");
}

#[test]
fn a_clean() {
    insta::assert_snapshot!(on("demo", |_| {}, |site| clean_releases::plan(site, Some(2), &[])), @r"
    clean-releases demo, batches of 3
    Finish      clean_releases    web1 web2 db1
    ");
    let (env, actor) = (sample("demo"), actor("clean-releases"));
    let lines =
        clean_releases::preview(Site { env: &env, survey: &survey(&env), actor: &actor, now: now() }, Some(1), &[]);
    let web1 = lines.expect("verdicts").into_iter().filter(|line| line.host.as_str() == "web1");
    let web1: Vec<_> = web1.map(|line| (line.release, line.remove, line.reason)).collect();
    let expected = [
        (1, true, "older than the newest good one"),
        (2, false, "the rollback target"),
        (3, true, "bad for more than a day"),
        (4, false, "live"),
        (5, true, "a private release past its time"),
    ];
    assert_eq!(web1, expected.map(|(n, remove, reason)| (name(n), remove, reason.to_owned())));
}

#[test]
fn what_stops_a_deploy_is_said_with_its_host() {
    let plan = |site: Site<'_>| deploy::plan(site, &record(&ReleaseName::at(now())), &payload());
    let full = |seen: &mut HostSeen| seen.free_kilobytes = Some(12);
    insta::assert_snapshot!(on("demo", full, plan), @r"
    some hosts are not ready
    web1: its disk has 0 MB free, and 10 MB are needed
    web2: its disk has 0 MB free, and 10 MB are needed
    db1: its disk has 0 MB free, and 10 MB are needed
    relm check demo
    ");
}

#[test]
fn a_disk_without_inodes_takes_no_release_and_a_rollback() {
    let full = |seen: &mut HostSeen| seen.free_files = Some(0);
    let said = on("demo", full, |site| deploy::plan(site, &record(&ReleaseName::at(now())), &payload()));
    assert!(said.contains("web1: its disk has room for 0 more files (df -i), and 1000 are needed at least"), "{said}");
    let said = on("demo", full, |site| rollback::plan(site, None, false));
    assert!(!said.contains("df -i"), "{said}");
}

#[test]
fn a_record_that_cannot_be_read_stops_a_clean_and_spares_its_host_in_a_deploy() {
    let damage = |seen: &mut HostSeen| seen.damage.push("the record of x cannot be read".to_owned());
    assert!(on("demo", damage, |site| clean_releases::plan(site, None, &[])).contains("nothing is removed"));
    let plan = |site: Site<'_>| deploy::plan(site, &record(&ReleaseName::at(now())), &payload());
    let env = sample("demo");
    let mut survey = survey(&env);
    damage(&mut survey.hosts[1].1);
    let actor = actor("deploy");
    let plan = plan(Site { env: &env, survey: &survey, actor: &actor, now: now() }).expect("a plan");
    assert_eq!(plan.notes, ["web2: the record of x cannot be read, so nothing will be cleaned there"]);
    let clean = format!("{:?}", plan.steps.last().expect("steps").operation);
    assert!(clean.contains("web1") && !clean.contains("web2"), "{clean}");
}
