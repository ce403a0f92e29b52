//! Doors of the proxy that cannot be together: on one port, or with one profile.

use crate::config::complaint::{Complaint, Origin};
use crate::config::is_same;
use crate::config::listen::Listen;
use crate::config::proxy::Door;
use crate::config::xmpp_door::XmppDoor;

/// Two doors that want the same port.
pub(super) fn crowded(listens: &[&Listen]) -> Option<Complaint> {
    let taken = |(place, listen): (usize, &&Listen)| {
        let mut before = listens.iter().take(place);
        listen.address.port() != 0 && before.any(|other| other.address == listen.address)
    };
    let (_, listen) = listens.iter().enumerate().find(|each| taken(*each))?;
    let what = format!("another door listens on {} already", listen.address);
    let complaint = Complaint::new(listen.origin.clone(), what);
    Some(complaint.remedy("give each door a port of its own"))
}

/// Two doors that cannot be together.
pub(super) fn is_twin(doors: &[Door], door: &Door, origin: &Origin, complaints: &mut Vec<Complaint>) -> bool {
    let same_profile = |other: &&Door| is_same(&other.resolved.profile, &door.resolved.profile);
    if let Some(other) = doors.iter().find(same_profile) {
        let what = format!("`{}` and `{}` have the same profile", other.name, door.name);
        let remedy = "a profile is one network: whoever has a nick there may be somebody else elsewhere";
        complaints.push(Complaint::new(origin.clone(), what).remedy(remedy));
        return true;
    }
    false
}

/// An account of XMPP and something else that would have one key and one list of people.
pub(super) fn shared_profile(doors: &[Door], xmpp: &[XmppDoor]) -> Option<Complaint> {
    let irc = doors.iter().map(|door| door.resolved.profile.as_str());
    let named: Vec<&str> = irc
        .chain(xmpp.iter().map(|door| door.resolved.profile.as_str()))
        .collect();
    let of_xmpp = xmpp.iter().enumerate().map(|(at, door)| (doors.len() + at, door));
    let is_shared = |(at, door): &(usize, &XmppDoor)| {
        let mut before = named.iter().take(*at);
        before.any(|profile| is_same(profile, &door.resolved.profile))
    };
    let (_, door) = of_xmpp.into_iter().find(is_shared)?;
    let what = format!("`{}` has the profile of another door", door.name);
    let remedy = "a profile is one network: whoever has a name there may be somebody else elsewhere";
    Some(Complaint::new(door.listen.origin.clone(), what).remedy(remedy))
}
