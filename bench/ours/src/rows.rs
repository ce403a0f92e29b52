//! The rows: what is measured, in the same amounts as `bench/libotr/bench_libotr.c` does it.

use getrandom::SysRng;
use otr::{PrivateKey, Version};
use rand_core::UnwrapErr;

use crate::Failure;
use crate::people::{ALICE, BOB, Pair, World};
use crate::sample::{repeat, report, resident_kib, timed};

/// The names of all rows, as the command line knows them.
pub const ROWS: [&str; 14] = [
    "keygen",
    "ake",
    "ake-first",
    "pingpong",
    "burst",
    "burst-padded",
    "bulk",
    "smp",
    "frag",
    "mem",
    "sizes",
    "sessions",
    "burst-dh",
    "gap",
];
/// Those that only version 4 has.
pub const ONLY_V4: [&str; 2] = ["burst-dh", "gap"];

/// Measures one row and prints it; `keys` is the number of keys to generate.
pub fn measure(row: &str, version: Version, keys: u32) -> Result<(), Failure> {
    match row {
        "keygen" => report("dsa1024-keygen", "us", keygen(keys)?),
        "ake" => report("ake", "us", key_exchange(version, |_| Ok(()))?),
        "ake-first" => report("ake+first-messages", "us", key_exchange(version, first_messages)?),
        "pingpong" => report("pingpong/msg", "us", pingpong(version)?),
        "burst" if version == Version::V4 => {
            report("burst100/msg", "us", burst_in_ratchet(version, false)?);
        }
        "burst" => report("burst100/msg", "us", burst(&World::new(version))?),
        "burst-padded" => report(
            "burst100-padded/msg",
            "us",
            burst(&World::new(version).padded(256))?,
        ),
        "burst-dh" => report("burst100-dh/msg", "us", burst_in_ratchet(version, true)?),
        "gap" => report("worst-gap", "us", gap(version)?),
        "bulk" => report("bulk64k", "MB/s", bulk(version)?),
        "smp" => report("smp", "us", smp(version)?),
        "frag" => report("frag64k/400", "us", fragments(version)?),
        "mem" => memory(version)?,
        "sizes" => sizes(version)?,
        "sessions" => sessions(version)?,
        _ => return Err(format!("no such row: {row}; there are {}", ROWS.join(", ")).into()),
    }
    Ok(())
}

fn keygen(keys: u32) -> Result<Vec<f64>, Failure> {
    let generate = || {
        std::hint::black_box(PrivateKey::generate(&mut UnwrapErr(SysRng)));
        Ok(())
    };
    (0..keys).map(|_| timed(1, generate)).collect()
}

