//! What the person is shown on one client: sentences of the proxy, and what others have said, with its mark where it is not
//! as private as the rest.

use im::xmpp::escape;
use zeroize::Zeroizing;

use crate::engine::notice::{How, Notice, What};
use crate::present::plain;
use crate::proxy::resident::Resident;
use crate::proxy::words::is_answer;
use crate::proxy::xmpp::adapter::{Adapter, Cause, Step, written};
use crate::proxy::xmpp::company::Parcel;
use crate::proxy::xmpp::names::ADDRESS;
use crate::proxy::xmpp::payload;

impl Adapter {
    /// Something that the person has to know.
    pub fn complain(&mut self, resident: &mut Resident, words: String) -> Vec<Step> {
        let mut out = Vec::new();
        self.tell(resident, [words], &mut out);
        out
    }

    /// Says these sentences to the person, now or when there is a client that shows them.
    pub(super) fn tell(
        &mut self,
        resident: &mut Resident,
        lines: impl IntoIterator<Item = String>,
        out: &mut Vec<Step>,
    ) {
        let lines: Vec<String> = lines.into_iter().collect();
        if lines.is_empty() {
            return;
        }
        if !self.present && resident.company.has_others(self.seed) {
            return self.share(resident, &Parcel::Told(lines));
        }
        if !self.present {
            return resident.keep(lines);
        }
        let (to, id) = (escape(self.full.as_deref().unwrap_or_default()), self.next_id());
        let words = Zeroizing::new(lines.join("\n"));
        let words = Zeroizing::new(escape(&words));
        let message = format!(
            "<message xmlns='jabber:client' type='chat' from='{ADDRESS}/proxy' to='{to}' id='{id}'><body>{}</body>\
             <no-store xmlns='urn:xmpp:hints'/></message>",
            words.as_str()
        );
        out.push(Step::Down(Zeroizing::new(message.into_bytes())));
    }

    /// Shows a fact: words of somebody as their message, all others as sentences of the proxy.
    pub(super) fn show(
        &mut self,
        resident: &mut Resident,
        notice: Notice,
        cause: Cause<'_>,
        out: &mut Vec<Step>,
    ) {
        if !cause.known {
            resident.outside.tell(&notice);
        }
        let What::Heard {
            words, how, alarming, ..
        } = &notice.what
        else {
            self.share_said(resident, &notice, cause);
            let lines = resident.told(&notice, &self.habits.prefix);
            return match is_answer(&notice.what) {
                true => self.tell(resident, lines, out),
                false => self.tell_everywhere(resident, lines, out),
            };
        };
        let text = Zeroizing::new(String::from_utf8_lossy(&words.text).into_owned());
        let text = Zeroizing::new(match words.deed {
            true => format!("/me {}", text.as_str()),
            false => text.to_string(),
        });
        if let Some((bytes, _, heard)) = cause.heard
            && *how == How::Clear
            && !alarming
            && text.as_str() == heard
        {
            return out.push(Step::Words(Zeroizing::new(bytes.to_vec())));
        }
        let mark = match alarming {
            true => format!("{} ", plain::mark(*how, true)),
            false => String::new(),
        };
        let text = Zeroizing::new([mark.as_str(), text.as_str()].concat());
        let message = match cause.heard {
            Some((_, message, _)) => {
                let keep_markup = *how == How::Clear && !alarming;
                payload::with_body(message, &text, keep_markup)
            }
            // A beginning that waited too long for its rest.
            None => {
                let (from, to, id) = (
                    String::from_utf8_lossy(notice.with.as_bytes()).into_owned(),
                    self.full.clone().unwrap_or_default(),
                    self.next_id(),
                );
                payload::message((&from, &to), &id, &text)
            }
        };
        // The server gives clear text to those of the clients that are to have it, or copies of it.
        let shared = how.is_private() && resident.company.has_others(self.seed);
        if let Some(written) = written(&message) {
            out.push(match shared {
                true => Step::Down(written),
                false => Step::Words(written),
            });
        }
        if shared {
            self.share(resident, &Parcel::Heard(message));
        }
    }
}
