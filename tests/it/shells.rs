//! Every script relm sends, under dash, bash and busybox sh, each with coreutils and with busybox tools.

mod stage;

use stage::{Shell, Stage, Tools};

/// Makes each test once for every shell with every set of tools, named after the pair.
macro_rules! under_every_shell {
    ($($test:ident),* $(,)?) => {
        under_every_shell!(@ dash_coreutils Dash Coreutils $($test)*);
        under_every_shell!(@ dash_busybox Dash Busybox $($test)*);
        under_every_shell!(@ bash_coreutils Bash Coreutils $($test)*);
        under_every_shell!(@ bash_busybox Bash Busybox $($test)*);
        under_every_shell!(@ ash_coreutils Ash Coreutils $($test)*);
        under_every_shell!(@ ash_busybox Ash Busybox $($test)*);
    };
    (@ $pair:ident $shell:ident $tools:ident $($test:ident)*) => {
        mod $pair {
            use crate::shells::{Shell, Stage, Tools};
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(Stage::new(Shell::$shell, Tools::$tools)).await;
                }
            )*
        }
    };
}
use under_every_shell;

mod around;
mod base;
mod building;
mod claim;
mod code;
mod conditions;
mod draining;
mod flip;
mod health;
mod hidden;
mod jobs;
mod kept;
mod placing;
mod quoting;
mod readers;
mod removing;
mod running;
mod seals;
mod serving;
mod streams;
mod survey;
mod transferring;
mod transport;
mod upload;
mod waiting;

pub(crate) use upload::listing;
