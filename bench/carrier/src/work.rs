//! What is done, and how long it takes.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::Failure;
use crate::client::Client;

/// Longer than this nothing takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Texts of one conversation that may be under way at once.
const UNDER_WAY: usize = 64;

/// A text of 100 bytes with its number.
fn text(number: usize) -> String {
    format!(
        "{number:08} {}",
        "the quick brown fox jumps over the lazy dog "
            .repeat(3)
            .split_at(91)
            .0
    )
}

/// `count` lines to the mirror and back: prints seconds.
pub async fn lines(port: u16, password: &str, count: usize) -> Result<(), Failure> {
    let Client {
        mut reading,
        mut writing,
    } = Client::enter(port, password, "alice").await?;
    let began = Instant::now();
    let sending = tokio::spawn(async move {
        for number in 0..count {
            let line = format!("PRIVMSG #mirror :{}\r\n", text(number));
            writing.write_all(line.as_bytes()).await?;
        }
        Ok::<_, std::io::Error>(writing)
    });
    for number in 0..count {
        let line = timeout(PATIENCE, reading.until(" PRIVMSG #mirror :")).await??;
        if !line.ends_with(&text(number)) {
            return Err(format!("instead of line {number}: {line}").into());
        }
    }
    println!("{}", began.elapsed().as_secs_f64());
    sending.await??;
    Ok(())
}

/// One line and back, `count` times: prints the median, and the time that 99 of 100 keep, in microseconds.
pub async fn trips(port: u16, password: &str, count: usize) -> Result<(), Failure> {
    let mut client = Client::enter(port, password, "alice").await?;
    let mut took = Vec::with_capacity(count);
    for number in 0..count {
        let began = Instant::now();
        client.say(&format!("PRIVMSG #mirror :{}", text(number))).await?;
        timeout(PATIENCE, client.reading.until(&text(number))).await??;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    let at = |hundredth: usize| {
        let place = took.get(count * hundredth / 100).copied();
        place.map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
    };
    println!("{} {}", at(50), at(99));
    Ok(())
}

/// One client at each port, until the input ends.
pub async fn hold(password: &str, ports: &[&str]) -> Result<(), Failure> {
    let mut clients = Vec::new();
    for (number, port) in ports.iter().enumerate() {
        let nick = format!("person{number}");
        let enter = Client::enter(port.parse()?, password, &nick);
        clients.push(timeout(PATIENCE, enter).await??);
    }
    println!("ready");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    // Nobody was sent away meanwhile.
    for client in &mut clients {
        client.say("PING :still").await?;
        timeout(PATIENCE, client.reading.until("PONG")).await??;
    }
    println!("all there");
    Ok(())
}

/// Two people become private, then one says `count` texts: prints the seconds every tenth of them took, and, as the first,
/// those until both were private.
pub async fn talk(ends: [(u16, &str); 2], count: usize) -> Result<(), Failure> {
    let [(port, password), (other_port, other_password)] = ends;
    let mut alice = Client::enter(port, password, "alice").await?;
    let mut bob = Client::enter(other_port, other_password, "bob").await?;
    let began = Instant::now();
    // Bob has spoken to her, so that her wish is no stranger's.
    bob.say("PRIVMSG alice :hello").await?;
    timeout(PATIENCE, alice.reading.until("hello")).await??;
    alice.say("PRIVMSG bob :!otr start").await?;
    timeout(PATIENCE, alice.reading.until("private conversation")).await??;
    timeout(PATIENCE, bob.reading.until("private conversation")).await??;
    println!("{}", began.elapsed().as_secs_f64());

    let (reading, mut writing) = (&mut bob.reading, alice.writing);
    let room = Arc::new(Semaphore::new(UNDER_WAY));
    let window = Arc::clone(&room);
    let sending = tokio::spawn(async move {
        for number in 0..count {
            window.acquire().await?.forget();
            let line = format!("PRIVMSG bob :{}\r\n", text(number));
            writing.write_all(line.as_bytes()).await?;
        }
        Ok::<_, Failure>(writing)
    });
    // Whatever the proxy tells her is read, or it could not go on.
    let mut told = alice.reading;
    let listening = tokio::spawn(async move { while told.next().await.is_ok() {} });
    let mut began = Instant::now();
    for number in 0..count {
        let line = timeout(PATIENCE, reading.until(" PRIVMSG bob :")).await??;
        if line != format!(":alice!u@bench.example PRIVMSG bob :{}", text(number)) {
            return Err(format!("instead of text {number}: {line}").into());
        }
        room.add_permits(1);
        if (number + 1) % count.div_ceil(10) == 0 {
            println!("{}", began.elapsed().as_secs_f64());
            began = Instant::now();
        }
    }
    sending.await??;
    listening.abort();
    Ok(())
}
