//! A look at everything that the proxy needs, without opening a door.

use im::dial::DialError;

use crate::config::check::{Report, explain};
use crate::config::complaint::{Complaint, Origin};
use crate::config::listen::Listen;
use crate::config::place::Place;
use crate::config::proxy::{Door, Others, ProxyRequest, speech_words};
use crate::config::{self, Configuration, secret};
use crate::proxy::Password;

/// Looks at the configuration, at each door and its port, at the stores and the password.
pub fn look(request: &ProxyRequest) -> Report {
    let mut report = Report::default();
    let configuration = match Configuration::load(request.common.config.as_deref()) {
        Ok(configuration) => configuration,
        Err(complaints) => {
            report.complaints = complaints;
            return report;
        }
    };
    let path = request.common.config.clone().or_else(config::default_path);
    report
        .complaints
        .extend(path.as_deref().and_then(secret::open_to_writers));
    let plan = match request.over(&configuration) {
        Ok(plan) => plan,
        Err(complaints) => {
            report.complaints.extend(complaints);
            return report;
        }
    };
    for door in &plan.doors {
        look_at(door, &mut report);
    }
    for door in &plan.xmpp {
        let words = format!(
            "{} leads to {}, with the profile {}",
            door.listen.address,
            door.resolved.place.words(),
            door.resolved.profile
        );
        report.fact("door", words);
        look_at_port(&door.listen, &mut report);
        match door.resolved.passphrase() {
            Ok(_) => report.store(&door.resolved),
            Err(complaint) => report.complaints.push(complaint),
        }
    }
    for entry in &plan.entries {
        let (address, speech) = (entry.listen.address, speech_words(entry.speech));
        let others = match &plan.others {
            Others::Refuse => "refused",
            Others::Pass(_) => "passed as they are",
        };
        let words = format!("{address} takes {speech} to the servers of all profiles; others are {others}");
        report.fact("door", words);
        look_at_port(&entry.listen, &mut report);
    }
    match Password::read(&plan.data) {
        Ok(Some(_)) => report.fact("password", Password::path(&plan.data).display().to_string()),
        Ok(None) => report.fact("password", "it will be made at the first start".to_owned()),
        Err(fault) => {
            let complaint = Complaint::new(Origin::Default, fault.to_string());
            report
                .complaints
                .push(complaint.remedy("the clients have to be told if there is a new one"));
        }
    }
    report.complaints.extend(plan.warnings);
    report
}

fn look_at(door: &Door, report: &mut Report) {
    let resolved = &door.resolved;
    let (place, profile) = (resolved.place.words(), &resolved.profile);
    match &door.listen {
        Some(listen) => {
            let words = format!("{} leads to {place}, with the profile {profile}", listen.address);
            report.fact("door", words);
            look_at_port(listen, report);
        }
        None => report.fact("server", format!("{place}, with the profile {profile}")),
    }
    if let Place::Server(dial) = &resolved.place {
        let fault: Option<DialError> = dial.check(&resolved.registration).err();
        report
            .complaints
            .extend(fault.map(|fault| explain(&fault, resolved)));
    }
    match resolved.passphrase() {
        Ok(_) => report.store(resolved),
        Err(complaint) => report.complaints.push(complaint),
    }
}

fn look_at_port(listen: &Listen, report: &mut Report) {
    if let Err(fault) = std::net::TcpListener::bind(listen.address) {
        let complaint = Complaint::new(Origin::Default, format!("{}: {fault}", listen.address));
        let remedy = "perhaps the proxy runs already; else another port is free";
        report.complaints.push(complaint.remedy(remedy).as_warning());
    }
}
