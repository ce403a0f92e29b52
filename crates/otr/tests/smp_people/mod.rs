//! Two people with an SMP machine each, and runs between them up to any message.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::sync::OnceLock;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use otr::secret::Secret;
use otr::smp::modp::Modp;
use otr::smp::{NotAsked, Outcome, Smp};
use otr::wire::tlv::{self, Tlv};

/// One person: the machine and a generator.
pub struct Person {
    pub smp: Smp<Modp>,
    pub rng: ChaCha20Rng,
}

impl Person {
    pub fn new(seed: u8) -> Self {
        Self {
            smp: Smp::new(),
            rng: ChaCha20Rng::from_seed([seed; 32]),
        }
    }

    pub fn start(&mut self, secret: u8, question: Option<&[u8]>) -> Vec<Tlv> {
        self.smp.start(&compared(secret), question, &mut self.rng)
    }

    /// Starts from the idle state.
    pub fn ask(&mut self, secret: u8) -> Tlv {
        let [smp1] = self.start(secret, None).try_into().unwrap();
        smp1
    }

    pub fn answer(&mut self, secret: u8) -> Result<Tlv, NotAsked> {
        self.smp.answer(&compared(secret), &mut self.rng)
    }

    pub fn receive(&mut self, tlv: &Tlv) -> Outcome {
        self.smp.receive(tlv.kind(), tlv.value(), &mut self.rng)
    }

    pub fn reply(&mut self, tlv: &Tlv) -> Tlv {
        match self.receive(tlv) {
            Outcome::Reply(reply) => reply,
            other => panic!("no reply but {other:?}"),
        }
    }
}

pub fn compared(secret: u8) -> Secret<32> {
    Secret::fill_with(|bytes| bytes.fill(secret))
}

pub fn abort() -> Tlv {
    Tlv::new(tlv::SMP_ABORT, Vec::new()).unwrap()
}

pub fn asked() -> Outcome {
    Outcome::Asked { question: None }
}

/// The messages 1 to 4 of the run between Alice, who asks and knows 7, and Bob, who knows it too.
pub fn messages() -> &'static [Tlv; 4] {
    static MESSAGES: OnceLock<[Tlv; 4]> = OnceLock::new();
    MESSAGES.get_or_init(|| {
        let (mut alice, mut bob) = (Person::new(1), Person::new(2));
        let smp1 = alice.ask(7);
        assert_eq!(bob.receive(&smp1), asked());
        let smp2 = bob.answer(7).unwrap();
        let smp3 = alice.reply(&smp2);
        let Outcome::Done {
            matched: true,
            reply: Some(smp4),
        } = bob.receive(&smp3)
        else {
            panic!("Bob is not done")
        };
        [smp1, smp2, smp3, smp4]
    })
}

/// Alice in that run, after the messages 1 to `step` were sent. Each person draws from a generator of their own, so
/// the messages are the same every time and only one side has to be computed.
pub fn alice_after(step: u8) -> Person {
    let mut alice = Person::new(1);
    if step >= 1 {
        assert_eq!(alice.ask(7), messages()[0]);
    }
    if step >= 3 {
        assert_eq!(alice.reply(&messages()[1]), messages()[2]);
    }
    alice
}

/// Bob in that run, after the messages 1 to `step` were sent.
pub fn bob_after(step: u8) -> Person {
    let mut bob = Person::new(2);
    if step >= 2 {
        assert_eq!(bob.receive(&messages()[0]), asked());
        assert_eq!(bob.answer(7).unwrap(), messages()[1]);
    }
    if step >= 4 {
        assert!(matches!(bob.receive(&messages()[2]), Outcome::Done { .. }));
    }
    bob
}

/// Both in that run, up to the message `step` (1 to 4), which is given and not delivered.
pub fn up_to(step: u8) -> (Person, Person, Tlv) {
    (
        alice_after(step),
        bob_after(step),
        messages()[usize::from(step) - 1].clone(),
    )
}
