//! Retention against what a person would remember: random histories of an environment, told to relm in the words of its
//! own survey, and after each clean a comparison with what must never be removed and what must go.

mod world;

use proptest::prelude::*;
use proptest::sample::Index;

use world::World;

/// Random histories tried.
const HISTORIES: u32 = 2_000;

/// What people do, and what happens to them.
#[derive(Debug, Clone)]
enum Deed {
    /// A deploy, which also cleans.
    Deploy,
    /// A deploy that fails before its switch.
    FailInPrepare,
    /// A deploy whose switch is put back.
    FailInSwitch,
    /// A deploy killed while it builds.
    DieBuilding,
    /// A deploy killed between its intent and its flip.
    DieBeforeFlip,
    /// A deploy killed between its flip and the history's line about it.
    DieAfterFlip,
    /// `setup-release --keep-days`.
    Private(u32),
    /// `deploy --release`.
    DeployAgain(Index),
    Rollback,
    /// A process starts in a release.
    Start(Index),
    /// All processes end.
    StopAll,
    /// So many hours go by.
    Wait(u32),
    /// `keep` of the file is changed.
    Keep(usize),
    /// `keep_failed` of the file is changed: so many hours.
    KeepFailed(u32),
    /// `min_age` of the file is changed: so many hours.
    MinAge(u32),
    /// `clean-releases`.
    Clean,
    /// `clean-releases --exclude`.
    CleanBut(Index),
}

fn deed() -> impl Strategy<Value = Deed> {
    use Deed::{
        Clean, CleanBut, Deploy, DeployAgain, DieAfterFlip, DieBeforeFlip, DieBuilding, FailInPrepare, FailInSwitch,
        Keep, KeepFailed, MinAge, Private, Rollback, Start, StopAll, Wait,
    };
    prop_oneof![
        6 => Just(Deploy),
        1 => prop::sample::select(vec![FailInPrepare, FailInSwitch, DieBuilding, DieBeforeFlip, DieAfterFlip]),
        1 => (0_u32..3).prop_map(Private),
        1 => any::<Index>().prop_map(DeployAgain),
        2 => Just(Rollback),
        1 => any::<Index>().prop_map(Start),
        1 => Just(StopAll),
        2 => (1_u32..40).prop_map(Wait),
        1 => (1_usize..5).prop_map(Keep),
        1 => (0_u32..60).prop_map(KeepFailed),
        1 => prop_oneof![Just(0), 0_u32..60].prop_map(MinAge),
        3 => Just(Clean),
        1 => any::<Index>().prop_map(CleanBut),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: HISTORIES, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn nothing_that_matters_is_removed_and_the_rest_goes(deeds in prop::collection::vec(deed(), 1..30)) {
        let mut world = World::new();
        for deed in &deeds {
            world.do_one(deed)?;
        }
        world.do_one(&Deed::Clean)?;
    }
}
