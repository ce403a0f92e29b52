//! The networks behind one face: a link to an IRC server, or one into an XMPP account.
//!
//! Both tell facts as [`im::irc::Event`]s and take texts for people by their names. What only one of them has stays with it.

use im::dial::Dial;
use im::irc::{CaseMapping, Config, Event, IrcLine, Nick, Pacing};
use im::link::SendError;
use im::xmpp::{self, BareJid, Client, ListWish, Login};
use im::{irc, link, relay};
use rand_core::CryptoRng;
use std::time::Duration;
use zeroize::Zeroizing;

use crate::local;

/// A link to one of the networks.
#[derive(Debug)]
pub enum Link {
    /// To an IRC server.
    Irc(Box<link::Link>),
    /// Into an XMPP account.
    Xmpp(Box<xmpp::Link>),
}

/// How to make a link anew.
pub enum Way {
    /// To an IRC server.
    Irc(IrcWay),
    /// Into an XMPP account.
    Xmpp(XmppWay),
}

/// How to make a link to an IRC server anew.
pub struct IrcWay {
    /// Which server, and which way there.
    pub dial: Dial,
    /// Who we want to be.
    pub config: Config,
    /// How fast lines may go out.
    pub pacing: Pacing,
    /// The port of the relay of this computer, if that is the server: when its program has ended, another one that
    /// needs it runs it.
    pub relay: Option<u16>,
    /// So that not everybody who lost the same server comes back at the same moment.
    pub rng: Box<dyn CryptoRng + Send>,
}

/// How to make a link into an XMPP account anew.
pub struct XmppWay {
    /// Whose account, and the way there.
    pub account: XmppAccount,
    /// So that not everybody who lost the same server comes back at the same moment.
    pub rng: Box<dyn CryptoRng + Send>,
}

/// An XMPP account.
#[derive(Clone, PartialEq, Eq)]
pub struct XmppAccount {
    /// Its address.
    pub jid: BareJid,
    /// Its password, once it is known.
    pub password: Option<Zeroizing<String>>,
    /// What the server should call this client.
    pub resource: Option<String>,
    /// The way to the server.
    pub login: Login,
}

/// What an attempt comes to: a link and the relay if we have become it; or why there is none, and the client that may still
/// go on where its last stream broke.
pub(crate) type Dialled = Result<(Link, Option<relay::Relay>), (String, Option<Client>)>;

impl XmppAccount {
    /// Logs in, with a client that had a place there before, or a new one.
    ///
    /// # Errors
    /// Why not, and the client if it may be tried again.
    pub async fn enter(&self, before: Option<Client>) -> Result<xmpp::Link, (String, Option<Client>)> {
        let user = self.jid.node().map_or("", |node| node.as_str());
        let password = self.password.clone().unwrap_or_default();
        let logged_in = match self.login.log_in(user, &password).await {
            Ok(logged_in) => logged_in,
            Err(fault) => return Err((fault.to_string(), before)),
        };
        let new = || Client::new(self.jid.clone(), self.resource.clone());
        let begun = xmpp::Link::begin(logged_in, before.unwrap_or_else(new)).await;
        begun.map_err(|fault| (format!("{}: {fault}", self.login.domain), None))
    }
}

