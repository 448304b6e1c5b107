//! How many hosts switch together.

use crate::config::Batch;
use crate::engine::Batches;

/// Turns `[1, "25%", "100%"]` into sizes for so many hosts: percentages are of the whole fleet, rounded up, and the
/// last batch repeats until every host has switched.
pub(super) fn batch_sizes(batches: &[Batch], hosts: usize) -> Batches {
    let size = |batch: &Batch| match *batch {
        Batch::Hosts(hosts) => hosts,
        Batch::Percent(percent) => (hosts * usize::from(percent)).div_ceil(100).max(1),
    };
    let mut sizes = Vec::new();
    let mut left = hosts;
    let mut given = batches.iter().map(size);
    let mut last = hosts.max(1);
    while left > 0 {
        last = given.next().unwrap_or(last).min(left).max(1);
        sizes.push(last);
        left -= last;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for (batches, hosts, sizes) in cases {
            assert_eq!(batch_sizes(batches, hosts), sizes, "{batches:?} of {hosts}");
        }
    }
}
