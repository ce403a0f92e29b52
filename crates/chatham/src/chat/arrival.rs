//! From what was settled to a seat at the network: the store, the key, the engine, the connection.
//!
//! The plain and the full-screen client begin here, so that neither can forget a rule.

use std::io;

use im::dial::Dial;
use im::irc::CaseMapping;
use otr::Account;
use otr_store::lock::LockError;
use otr_store::{Store, StoreError};
use serde_json::json;

use crate::chat::remark::Remark;
use crate::config::{Place, Resolved};
use crate::connection::{IrcWay, XmppWay};
use crate::control::place;
use crate::engine::Engine;
use crate::keys::passphrase::{self, UnlockError};
use crate::local;
use crate::randomness;
use crate::seat::Seat;
use crate::vault::{Identity, Vault};

/// Everything a client needs.
pub struct Arrival {
    /// The engine at its connection, which may still be registering.
    pub seat: Seat,
    /// What is remembered.
    pub vault: Vault,
}

/// Opens the store. It may have to ask for the pass phrase at the terminal, so this comes before any screen.
///
/// # Errors
/// What the store says, or what keeps the pass phrase from being read.
pub fn open_store(resolved: &Resolved) -> io::Result<Store> {
    let file = resolved.passphrase_file.as_ref().map(|file| file.value.as_path());
    passphrase::open(&resolved.data, file).map_err(|error| match &error {
        UnlockError::Store(StoreError::Lock(LockError::Taken { pid, .. }))
            if place::socket(&resolved.data).exists() =>
        {
            let process = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
            io::Error::other(format!(
                "a proxy runs{process} and has these keys: `chatham chat` talks through it, and `chatham ctl` acts in \
                 its conversations. For anything else end the proxy first"
            ))
        }
        _ => io::Error::other(error),
    })
}

/// Makes the key if there is none, and connects. `tell` hears what a person should know meanwhile.
///
/// # Errors
/// What keeps the client from starting, as a sentence.
pub async fn arrive(
    resolved: &Resolved,
    store: Store,
    tell: &mut dyn FnMut(Remark) -> io::Result<()>,
) -> io::Result<Arrival> {
    let (vault, account) = identify(resolved, store, tell).await?;
    let engine = engine(resolved, account, &vault);
    let seat = connect(resolved, engine, tell).await?;
    Ok(Arrival { seat, vault })
}

/// The engine with every rule and everything that is remembered.
pub fn engine(resolved: &Resolved, account: Account, vault: &Vault) -> Engine {
    let mut engine = Engine::new(account, resolved.policy.clone(), randomness());
    if let Place::Xmpp(_) = resolved.place {
        engine.set_case_mapping(CaseMapping::Jid);
    }
    for (nick, policy) in &resolved.people {
        let nick = engine.fold(nick.as_bytes());
        engine.set_policy(&nick, policy.clone());
    }
    vault.teach(&mut engine);
    engine
}

/// Our account in the store. Making a key takes its time, and blocks nobody.
async fn identify(
    resolved: &Resolved,
    store: Store,
    tell: &mut dyn FnMut(Remark) -> io::Result<()>,
) -> io::Result<(Vault, Account)> {
    let mut vault = Vault::new(store, &resolved.profile, &resolved.nick());
    for notice in vault.store().notices() {
        tell(Remark::new("store", notice.to_string()))?;
    }
    match vault.identity() {
        Identity::Profile => {}
        identity @ Identity::Nick { .. } => tell(Remark::new("identity", identity.to_string()))?,
        identity @ Identity::New { .. } => tell(Remark::new("making-key", identity.to_string()))?,
    }
    let made = tokio::task::spawn_blocking(move || {
        let account = vault.account(&mut *randomness());
        (vault, account)
    });
    let (vault, account) = made.await?;
    Ok((vault, account.map_err(io::Error::other)?))
}

async fn connect(
    resolved: &Resolved,
    engine: Engine,
    tell: &mut dyn FnMut(Remark) -> io::Result<()>,
) -> io::Result<Seat> {
    let config = resolved.registration.clone();
    let place = resolved.place.words();
    tell(Remark::new("connecting", format!("connecting to {place}")).with(json!({ "place": place })))?;
    let (dial, relay, port) = match &resolved.place {
        Place::Xmpp(account) => {
            let entered = account.enter(None).await;
            let link = entered.map_err(|(fault, _)| io::Error::other(fault))?;
            let way = XmppWay {
                account: (**account).clone(),
                rng: randomness(),
            };
            return Ok(Seat::lasting(link, way, None, engine));
        }
        Place::Local(port) => {
            let relay = local::relay(*port).await?;
            if relay.is_some() {
                let words = format!(
                    "this program is the relay on 127.0.0.1:{port} now; when it ends, another one that is there takes \
                     it over"
                );
                tell(Remark::new("relay", words).with(json!({ "port": port })))?;
            }
            (Dial::plain("127.0.0.1", *port), relay, Some(*port))
        }
        Place::Server(dial) => ((**dial).clone(), None, None),
    };
    let link = dial
        .connect(config.clone(), resolved.pacing)
        .await
        .map_err(io::Error::other)?;
    let way = IrcWay {
        dial,
        config,
        pacing: resolved.pacing,
        relay: port,
        rng: randomness(),
    };
    Ok(Seat::lasting(link, way, relay, engine))
}
