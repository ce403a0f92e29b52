//! What one client of the account has for the others, and what it does for them.

use im::xmpp::{Element, set_attribute};
use otr::Timestamp;
use zeroize::Zeroizing;

use crate::engine::notice::{How, Notice, What};
use crate::proxy::resident::Resident;
use crate::proxy::words::said_elsewhere;
use crate::proxy::xmpp::adapter::{Adapter, Cause, Step, written};
use crate::proxy::xmpp::company::{Load, Parcel};
use crate::proxy::xmpp::payload;
use crate::seat::now;

impl Adapter {
    /// If this is the stream that speaks for all, says what the others have left for it.
    pub(super) fn speak_for_all(&mut self, resident: &mut Resident, out: &mut Vec<Step>) {
        if !resident.company.speaks_for_all(self.seed) {
            return;
        }
        let crowded = resident.company.is_crowded();
        for load in resident.company.take_outgoing() {
            match load {
                Load::Stanza(stanza) => out.push(Step::Up(stanza)),
                Load::Text(outbound) => self.say(resident, outbound, false, out),
            }
        }
        if crowded {
            resident.outside.rouse();
        }
        if resident.away && self.present {
            // The stream that spoke for all is gone, and this one is the next.
            let untold: Vec<String> = resident.take_untold().collect();
            self.tell_everywhere(resident, untold, out);
            out.extend(resident.take_unshown().map(Step::Words));
            self.go_on(resident, now(), out);
        }
    }

    /// Goes on after a pause, or after another stream broke.
    pub(super) fn go_on(&mut self, resident: &mut Resident, now: Timestamp, out: &mut Vec<Step>) {
        if std::mem::take(&mut resident.away) {
            resident.outside.set_at_network(true);
            let effects = resident.engine.connection_restored(now);
            self.carry_out(resident, effects, Cause::default(), out);
        }
    }

    /// Gives something to the other clients.
    pub(super) fn share(&self, resident: &mut Resident, parcel: &Parcel) {
        if resident.company.has_others(self.seed) {
            resident.company.share(self.seed, parcel);
            resident.outside.rouse();
        }
    }

    /// Says these sentences on every client.
    pub(super) fn tell_everywhere(
        &mut self,
        resident: &mut Resident,
        lines: Vec<String>,
        out: &mut Vec<Step>,
    ) {
        if self.present && !lines.is_empty() {
            self.share(resident, &Parcel::Told(lines.clone()));
        }
        self.tell(resident, lines, out);
    }

    /// What the person has said privately is shown on the clients on which it was not typed.
    pub(super) fn share_said(&mut self, resident: &mut Resident, notice: &Notice, cause: Cause<'_>) {
        match &notice.what {
            What::NotSent { line, held: true, .. } => resident.company.waits(line.0, self.seed),
            What::Sent {
                line,
                words,
                how,
                again,
                ..
            } => {
                let typed_on = resident.company.typed_on(line.0).unwrap_or(self.seed);
                // Where no client shows it, it is told in words when one does.
                let elsewhere = self.present && resident.outside.was_said(*line);
                if !elsewhere && (*again || *how == How::Clear || !resident.company.has_others(typed_on)) {
                    return;
                }
                let id = cause.said.and_then(|(message, _)| message.attr("id"));
                let text = Zeroizing::new(String::from_utf8_lossy(&words.text).into_owned());
                let parcel = Parcel::Said {
                    from: self.full.clone().unwrap_or_default(),
                    to: notice.with.clone(),
                    id: id.map(str::to_owned),
                    text: match words.deed {
                        true => Zeroizing::new(format!("/me {}", text.as_str())),
                        false => text,
                    },
                    told: match elsewhere {
                        true => said_elsewhere(notice.with.as_bytes(), words, *how),
                        false => Vec::new(),
                    },
                };
                // Of what is clear the server gives copies to all clients but the one by whose stream it goes.
                if !elsewhere || *how != How::Clear {
                    resident.company.share(typed_on, &parcel);
                }
                if elsewhere {
                    resident.company.hand_to(typed_on, parcel);
                }
                resident.outside.rouse();
            }
            _ => {}
        }
    }

    /// Shows what the others have got and said.
    pub fn show_what_others_have(&mut self, resident: &mut Resident) -> Vec<Step> {
        let mut out = Vec::new();
        let (left_out, parcels) = resident.company.take_parcels(self.seed);
        if left_out > 0 {
            let words =
                format!("*** {left_out} messages are not shown here: this client took nothing for a while");
            self.tell(resident, [words], &mut out);
        }
        for parcel in parcels {
            let shown = match parcel {
                Parcel::Told(lines) => {
                    self.tell(resident, lines, &mut out);
                    continue;
                }
                Parcel::Heard(message) => self.heard_elsewhere(message),
                // A client that has not asked for copies does not know what it is to do with one.
                Parcel::Said { told, .. } if !self.copies => {
                    self.tell(resident, told, &mut out);
                    continue;
                }
                Parcel::Said {
                    from, to, id, text, ..
                } => {
                    let to = String::from_utf8_lossy(to.as_bytes()).into_owned();
                    let id = id.unwrap_or_else(|| self.next_id());
                    self.copy("sent", payload::message((&from, &to), &id, &text))
                }
            };
            out.extend(written(&shown).map(Step::Down));
        }
        out
    }

    /// A message of somebody that came to another client: a copy of it, or itself where no copies are known.
    fn heard_elsewhere(&self, mut message: Element) -> Element {
        if self.copies {
            return self.copy("received", message);
        }
        set_attribute(&mut message, "to", self.full.as_deref().unwrap_or_default());
        message
    }

    pub(super) fn copy(&self, word: &str, message: Element) -> Element {
        let to = self.full.as_deref().unwrap_or_default();
        payload::copy(word, (self.account.as_str(), to), message)
    }
}
