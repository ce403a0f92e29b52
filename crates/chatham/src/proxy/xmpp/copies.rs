//! What the server hands on of other conversations than that of this stream: copies of what other clients of the account got
//! and said (XEP-0280), and archives (XEP-0313).

use im::irc::Nick;
use im::xmpp::cipher::{self, Tags};
use im::xmpp::{Element, Stanza};
use otr::Timestamp;
use zeroize::Zeroizing;

use crate::engine::notice::{How, Standing};
use crate::present::plain;
use crate::proxy::resident::Resident;
use crate::proxy::xmpp::adapter::{Adapter, Step, written};
use crate::proxy::xmpp::downward::pass;
use crate::proxy::xmpp::names::{self, Addressee};
use crate::proxy::xmpp::payload::{self, ARCHIVES, CARBONS, CLIENT, FORWARD, holds_ciphertext};

impl Adapter {
    /// Takes a copy, or a message out of an archive. `false` if it is neither.
    pub(super) fn second_hand(
        &mut self,
        resident: &mut Resident,
        stanza: &Stanza,
        message: &Element,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) -> bool {
        if let Some(copy) = forwarded(message, |child| child.ns() == CARBONS) {
            // Whoever else sends a copy makes it up (S-60).
            if self.is_own_account(message) {
                self.copy_of_a_message(resident, (stanza, message), copy, now, out);
            }
            return true;
        }
        let Some(old) = forwarded(message, |child| child.ns().starts_with(ARCHIVES)) else {
            return false;
        };
        if self.is_own_account(message) || self.may_have_an_archive(resident, message, old) {
            match old.filter(|old| holds_ciphertext(old)) {
                Some(old) => self.tell_old(resident, old, out),
                None => out.push(pass(stanza)),
            }
        }
        true
    }

    /// Besides our account rooms have archives, of what was said there: somebody's own could tell anything, in anybody's
    /// name or amid a private conversation.
    fn may_have_an_archive(&self, resident: &Resident, message: &Element, old: Option<&Element>) -> bool {
        let private = |nick: &Nick| resident.engine.next_way(nick) != Some(How::Clear);
        let of_others = old.is_some_and(|old| bare(old) != bare(message));
        !of_others
            && !matches!(self.addressee(message.attr("from")), Addressee::Person(nick) if private(&nick))
    }

    fn copy_of_a_message(
        &mut self,
        resident: &mut Resident,
        (stanza, message): (&Stanza, &Element),
        copy: Option<&Element>,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        let received = message.has_child("received", CARBONS);
        match copy {
            Some(copy) if holds_ciphertext(copy) => {
                if received {
                    self.take_over(resident, stanza, copy, now, out);
                }
            }
            Some(copy) if received && copy.attr("type") != Some("groupchat") => {
                self.clear_copy(resident, stanza, copy, out);
            }
            _ => out.push(pass(stanza)),
        }
    }

    /// A copy of clear text. What somebody has said with whom we are private looks like private words without a mark.
    fn clear_copy(&self, resident: &Resident, stanza: &Stanza, copy: &Element, out: &mut Vec<Step>) {
        let open = |nick: &Nick| resident.engine.next_way(nick) == Some(How::Clear);
        let shown = match (
            self.addressee(copy.attr("from")),
            payload::body(copy).map(Zeroizing::new),
        ) {
            (Addressee::Person(nick), Some(text)) if !open(&nick) => {
                let marked = Zeroizing::new(format!("{} {}", plain::mark(How::Clear, true), text.as_str()));
                payload::with_body(copy, &marked, false)
            }
            (Addressee::Person(nick), None) if !open(&nick) && payload::has_other_words(copy) => {
                payload::without_words(copy)
            }
            _ => return out.push(pass(stanza)),
        };
        out.extend(written(&self.copy("received", shown)).map(Step::Down));
    }

    /// Ciphertext that the server gave to another device, and us a copy. Some of it is for us: people write to the account,
    /// and the server takes it to the device that it likes best. The rest is noise.
    fn take_over(
        &mut self,
        resident: &mut Resident,
        stanza: &Stanza,
        copy: &Element,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        let Addressee::Person(nick) = self.addressee(copy.attr("from")) else {
            return;
        };
        let Some(text) = payload::body(copy).map(Zeroizing::new) else {
            return;
        };
        let Some(Tags { receiver, .. }) = cipher::tags(&text) else {
            return;
        };
        let private = || resident.engine.standing(&nick) != Standing::NotPrivate;
        let old = match receiver {
            tag if tag == resident.engine.account().instance_tag().raw() => false,
            // Version 2 says nowhere for whom a text is. If it cannot be read it is another device's: nothing answers.
            0 if cipher::is_data(&text) => match private() {
                true => true,
                false => return,
            },
            // How an exchange begins is for everybody: it is ours if we have just asked for it.
            0 if resident.engine.is_asking(&nick, now) => false,
            _ => return,
        };
        if copy.attr("type") != Some("error") {
            self.hear(resident, (stanza, copy), &nick, &text, old, now, out);
        }
    }

    /// Whether a message is from our own account: from nobody, or from our address without a resource.
    fn is_own_account(&self, message: &Element) -> bool {
        let Some(from) = message.attr("from") else {
            return true;
        };
        names::read(from.as_bytes()).is_some_and(|from| from.as_str() == self.account.as_str())
    }
}

/// What is forwarded in a child of this kind, if there is one.
fn forwarded(message: &Element, wrapper: impl Fn(&Element) -> bool) -> Option<Option<&Element>> {
    let wrapper = message
        .children()
        .find(|child| wrapper(child) && ["received", "sent", "result"].contains(&child.name()))?;
    let inner = wrapper.get_child("forwarded", FORWARD);
    Some(inner.and_then(|inner| inner.get_child("message", CLIENT)))
}

/// Who has sent a message, without the resource.
fn bare(message: &Element) -> Option<String> {
    let from = names::read(message.attr("from")?.as_bytes())?;
    Some(from.to_bare().as_str().to_owned())
}
