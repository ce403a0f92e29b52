//! The way through a proxy of HTTP, by the method CONNECT (RFC 9110, section 9.3.6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::{Cause, Proxy};

/// Asks the proxy for a connection. The host goes to it as it was written, and is looked up nowhere here; it has no byte
/// in it that could end the line ([`is_host`](super::is_host)). If it refuses: why, for a person and for a program.
pub(super) async fn ask(
    mut way: TcpStream,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<TcpStream, (String, Cause)> {
    let ended = |fault: std::io::Error| (format!("it ended the conversation ({fault})"), Cause::Other);
    let request = request(proxy, host, port);
    way.write_all(&request).await.map_err(ended)?;
    match answer(&mut way).await.map_err(ended)? {
        Some(code) if (200..300).contains(&code) => Ok(way),
        Some(code) => Err(words(code)),
        None => Err(("it does not speak HTTP".to_owned(), Cause::Other)),
    }
}

/// The head of the request.
fn request(proxy: &Proxy, host: &str, port: u16) -> Zeroizing<Vec<u8>> {
    // An address of version 6 stands in brackets, as everywhere in HTTP.
    let target = if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    };
    let mut request = Zeroizing::new(Vec::with_capacity(1024));
    request.extend_from_slice(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").as_bytes());
    if let Some((user, password)) = &proxy.user {
        let pair = Zeroizing::new(format!("{user}:{}", password.as_str()));
        let shown = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        for part in ["Proxy-Authorization: Basic ", &shown, "\r\n"] {
            request.extend_from_slice(part.as_bytes());
        }
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// The status of the answer; `None` if it is no answer of HTTP. No byte behind its head is read: it is the server's.
async fn answer(stream: &mut TcpStream) -> std::io::Result<Option<u16>> {
    let mut head = Vec::new();
    while head.len() < MOST_HEAD {
        head.push(stream.read_u8().await?);
        if !head.ends_with(b"\n") {
            continue;
        }
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(&head) {
            Ok(httparse::Status::Complete(_)) => return Ok(response.code),
            Ok(httparse::Status::Partial) => {}
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}

/// The answer of the proxy in the words of a person who has to mend something, and for a program.
fn words(code: u16) -> (String, Cause) {
    let (words, cause) = match code {
        407 => (
            "it wants a user and a password, or does not accept them",
            Cause::Forbidden,
        ),
        401 | 403 | 405 => ("its rules forbid it", Cause::Forbidden),
        404 => ("it cannot reach that host; is the name right?", Cause::NoHost),
        502 | 503 => ("it cannot reach that host or port", Cause::NoHost),
        408 | 504 => ("the way took too long", Cause::TooLate),
        _ => ("it does not say why", Cause::Other),
    };
    (format!("{words} (status {code})"), cause)
}

/// The longest head of an answer.
const MOST_HEAD: usize = 8 * 1024;
const MOST_HEADERS: usize = 64;
