//! Where a server is: what its URL says, without the password wherever it is shown.

use crate::error::{Error, ErrorKind};
use crate::store::remote::{percent_decoded, tls};
use ::redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};
use rustls::ClientConfig;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// One primary and the servers that may take its place, or the nodes of a cluster that are known from the beginning.
#[derive(Clone)]
pub(super) struct Place {
    /// `redis db1:6379, db2:6379`
    pub shown: String,
    /// The servers in the order of the URL.
    pub servers: Vec<Server>,
    /// User, password and database are the same on all of them.
    pub settings: RedisConnectionInfo,
    /// How connections are encrypted; none where they are not.
    pub tls: Option<Arc<ClientConfig>>,
}

/// One server of a URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Server {
    pub address: Address,
    /// `db1:6379`
    pub shown: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Address {
    Tcp(String, u16),
    Unix(PathBuf),
}

impl Server {
    pub(super) fn at(host: &str, port: u16) -> Self {
        Self {
            address: Address::Tcp(host.to_owned(), port),
            shown: format!("{host}:{port}"),
        }
    }
}

impl Place {
    pub(super) fn parse(url: &str, require_tls: bool) -> Result<Self, Error> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(wrong("it has no scheme such as redis://"));
        };
        let encrypted = match scheme {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            "redis+unix" | "valkey+unix" | "unix" => return Self::of_socket(url, require_tls),
            _ => {
                return Err(wrong(
                    "it begins with redis://, rediss:// for TLS, or redis+unix:// for a socket",
                ))
            }
        };
        if require_tls && !encrypted {
            return Err(wrong("TLS is required; such a URL begins with rediss://"));
        }
        let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
        let root_file = root_file(query)?;
        if root_file.is_some() && !encrypted {
            return Err(wrong(
                "sslrootcert is for TLS, and a URL with TLS begins with rediss://",
            ));
        }
        let (servers, settings) = servers(base)?;
        let tls = encrypted.then(|| tls::config(true, root_file.as_deref())).transpose()?;
        Ok(Self::new(servers, settings, tls.map(Arc::new)))
    }

    fn of_socket(url: &str, require_tls: bool) -> Result<Self, Error> {
        if require_tls {
            return Err(wrong("TLS is required, and a socket has none"));
        }
        let info = parsed(url)?;
        let ConnectionAddr::Unix(path) = info.addr() else {
            return Err(wrong("it names no socket"));
        };
        let server = Server {
            address: Address::Unix(path.clone()),
            shown: path.display().to_string(),
        };
        Ok(Self::new(vec![server], info.redis_settings().clone(), None))
    }

    fn new(servers: Vec<Server>, settings: RedisConnectionInfo, tls: Option<Arc<ClientConfig>>) -> Self {
        let names: Vec<&str> = servers.iter().map(|server| &*server.shown).collect();
        let mut shown = format!("redis {}", names.join(", "));
        if settings.db() != 0 {
            let _ = write!(shown, " database {}", settings.db());
        }
        Self {
            shown,
            servers,
            settings: settings.set_lib_name("sessionlocker", env!("CARGO_PKG_VERSION")),
            tls,
        }
    }

    /// The same for one other server alone.
    pub(super) fn at(&self, server: Server) -> Self {
        Self::new(vec![server], self.settings.clone(), self.tls.clone())
    }
}

fn wrong(text: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("a URL of Redis: {text}"))
}

fn parsed(url: &str) -> Result<ConnectionInfo, Error> {
    // What the client says is wrong may show a part of the URL, and a password with it.
    let info = url.into_connection_info();
    info.map_err(|_| {
        wrong("it does not have the form redis://user:password@host:port/database, with a % for what is special in it")
    })
}

/// Takes the hosts apart, which share the rest.
fn servers(base: &str) -> Result<(Vec<Server>, RedisConnectionInfo), Error> {
    let (authority, path) = base.split_once('/').unwrap_or((base, ""));
    let (user, hosts) = authority
        .rsplit_once('@')
        .map_or(("", authority), |(user, hosts)| (user, hosts));
    let at = if authority.contains('@') { "@" } else { "" };
    let mut found = Vec::new();
    let mut settings = RedisConnectionInfo::default();
    for host in hosts.split(',') {
        let info = parsed(&format!("redis://{user}{at}{host}/{path}"))?;
        let ConnectionAddr::Tcp(host, port) = info.addr() else {
            return Err(wrong("it names no host"));
        };
        found.push(Server::at(host, *port));
        settings = info.redis_settings().clone();
    }
    Ok((found, settings))
}

/// The file of `sslrootcert`, the only option that there is.
fn root_file(query: &str) -> Result<Option<String>, Error> {
    let mut found = None;
    for option in query.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            // The system's certificates are what is used without one.
            Some(("sslrootcert", "system")) => {}
            Some(("sslrootcert", file)) => {
                let decoded = percent_decoded(file);
                found = Some(decoded.map_err(|error| wrong(&format!("sslrootcert: {error}")))?);
            }
            _ => return Err(wrong("sslrootcert is the only option behind the ?")),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<Place, Error> {
        Place::parse(url, false)
    }

    #[test]
    fn each_server_of_a_url_is_tried_by_itself() {
        let place = parsed("redis://me:se%40cret@a:1,b/3").unwrap();
        assert_eq!(place.shown, "redis a:1, b:6379 database 3");
        assert_eq!(place.servers, [Server::at("a", 1), Server::at("b", 6379)]);
        let settings = &place.settings;
        assert_eq!(
            (settings.username(), settings.password(), settings.db()),
            (Some("me"), Some("se@cret"), 3)
        );
        let place = parsed("valkey://:secret@[::1]:7").unwrap();
        assert_eq!(place.servers, [Server::at("::1", 7)]);
        assert_eq!(place.settings.password(), Some("secret"));
    }

    #[cfg(unix)]
    #[test]
    fn a_url_can_name_a_socket() {
        let place = parsed("redis+unix:///run/redis/a.sock?db=2&pass=secret").unwrap();
        assert_eq!(place.shown, "redis /run/redis/a.sock database 2");
        assert_eq!(place.servers[0].address, Address::Unix("/run/redis/a.sock".into()));
        assert!(Place::parse("redis+unix:///run/redis/a.sock", true).is_err());
    }

    #[test]
    fn no_error_shows_the_password() {
        for url in [
            "redis://me:secret@a:port",
            "redis://me:secret@a/three",
            "redis://me:secret@a?unknown=secret",
            "redis://me:secret@a?sslrootcert=/no/such/file",
            "rediss://me:secret@a?sslrootcert=%zz",
            "rediss://me:secret@a?sslrootcert=/no/such/file",
            "redis://me:secret@",
            "redis://me:secret@a,,b",
            "redis:/me:secret@a",
            "me:secret@a",
            "postgresql://me:secret@a/game",
        ] {
            let error = parsed(url).err().unwrap_or_else(|| panic!("{url} was taken"));
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            assert!(!error.text().contains("secret"), "{error}");
        }
    }

    #[test]
    fn tls_is_in_the_scheme() {
        assert!(parsed("redis://a").unwrap().tls.is_none());
        assert!(Place::parse("redis://a", true).is_err());
        for url in ["rediss://a", "valkeys://a?sslrootcert=system"] {
            assert!(Place::parse(url, true).unwrap().tls.is_some());
        }
    }
}
