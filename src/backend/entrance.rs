//! How requests come in: through which proxies, over which transport, how much, and who may read the metrics. Pure but for reading a file's token.

use std::{net::IpAddr, sync::Arc};

use axum::http::{HeaderMap, header};

use super::{auth, limits::Limits, store::types::Hash};

/// The header in which proxies say where a request came from, the nearest last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// What is known of the way in.
#[derive(Debug, Clone, Default)]
pub struct Entrance {
    /// Proxies whose word about a request's origin is taken.
    pub trusted_proxies: Arc<[IpAddr]>,
    /// Opens the metrics from elsewhere than this machine.
    pub metrics_token: Option<Hash>,
    pub transport: Transport,
    /// How much may be asked for.
    pub limits: Limits,
}

/// What lies between a client and this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    #[default]
    Plain,
    /// TLS with a certificate of our own making: browsers must be let past their warning, so nothing forbids them to.
    SelfSigned,
    /// TLS with a certificate that somebody answers for.
    Certified,
}

impl Entrance {
    /// Where a request came from: the last address before those of proxies that are trusted.
    #[must_use]
    pub fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut origin = peer.to_canonical();
        let said = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let said: Vec<&str> = said.collect();
        for address in said.into_iter().rev() {
            if !self.trusted_proxies.contains(&origin) {
                break;
            }
            let Ok(address) = address.trim().parse::<IpAddr>() else { break };
            origin = address.to_canonical();
        }
        origin
    }

    /// Whether somebody may read the metrics: from this machine and not through a proxy, or with the token.
    #[must_use]
    pub fn opens_metrics(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let direct = peer.to_canonical().is_loopback() && !headers.contains_key(FORWARDED_FOR) && !headers.contains_key(header::FORWARDED);
        let shown =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
        direct || self.metrics_token.is_some_and(|token| shown.is_some_and(|shown| auth::hash_of(shown.trim()) == token))
    }
}

impl Transport {
    /// The scheme of addresses that lead here.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        if self == Transport::Plain { "http" } else { "https" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(said: &str) -> HeaderMap {
        HeaderMap::from_iter([(FORWARDED_FOR.parse().unwrap(), said.parse().unwrap())])
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let entrance = Entrance { trusted_proxies: [ip("10.0.0.1"), ip("10.0.0.2")].into(), ..Entrance::default() };
        for (peer, said, origin) in [
            ("192.0.2.9", "198.51.100.1", "192.0.2.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, nonsense", "10.0.0.1"),
        ] {
            assert_eq!(entrance.origin(ip(peer), &headers(said)), ip(origin), "{peer} {said}");
        }
        assert_eq!(Entrance::default().origin(ip("10.0.0.1"), &headers("1.1.1.1")), ip("10.0.0.1"));
    }

    #[test]
    fn metrics_open_on_this_machine_or_with_the_token() {
        let (here, there) = ("127.0.0.1".parse().unwrap(), "192.0.2.9".parse().unwrap());
        let entrance = Entrance { metrics_token: Some(auth::hash_of("s3cret")), ..Entrance::default() };
        let bearer = |token: &str| HeaderMap::from_iter([(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap())]);
        assert!(entrance.opens_metrics(here, &HeaderMap::new()));
        assert!(!entrance.opens_metrics(here, &headers("192.0.2.9")), "a proxy on this machine speaks for others");
        assert!(entrance.opens_metrics(there, &bearer("s3cret")) && !entrance.opens_metrics(there, &bearer("other")));
        assert!(!Entrance::default().opens_metrics(there, &bearer("")));
    }
}
