//! Who is a program of the network and not a person. Tags and queries must never reach these: they answer with
//! errors, or take the text as a command (user needs N11).

use super::message::Source;

/// Whether the nick, with user and host where known, is a network's own program: `NickServ` and its kin, the
/// modules of a bouncer (`*status`), and whatever speaks from a host named after services.
///
/// A guess by name, so it errs on the side of silence: a person called `Observ` is offered nothing until asked.
#[must_use]
pub fn is_service(source: &Source<'_>) -> bool {
    let nick = source.name.to_ascii_lowercase();
    let host = source.host.unwrap_or_default().to_ascii_lowercase();
    nick.ends_with(b"serv")
        || nick.first().is_some_and(|first| b"*-$".contains(first))
        || nick.contains(&b'@')
        || NAMES.contains(&nick.as_slice())
        || host == b"services"
        || host.starts_with(b"services.")
        || BOTS
            .iter()
            .any(|&(name, network)| nick == name && host.ends_with(network))
}

/// Nicks that ordinary networks keep for their programs.
const NAMES: &[&[u8]] = &[b"global", b"alis", b"operserv", b"status"];

/// Programs with names that people have elsewhere, and the end of the host that gives them away.
const BOTS: &[(&[u8], &[u8])] = &[
    (b"q", b".quakenet.org"),
    (b"q", b"cserve.quakenet.org"),
    (b"s", b".quakenet.org"),
    (b"l", b".quakenet.org"),
    (b"x", b".undernet.org"),
    (b"w", b".undernet.org"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_services_from_people() {
        for service in [
            "NickServ",
            "ChanServ!cs@x",
            "SASLSERV",
            "*status!znc@znc.in",
            "*status",
            "-psyBNC",
            "Global",
            "Q!TheQBot@CServe.quakenet.org",
            "Bot!b@services.libera.chat",
            "Bot!b@services",
        ] {
            assert!(is_service(&Source::parse(service.as_bytes())), "{service}");
        }
        for person in [
            "bob!b@h",
            "Q!q@example.org",
            "serve!s@h",
            "servant",
            "x",
            "a!services@h",
            "b!b@myservices.example",
        ] {
            assert!(!is_service(&Source::parse(person.as_bytes())), "{person}");
        }
    }
}
