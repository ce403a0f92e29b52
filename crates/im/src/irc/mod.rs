//! IRC as its servers speak it: RFC 1459 and 2812, with what `RPL_ISUPPORT` and the message-tags text add.
//!
//! ```text
//! bytes -> LineBuffer -> IrcLine -> Message -> Client -> Event
//! text  -> Client::privmsg -> IrcLine -> bytes
//! ```
//!
//! A line is bytes: nothing here needs UTF-8, and nothing can make one line into two ([`IrcLine`]).

mod admission;
pub mod budget;
pub mod buffer;
pub mod build;
pub mod capabilities;
pub mod casemap;
pub mod client;
pub mod ctcp;
pub mod event;
mod history;
mod incoming;
pub mod isupport;
pub mod line;
pub mod message;
mod netsplit;
mod numerics;
pub mod pacing;
mod people;
mod registration;
pub mod sasl;
pub mod server_time;
pub mod services;

pub use budget::OwnPrefix;
pub use buffer::LineBuffer;
pub use build::Builder;
pub use capabilities::Capability;
pub use casemap::{CaseMapping, Nick};
pub use client::{Client, Output, Refused};
pub use event::{Event, Kind, Person, Said, Severity};
pub use isupport::Isupport;
pub use line::{IrcLine, LineError};
pub use message::{Message, Source};
pub use pacing::{Pacing, TokenBucket};
pub use registration::{BadConfig, Config};
pub use sasl::{Sasl, SaslFault};
