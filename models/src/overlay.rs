//! A user's settings over the shipped ones. Knows tables only, no key of any of them.

use toml::{Table, Value};

/// Lays `own` over `base`: tables are merged key by key; everything else is replaced.
pub fn lay_over(base: &mut Table, own: Table) {
    for (key, value) in own {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_replaced() {
        let mut base: Table = toml::from_str("[a]\nx = 1\ny = [1, 2]\n[a.b]\nz = 3").unwrap();
        lay_over(&mut base, toml::from_str("[a]\ny = [9]\n[a.b]\nw = 4").unwrap());
        let expected: Table = toml::from_str("[a]\nx = 1\ny = [9]\n[a.b]\nz = 3\nw = 4").unwrap();
        assert_eq!(base, expected);
    }
}
