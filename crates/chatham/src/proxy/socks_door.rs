//! The door for clients that speak SOCKS5 (RFC 1928, RFC 1929): who comes, and where they want to go.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use fast_socks5::server::{
    AuthMethodSuccessState, Socks5ServerProtocol, StandardAuthentication, StandardAuthenticationStarted,
    states,
};
use fast_socks5::{ReplyError, Socks5Command};
use im::dial::{Cause, Stream};
use tokio::time::{timeout, timeout_at};
use zeroize::Zeroizing;

use crate::proxy::asked::{self, Asked};
use crate::proxy::front_door::Visitor;

/// A client that has asked.
pub(super) type Waiting = Socks5ServerProtocol<Box<dyn Stream>, states::CommandRead>;

/// Hears where the client wants to go. `None` if it goes, or has to; it was told why where the protocol has words for it.
pub(super) async fn receive(stream: Box<dyn Stream>, visitor: Visitor<'_>) -> Option<Asked> {
    timeout_at(visitor.until, hear(stream, visitor)).await.ok()?
}

async fn hear(stream: Box<dyn Stream>, visitor: Visitor<'_>) -> Option<Asked> {
    // Whoever can say the password is asked for it; a program of the same user need not.
    let methods = StandardAuthentication::allow_no_auth(visitor.is_ours());
    let started = Socks5ServerProtocol::start(stream)
        .negotiate_auth(methods)
        .await
        .ok()?;
    let (known, user) = match started {
        StandardAuthenticationStarted::NoAuthentication(started) => (started.finish_auth(), None),
        StandardAuthenticationStarted::PasswordAuthentication(started) => {
            let (user, said, started) = started.read_username_password().await.ok()?;
            let said = Zeroizing::new(said);
            if visitor.password.opens(said.as_bytes()) != Some(&[]) {
                let _goes_anyway = started.reject().await;
                return None;
            }
            (started.accept().await.ok()?.finish_auth(), Some(user))
        }
    };
    let (waiting, command, target) = known.read_command().await.ok()?;
    if command != Socks5Command::TCPConnect {
        answer(waiting, ReplyError::CommandNotSupported).await;
        return None;
    }
    let (host, port) = target.into_string_and_port();
    Some(Asked {
        host,
        port,
        user,
        waiting: asked::Waiting::Socks5(waiting),
    })
}

/// The way stands.
pub(super) async fn accept(waiting: Waiting) -> Option<Box<dyn Stream>> {
    // Where the way begins is nobody's business, and of no use to a client that only connects.
    let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    timeout(FAREWELL, waiting.reply_success(nowhere)).await.ok()?.ok()
}

/// There is no way.
pub(super) async fn refuse(waiting: Waiting, cause: Cause) {
    let error = match cause {
        Cause::Forbidden => ReplyError::ConnectionNotAllowed,
        Cause::NoNetwork => ReplyError::NetworkUnreachable,
        Cause::NoHost => ReplyError::HostUnreachable,
        Cause::NobodyThere => ReplyError::ConnectionRefused,
        Cause::TooLate => ReplyError::TtlExpired,
        _ => ReplyError::GeneralFailure,
    };
    answer(waiting, error).await;
}

async fn answer(waiting: Waiting, error: ReplyError) {
    let _goes_anyway = timeout(FAREWELL, waiting.reply_error(&error)).await;
}

const FAREWELL: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::proxy::front_door::stranger;
    use crate::proxy::password::Password;
    use crate::randomness;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn password() -> Arc<Password> {
        let folder = tempfile::tempdir().unwrap();
        Arc::new(Password::of(folder.path(), &mut *randomness()).unwrap())
    }

    /// What a stranger gets who says these bytes, and what they ask for if they are let in.
    async fn play(password: &Arc<Password>, said: &[u8]) -> (Vec<u8>, Option<(String, u16)>) {
        let (mut client, door) = tokio::io::duplex(4096);
        client.write_all(said).await.unwrap();
        let asked = receive(Box::new(door), stranger(password)).await;
        let asked = asked.map(|asked| (asked.host, asked.port));
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).await.unwrap();
        (heard, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn s70_a_stranger_says_the_password_or_goes() {
        let password = password();
        assert_eq!(play(&password, &[5, 1, 0]).await, (vec![5, 0xff], None));
        let word = password.reveal().as_bytes();
        let login = [
            &[5, 2, 0, 2, 1, 1, b'x', 32][..],
            word,
            b"\x05\x01\x00\x03\x03a.b\x00\x50",
        ]
        .concat();
        let (heard, asked) = play(&password, &login).await;
        assert_eq!((heard, asked), (vec![5, 2, 1, 0], Some(("a.b".to_owned(), 80))));
        let mut wrong = login;
        wrong[8] ^= 1;
        let (heard, asked) = play(&password, &wrong).await;
        assert_eq!((&heard[..3], asked), (&[5, 2, 1][..], None));
        assert_ne!(heard[3], 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_is_said_however_slowly_it_comes_to_an_end() {
        let password = password();
        let mut rng = randomness();
        for round in 0..600_usize {
            let mut said = vec![0; round % 600];
            rng.fill_bytes(&mut said);
            let good = [5, 1, 2, 1];
            let kept = round % (good.len() + 1);
            said.iter_mut()
                .zip(&good[..kept])
                .for_each(|(byte, good)| *byte = *good);
            // Nothing more comes, and the clock runs only because nobody waits for anything else.
            let (_, asked) = play(&password, &said).await;
            assert_eq!(asked, None);
        }
    }
}
