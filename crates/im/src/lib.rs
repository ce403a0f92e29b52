//! Chat networks: bytes in, frames out.
//!
//! The crate knows nothing of encrypted texts. It turns what a network sends into facts about people and texts, and
//! texts into lines that fit. Everything under [`irc`] and the core of [`relay`] is free of sockets, clocks and
//! randomness; [`accept`], [`dial`], [`link`], [`relay::net`] and the ways of [`xmpp`] are the only modules that touch
//! the operating system.
//!
//! ```
//! use im::irc::{Client, Config, Event, Output};
//!
//! let mut client = Client::new(Config::new("alice"))?;
//! let hello = client.start();
//! assert!(matches!(&hello[1], Output::Send(line) if line.as_bytes() == b"NICK alice"));
//!
//! client.receive(b":irc.example 001 alice :Welcome\r\n");
//! let outputs = client.receive(b":bob!b@host PRIVMSG alice :good evening\r\n");
//! let Some(Output::Event(Event::Message(message))) = outputs.first() else { return Err("no message".into()) };
//! assert_eq!(message.text, b"good evening");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod accept;
pub mod dial;
pub mod irc;
pub mod link;
pub mod relay;
pub mod xmpp;
