//! A name as one number: two names share one by chance alone, about once in 10¹⁹ pairs.

use sha2::{Digest, Sha256};

/// The first 64 bits of the sha256 of `name`: the same on every machine, and eight bytes in place of a string.
pub(crate) fn hash(name: &str) -> u64 {
    Sha256::digest(name.as_bytes()).iter().take(8).fold(0, |bits, &byte| bits << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_of_the_digest() {
        // FIPS 180-2, appendix B.1: the sha256 of "abc" begins with ba7816bf 8f01cfea.
        assert_eq!(hash("abc"), 0xba78_16bf_8f01_cfea);
    }
}
