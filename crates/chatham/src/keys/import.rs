//! Keys and trust out of other programs.

use std::collections::BTreeMap;
use std::path::Path;

use otr_store::foreign::{self, Format};
use otr_store::{Correspondent, KnownKey, Trust};
use serde_json::{Value, json};

use super::plan::{KeyFate, Person, PersonFate, Plan, Wish, plan, shown};
use super::{Keys, KeysError, Report, fingerprint_of, hex, name, text};
use crate::sanitize;

impl Keys {
    /// Takes over keys and trust from the files of another program. Nothing that is here is ever
    /// overwritten: what differs is reported and left.
    ///
    /// # Errors
    /// If the files cannot be used, or it is not clear what was meant. Nothing was changed then.
    pub fn import(&mut self, path: &Path, from: Option<Format>, wish: &Wish) -> Result<Report, KeysError> {
        let found = foreign::read(path, from, &self.store)?;
        let (format, files) = (found.format, found.files.clone());
        let plan = plan(found, wish, &self.store)?;
        let mut report = Told::new(format, wish.dry_run);
        for file in &files {
            report.line("reads", &sanitize::nick(file.as_os_str().as_encoded_bytes()));
        }
        report.plan(&plan);
        if !wish.dry_run {
            self.follow(plan)?;
        }
        let files: Vec<_> = files
            .iter()
            .map(|file| file.to_string_lossy().into_owned())
            .collect();
        Ok(report.finish(files))
    }

    fn follow(&mut self, plan: Plan) -> Result<(), KeysError> {
        let people: Vec<_> = plan
            .people
            .into_iter()
            .filter(|person| matches!(person.fate, PersonFate::Taken | PersonFate::Trusted))
            .map(|person| KnownKey {
                correspondent: Correspondent::new(person.nick, plan.profile.clone()),
                fingerprint: person.fingerprint,
                trust: person.trust,
            })
            .collect();
        let taken = plan.keys.into_iter().find(|(_, fate)| *fate == KeyFate::Taken);
        if let Some((found, _)) = taken {
            self.store.add_key(plan.profile, found.key)?;
        }
        self.store.adopt(&people)?;
        Ok(())
    }
}

/// The report, as it grows.
struct Told {
    format: Format,
    dry: bool,
    lines: Vec<String>,
    value: BTreeMap<&'static str, Value>,
}

impl Told {
    fn new(format: Format, dry: bool) -> Self {
        let mut this = Self {
            format,
            dry,
            lines: Vec::new(),
            value: BTreeMap::new(),
        };
        let title = format.title();
        this.lines.push(if format.is_verified() {
            format!("from {title}")
        } else {
            format!("from {title} (unverified: there was no {title} to hold this against)")
        });
        this
    }

    fn line(&mut self, word: &str, rest: &str) {
        self.lines.push(format!("{word:<9} {rest}"));
    }

    fn plan(&mut self, plan: &Plan) {
        let profile = name(&plan.profile);
        let mut keys = Vec::new();
        for (found, fate) in &plan.keys {
            let key = fingerprint_of(&found.key);
            let (word, why) = match fate {
                KeyFate::Taken => ("key", format!("becomes the key of the profile {profile}")),
                KeyFate::Present => ("there", format!("the profile {profile} has this key already")),
                KeyFate::TrustOnly => ("left", "only trust was asked for".to_owned()),
                KeyFate::Same => ("same", "the same key under another name".to_owned()),
            };
            self.line(word, &format!("{key}  {}: {why}", shown(&found.account)));
            keys.push(json!({
                "account": text(found.account.name()), "protocol": text(found.account.protocol()),
                "fingerprint": hex(&key), "fate": word,
            }));
        }
        let people: Vec<_> = plan.people.iter().map(|person| self.person(person)).collect();
        let mut left = Vec::new();
        for item in &plan.left {
            self.line("left", &sanitize::one_line(item.to_string().as_bytes()));
            left.push(json!({
                "file": item.path.to_string_lossy(), "what": item.what, "why": item.why,
            }));
        }
        self.value.insert("profile", json!(profile));
        self.value.insert("keys", json!(keys));
        self.value.insert("known", json!(people));
        self.value.insert("left", json!(left));
    }

    fn person(&mut self, person: &Person) -> Value {
        let nick = sanitize::nick(&person.nick);
        let (seen, account) = (
            sanitize::nick(person.seen_as.user()),
            shown(person.seen_as.account()),
        );
        let trust = word(&person.trust);
        let (fate, why) = match &person.fate {
            PersonFate::Taken if person.trust.is_trusted() => ("trust", format!("taken, {trust}")),
            PersonFate::Taken => ("known", format!("taken, {trust}")),
            PersonFate::Trusted => ("trust", format!("was known undecided, now {trust}")),
            PersonFate::Present => ("there", "known already".to_owned()),
            PersonFate::Conflict(ours) => (
                "conflict",
                format!("{trust} there, {} here; what is here stays", word(ours)),
            ),
            PersonFate::Ambiguous => (
                "left",
                format!(
                    "several accounts know {nick} with different keys, who may be different people; import one \
                     with --account"
                ),
            ),
            PersonFate::Repeated => ("same", "another line is about the same person and key".to_owned()),
        };
        let key = person.fingerprint;
        self.line(
            fate,
            &format!("{key}  {nick}, seen as {seen} by {account}: {why}"),
        );
        json!({
            "nick": text(&person.nick), "seen-as": text(person.seen_as.user()),
            "account": text(person.seen_as.account().name()),
            "protocol": text(person.seen_as.account().protocol()), "fingerprint": hex(&key),
            "trust": text(person.trust.as_bytes()), "fate": fate,
        })
    }

    fn finish(mut self, files: Vec<String>) -> Report {
        if self.dry {
            self.lines
                .push("nothing was changed: this was a dry run".to_owned());
        }
        let format = self.format;
        let mut value = json!({
            "format": format.word(), "verified-format": format.is_verified(), "files": files, "dry-run": self.dry,
        });
        if let Value::Object(object) = &mut value {
            object.extend(self.value.into_iter().map(|(key, value)| (key.to_owned(), value)));
        }
        Report {
            lines: self.lines,
            value,
        }
    }
}

/// A trust word as it stands in the files.
pub(super) fn word(trust: &Trust) -> String {
    match trust {
        Trust::Undecided => "undecided".to_owned(),
        known => sanitize::nick(known.as_bytes()),
    }
}
