//! The four messages. Each has `make`, which gives the bytes to send and what the sender must remember, and `open`,
//! which gives the peer's values only if every check holds.
//!
//! ```text
//!   initiator (a2, a3, x)                                     responder (b2, b3, y)
//!   SMP1  g2a=g1^a2  c2 D2   g3a=g1^a3  c3 D3             ->
//!                      <-  SMP2  g2b=g1^b2  c2 D2   g3b=g1^b3  c3 D3   Pb Qb  cP D5 D6
//!   SMP3  Pa Qa  cP D5 D6   Ra=(Qa/Qb)^a3  cR D7          ->
//!                      <-  SMP4  Rb=(Qa/Qb)^b3  cR D7
//!   both: x = y exactly if Pa/Pb = (Qa/Qb)^(a3 b3)
//! ```

use rand_core::CryptoRng;

use super::group::{BadMessage, Field, Fields, Group};
use super::proofs::{Coordinates, CoordinatesProof, ExponentProof, Generators, SameExponentProof};

/// Our secret halves of both generators: a2, a3 or b2, b3.
pub struct OurHalves<G: Group> {
    two: G::Scalar,
    three: G::Scalar,
}

/// The peer's public halves: g2a, g3a or g2b, g3b. Only [`open_smp1`] and [`open_smp2`] make them.
pub struct TheirHalves<G: Group> {
    g2: G::Element,
    g3: G::Element,
}

/// What is left of both pairs of coordinates: Pa/Pb and Qa/Qb.
pub struct Quotients<G: Group> {
    p: G::Element,
    q: G::Element,
}

/// What the two last messages are made from and checked with: a3 or b3, g3b or g3a, and the quotients.
pub struct Comparison<G: Group> {
    our_three: G::Scalar,
    their_g3: G::Element,
    quotients: Quotients<G>,
}

/// What the responder remembers after SMP2.
pub struct Responder<G: Group> {
    our_three: G::Scalar,
    their_g3: G::Element,
    generators: Generators<G>,
    ours: Coordinates<G>,
}

/// What the initiator got out of SMP2.
pub struct Response<G: Group> {
    their_g3: G::Element,
    generators: Generators<G>,
    theirs: Coordinates<G>,
}

/// Makes SMP1.
pub fn make_smp1<G: Group>(rng: &mut dyn CryptoRng) -> (OurHalves<G>, Vec<u8>) {
    let halves = OurHalves::<G>::random(rng);
    let message = G::encode(&ProvenHalves::make(&halves, INITIATOR_HALVES, rng).fields());
    (halves, message)
}

/// Opens SMP1.
pub fn open_smp1<G: Group>(message: &[u8]) -> Result<TheirHalves<G>, BadMessage> {
    let mut fields = G::fields(message, 6)?;
    let halves = ProvenHalves::<G>::read(&mut fields)?;
    fields.finish()?;
    halves.verify(INITIATOR_HALVES)
}

/// Makes SMP2 for the secret `y`.
pub fn make_smp2<G: Group>(
    theirs: TheirHalves<G>,
    y: &G::Scalar,
    rng: &mut dyn CryptoRng,
) -> (Responder<G>, Vec<u8>) {
    let halves = OurHalves::random(rng);
    let generators = halves.generators(&theirs);
    let proven = ProvenHalves::make(&halves, RESPONDER_HALVES, rng);
    let (ours, proof) = CoordinatesProof::prove(RESPONDER_COORDINATES, &generators, y, rng);

    let mut fields = Vec::from(proven.fields());
    fields.extend([Field::Element(&ours.p), Field::Element(&ours.q)]);
    fields.extend(proof.fields());
    let message = G::encode(&fields);
    (
        Responder {
            our_three: halves.three,
            their_g3: theirs.g3,
            generators,
            ours,
        },
        message,
    )
}

/// Opens SMP2 with the secrets behind our SMP1.
pub fn open_smp2<G: Group>(message: &[u8], ours: &OurHalves<G>) -> Result<Response<G>, BadMessage> {
    let mut fields = G::fields(message, 11)?;
    let halves = ProvenHalves::<G>::read(&mut fields)?;
    let theirs = Coordinates {
        p: fields.element()?,
        q: fields.element()?,
    };
    let proof = CoordinatesProof::read(&mut fields)?;
    fields.finish()?;

    let halves = halves.verify(RESPONDER_HALVES)?;
    let generators = ours.generators(&halves);
    proof.verify(RESPONDER_COORDINATES, &generators, &theirs)?;
    Ok(Response {
        their_g3: halves.g3,
        generators,
        theirs,
    })
}

/// Makes SMP3 for the secret `x`.
///
/// # Errors
/// [`BadMessage`] if the peer's coordinates are ours, although ours were only just drawn.
pub fn make_smp3<G: Group>(
    halves: OurHalves<G>,
    response: Response<G>,
    x: &G::Scalar,
    rng: &mut dyn CryptoRng,
) -> Result<(Comparison<G>, Vec<u8>), BadMessage> {
    let Response {
        their_g3,
        generators,
        theirs,
    } = response;
    let (ours, proof) = CoordinatesProof::prove(INITIATOR_COORDINATES, &generators, x, rng);
    let quotients = Quotients::of(&ours, &theirs)?;
    let comparison = Comparison {
        our_three: halves.three,
        their_g3,
        quotients,
    };
    let (ra, same) = comparison.prove(INITIATOR_COMPARISON, rng);

    let mut fields = vec![Field::Element(&ours.p), Field::Element(&ours.q)];
    fields.extend(proof.fields());
    fields.push(Field::Element(&ra));
    fields.extend(same.fields());
    let message = G::encode(&fields);
    Ok((comparison, message))
}