/// Key exchanges and what `then` does, between people who never met before.
fn key_exchange(
    version: Version,
    then: impl Fn(&mut Pair<'_>) -> Result<(), Failure>,
) -> Result<Vec<f64>, Failure> {
    let world = World::new(version);
    repeat(|| {
        let mut total = 0.0;
        for _ in 0..20 {
            let mut pair = world.strangers();
            total += timed(1, || pair.meet().and_then(|()| then(&mut pair)))?;
        }
        Ok(total / 20.0)
    })
}

fn first_messages(pair: &mut Pair<'_>) -> Result<(), Failure> {
    pair.say(ALICE, &text(100))?;
    pair.say(BOB, &text(100))
}

fn pingpong(version: Version) -> Result<Vec<f64>, Failure> {
    let world = World::new(version);
    let (mut pair, text) = (world.private()?, text(100));
    // Whole brace cycles of version 4, where every third turn costs more, and as many turns of either end.
    repeat(|| timed(102, || (0..102).try_for_each(|turn| pair.say(turn & 1, &text))))
}

fn burst(world: &World) -> Result<Vec<f64>, Failure> {
    let (mut pair, text) = (world.private()?, text(100));
    repeat(|| timed(1000, || (0..1000).try_for_each(|_| pair.say(ALICE, &text))))
}

/// The same in a ratchet of version 4 that has no DH key in its messages, or one in each, which makes them much longer.
fn burst_in_ratchet(version: Version, with_key: bool) -> Result<Vec<f64>, Failure> {
    let world = World::new(version);
    let (mut pair, text) = (world.private()?, text(100));
    for turn in 0..6 {
        let message = pair.seal(turn & 1, &text)?;
        pair.deliver(turn & 1, &message, &text)?;
        if turn & 1 == ALICE && (message.len() > LENGTH_WITH_KEY) == with_key {
            return repeat(|| timed(1000, || (0..1000).try_for_each(|_| pair.say(ALICE, &text))));
        }
    }
    Err("there is no such ratchet".into())
}

/// The dearest message that is accepted: the last ones of the chain before it were lost, and the first ones of its own,
/// as many as may be. Only opening it is measured, and only the greatest sample counts.
fn gap(version: Version) -> Result<Vec<f64>, Failure> {
    let world = World::new(version);
    let text = text(100);
    let lose = |pair: &mut Pair<'_>, number| (0..number).try_for_each(|_| pair.seal(ALICE, &text).map(drop));
    let one = || {
        let mut pair = world.private()?;
        (0..12).try_for_each(|turn| pair.say(turn & 1, &text))?;
        // One of three turns has a new DH key too.
        let mut worst = 0.0_f64;
        for _ in 0..3 {
            pair.say(ALICE, &text)?;
            lose(&mut pair, LARGEST_GAP)?;
            pair.say(BOB, &text)?;
            lose(&mut pair, LARGEST_GAP)?;
            let message = pair.seal(ALICE, &text)?;
            worst = worst.max(timed(1, || pair.deliver(ALICE, &message, &text))?);
            pair.say(BOB, &text)?;
        }
        Ok(worst)
    };
    repeat(one)
}

fn bulk(version: Version) -> Result<Vec<f64>, Failure> {
    let world = World::new(version);
    let (mut pair, text) = (world.private()?, text(LARGE));
    let times = repeat(|| timed(40, || (0..40).try_for_each(|_| pair.say(ALICE, &text))))?;
    Ok(times.into_iter().map(|micros| LARGE as f64 / micros).collect())
}

fn smp(version: Version) -> Result<Vec<f64>, Failure> {
    let world = World::new(version);
    let mut pair = world.private()?;
    repeat(|| {
        timed(2, || {
            (0..2).try_for_each(|_| pair.compare_secrets(b"the shared secret of both"))
        })
    })
}

fn fragments(version: Version) -> Result<Vec<f64>, Failure> {
    let world = World::new(version);
    let (mut pair, text) = (world.private()?, text(LARGE));
    pair.limit(400)?;
    let samples = repeat(|| timed(5, || (0..5).try_for_each(|_| pair.say(ALICE, &text))))?;
    println!("  fragments per message {}", pair.pieces(&text)?);
    Ok(samples)
}

/// Memory that the process holds more for each end, after the key exchange and after 8 messages.
fn memory(version: Version) -> Result<(), Failure> {
    let world = World::new(version);
    drop(world.private()?);
    let start = resident_kib()?;
    let mut pairs = (0..PAIRS)
        .map(|_| world.private())
        .collect::<Result<Vec<_>, _>>()?;
    let met = resident_kib()?;
    for pair in &mut pairs {
        (0..8).try_for_each(|turn| pair.say(turn & 1, &text(100)))?;
    }
    let spoken = resident_kib()?;
    let ends = 2.0 * f64::from(PAIRS);
    report("mem/end-after-ake", "KiB", vec![(met - start) / ends]);
    report("mem/end-after-8-msgs", "KiB", vec![(spoken - start) / ends]);
    Ok(())
}

/// What a message costs that turns no keys, by its size.
fn sizes(version: Version) -> Result<(), Failure> {
    let world = World::new(version);
    let mut pair = world.private()?;
    for size in (2..=8).map(|power| 4_usize.pow(power)) {
        let (text, times) = (text(size), if size > 4096 { 40 } else { 500 });
        let samples = repeat(|| timed(times, || (0..times).try_for_each(|_| pair.say(ALICE, &text))))?;
        report(&format!("size-{size:05}"), "us", samples);
    }
    Ok(())
}

/// Ends of private conversations in one process: what each one holds, and what a message costs that goes to another
/// one every time. The first message turns the keys, the others do not.
fn sessions(version: Version) -> Result<(), Failure> {
    let world = World::new(version);
    let text = text(100);
    drop(world.private()?);
    let start = resident_kib()?;
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for ends in [2, 20, 200, 2000, 20_000, 100_000] {
        let new = ends / 2 - pairs.len();
        let meeting = timed(u32::try_from(new)?, || {
            for _ in 0..new {
                let mut pair = world.private()?;
                pair.say(ALICE, &text)?;
                pair.say(BOB, &text)?;
                pairs.push(pair);
            }
            Ok(())
        })?;
        let held = (resident_kib()? - start) / ends as f64;
        let rounds = (20_000 / pairs.len()).max(1);
        let messages = u32::try_from(rounds * pairs.len())?;
        let all = |pairs: &mut Vec<Pair<'_>>, from| {
            timed(messages, || {
                (0..rounds).try_for_each(|_| pairs.iter_mut().try_for_each(|pair| pair.say(from, &text)))
            })
        };
        let burst = all(&mut pairs, BOB)?;
        report(&format!("sessions-{ends:06}/meet"), "us", vec![meeting]);
        report(&format!("sessions-{ends:06}/msg"), "us", vec![burst]);
        report(&format!("sessions-{ends:06}/mem"), "KiB", vec![held]);
    }
    Ok(())
}

/// Letters only, the same text for the same length.
fn text(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| b"abcdefghijklmnopqrstuvwxyz"[(i * 7 + i / 26) % 26])
        .collect()
}

/// How many messages in a row may be missing in version 4.
const LARGEST_GAP: u32 = 2000;
/// Bytes between a message of 100 bytes that carries a DH key of 3072 bits and one that does not.
const LENGTH_WITH_KEY: usize = 700;
const LARGE: usize = 65536;
const PAIRS: u32 = 1000;
