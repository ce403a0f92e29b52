//! The primes of RFC 3526 that the protocol uses, with their generator 2.

use std::sync::OnceLock;

use zeroize::Zeroizing;

use crate::comb::FixedBase;
use crate::limbs::{low_bits, size};
use crate::modulus::Modulus;

/// Integers modulo a fixed prime, with tables for powers of 2.
pub struct Group<const L: usize, const V: usize> {
    modulus: Modulus<L, V>,
    /// For exponents of Diffie-Hellman keys.
    short: OnceLock<FixedBase<L, V>>,
    short_bits: u32,
    /// For exponents as long as the modulus.
    full: OnceLock<FixedBase<L, V>>,
}

impl<const L: usize, const V: usize> Group<L, V> {
    /// The prime as a modulus.
    #[must_use]
    pub fn modulus(&self) -> &Modulus<L, V> {
        &self.modulus
    }

    /// 2 to the `exponent`, of which the `bits` lowest bits count. The first call of the process makes a table.
    #[must_use]
    pub fn power_of_two(&self, exponent: &[u64], bits: u32) -> Zeroizing<[u64; L]> {
        let (table, table_bits) = if bits <= self.short_bits {
            (&self.short, self.short_bits)
        } else {
            (&self.full, size::<L>())
        };
        let base = table.get_or_init(|| {
            let mut two = [0; L];
            two[0] = 2;
            self.modulus.fixed_base(&two, table_bits, BLOCKS)
        });
        let mut counted = Zeroizing::new([0; L]);
        for ((counted, &limb), start) in counted.iter_mut().zip(exponent).zip((0..).step_by(64)) {
            *counted = limb & low_bits(bits.saturating_sub(start));
        }
        self.modulus.fixed_power(base, counted.as_slice())
    }

    fn new(modulus: &[u64; L], short_bits: u32) -> Option<Self> {
        Some(Self {
            modulus: Modulus::new(modulus)?,
            short: OnceLock::new(),
            short_bits,
            full: OnceLock::new(),
        })
    }
}

/// RFC 3526, section 2: 1536 bits. Short exponents have 320 bits.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "a test makes it, and it is the same number for ever"
)]
pub fn group_1536() -> &'static Group<24, 4> {
    static GROUP: OnceLock<Group<24, 4>> = OnceLock::new();
    GROUP.get_or_init(|| Group::new(&PRIME_1536, 320).expect("the prime is odd"))
}

/// RFC 3526, section 4: 3072 bits. Short exponents have 640 bits.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "a test makes it, and it is the same number for ever"
)]
pub fn group_3072() -> &'static Group<48, 8> {
    static GROUP: OnceLock<Group<48, 8>> = OnceLock::new();
    GROUP.get_or_init(|| Group::new(&PRIME_3072, 640).expect("the prime is odd"))
}

/// Tables of a comb: four of 32 numbers are 24 or 32 KiB for 1536 bits, which a first-level cache holds.
const BLOCKS: u32 = 4;

/// 2^1536 - 2^1472 - 1 + 2^64 (floor(2^1406 pi) + 741804), the lowest limb first.
const PRIME_1536: [u64; 24] = [
    0xffff_ffff_ffff_ffff,
    0xf174_6c08_ca23_7327,
    0x670c_354e_4abc_9804,
    0x9ed5_2907_7096_966d,
    0x1c62_f356_2085_52bb,
    0x8365_5d23_dca3_ad96,
    0x6916_3fa8_fd24_cf5f,
    0x98da_4836_1c55_d39a,
    0xc200_7cb8_a163_bf05,
    0x4928_6651_ece4_5b3d,
    0xae9f_2411_7c4b_1fe6,
    0xee38_6bfb_5a89_9fa5,
    0x0bff_5cb6_f406_b7ed,
    0xf44c_42e9_a637_ed6b,
    0xe485_b576_625e_7ec6,
    0x4fe1_356d_6d51_c245,
    0x302b_0a6d_f25f_1437,
    0xef95_19b3_cd3a_431b,
    0x514a_0879_8e34_04dd,
    0x020b_bea6_3b13_9b22,
    0x2902_4e08_8a67_cc74,
    0xc4c6_628b_80dc_1cd1,
    0xc90f_daa2_2168_c234,
    0xffff_ffff_ffff_ffff,
];
/// 2^3072 - 2^3008 - 1 + 2^64 (floor(2^2942 pi) + 1690314), the lowest limb first.
const PRIME_3072: [u64; 48] = [
    0xffff_ffff_ffff_ffff,
    0x4b82_d120_a93a_d2ca,
    0x43db_5bfc_e0fd_108e,
    0x08e2_4fa0_74e5_ab31,
    0x7709_88c0_bad9_46e2,
    0xbbe1_1757_7a61_5d6c,
    0x521f_2b18_177b_200c,
    0xd876_0273_3ec8_6a64,
    0xf12f_fa06_d98a_0864,
    0xcee3_d226_1ad2_ee6b,
    0x1e8c_94e0_4a25_619d,
    0xabf5_ae8c_db09_33d7,
    0xb397_0f85_a6e1_e4c7,
    0x8aea_7157_5d06_0c7d,
    0xecfb_8504_58db_ef0a,
    0xa855_21ab_df1c_ba64,
    0xad33_170d_0450_7a33,
    0x1572_8e5a_8aaa_c42d,
    0x15d2_2618_98fa_0510,
    0x3995_497c_ea95_6ae5,
    0xde2b_cbf6_9558_1718,
    0xb5c5_5df0_6f4c_52c9,
    0x9b27_83a2_ec07_a28f,
    0xe39e_772c_180e_8603,
    0x3290_5e46_2e36_ce3b,
    0xf174_6c08_ca18_217c,
    0x670c_354e_4abc_9804,
    0x9ed5_2907_7096_966d,
    0x1c62_f356_2085_52bb,
    0x8365_5d23_dca3_ad96,
    0x6916_3fa8_fd24_cf5f,
    0x98da_4836_1c55_d39a,
    0xc200_7cb8_a163_bf05,
    0x4928_6651_ece4_5b3d,
    0xae9f_2411_7c4b_1fe6,
    0xee38_6bfb_5a89_9fa5,
    0x0bff_5cb6_f406_b7ed,
    0xf44c_42e9_a637_ed6b,
    0xe485_b576_625e_7ec6,
    0x4fe1_356d_6d51_c245,
    0x302b_0a6d_f25f_1437,
    0xef95_19b3_cd3a_431b,
    0x514a_0879_8e34_04dd,
    0x020b_bea6_3b13_9b22,
    0x2902_4e08_8a67_cc74,
    0xc4c6_628b_80dc_1cd1,
    0xc90f_daa2_2168_c234,
    0xffff_ffff_ffff_ffff,
];
