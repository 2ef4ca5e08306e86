//! Hashes that differ in few bits, found without comparing all with all.
//!
//! Of `d + 2` bands of the bits, two that differ in `d` bits agree in at least two (each bit spoils one band). So for
//! every two bands the hashes are sorted by these, and only those that agree there are compared.

/// Bits of a hash.
const BITS: u32 = 64;

/// Every two of `hashes` with at most `distance` different bits that are `alike`, by their places, the smaller first.
/// `distance` must lie under 62.
pub(super) fn pairs(hashes: &[u64], distance: u32, alike: impl Fn(u32, u32) -> bool) -> Vec<(u32, u32)> {
    let bands = bands(distance + 2);
    let mut pairs = Vec::new();
    let mut order: Vec<u32> = (0..).take(hashes.len()).collect();
    for (second, &low) in bands.iter().enumerate() {
        for &high in &bands[..second] {
            let key = |&place: &u32| hashes[place as usize] & (low | high);
            order.sort_unstable_by_key(key);
            for some in order.chunk_by(|a, b| key(a) == key(b)) {
                compare(some, |a, b| {
                    let different = hashes[a as usize] ^ hashes[b as usize];
                    // They may agree in more bands than two: the first two alone report them.
                    let first = bands.iter().filter(|&&band| different & band == 0).take(2);
                    if different.count_ones() <= distance && first.eq([&high, &low]) && alike(a, b) {
                        pairs.push((a.min(b), a.max(b)));
                    }
                });
            }
        }
    }
    pairs
}

fn compare(places: &[u32], mut with: impl FnMut(u32, u32)) {
    for (n, &a) in places.iter().enumerate() {
        places[..n].iter().for_each(|&b| with(a, b));
    }
}

/// The bits in `count` bands of about the same width.
fn bands(count: u32) -> Vec<u64> {
    let under = |bits: u32| if bits == BITS { u64::MAX } else { (1 << bits) - 1 };
    (0..count).map(|band| under((band + 1) * BITS / count) ^ under(band * BITS / count)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    fn all_with_all(hashes: &[u64], distance: u32) -> BTreeSet<(u32, u32)> {
        let mut pairs = BTreeSet::new();
        for b in 0..hashes.len() {
            let near = (0..b).filter(|&a| (hashes[a] ^ hashes[b]).count_ones() <= distance);
            pairs.extend(near.map(|a| (a as u32, b as u32)));
        }
        pairs
    }

    /// Some far from all, some near to one another.
    fn hashes() -> Vec<u64> {
        let mut random = Pcg64Mcg::seed_from_u64(7);
        let mut hashes: Vec<u64> = (0..150).map(|_| random.random()).collect();
        for n in 0..150 {
            let near = (0..random.random_range(1..8))
                .fold(hashes[n], |hash, _| hash ^ 1 << random.random_range(0..64));
            hashes.push(near);
        }
        hashes.push(hashes[0]);
        hashes
    }

    #[test]
    fn it_finds_what_comparing_all_finds_once_each() {
        let hashes = hashes();
        for distance in [0, 1, 4, 10] {
            let found = pairs(&hashes, distance, |_, _| true);
            let distinct: BTreeSet<_> = found.iter().copied().collect();
            assert_eq!((distinct.len(), &distinct), (found.len(), &all_with_all(&hashes, distance)));
        }
        let near = pairs(&hashes, 4, |_, _| true);
        assert!(near.len() > 50);
        assert_eq!(pairs(&hashes, 4, |a, b| (a, b) == near[9]), [near[9]]);
    }

    #[test]
    fn bands_share_out_all_bits() {
        for count in 2..=16 {
            let bands = bands(count);
            assert_eq!(bands.iter().fold(0, |all, band| all | band), u64::MAX);
            assert_eq!(bands.iter().map(|band| band.count_ones()).sum::<u32>(), 64);
        }
    }
}
