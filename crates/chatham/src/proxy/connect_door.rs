//! The door for clients that speak HTTP CONNECT (RFC 9110, section 9.3.6; Basic authentication, RFC 7617): who comes, and
//! where they want to go.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use httparse::{EMPTY_HEADER, Header, Request, Status};
use im::dial::{Cause, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{timeout, timeout_at};
use zeroize::{Zeroize, Zeroizing};

use crate::proxy::asked::{Asked, Refusal, Waiting};
use crate::proxy::front_door::Visitor;
use crate::proxy::password::Password;
use crate::sanitize;

/// Hears where the client wants to go. `None` if it goes, or has to; it was told why.
pub(super) async fn receive(mut stream: Box<dyn Stream>, visitor: Visitor<'_>) -> Option<Asked> {
    let mut head = Zeroizing::new(Vec::with_capacity(MOST_HEAD));
    let heard = timeout_at(visitor.until, hear(&mut stream, &mut head, visitor)).await;
    match heard.unwrap_or(Err(Answer::Late)) {
        Ok(wish) => Some(Asked {
            host: wish.host,
            port: wish.port,
            user: wish.user,
            waiting: Waiting::Connect(stream, wish.early),
        }),
        Err(Answer::None) => None,
        Err(answer) => {
            say(&mut stream, &answer.text()).await;
            None
        }
    }
}

/// Where a client wants to go, as whom, and what it has said behind that.
#[derive(Debug)]
struct Wish {
    host: String,
    port: u16,
    user: Option<String>,
    early: Vec<u8>,
}

/// What a client hears that is not led anywhere.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// Nothing: it has gone.
    None,
    Malformed,
    Late,
    TooLong,
    OtherMethod,
    WhoAreYou,
}

impl Answer {
    fn text(&self) -> String {
        let (status, header, words) = match self {
            Self::None => return String::new(),
            Self::Malformed => ("400 Bad Request", "", "this is no request of HTTP for HOST:PORT"),
            Self::Late => ("408 Request Timeout", "", "the request did not come to an end"),
            Self::TooLong => (
                "431 Request Header Fields Too Large",
                "",
                "the request is too long",
            ),
            Self::OtherMethod => (
                "405 Method Not Allowed",
                "Allow: CONNECT\r\n",
                "this proxy takes CONNECT and nothing else",
            ),
            Self::WhoAreYou => (
                "407 Proxy Authentication Required",
                "Proxy-Authenticate: Basic realm=\"chatham\", charset=\"UTF-8\"\r\n",
                "the password is missing or wrong: `chatham proxy setup` tells how a client is set up",
            ),
        };
        response(status, header, words)
    }
}

async fn hear(
    stream: &mut Box<dyn Stream>,
    head: &mut Zeroizing<Vec<u8>>,
    visitor: Visitor<'_>,
) -> Result<Wish, Answer> {
    let mut chunk = Zeroizing::new([0; 1024]);
    loop {
        // The buffer never grows: there would be a copy of the password in the old one.
        let room = MOST_HEAD.saturating_sub(head.len()).min(chunk.len());
        if room == 0 {
            return Err(Answer::TooLong);
        }
        let count = stream.read(chunk.get_mut(..room).unwrap_or_default()).await;
        let count = count.ok().filter(|count| *count > 0).ok_or(Answer::None)?;
        head.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if let Some(wish) = read(head, visitor.password, || visitor.is_ours())? {
            return Ok(wish);
        }
    }
}

/// Reads the head, if it is whole.
fn read(head: &[u8], password: &Password, is_ours: impl Fn() -> bool) -> Result<Option<Wish>, Answer> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut request = Request::new(&mut headers);
    let length = match request.parse(head) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Answer::TooLong),
        Err(_) => return Err(Answer::Malformed),
    };
    let (Some(method), Some(target)) = (request.method, request.path) else {
        return Err(Answer::Malformed);
    };
    if method != "CONNECT" {
        return Err(Answer::OtherMethod);
    }
    let user = match credentials(request.headers) {
        None if is_ours() => None,
        None => return Err(Answer::WhoAreYou),
        Some(shown) => Some(who(shown, password).ok_or(Answer::WhoAreYou)?),
    };
    let (host, port) = target.rsplit_once(':').ok_or(Answer::Malformed)?;
    let host = match host.strip_prefix('[') {
        Some(inside) => inside.strip_suffix(']').ok_or(Answer::Malformed)?,
        None if host.contains(':') => return Err(Answer::Malformed),
        None => host,
    };
    let port = port.parse().ok().filter(|port: &u16| *port > 0);
    match port {
        Some(port) if !host.is_empty() => Ok(Some(Wish {
            host: host.to_owned(),
            port,
            user,
            early: head.get(length..).unwrap_or_default().to_vec(),
        })),
        _ => Err(Answer::Malformed),
    }
}

