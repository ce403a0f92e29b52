//! Powers and products of both kernels against two libraries that have nothing in common with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod oracle;

use oracle::{Oracle, numbers, odd_modulus};
use otr_arith::{Modulus, Modulus1024, Modulus1536, Modulus3072, Term, group_1536, group_3072};

/// What is special about a number: edges of limbs, of digits, of the modulus.
fn crafted<const L: usize>(p: &[u64; L]) -> Vec<[u64; L]> {
    let mut less_one = *p;
    less_one[0] -= 1;
    let mut one = [0; L];
    one[0] = 1;
    let mut found = vec![[0; L], one, less_one, *p, [u64::MAX; L]];
    for position in [51, 52, 103, 104, 155, 156, 207, 208, 415, 416, 64 * L - 1] {
        let mut power = [0; L];
        power[position / 64] = 1 << (position % 64);
        found.push(power);
        // One less: all digits below it are full.
        let mut full = [0; L];
        full[..position / 64].fill(u64::MAX);
        full[position / 64] = (1 << (position % 64)) - 1;
        found.push(full);
    }
    found
}

fn both<const L: usize, const V: usize>(p: &[u64; L]) -> [Modulus<L, V>; 2] {
    [Modulus::new(p).unwrap(), Modulus::portable(p).unwrap()]
}

fn check_modulus<const L: usize, const V: usize>(p: &[u64; L], seed: u8, rounds: usize) {
    let oracle = Oracle::new(p);
    let mut random = numbers::<L>(seed);
    for modulus in both::<L, V>(p) {
        assert_eq!(modulus.value(), p);
        let special = crafted(p);
        for (index, left) in special.iter().enumerate() {
            let right = &special[(index * 7 + 3) % special.len()];
            assert_eq!(*modulus.product(left, right), oracle.product(left, right));
            assert_eq!(*modulus.power(left, right, 160), oracle.power(left, right, 160));
            let by_crafted = modulus.power(right, left, 33);
            assert_eq!(*by_crafted, oracle.power(right, left, 33));
        }
        for _ in 0..rounds {
            let (a, b, e, f) = (random(), random(), random(), random());
            assert_eq!(*modulus.product(&a, &b), oracle.product(&a, &b));
            for bits in [1, 64, 65, 256, 257, 320] {
                assert_eq!(*modulus.power(&a, &e, bits), oracle.power(&a, &e, bits), "{bits}");
            }
            let terms = [
                Term {
                    base: &a,
                    exponent: &e,
                    bits: 160,
                },
                Term {
                    base: &b,
                    exponent: &f,
                    bits: 77,
                },
            ];
            let expected = oracle.product(&oracle.power(&a, &e, 160), &oracle.power(&b, &f, 77));
            assert_eq!(*modulus.power_product(&terms), expected);
            assert_eq!(*modulus.power_product_vartime(&terms), expected);
            for (bits, blocks) in [(160, 2), (320, 4), (7, 4), (97, 8)] {
                let base = modulus.fixed_base(&a, bits, blocks);
                assert_eq!(base.bits(), bits);
                assert_eq!(
                    *modulus.fixed_power(&base, &e),
                    oracle.power(&a, &e, bits),
                    "{bits} {blocks}"
                );
            }
        }
    }
}

#[test]
fn the_group_of_1536_bits() {
    check_modulus::<24, 4>(group_1536().modulus().value(), 1, 3);
}

#[test]
fn the_group_of_3072_bits() {
    check_modulus::<48, 8>(group_3072().modulus().value(), 2, 1);
}

#[test]
fn any_odd_modulus_of_1024_bits() {
    for seed in 3..6 {
        check_modulus::<16, 3>(&odd_modulus(seed, 1024), seed, 2);
    }
    // Nothing but ones, and the other extreme.
    check_modulus::<16, 3>(&[u64::MAX; 16], 6, 1);
    let mut least = [0; 16];
    (least[0], least[15]) = (1, 1 << 63);
    check_modulus::<16, 3>(&least, 7, 1);
}

#[test]
fn moduli_shorter_than_their_place() {
    check_modulus::<16, 3>(&odd_modulus(8, 512), 8, 1);
    check_modulus::<16, 3>(&odd_modulus(9, 65), 9, 1);
    check_modulus::<24, 4>(&odd_modulus(10, 1000), 10, 1);
    check_modulus::<48, 8>(&odd_modulus(11, 1025), 11, 1);
    let mut three = [0; 16];
    three[0] = 3;
    check_modulus::<16, 3>(&three, 12, 1);
}

#[test]
fn powers_of_two_of_every_length() {
    let mut random = numbers::<24>(20);
    let group = group_1536();
    let oracle = Oracle::new(group.modulus().value());
    let mut two = [0; 24];
    two[0] = 2;
    for bits in [320, 1536, 1535, 256, 1] {
        for exponent in [random(), [0; 24], [u64::MAX; 24]] {
            let ours = group.power_of_two(&exponent, bits);
            assert_eq!(*ours, oracle.power(&two, &exponent, bits), "{bits}");
        }
    }
}

/// Euler's criterion: the squares are those whose power with (p - 1) / 2 is 1.
#[test]
fn squares_are_told_from_others() {
    let p = group_1536().modulus();
    let oracle = Oracle::new(p.value());
    let mut half = *p.value();
    for limb in 0..24 {
        half[limb] = half[limb] >> 1 | half.get(limb + 1).map_or(0, |above| above << 63);
    }
    let mut one = [0; 24];
    one[0] = 1;
    let mut random = numbers::<24>(21);
    let (mut squares, mut checked) = (0, crafted(p.value()));
    checked.extend((0..60).map(|_| random()));
    for value in checked {
        let expected = oracle.power(&value, &half, 1536) == one;
        assert_eq!(p.is_square_vartime(&value), expected, "{value:x?}");
        squares += u32::from(expected);
    }
    assert!((20..70).contains(&squares), "{squares}");
}

#[test]
fn even_and_tiny_moduli_are_refused() {
    let mut number = [0; 16];
    for bad in [0, 1, 2, 4] {
        number[0] = bad;
        assert!(Modulus1024::new(&number).is_none(), "{bad}");
        assert!(Modulus1024::portable(&number).is_none(), "{bad}");
    }
    assert!(Modulus1536::new(&[u64::MAX - 1; 24]).is_none());
    assert!(Modulus3072::new(&[u64::MAX; 48]).is_some());
}

/// Many products one after the other, whose form is never the least one.
#[test]
fn long_chains_stay_right() {
    let p = odd_modulus(30, 1024);
    let oracle = Oracle::new(&p);
    let [fast, portable] = both::<16, 3>(&p);
    let exponent = [u64::MAX; 16];
    let base = [u64::MAX; 16];
    let expected = oracle.power(&base, &exponent, 1024);
    assert_eq!(*fast.power(&base, &exponent, 1024), expected);
    assert_eq!(*portable.power(&base, &exponent, 1024), expected);
}