impl std::fmt::Debug for XmppAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("XmppAccount")
            .field("jid", &self.jid)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// Waits for the next event; see the links themselves.
    pub async fn next(&mut self) -> Option<Event> {
        match self {
            Self::Irc(link) => link.next().await,
            Self::Xmpp(link) => link.next().await,
        }
    }

    /// The IRC client, if this is IRC.
    pub fn irc(&self) -> Option<&irc::Client> {
        match self {
            Self::Irc(link) => Some(link.client()),
            Self::Xmpp(_) => None,
        }
    }

    /// Our own name, as the network knows it.
    pub fn nick(&self) -> Nick {
        match self {
            Self::Irc(link) => link.client().nick(),
            Self::Xmpp(link) => Nick::new(link.client().own().as_str(), CaseMapping::Jid),
        }
    }

    /// The name that we want.
    pub fn wanted_nick(&self) -> Nick {
        match self {
            Self::Irc(link) => link.client().wanted_nick(),
            Self::Xmpp(_) => self.nick(),
        }
    }

    /// Which names are the same.
    pub fn case_mapping(&self) -> CaseMapping {
        match self {
            Self::Irc(link) => link.client().isupport().case_mapping,
            Self::Xmpp(_) => CaseMapping::Jid,
        }
    }

    /// How many bytes of text fit one message to somebody.
    pub fn room(&self, to: &[u8]) -> usize {
        match self {
            Self::Irc(link) => link.client().room(to),
            Self::Xmpp(_) => xmpp::ROOM,
        }
    }

    /// Sends a text as one message.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn say(&mut self, to: &[u8], text: &[u8]) -> Result<(), SendError> {
        match self {
            Self::Irc(link) => link.privmsg(to, text),
            Self::Xmpp(link) => link.message(to, text),
        }
    }

    /// Sends what we do (`/me`), in clear.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn act(&mut self, to: &[u8], deed: &[u8]) -> Result<(), SendError> {
        match self {
            Self::Irc(link) => link.action(to, deed),
            Self::Xmpp(link) => link.action(to, deed),
        }
    }

    /// Changes the list of people of an XMPP account, or who sees when we are there.
    ///
    /// # Errors
    /// Why nothing was changed, as a sentence.
    pub fn list(&mut self, whom: &[u8], wish: ListWish) -> Result<(), String> {
        match self {
            Self::Irc(_) => Err("IRC has no list of people: that is for an account of XMPP".to_owned()),
            Self::Xmpp(link) => link.list(whom, wish).map_err(|fault| fault.to_string()),
        }
    }

    /// Sends a line of IRC, if this is IRC; nothing happens otherwise.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn send(&self, line: IrcLine) -> Result<(), SendError> {
        match self {
            Self::Irc(link) => link.send(line),
            Self::Xmpp(_) => Ok(()),
        }
    }

    /// The messages that have certainly not gone out, once the link has ended.
    pub fn take_unsent(&mut self) -> Vec<(Nick, Vec<u8>)> {
        match self {
            Self::Xmpp(link) => link.take_unsent(),
            Self::Irc(link) => {
                let mapping = link.client().isupport().case_mapping;
                let lines = link.take_unsent();
                let parsed = lines.iter().filter_map(|line| line.parse().ok());
                parsed
                    .filter(|message| message.is("PRIVMSG"))
                    .map(|message| (Nick::new(message.param(0), mapping), message.param(1).to_vec()))
                    .collect()
            }
        }
    }

    /// Says goodbye.
    pub async fn close(self, patience: Duration) {
        match self {
            Self::Irc(link) => link.close(b"", patience).await,
            Self::Xmpp(link) => link.close(patience).await,
        }
    }
}

impl From<link::Link> for Link {
    fn from(link: link::Link) -> Self {
        Self::Irc(Box::new(link))
    }
}

impl From<xmpp::Link> for Link {
    fn from(link: xmpp::Link) -> Self {
        Self::Xmpp(Box::new(link))
    }
}

impl From<IrcWay> for Way {
    fn from(way: IrcWay) -> Self {
        Self::Irc(way)
    }
}

impl From<XmppWay> for Way {
    fn from(way: XmppWay) -> Self {
        Self::Xmpp(way)
    }
}

impl Way {
    /// The attempt to make a link anew.
    pub(crate) fn dial(
        &self,
        before: Option<Client>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Dialled> + Send>> {
        match self {
            Self::Irc(way) => {
                let (dial, config, pacing) = (way.dial.clone(), way.config.clone(), way.pacing);
                let port = way.relay;
                Box::pin(async move {
                    let failed = |fault: String| (fault, None);
                    let relay = match port {
                        Some(port) => local::relay(port)
                            .await
                            .map_err(|fault| failed(fault.to_string()))?,
                        None => None,
                    };
                    let link = dial.connect(config, pacing).await;
                    link.map(|link| (link.into(), relay))
                        .map_err(|fault| failed(fault.to_string()))
                })
            }
            Self::Xmpp(way) => {
                let account = way.account.clone();
                Box::pin(async move { account.enter(before).await.map(|link| (link.into(), None)) })
            }
        }
    }

    pub(crate) fn rng(&mut self) -> &mut dyn CryptoRng {
        match self {
            Self::Irc(way) => &mut *way.rng,
            Self::Xmpp(way) => &mut *way.rng,
        }
    }
}
