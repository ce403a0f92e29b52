//! An XMPP account: which one, and the way there.

use im::dial::Roots;
use im::xmpp::{BareJid, Login, Security};
use zeroize::Zeroizing;

use crate::config::complaint::Complaint;
use crate::config::profile::Profile;
use crate::config::{Setting, place, secret};
use crate::network::XmppAccount;

/// What the settings say. Options of the command line that mean the same for either network stand with the server.
pub(super) fn account(jid: &Setting<String>, profile: &Profile) -> Result<XmppAccount, Complaint> {
    let (xmpp, server) = (&profile.xmpp, &profile.server);
    let complain = |what: String| Complaint::new(jid.origin.clone(), what);
    if server.host.is_some() || server.local.is_some() {
        let what = "both an XMPP account and a server for IRC".to_owned();
        return Err(complain(what).remedy("take one out; another profile can have it"));
    }
    let bare = BareJid::new(&jid.value).ok().filter(|jid| jid.node().is_some());
    let Some(bare) = bare else {
        let what = format!("{:?} is no address of an XMPP account", jid.value);
        return Err(complain(what).remedy("one looks like alice@example.org"));
    };
    if let Some(origin) = profile.sasl.origin() {
        let what = "an XMPP account is always proved, in the best way that the server knows";
        let remedy = "take the settings for SASL out; --password-file, or `password-file` in [profile.NAME.xmpp], names the \
                      password";
        return Err(Complaint::new(origin, what).remedy(remedy));
    }
    if let Some(stray) = [&server.certificate, &server.key].into_iter().flatten().next() {
        let what = "certificates of your own are for IRC";
        return Err(Complaint::new(stray.origin.clone(), what).remedy("take it out"));
    }
    let in_clear = server.tls.as_ref().filter(|tls| !tls.value);
    let security = xmpp
        .security
        .as_ref()
        .map_or(Security::Best, |security| security.value);
    let security = in_clear.map_or(security, |_| Security::None);
    let login = Login {
        domain: bare.domain().as_str().to_owned(),
        server: host(profile),
        security,
        roots: xmpp
            .roots
            .as_ref()
            .or(server.roots.as_ref())
            .map_or(Roots::Platform, |roots| Roots::File(roots.value.clone())),
        proxy: place::proxy(&profile.proxy)?,
    };
    if security == Security::None && login.check().is_err() {
        let origin = xmpp.security.as_ref().map(|security| security.origin.clone());
        let origin = origin.or_else(|| in_clear.map(|tls| tls.origin.clone()));
        let what = "without encryption there are only servers of this computer";
        let remedy =
            "take it out, or name the server: --xmpp-host 127.0.0.1, or `host` in [profile.NAME.xmpp]";
        return Err(Complaint::new(origin.unwrap_or_else(|| jid.origin.clone()), what).remedy(remedy));
    }
    let file = xmpp.password_file.as_ref().or(server.password_file.as_ref());
    Ok(XmppAccount {
        jid: bare,
        password: file.map(password).transpose()?,
        resource: xmpp.resource.as_ref().map(|resource| resource.value.clone()),
        login,
    })
}

/// In words.
pub(super) fn words(account: &XmppAccount) -> String {
    let login = &account.login;
    let host = login
        .server
        .as_ref()
        .map_or_else(String::new, |(host, port)| match port {
            Some(port) => format!(" at {host}, port {port}"),
            None => format!(" at {host}"),
        });
    let encrypted = match login.security {
        Security::None => "NOT ENCRYPTED, on this computer",
        _ => "encrypted",
    };
    let proxy = login.proxy.as_ref();
    let proxy = proxy.map_or_else(String::new, |proxy| {
        format!(", through {}:{}", proxy.host, proxy.port)
    });
    format!("{}{host}, {encrypted}{proxy}", account.jid)
}

fn host(profile: &Profile) -> Option<(String, Option<u16>)> {
    let (host, port) = (&profile.xmpp.host, &profile.xmpp.port);
    let domain = || {
        profile
            .xmpp
            .jid
            .as_ref()?
            .value
            .rsplit_once('@')
            .map(|(_, domain)| domain.to_owned())
    };
    let host = host.as_ref().map(|host| host.value.clone());
    // A port alone is one of the domain's own host.
    let host = host.or_else(|| port.as_ref().and_then(|_| domain()))?;
    Some((host, port.as_ref().map(|port| port.value)))
}

fn password(file: &Setting<std::path::PathBuf>) -> Result<Zeroizing<String>, Complaint> {
    let line = secret::first_line(file)?;
    let text = std::str::from_utf8(&line).map_err(|_| {
        Complaint::new(
            file.origin.clone(),
            "the password of the account is no text in UTF-8",
        )
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}
