//! The proxy on the way to a server, as it is typed on the command line.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::chat::option;
use crate::config::Setting;
use crate::config::place::host_and_port;
use crate::config::profile::Proxy;

/// What was said about a proxy. Its `Debug` shows no password.
#[derive(Clone)]
pub(super) struct ProxyText {
    address: String,
    /// Whether it speaks HTTP CONNECT, and not SOCKS5.
    http: bool,
    user: Option<String>,
    password: Option<Zeroizing<String>>,
}

impl ProxyText {
    /// The same as settings, with the file of `--proxy-password-file`.
    pub(super) fn settings(self, password_file: Option<PathBuf>) -> Proxy {
        let address = Some(Setting::option(self.address, "--proxy"));
        let (socks5, http) = if self.http {
            (None, address)
        } else {
            (address, None)
        };
        Proxy {
            socks5,
            http,
            user: option(self.user, "--proxy"),
            password_file: option(password_file, "--proxy-password-file"),
            password: self.password,
        }
    }
}

impl std::fmt::Debug for ProxyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxyText")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// What somebody has typed behind `--proxy`.
pub(super) fn proxy(text: &str) -> Result<ProxyText, String> {
    let form = "the form is socks5://[USER:PASSWORD@]HOST:PORT, or http:// in the place of socks5://";
    let socks5 = text
        .strip_prefix("socks5://")
        .or_else(|| text.strip_prefix("socks5h://"));
    let rest = socks5.or_else(|| text.strip_prefix("http://"));
    let rest = rest.ok_or_else(|| form.to_owned())?;
    let (who, address) = match rest.rsplit_once('@') {
        Some((who, address)) => (Some(who), address),
        None => (None, rest),
    };
    let (user, password) = match who.map(|who| who.split_once(':').unwrap_or((who, ""))) {
        Some((user, "")) => (Some(user.to_owned()), None),
        Some((user, password)) => (Some(user.to_owned()), Some(Zeroizing::new(password.to_owned()))),
        None => (None, None),
    };
    match host_and_port(address.strip_suffix('/').unwrap_or(address)) {
        Ok((_, Some(_))) => Ok(ProxyText {
            address: address.to_owned(),
            http: socks5.is_none(),
            user,
            password,
        }),
        _ => Err(form.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_proxies() {
        let read =
            |text: &str| proxy(text).map(|proxy| (proxy.address, proxy.user, proxy.password.is_some()));
        let at = |host: &str, user: Option<&str>, password| {
            Ok((host.to_owned(), user.map(str::to_owned), password))
        };
        assert_eq!(read("socks5://127.0.0.1:9050"), at("127.0.0.1:9050", None, false));
        assert_eq!(
            read("socks5h://[::1]:9050/"),
            at("[::1]:9050/", None, false).map(|(_, u, p)| ("[::1]:9050/".into(), u, p))
        );
        assert_eq!(read("socks5://me:a@b:c@h:1"), at("h:1", Some("me"), true));
        assert_eq!(read("socks5://me@h:1"), at("h:1", Some("me"), false));
        let http = proxy("http://me:a@h:1").unwrap();
        assert!(http.http && http.user.is_some());
        for text in [
            "127.0.0.1:9050",
            "socks4://h:1",
            "https://h:1",
            "socks5://h",
            "socks5://",
        ] {
            assert!(proxy(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_typed_here_stays_out_of_debug() {
        assert!(!format!("{:?}", proxy("socks5://me:hunter2@h:1")).contains("hunter2"));
    }
}