/// What the client shows of itself; of several such lines the first counts.
fn credentials<'h>(headers: &[Header<'h>]) -> Option<&'h [u8]> {
    let shown = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("Proxy-Authorization"));
    shown.map(|header| header.value)
}

/// The user, if the password is right.
fn who(shown: &[u8], password: &Password) -> Option<String> {
    let (scheme, coded) = shown.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let mut pair = Zeroizing::new(STANDARD.decode(coded.trim_ascii()).ok()?);
    let colon = pair.iter().position(|&byte| byte == b':')?;
    let (user, said) = pair.split_at_mut(colon);
    let opens = password.opens(said.get(1..)?) == Some(&[]);
    said.zeroize();
    opens.then(|| String::from_utf8(user.to_vec()).ok()).flatten()
}

/// The way stands.
pub(super) async fn accept(mut stream: Box<dyn Stream>) -> Option<Box<dyn Stream>> {
    let said = async {
        stream
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await?;
        stream.flush().await
    };
    timeout(FAREWELL, said).await.ok()?.ok()?;
    Some(stream)
}

/// There is no way.
pub(super) async fn refuse(mut stream: Box<dyn Stream>, refusal: &Refusal) {
    let status = match refusal.cause {
        Cause::Forbidden => "403 Forbidden",
        Cause::TooLate => "504 Gateway Timeout",
        _ => "502 Bad Gateway",
    };
    let words = sanitize::one_line(refusal.words.as_bytes());
    say(&mut stream, &response(status, "", &words)).await;
}

fn response(status: &str, header: &str, words: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{header}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{words}\n",
        words.len() + 1
    )
}

async fn say(stream: &mut Box<dyn Stream>, text: &str) {
    let last = async {
        stream.write_all(text.as_bytes()).await?;
        stream.shutdown().await
    };
    let _already_gone = timeout(FAREWELL, last).await;
}

/// The longest head of a request.
const MOST_HEAD: usize = 8 * 1024;
const MOST_HEADERS: usize = 32;
const FAREWELL: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::proxy::front_door::stranger;
    use crate::randomness;

    fn password() -> Arc<Password> {
        let folder = tempfile::tempdir().unwrap();
        Arc::new(Password::of(folder.path(), &mut *randomness()).unwrap())
    }

    /// What a stranger gets who says these bytes, and whether they are let in.
    async fn play(password: &Arc<Password>, said: &[u8]) -> (String, bool) {
        let (mut client, door) = tokio::io::duplex(64 * 1024);
        client.write_all(said).await.unwrap();
        let asked = receive(Box::new(door), stranger(password)).await.is_some();
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).await.unwrap();
        (String::from_utf8(heard).unwrap(), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn s70_a_stranger_says_the_password_or_goes() {
        let password = password();
        let request = |login: &str| format!("CONNECT a.b:80 HTTP/1.1\r\n{login}\r\n");
        let (told, asked) = play(&password, request("").as_bytes()).await;
        assert!(told.starts_with("HTTP/1.1 407 ") && !asked, "{told}");
        let login = STANDARD.encode(format!("x:{}", password.reveal()));
        for scheme in ["Basic", "basic", "BASIC"] {
            let login = format!("proxy-authorization: {scheme} {login}\r\n");
            assert_eq!(
                play(&password, request(&login).as_bytes()).await,
                (String::new(), true)
            );
        }
        // Of two the first counts.
        let two = format!("Proxy-Authorization: Basic eDp5\r\nProxy-Authorization: Basic {login}\r\n");
        assert!(!play(&password, request(&two).as_bytes()).await.1);
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_is_said_however_slowly_it_comes_to_an_end() {
        let password = password();
        let (told, asked) = play(&password, b"CONNECT a.b:80 HTTP/1.1\r\nX: y").await;
        assert!(told.starts_with("HTTP/1.1 408 ") && !asked, "{told}");
        let mut rng = randomness();
        let good = b"CONNECT a.b:80 HTTP/1.1\r\nProxy-Authorization: Basic eDp5\r\n\r\n";
        for round in 0..600_usize {
            let mut said = vec![0; round % 600];
            rng.fill_bytes(&mut said);
            let kept = round % (good.len() + 1);
            said.splice(..kept.min(said.len()), good[..kept].iter().copied());
            let (told, asked) = play(&password, &said).await;
            assert!(told.starts_with("HTTP/1.1 4") && !asked, "{told}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_drips_is_given_up() {
        let password = password();
        let (mut client, door) = tokio::io::duplex(64);
        let drips = tokio::spawn(async move {
            let mut drops = 0;
            while client.write_all(b"C").await.is_ok() {
                drops += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            drops
        });
        assert!(receive(Box::new(door), stranger(&password)).await.is_none());
        assert!(drips.await.unwrap() < 60);
    }
}
