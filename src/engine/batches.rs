//! How a fleet is divided for the switch, and for the way back.

use super::Machine;

/// How many hosts switch together: the sizes of the batches, in order. The last one repeats.
pub type Batches = Vec<usize>;

/// The machines of each batch, in the order in which they switch.
pub(super) fn divide<'m>(sizes: &Batches, machines: &'m [Machine]) -> Vec<&'m [Machine]> {
    let (mut rest, mut sizes, mut batches) = (machines, sizes.iter().copied(), Vec::new());
    let mut size = rest.len().max(1);
    while !rest.is_empty() {
        size = sizes.next().unwrap_or(size).clamp(1, rest.len());
        let (batch, later) = rest.split_at(size);
        batches.push(batch);
        rest = later;
    }
    batches
}
