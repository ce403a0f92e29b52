//! Which hosts serve a domain (RFC 6120, section 3.2; XEP-0368).

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;

use super::fault::LoginError;
use super::login::Security;

/// A host to be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether TLS begins with the first byte.
    pub(super) direct: bool,
}

/// One record: the domain's word for where its service is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Service {
    priority: u16,
    weight: u16,
    target: Target,
}

/// Asks the name system for the domain's services; without an answer the domain itself is tried. Not to be called when
/// there is a proxy: names go to it then.
pub(super) async fn services(domain: &str, security: Security) -> Result<Vec<Target>, LoginError> {
    let usual = || vec![usual(domain, security)];
    let Ok(resolver) = TokioResolver::builder_tokio().and_then(|builder| builder.build()) else {
        return Ok(usual());
    };
    let direct = ask(&resolver, "_xmpps-client", domain, true);
    let begun_in_clear = ask(&resolver, "_xmpp-client", domain, false);
    let found: Vec<Option<Vec<Service>>> = match security {
        Security::Direct => vec![direct.await],
        Security::StartTls | Security::None => vec![begun_in_clear.await],
        Security::Best => {
            let (direct, begun_in_clear) = tokio::join!(direct, begun_in_clear);
            vec![direct, begun_in_clear]
        }
    };
    match in_order(found) {
        Some(targets) if targets.is_empty() => Err(LoginError::NoService(domain.to_owned())),
        Some(targets) => Ok(targets),
        None => Ok(usual()),
    }
}

/// The host and port where a service is that nobody has told about.
pub(super) fn usual(host: &str, security: Security) -> Target {
    let direct = security == Security::Direct;
    Target {
        host: host.to_owned(),
        port: if direct { DIRECT } else { STARTTLS },
        direct,
    }
}

/// `None` if there is no answer.
async fn ask(resolver: &TokioResolver, service: &str, domain: &str, direct: bool) -> Option<Vec<Service>> {
    let domain = domain.trim_end_matches('.');
    let found = resolver
        .srv_lookup(format!("{service}._tcp.{domain}."))
        .await
        .ok()?;
    let services = found.answers().iter().filter_map(|record| match &record.data {
        RData::SRV(srv) => Some(Service {
            priority: srv.priority,
            weight: srv.weight,
            target: Target {
                host: srv.target.to_ascii().trim_end_matches('.').to_owned(),
                port: srv.port,
                direct,
            },
        }),
        _ => None,
    });
    Some(services.take(MOST_SERVICES).collect())
}

/// All that was found in the order in which to try it. `None` if the domain has no records, nothing in it if it says that
/// there is no such service.
fn in_order(found: Vec<Option<Vec<Service>>>) -> Option<Vec<Target>> {
    let mut services: Vec<_> = found.into_iter().flatten().flatten().collect();
    if services.is_empty() {
        return None;
    }
    // A single dot for a host, which is nothing here, says that there is none.
    services.retain(|service| !service.target.host.is_empty());
    services.sort_by_key(|service| {
        (
            service.priority,
            !service.target.direct,
            std::cmp::Reverse(service.weight),
        )
    });
    Some(services.into_iter().map(|service| service.target).collect())
}

const STARTTLS: u16 = 5222;
const DIRECT: u16 = 5223;
/// More servers than anybody waits for.
const MOST_SERVICES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn service(priority: u16, weight: u16, host: &str, direct: bool) -> Service {
        let target = Target {
            host: host.to_owned(),
            port: 1,
            direct,
        };
        Service {
            priority,
            weight,
            target,
        }
    }

    #[test]
    fn tries_what_the_domain_prefers_and_encrypted_from_the_start_before_the_other() {
        let found = vec![
            Some(vec![service(5, 0, "c", true), service(1, 0, "a", true)]),
            Some(vec![service(1, 9, "b", false), service(0, 0, "first", false)]),
        ];
        let hosts: Vec<_> = in_order(found).unwrap().into_iter().map(|to| to.host).collect();
        assert_eq!(hosts, ["first", "a", "b", "c"]);
    }

    #[test]
    fn tells_no_answer_from_the_answer_no() {
        assert_eq!(in_order(vec![None, None]), None);
        assert_eq!(in_order(vec![Some(Vec::new()), None]), None);
        assert_eq!(
            in_order(vec![Some(vec![service(0, 0, "", true)]), None]),
            Some(Vec::new())
        );
        let one = vec![
            Some(vec![service(0, 0, "", true)]),
            Some(vec![service(0, 0, "a", false)]),
        ];
        assert_eq!(in_order(one).unwrap().len(), 1);
    }
}