/// Opens SMP3. Gives what SMP4 needs, and whether the secrets match.
pub fn open_smp3<G: Group>(message: &[u8], ours: Responder<G>) -> Result<(Comparison<G>, bool), BadMessage> {
    let mut fields = G::fields(message, 8)?;
    let theirs = Coordinates {
        p: fields.element()?,
        q: fields.element()?,
    };
    let proof = CoordinatesProof::read(&mut fields)?;
    let ra = fields.element()?;
    let same = SameExponentProof::read(&mut fields)?;
    fields.finish()?;

    proof.verify(INITIATOR_COORDINATES, &ours.generators, &theirs)?;
    let quotients = Quotients::of(&theirs, &ours.ours)?;
    let comparison = Comparison {
        our_three: ours.our_three,
        their_g3: ours.their_g3,
        quotients,
    };
    let matched = comparison.verify(INITIATOR_COMPARISON, &ra, &same)?;
    Ok((comparison, matched))
}

/// Makes SMP4.
pub fn make_smp4<G: Group>(comparison: &Comparison<G>, rng: &mut dyn CryptoRng) -> Vec<u8> {
    let (rb, same) = comparison.prove(RESPONDER_COMPARISON, rng);
    let [c, d] = same.fields();
    G::encode(&[Field::Element(&rb), c, d])
}

/// Opens SMP4. Gives whether the secrets match.
pub fn open_smp4<G: Group>(message: &[u8], comparison: &Comparison<G>) -> Result<bool, BadMessage> {
    let mut fields = G::fields(message, 3)?;
    let rb = fields.element()?;
    let same = SameExponentProof::read(&mut fields)?;
    fields.finish()?;
    comparison.verify(RESPONDER_COMPARISON, &rb, &same)
}

impl<G: Group> OurHalves<G> {
    fn random(rng: &mut dyn CryptoRng) -> Self {
        Self {
            two: G::random_scalar(rng),
            three: G::random_scalar(rng),
        }
    }

    fn generators(&self, theirs: &TheirHalves<G>) -> Generators<G> {
        Generators {
            g2: G::power(&theirs.g2, &self.two),
            g3: G::power(&theirs.g3, &self.three),
        }
    }
}

impl<G: Group> Quotients<G> {
    /// Of the initiator's coordinates by the responder's. Equal ones come from nobody who drew them honestly, and
    /// would make the comparison one of 1 with 1.
    fn of(initiator: &Coordinates<G>, responder: &Coordinates<G>) -> Result<Self, BadMessage> {
        if G::same_element(&initiator.p, &responder.p) || G::same_element(&initiator.q, &responder.q) {
            return Err(BadMessage);
        }
        Ok(Self {
            p: G::quotient(&initiator.p, &responder.p),
            q: G::quotient(&initiator.q, &responder.q),
        })
    }
}

impl<G: Group> Comparison<G> {
    /// Our R and its proof.
    fn prove(&self, ordinal: u8, rng: &mut dyn CryptoRng) -> (G::Element, SameExponentProof<G>) {
        SameExponentProof::prove(ordinal, &self.quotients.q, &self.our_three, rng)
    }

    /// Checks the peer's R; then whether R to our exponent is Pa/Pb, which is to say that the secrets match.
    fn verify(&self, ordinal: u8, r: &G::Element, proof: &SameExponentProof<G>) -> Result<bool, BadMessage> {
        proof.verify(ordinal, &self.their_g3, &self.quotients.q, r)?;
        Ok(G::same_element(&G::power(r, &self.our_three), &self.quotients.p))
    }
}

/// The first six fields of SMP1 and SMP2.
struct ProvenHalves<G: Group> {
    g2: G::Element,
    g2_proof: ExponentProof<G>,
    g3: G::Element,
    g3_proof: ExponentProof<G>,
}

impl<G: Group> ProvenHalves<G> {
    fn make(halves: &OurHalves<G>, [two, three]: [u8; 2], rng: &mut dyn CryptoRng) -> Self {
        Self {
            g2: G::base_power(&halves.two),
            g2_proof: ExponentProof::prove(two, &halves.two, rng),
            g3: G::base_power(&halves.three),
            g3_proof: ExponentProof::prove(three, &halves.three, rng),
        }
    }

    fn fields(&self) -> [Field<'_, G>; 6] {
        let ([c2, d2], [c3, d3]) = (self.g2_proof.fields(), self.g3_proof.fields());
        [Field::Element(&self.g2), c2, d2, Field::Element(&self.g3), c3, d3]
    }

    fn read(fields: &mut G::Fields<'_>) -> Result<Self, BadMessage> {
        Ok(Self {
            g2: fields.element()?,
            g2_proof: ExponentProof::read(fields)?,
            g3: fields.element()?,
            g3_proof: ExponentProof::read(fields)?,
        })
    }

    fn verify(self, [two, three]: [u8; 2]) -> Result<TheirHalves<G>, BadMessage> {
        self.g2_proof.verify(two, &self.g2)?;
        self.g3_proof.verify(three, &self.g3)?;
        Ok(TheirHalves {
            g2: self.g2,
            g3: self.g3,
        })
    }
}

// The ordinals of the proofs, as the specification numbers its hashes.
const INITIATOR_HALVES: [u8; 2] = [1, 2];
const RESPONDER_HALVES: [u8; 2] = [3, 4];
const RESPONDER_COORDINATES: u8 = 5;
const INITIATOR_COORDINATES: u8 = 6;
const INITIATOR_COMPARISON: u8 = 7;
const RESPONDER_COMPARISON: u8 = 8;
