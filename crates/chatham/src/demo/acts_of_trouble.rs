//! The later acts: devices, losses, the end, a stranger.

use crate::demo::acts_of_privacy::IRC_LINE;
use crate::demo::stage::{Failure, Who};
use crate::demo::story::Story;
use crate::demo::tap::Seen;
use crate::engine::notice::{How, Obstacle, What, Words};

impl Story<'_> {
    /// Bob's telephone joins under the same name, with a key of its own.
    pub(super) async fn two_devices(&mut self) -> Result<(), Failure> {
        self.begin("Bob's telephone joins under the same name");
        let phone = self.identity(Who::Phone).await?;
        self.stage()?.enter(Who::Phone, phone.engine()?).await?;
        self.stage()?
            .act(Who::Phone, Who::Alice, |engine, alice, now| {
                engine.start(alice, now)
            })
            .await?;
        let scene = self.tell()?;
        self.check("Alice sees one Bob with two devices", {
            scene
                .screen(Who::Alice)
                .any(|what| matches!(what, What::Private { devices: 2, .. }))
        });
        let laptop = self.device_of(Who::Bob)?;

        let words = Words::said("for one pad; nay two");
        let scene = self.say_privately(Who::Alice, Who::Bob, &words).await?;
        let to: Vec<_> = scene.wires.iter().filter_map(receiver).collect();
        self.check(
            "nobody vouched for the telephone: text goes to the verified laptop alone",
            laptop.is_some() && to == [laptop.unwrap_or_default()],
        );
        self.check("the laptop reads it, the telephone does not", {
            scene.shows_only(Who::Bob, &words, How::Verified) && scene.heard(Who::Phone).is_empty()
        });

        let words = Words::said("ho; in my cab; via rye");
        let scene = self.say_privately(Who::Phone, Who::Alice, &words).await?;
        self.check("what the telephone says is read, and marked as unverified", {
            scene.shows_only(Who::Alice, &words, How::Unverified)
        });

        let theirs = self.stage()?.fingerprint(Who::Phone)?;
        let compare =
            |engine: &mut crate::engine::Engine, bob: &_, now| engine.set_trust(bob, Some(theirs), true, now);
        self.stage()?.act(Who::Alice, Who::Bob, compare).await?;
        let words = Words::said("now for all ye own; big or wee");
        let scene = self.say_privately(Who::Alice, Who::Bob, &words).await?;
        let mut to: Vec<_> = scene.wires.iter().filter_map(receiver).collect();
        to.sort_unstable();
        to.dedup();
        self.check(
            "both devices verified: the text goes to each, encrypted for each",
            {
                to.len() == 2
                    && [Who::Bob, Who::Phone]
                        .iter()
                        .all(|who| scene.heard(*who).len() == 1)
            },
        );

        let words = Words::said("aye; got it; bye");
        let scene = self.say_privately(Who::Phone, Who::Alice, &words).await?;
        self.check("what the telephone says is marked as verified now", {
            scene.shows_only(Who::Alice, &words, How::Verified)
        });
        self.stage()?
            .act(Who::Phone, Who::Alice, |engine, alice, now| {
                engine.end(alice, now)
            })
            .await?;
        self.tell()?;
        self.stage()?.vanish(Who::Phone);
        self.check_secrecy("no four bytes of these texts can be read on the wire");
        Ok(())
    }

    /// The relay loses one line.
    pub(super) async fn lost_line(&mut self) -> Result<(), Failure> {
        self.begin("The network loses a line");
        let mark = self.stage()?.tap.mark();
        self.stage()?.lose_next(Who::Alice, Who::Bob);
        let (one, two) = (
            Words::said("(one) get oil & rye"),
            Words::said("(two) get pie & egg"),
        );
        let first = self.say_privately(Who::Alice, Who::Bob, &one).await?;
        let (given, passed) = {
            let tap = &self.stage()?.tap;
            let count =
                |seen: Vec<crate::demo::tap::Sighting>| seen.iter().map(|seen| seen.lines).sum::<usize>();
            (count(tap.messages(mark)), count(tap.delivered(mark)))
        };
        self.check_with(
            "Alice's socket gave it to the relay, and one line of it never left",
            given == passed + 1 && first.heard(Who::Bob).is_empty(),
            &format!("{given} lines in, {passed} out"),
        );
        let second = self.say_privately(Who::Alice, Who::Bob, &two).await?;
        self.check(
            "the next one is read",
            second.shows_only(Who::Bob, &two, How::Verified),
        );
        self.check("and Bob is told that one is missing", {
            second
                .screen(Who::Bob)
                .any(|what| matches!(what, What::Missed(1)))
        });
        let answer = Words::said("I got (two) yet nay (one)");
        let scene = self.say_privately(Who::Bob, Who::Alice, &answer).await?;
        self.check(
            "the conversation goes on",
            scene.shows_only(Who::Alice, &answer, How::Verified),
        );
        let once_more = Words::said("in (one) I had oil & rye");
        let scene = self.say_privately(Who::Alice, Who::Bob, &once_more).await?;
        let line = scene.line_of(Who::Alice, &once_more);
        let answer = Words::said("oil & rye; I do");
        let scene = self.say_privately(Who::Bob, Who::Alice, &answer).await?;
        self.check("Bob's answer proves that he read it, and Alice sees that", {
            line.is_some_and(|line| scene.proves(Who::Alice, line))
        });
        Ok(())
    }

    /// The relay delivers the last line first, and loses one.
    pub(super) async fn late_lines(&mut self) -> Result<(), Failure> {
        self.begin("The network delivers in reverse, and loses one");
        self.stage()?.hold(Who::Alice, Who::Bob);
        let words: Vec<Words> = ["an elk", "an emu", "an eel", "an ape", "an ant"]
            .into_iter()
            .enumerate()
            .map(|(at, animal)| Words::said(format!("({}) I saw {animal}", at + 1)))
            .collect();
        for (at, words) in words.iter().enumerate() {
            if at == 2 {
                self.stage()?.lose_next(Who::Alice, Who::Bob);
            }
            self.say_privately(Who::Alice, Who::Bob, words).await?;
        }
        self.stage()?.release_reversed().await?;
        let scene = self.tell()?;
        let heard: Vec<&Words> = scene
            .heard(Who::Bob)
            .into_iter()
            .map(|(words, _)| words)
            .collect();
        let expected: Vec<&Words> = [4, 3, 1, 0].into_iter().filter_map(|at| words.get(at)).collect();
        self.check_with(
            "every text that arrived was read, the last one first",
            heard == expected,
            &format!("{} of {} texts", heard.len(), words.len()),
        );
        let answer = Words::said("I saw (5), (4), (2), (1); nay (3)");
        let scene = self.say_privately(Who::Bob, Who::Alice, &answer).await?;
        self.check(
            "the conversation goes on",
            scene.shows_only(Who::Alice, &answer, How::Verified),
        );
        self.check_secrecy("no four bytes of these texts can be read on the wire");
        Ok(())
    }

    /// Bob's program dies and comes back with its stored key and nothing else.
    pub(super) async fn lost_state(&mut self) -> Result<(), Failure> {
        self.begin("Bob's program restarts and has forgotten the session");
        let memories = self.stage()?.vanish(Who::Bob);
        let mut identity = self.bob.take().ok_or_else(|| Failure("Bob has no key".into()))?;
        identity.memories.extend(memories);
        let engine = identity.engine()?;
        self.bob = Some(identity);
        self.stage()?.enter(Who::Bob, engine).await?;
        let mark = self.stage()?.tap.mark();

        let words = Words::said("ye up; I am at an oak");
        let scene = self.say_privately(Who::Alice, Who::Bob, &words).await?;
        let (alice, bob) = (self.connection(Who::Alice), self.connection(Who::Bob));
        let course: Vec<_> = scene
            .wires
            .iter()
            .map(|seen| (Some(seen.connection), kind_of(seen.seen)))
            .collect();
        // Both may begin at once, so the length of the exchange differs.
        let expected = [(alice, "data"), (bob, "error"), (alice, "query")];
        let exchange = course.iter().filter(|(_, kind)| *kind == "exchange").count();
        let whole = course.len() == expected.len() + exchange + 1;
        let expected =
            course.starts_with(&expected) && course.ends_with(&[(alice, "data")]) && whole && exchange >= 3;
        let names: Vec<_> = course.iter().map(|(_, kind)| *kind).collect();
        let healed = "error, query, new keys, and the text again: it heals by itself";
        self.check_with(healed, expected, &names.join(", "));
        self.check("Bob reads it, once, from the key he had verified", {
            scene.shows_only(Who::Bob, &words, How::Verified)
        });
        let bobs = self.stage()?.fingerprint(Who::Bob)?;
        self.check("it went again to the same key and to no other", {
            let proved = |what: &What| match what {
                What::Private { fingerprint, .. } => Some(*fingerprint),
                _ => None,
            };
            let keys: Vec<_> = scene.screen(Who::Alice).filter_map(proved).collect();
            let again = scene
                .screen(Who::Alice)
                .filter(|what| matches!(what, What::Sent { again: true, .. }))
                .count();
            keys == [bobs] && again == 1
        });
        let answer = Words::said("up I am; had my egg; had my tea");
        let scene = self.say_privately(Who::Bob, Who::Alice, &answer).await?;
        self.check(
            "Bob's answer comes through the new keys",
            scene.shows_only(Who::Alice, &answer, How::Verified),
        );
        let messages = self.stage()?.tap.messages(mark);
        let readable = messages
            .iter()
            .any(|seen| matches!(seen.seen, Seen::Words | Seen::WordsAndOffer));
        self.check("nobody's words went out readable meanwhile", !readable);
        self.check_secrecy("no four bytes of these texts can be read on the wire");
        Ok(())
    }

    /// Bob ends the conversation; what Alice says then stays with her.
    pub(super) async fn end(&mut self) -> Result<(), Failure> {
        self.begin("Bob ends the private conversation");
        self.stage()?
            .act(Who::Bob, Who::Alice, |engine, alice, now| engine.end(alice, now))
            .await?;
        let scene = self.tell()?;
        self.check(
            "Bob's last message is a private one: nobody else can read that it is the end",
            matches!(&scene.wires[..], [last] if matches!(last.seen, Seen::Data { .. })),
        );
        self.check(
            "Alice is told",
            scene
                .screen(Who::Alice)
                .any(|what| matches!(what, What::PeerEnded { remaining: 0 })),
        );
        let words = Words::said("oh; one bit yet; re oak");
        let scene = self.say_privately(Who::Alice, Who::Bob, &words).await?;
        self.check(
            "what Alice says now is refused: not one line leaves her socket",
            scene.from(self.connection(Who::Alice)).is_empty(),
        );
        self.check("and she is told so", {
            let refused = |what: &What| {
                matches!(
                    what,
                    What::NotSent {
                        why: Obstacle::PeerEnded,
                        ..
                    }
                )
            };
            scene.screen(Who::Alice).any(refused)
        });
        self.check_secrecy("no four bytes of any private text can be read on the wire");
        Ok(())
    }

    /// Somebody nobody knows asks for a private conversation.
    pub(super) async fn stranger(&mut self) -> Result<(), Failure> {
        self.begin("A stranger asks, and gets silence");
        let mallory = self.identity(Who::Mallory).await?;
        self.stage()?.enter(Who::Mallory, mallory.engine()?).await?;
        self.stage()?
            .act(Who::Mallory, Who::Alice, |engine, alice, now| {
                engine.start(alice, now)
            })
            .await?;
        let asked = self.tell()?;
        // What is said after asking waits for privacy, until whoever asked gives it up.
        self.stage()?
            .act(Who::Mallory, Who::Alice, |engine, alice, now| {
                engine.end(alice, now)
            })
            .await?;
        let scene = self
            .say(Who::Mallory, Who::Alice, &Words::said("Psst! Hello? Anybody?"))
            .await?;
        self.check("the query reached Alice, who is told of it", {
            asked.screen(Who::Alice).any(|what| matches!(what, What::Knock))
                && scene.heard(Who::Alice).len() == 1
        });
        let alice = self.connection(Who::Alice);
        self.check(
            "not one line left Alice's socket: no answer, no error, no sign of life",
            asked.from(alice).is_empty() && scene.from(alice).is_empty(),
        );
        Ok(())
    }

    /// What must hold for the whole story.
    pub(super) fn promises_to_the_end(&mut self) {
        self.begin("The whole capture");
        let Some(stage) = &self.stage else { return };
        let complete = stage.tap.is_complete();
        let lines = stage.tap.mark();
        let longest = stage
            .tap
            .since(0)
            .iter()
            .map(|line| line.length)
            .max()
            .unwrap_or(0);
        let known = stage
            .tap
            .messages(0)
            .iter()
            .all(|seen| !matches!(seen.seen, Seen::Unknown | Seen::Pieces));
        self.check_with(
            "the relay kept every byte",
            complete && lines > 0,
            &format!("{lines} lines"),
        );
        self.check_with(
            &format!("none of its {lines} lines is longer than {IRC_LINE} bytes"),
            longest <= IRC_LINE,
            &format!("the longest has {longest}"),
        );
        self.check("every message was whole and of a known kind", known);
        self.check_secrecy("no four bytes of any private text or secret stand in it since privacy began");
    }

    /// The device that somebody's socket speaks for, as its messages to Alice say.
    fn device_of(&mut self, who: Who) -> Result<Option<u32>, Failure> {
        let connection = self.connection(who);
        let messages = self.stage()?.tap.messages(0);
        let from = messages.iter().filter(|seen| Some(seen.connection) == connection);
        let tag = |seen: &crate::demo::tap::Sighting| match seen.seen {
            Seen::Data { from, .. } => Some(from.raw()),
            _ => None,
        };
        Ok(from.filter_map(tag).next_back())
    }
}

/// The device that a data message is for.
fn receiver(seen: &crate::demo::tap::Sighting) -> Option<u32> {
    match seen.seen {
        Seen::Data { to, .. } => Some(to.raw()),
        _ => None,
    }
}

fn kind_of(seen: Seen) -> &'static str {
    match seen {
        Seen::Words | Seen::WordsAndOffer => "words",
        Seen::Query => "query",
        Seen::Error => "error",
        Seen::Exchange(_) | Seen::Interactive(_) => "exchange",
        Seen::Data { .. } => "data",
        Seen::Pieces => "pieces",
        Seen::Unknown => "unknown",
    }
}
