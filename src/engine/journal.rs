//! By what a host knows again that a step is done: `steps.sh` writes it down in the script that did the work, and `survey`
//! reads it.

use sha2::{Digest, Sha256};

use super::{On, Step};

/// The identity of a step's definition on a host. The phase and the name are part of it, so that neither a step that was
/// moved nor a torn line of a journal passes for another one.
pub fn hash(step: &Step, on: &On<'_>) -> String {
    let text = format!("{}\n{}\n{}", step.phase.word(), step.name(), step.operation.definition(on));
    short(&text)
}

/// Tells texts apart without keeping them.
pub fn short(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let (short, _) = digest.split_first_chunk::<8>().expect("a digest has 32 bytes");
    format!("{:016x}", u64::from_be_bytes(*short))
}
