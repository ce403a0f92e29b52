//! The first acts: from plain words to a verified private conversation.
//!
//! The private texts are made of words of at most three letters. So each piece of four bytes holds a byte that
//! ciphertext does not use, and a find in the capture is never chance.

use crate::demo::stage::{Failure, Stage, Who};
use crate::demo::story::{Scene, Story};
use crate::demo::tap::{Seen, find_piece, hides_offer};
use crate::engine::notice::{How, What, Words};

impl Story<'_> {
    /// Two people with new keys join the relay.
    pub(super) async fn prepare(&mut self) -> Result<(), Failure> {
        self.make_keys();
        let stage = Stage::open().await?;
        self.open(stage);
        for who in [Who::Alice, Who::Bob] {
            let identity = self.identity(who).await?;
            let engine = identity.engine()?;
            self.stage()?.enter(who, engine).await?;
            if who == Who::Bob {
                self.bob = Some(identity);
            }
        }
        #[cfg(feature = "deliberate-leak")]
        if self.leaks {
            self.stage()?.engine(Who::Alice)?.leak_once();
        }
        self.tell().map(|_| ())
    }

    /// Bob writes to Alice, who does not know him; Alice answers, and both programs have hidden an offer.
    pub(super) async fn plain_words(&mut self) -> Result<(), Failure> {
        self.begin("Plain words, with an offer hidden in white space");
        let scene = self.say(Who::Bob, Who::Alice, &Words::said(BOBS_HELLO)).await?;
        let [words] = &scene.wires[..] else {
            self.check("one line of Bob's, and silence of Alice's", false);
            return Ok(());
        };
        self.check(
            "the network reads Bob's words (so the search below can find things)",
            find_piece(BOBS_HELLO.as_bytes(), BOBS_HELLO.len(), [words.text.as_slice()]).is_some(),
        );
        self.check("white space behind them hides an offer", {
            words.seen == Seen::WordsAndOffer && hides_offer(&words.text)
        });
        self.check(
            "Alice does not know Bob yet: her program gives the offer no answer",
            scene.from(self.connection(Who::Alice)).is_empty(),
        );
        Ok(())
    }

    /// Alice's answer makes the two acquainted, and the offer in it is taken up.
    pub(super) async fn key_exchange(&mut self) -> Result<(), Failure> {
        self.begin("Alice answers: the key exchange");
        let scene = self.say(Who::Alice, Who::Bob, &Words::said(ALICES_HELLO)).await?;
        self.private_from = self.stage()?.tap.mark();
        let (alice, bob) = (self.connection(Who::Alice), self.connection(Who::Bob));
        let course: Vec<_> = scene
            .wires
            .iter()
            .map(|seen| (Some(seen.connection), seen.seen))
            .collect();
        let expected = [
            (alice, Seen::WordsAndOffer),
            (bob, Seen::Exchange(1)),
            (alice, Seen::Exchange(2)),
            (bob, Seen::Exchange(3)),
            (alice, Seen::Exchange(4)),
        ];
        self.check_with(
            "commit, key, reveal signature, signature: four messages, begun by Bob's program",
            course == expected,
            &format!("{:?}", course.iter().map(|(_, seen)| seen).collect::<Vec<_>>()),
        );
        self.check("both screens show the same session", {
            let sessions = [session(&scene, Who::Alice), session(&scene, Who::Bob)];
            sessions[0].is_some() && sessions[0] == sessions[1]
        });
        let fingerprints = [
            self.stage()?.fingerprint(Who::Alice)?,
            self.stage()?.fingerprint(Who::Bob)?,
        ];
        let hidden = {
            let (raw, decoded) = self.stage()?.tap.haystacks(0);
            let hay: Vec<&[u8]> = raw.into_iter().chain(decoded.iter().map(Vec::as_slice)).collect();
            fingerprints
                .iter()
                .all(|key| find_piece(key.as_bytes(), 8, hay.iter().copied()).is_none())
        };
        self.check(
            "nobody's fingerprint went over the wire, not even inside base64",
            hidden,
        );
        Ok(())
    }

    /// Private text both ways, a deed, and a text too long for a line.
    pub(super) async fn private_words(&mut self) -> Result<(), Failure> {
        self.begin("Private words");
        for (who, to, words) in [
            (
                Who::Alice,
                Who::Bob,
                Words::said("we go at six; ask for Ida (in an old oak)"),
            ),
            (Who::Bob, Who::Alice, Words::said("six; aye; I'll go; nay ifs")),
            (Who::Alice, Who::Bob, Words::done("got up; off for tea")),
        ] {
            let scene = self.say_privately(who, to, &words).await?;
            let name = match words.deed {
                true => "the deed (/me) was private, and is a deed again on the other screen",
                false => "it was read as it was written, and went out in one data message",
            };
            let data = scene
                .wires
                .iter()
                .filter(|seen| matches!(seen.seen, Seen::Data { .. }))
                .count();
            let one = data == 1 && scene.wires.len() == 1;
            self.check(name, one && scene.shows_only(to, &words, How::Unverified));
        }
        let long = Words::said(long_text());
        let scene = self.say_privately(Who::Alice, Who::Bob, &long).await?;
        let lines = scene.wires.iter().map(|seen| seen.lines).sum::<usize>();
        self.check_with(
            "a text too long for one line went in several, and arrived whole",
            scene.wires.len() == 1 && lines > 4 && scene.shows_only(Who::Bob, &long, How::Unverified),
            &format!("{lines} lines"),
        );
        let fits = self
            .stage()?
            .tap
            .since(0)
            .iter()
            .all(|line| line.length <= IRC_LINE);
        self.check(
            "each of these lines fits IRC's 512 bytes, on its way in and out",
            fits,
        );
        self.check_secrecy("no four bytes of these texts can be read on the wire");
        Ok(())
    }

    /// A secret compared: the same, then another.
    pub(super) async fn verification(&mut self) -> Result<(), Failure> {
        self.begin("Who is it? A shared secret, compared without telling it");
        let same = self.compare("an owl in an elm", "an owl in an elm").await?;
        let verified = |who| {
            same.screen(who)
                .any(|what| matches!(what, What::Same { vouched: true, .. }))
        };
        self.check(
            "the same secret: both screens say verified",
            verified(Who::Alice) && verified(Who::Bob),
        );
        let words = Words::said("now I do get it; at six; in an oak");
        let scene = self.say_privately(Who::Bob, Who::Alice, &words).await?;
        self.check("what comes from then on is marked as verified", {
            scene.shows_only(Who::Alice, &words, How::Verified)
        });
        let other = self.compare("a fox in a fen", "a cat in a box").await?;
        let differs = |who| other.screen(who).any(|what| matches!(what, What::Different(_)));
        self.check(
            "another secret: both screens say that they differ",
            differs(Who::Alice) && differs(Who::Bob),
        );
        self.check_secrecy("no four bytes of the secrets can be read on the wire");
        Ok(())
    }

    async fn compare(&mut self, alices: &str, bobs: &str) -> Result<Scene, Failure> {
        let (alices, bobs) = (alices.as_bytes(), bobs.as_bytes());
        self.keep_secret(alices);
        self.keep_secret(bobs);
        let stage = self.stage()?;
        stage
            .act(Who::Alice, Who::Bob, |engine, bob, now| {
                engine.verify(bob, alices, None, None, now)
            })
            .await?;
        stage
            .act(Who::Bob, Who::Alice, |engine, alice, now| {
                engine.answer(alice, bobs, None, now)
            })
            .await?;
        self.tell()
    }
}

fn session(scene: &Scene, who: Who) -> Option<Vec<u8>> {
    scene.screen(who).find_map(|what| match what {
        What::Private { ssid, .. } => Some(ssid.as_bytes().to_vec()),
        _ => None,
    })
}

/// A few kilobytes of short words, with letters of more than one byte.
fn long_text() -> String {
    (1..=40)
        .map(|number| format!("№ {number:02} oak & ash & elm & öl & fir & yew; fig; "))
        .collect()
}

const BOBS_HELLO: &str = "Hello Alice, this is Bob from the library.";
const ALICES_HELLO: &str = "Hello Bob! Good to hear from you.";
pub(super) const IRC_LINE: usize = 512;
