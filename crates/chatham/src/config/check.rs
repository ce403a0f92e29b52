//! A look at everything that a conversation needs, without connecting to anybody.

use im::dial::DialError;
use im::xmpp::LoginError;
use otr_store::{Passphrase, Store, StoreError};
use serde_json::{Value, json};

use crate::config::complaint::{Complaint, Origin};
use crate::config::place::Place;
use crate::config::{Configuration, Request, Resolved, Setting, secret};
use crate::sanitize;
use crate::vault::{Identity, Vault};

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// What is wrong, and what one should know.
    pub complaints: Vec<Complaint>,
    /// What holds, each with its name.
    pub facts: Vec<(&'static str, String)>,
}

/// Looks at the configuration and all of its profiles, at the files that are named, and at the store.
pub fn look(request: Request) -> Report {
    let mut report = Report::default();
    let path = request.config.clone().or_else(super::default_path);
    let path = path.filter(|path| request.config.is_some() || path.exists());
    match &path {
        Some(path) => report.fact("configuration", path.display().to_string()),
        None => report.fact(
            "configuration",
            "none; everything is as it is without one".to_owned(),
        ),
    }
    let configuration = match Configuration::load(request.config.as_deref()) {
        Ok(configuration) => configuration,
        Err(complaints) => {
            report.complaints = complaints;
            return report;
        }
    };
    report
        .complaints
        .extend(path.as_deref().and_then(secret::open_to_writers));
    match (request.attachment(), request.clone().over(&configuration)) {
        // Where a conversation goes, and whose keys it has, is the proxy's to say.
        (Some(attachment), _) => {
            let data = attachment.data.display();
            let words = format!("a proxy runs with {data}: `chatham chat` talks through it");
            report.fact("keys", words);
        }
        (None, Ok(resolved)) => report.settled(resolved),
        (None, Err(complaints)) => report.complaints.extend(complaints),
    }
    for (name, profile) in &configuration.profiles {
        let mut other = Request {
            profile: Some(name.clone()),
            ..Request::default()
        };
        if profile.nick.is_none() {
            other.settings.nick = Some(Setting::option("nobody".to_owned(), "--nick"));
        }
        // A profile may leave to the command line what it does not say.
        let complaints = other
            .over(&configuration)
            .map_or_else(|all| all, |resolved| resolved.warnings);
        let said = |complaint: &Complaint| matches!(complaint.origin, Origin::File(..));
        for complaint in complaints.into_iter().filter(said) {
            if !report.complaints.contains(&complaint) {
                report.complaints.push(complaint);
            }
        }
    }
    report
}

impl Report {
    /// Whether a conversation could begin.
    pub fn is_good(&self) -> bool {
        self.complaints.iter().all(|complaint| complaint.warning)
    }

    /// For a person.
    pub fn lines(&self) -> Vec<String> {
        let fact =
            |(name, words): &(&str, String)| format!("{name}: {}", sanitize::one_line(words.as_bytes()));
        let mut lines: Vec<String> = self.facts.iter().map(fact).collect();
        lines.extend(self.complaints.iter().map(ToString::to_string));
        let errors = self
            .complaints
            .iter()
            .filter(|complaint| !complaint.warning)
            .count();
        lines.push(match errors {
            0 => "good: a conversation can begin".to_owned(),
            1 => "one thing keeps a conversation from beginning".to_owned(),
            errors => format!("{errors} things keep a conversation from beginning"),
        });
        lines
    }

    /// For a program: an object for each fault, and a last one.
    pub fn objects(&self) -> Vec<String> {
        let facts: serde_json::Map<String, Value> = self
            .facts
            .iter()
            .map(|(name, words)| ((*name).to_owned(), json!(words)))
            .collect();
        let last = json!({ "event": "checked", "good": self.is_good(), "facts": facts });
        let complaints = self.complaints.iter().map(Complaint::json);
        complaints.chain([last]).map(|value| value.to_string()).collect()
    }

    pub(super) fn fact(&mut self, name: &'static str, words: String) {
        self.facts.push((name, words));
    }

    fn settled(&mut self, resolved: Resolved) {
        self.fact("profile", resolved.profile.clone());
        let name = match &resolved.place {
            Place::Xmpp(_) => "address",
            _ => "nick",
        };
        self.fact(name, resolved.nick());
        self.fact("server", resolved.place.words());
        if let Place::Server(dial) = &resolved.place
            && let Err(fault) = dial.check(&resolved.registration)
        {
            self.complaints.push(explain(&fault, &resolved));
        }
        if let Place::Xmpp(account) = &resolved.place
            && let Err(fault) = account.login.check()
        {
            self.complaints.push(match &fault {
                LoginError::Dial(fault) => explain(fault, &resolved),
                fault => Complaint::new(Origin::Default, fault.to_string()),
            });
        }
        if let Err(complaint) = resolved.passphrase() {
            self.complaints.push(complaint);
        }
        self.store(&resolved);
        self.complaints.extend(resolved.warnings);
    }

    pub(super) fn store(&mut self, resolved: &Resolved) {
        let data = resolved.data().display().to_string();
        if !resolved.data().exists() {
            return self.fact(
                "keys",
                format!("{data} will be made, with a key for {}", resolved.profile),
            );
        }
        let phrase = resolved.passphrase().ok().flatten();
        let store = match (Store::open(resolved.data()), phrase) {
            (Err(StoreError::PassphraseNeeded { .. }), None) => {
                return self.fact(
                    "keys",
                    format!("{data}, under a pass phrase, which you will be asked for"),
                );
            }
            (Err(StoreError::PassphraseNeeded { .. }), Some(phrase)) => {
                Store::open_with(resolved.data(), &Passphrase::new(phrase.to_vec()))
            }
            (opened, _) => opened,
        };
        match store.map(|store| Vault::new(store, &resolved.profile, &resolved.nick())) {
            Ok(vault) => {
                if let Identity::New { others, .. } = vault.identity()
                    && !others.is_empty()
                {
                    // A profile that is mistyped is a new person to everybody.
                    let words = Complaint::new(Origin::Default, vault.identity().to_string());
                    let remedy = "nobody will recognise the new key; --profile names the profile";
                    self.complaints.push(words.remedy(remedy).as_warning());
                }
                let notices = vault.store().notices();
                let notices = notices
                    .iter()
                    .map(|notice| Complaint::new(Origin::Default, notice.to_string()));
                self.complaints.extend(notices.map(Complaint::as_warning));
                self.fact("keys", format!("{data}: {}", vault.identity()));
            }
            Err(fault) => {
                let remedy = match fault {
                    StoreError::Lock(_) => "another program may use them now; --data names another folder",
                    _ => "mend or move the file that is named; --data names another folder",
                };
                let complaint = Complaint::new(Origin::Default, format!("the keys in {data}: {fault}"));
                self.complaints.push(complaint.remedy(remedy));
            }
        }
    }
}

/// What the connection would say, at the setting that named the file.
pub(super) fn explain(fault: &DialError, resolved: &Resolved) -> Complaint {
    let origin = match fault {
        DialError::File { path, .. } => {
            let named = resolved.named_files.iter().find(|named| named.value == *path);
            named.map_or(Origin::Default, |named| named.origin.clone())
        }
        _ => Origin::Default,
    };
    Complaint::new(origin, fault.to_string())
        .remedy("a PEM file is text between lines of dashes, and has to be yours to read")
}
