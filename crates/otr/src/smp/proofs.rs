//! The three zero-knowledge proofs: of an exponent, of a pair of coordinates, and of one exponent under two bases.
//!
//! In each the prover hashes powers of fresh random scalars into a challenge and answers it; the verifier builds the
//! same powers out of the answer and the claimed values, and compares the hashes. The letters are those of the
//! specification.

use rand_core::CryptoRng;

use super::group::{BadMessage, Field, Fields, Group};

/// That the sender knows x of g1^x: (c, D) with c = H(n, g1^r) and D = r - x c.
pub struct ExponentProof<G: Group> {
    c: G::Scalar,
    d: G::Scalar,
}

impl<G: Group> ExponentProof<G> {
    /// Proves knowledge of `x` under the ordinal n.
    pub fn prove(ordinal: u8, x: &G::Scalar, rng: &mut dyn CryptoRng) -> Self {
        let r = G::random_scalar(rng);
        let c = G::challenge(ordinal, &[&G::base_power(&r)]);
        let d = G::response(&r, x, &c);
        Self { c, d }
    }

    /// Checks the proof for `power` = g1^x: c = H(n, g1^D power^c).
    pub fn verify(&self, ordinal: u8, power: &G::Element) -> Result<(), BadMessage> {
        let commitment = G::product(&G::base_power(&self.d), &G::power(power, &self.c));
        same_challenge::<G>(&self.c, ordinal, &[&commitment])
    }

    /// c, D.
    pub fn fields(&self) -> [Field<'_, G>; 2] {
        [Field::Scalar(&self.c), Field::Scalar(&self.d)]
    }

    /// Reads what [`fields`](Self::fields) gave.
    pub fn read(fields: &mut G::Fields<'_>) -> Result<Self, BadMessage> {
        Ok(Self {
            c: fields.challenge()?,
            d: fields.response()?,
        })
    }
}

/// The two generators that both sides chose together.
pub struct Generators<G: Group> {
    /// g2, which carries the secrets.
    pub g2: G::Element,
    /// g3, which blinds them.
    pub g3: G::Element,
}

/// The values that hide one side's secret y: P = g3^r and Q = g1^r g2^y.
pub struct Coordinates<G: Group> {
    /// P.
    pub p: G::Element,
    /// Q.
    pub q: G::Element,
}

/// That P and Q were made from one r and some y: (cP, D5, D6) with cP = H(n, g3^r5, g1^r5 g2^r6), D5 = r5 - r cP and
/// D6 = r6 - y cP.
pub struct CoordinatesProof<G: Group> {
    c: G::Scalar,
    d5: G::Scalar,
    d6: G::Scalar,
}

impl<G: Group> CoordinatesProof<G> {
    /// Hides `y` behind a fresh r, and proves that it was done so.
    pub fn prove(
        ordinal: u8,
        generators: &Generators<G>,
        y: &G::Scalar,
        rng: &mut dyn CryptoRng,
    ) -> (Coordinates<G>, Self) {
        let Generators { g2, g3 } = generators;
        let r = G::random_scalar(rng);
        let (r5, r6) = (G::random_scalar(rng), G::random_scalar(rng));
        let [p, p_blinded] = G::two_powers(g3, &r, &r5);
        let coordinates = Coordinates {
            p,
            q: G::product(&G::base_power(&r), &G::power(g2, y)),
        };

        let blinded = G::product(&G::base_power(&r5), &G::power(g2, &r6));
        let c = G::challenge(ordinal, &[&p_blinded, &blinded]);
        let d5 = G::response(&r5, &r, &c);
        let d6 = G::response(&r6, y, &c);
        (coordinates, Self { c, d5, d6 })
    }

    /// Checks cP = H(n, g3^D5 P^cP, g1^D5 g2^D6 Q^cP).
    pub fn verify(
        &self,
        ordinal: u8,
        generators: &Generators<G>,
        coordinates: &Coordinates<G>,
    ) -> Result<(), BadMessage> {
        let Generators { g2, g3 } = generators;
        let p = G::power_product(g3, &self.d5, &coordinates.p, &self.c);
        let q = G::product(
            &G::base_power(&self.d5),
            &G::power_product(g2, &self.d6, &coordinates.q, &self.c),
        );
        same_challenge::<G>(&self.c, ordinal, &[&p, &q])
    }

    /// cP, D5, D6.
    pub fn fields(&self) -> [Field<'_, G>; 3] {
        [
            Field::Scalar(&self.c),
            Field::Scalar(&self.d5),
            Field::Scalar(&self.d6),
        ]
    }

    /// Reads what [`fields`](Self::fields) gave.
    pub fn read(fields: &mut G::Fields<'_>) -> Result<Self, BadMessage> {
        Ok(Self {
            c: fields.challenge()?,
            d5: fields.response()?,
            d6: fields.response()?,
        })
    }
}

/// That g1 and another base were raised to the same x: (cR, D7) with cR = H(n, g1^r7, base^r7) and D7 = r7 - x cR.
pub struct SameExponentProof<G: Group> {
    c: G::Scalar,
    d: G::Scalar,
}

impl<G: Group> SameExponentProof<G> {
    /// Raises `base` to `x`, and proves that it is the x of g1^x, which the peer knows already.
    pub fn prove(
        ordinal: u8,
        base: &G::Element,
        x: &G::Scalar,
        rng: &mut dyn CryptoRng,
    ) -> (G::Element, Self) {
        let r = G::random_scalar(rng);
        let [power, blinded] = G::two_powers(base, x, &r);
        let c = G::challenge(ordinal, &[&G::base_power(&r), &blinded]);
        let d = G::response(&r, x, &c);
        (power, Self { c, d })
    }

    /// Checks for `base_power` = g1^x and `power` = `base`^x: cR = H(n, g1^D7 base_power^cR, base^D7 power^cR).
    pub fn verify(
        &self,
        ordinal: u8,
        base_power: &G::Element,
        base: &G::Element,
        power: &G::Element,
    ) -> Result<(), BadMessage> {
        let under_g1 = G::product(&G::base_power(&self.d), &G::power(base_power, &self.c));
        let under_base = G::power_product(base, &self.d, power, &self.c);
        same_challenge::<G>(&self.c, ordinal, &[&under_g1, &under_base])
    }

    /// cR, D7.
    pub fn fields(&self) -> [Field<'_, G>; 2] {
        [Field::Scalar(&self.c), Field::Scalar(&self.d)]
    }

    /// Reads what [`fields`](Self::fields) gave.
    pub fn read(fields: &mut G::Fields<'_>) -> Result<Self, BadMessage> {
        Ok(Self {
            c: fields.challenge()?,
            d: fields.response()?,
        })
    }
}

fn same_challenge<G: Group>(
    claimed: &G::Scalar,
    ordinal: u8,
    elements: &[&G::Element],
) -> Result<(), BadMessage> {
    if G::same_scalar(claimed, &G::challenge(ordinal, elements)) {
        Ok(())
    } else {
        Err(BadMessage)
    }
}
