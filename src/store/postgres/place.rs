//! Where a database is: what its URL says, without the password wherever it is shown.

use crate::error::{Error, ErrorKind};
use crate::store::remote::{percent_decoded, tls, KEEPALIVE};
use std::fmt::Write;
use std::time::Duration;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What [`Config`] has where the URL says nothing.
const KEEPALIVE_IDLE_UNSET: Duration = Duration::from_secs(2 * 60 * 60);

/// One primary and the servers that may take its place.
#[derive(Clone)]
pub(super) struct Place {
    /// `postgres game on db1:5432, db2:5432`
    pub shown: String,
    /// The servers in the order of the URL.
    pub servers: Vec<Server>,
    pub tls: MakeRustlsConnect,
}

/// One server of a URL.
#[derive(Clone)]
pub(super) struct Server {
    pub config: Config,
    /// `db1:5432`
    pub shown: String,
}

impl Place {
    pub(super) fn parse(url: &str, require_tls: bool, user_timeout: Duration) -> Result<Self, Error> {
        if !url.starts_with("postgresql://") && !url.starts_with("postgres://") {
            return Err(wrong("a URL begins with postgresql:// or postgres://"));
        }
        let (url, extra) = take_tls_options(url)?;
        let all: Config = url.parse().map_err(|error| wrong(&parse_text(&error)))?;
        let mode = match extra.mode {
            _ if require_tls && extra.mode == Some(SslMode::Disable) => {
                return Err(wrong(
                    "sslmode=disable and the option that requires TLS exclude each other",
                ))
            }
            _ if require_tls => SslMode::Require,
            Some(mode) => mode,
            None => SslMode::Prefer,
        };
        let servers = servers(&all, mode, user_timeout)?;
        let mut shown = format!("postgres {}", all.get_dbname().or(all.get_user()).unwrap_or("?"));
        for (number, server) in servers.iter().enumerate() {
            let word = if number == 0 { " on " } else { ", " };
            let _ = write!(shown, "{word}{}", server.shown);
        }
        let tls = tls::config(mode == SslMode::Require, extra.root_file.as_deref())?;
        Ok(Self {
            shown,
            servers,
            tls: MakeRustlsConnect::new(tls),
        })
    }
}

fn wrong(text: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("a URL of PostgreSQL: {text}"))
}

/// What is wrong, without the URL.
fn parse_text(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    cause.unwrap_or_else(|| error.to_string())
}

/// What libpq knows about TLS and [`Config`] does not.
struct TlsOptions {
    mode: Option<SslMode>,
    root_file: Option<String>,
}

/// Takes `sslmode` and `sslrootcert` out of a URL, and the hosts that share an option apart.
fn take_tls_options(url: &str) -> Result<(String, TlsOptions), Error> {
    let mut found = TlsOptions {
        mode: None,
        root_file: None,
    };
    let Some((base, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), found));
    };
    let mut rest: Vec<String> = Vec::new();
    for option in query.split('&') {
        match option.split_once('=') {
            Some(("sslmode", mode)) => found.mode = Some(tls_mode(mode)?),
            // The system's certificates are what is used without one.
            Some(("sslrootcert", "system")) => {}
            Some(("sslrootcert", file)) => {
                found.root_file = Some(percent_decoded(file).map_err(|error| wrong(&format!("sslrootcert: {error}")))?)
            }
            // libpq takes several here, `Config` one for each time that the option comes.
            Some(("host", hosts)) => rest.extend(hosts.split(',').map(|host| format!("host={host}"))),
            _ => rest.push(option.to_owned()),
        }
    }
    let url = if rest.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{}", rest.join("&"))
    };
    Ok((url, found))
}

fn tls_mode(mode: &str) -> Result<SslMode, Error> {
    match mode {
        "disable" => Ok(SslMode::Disable),
        "allow" | "prefer" => Ok(SslMode::Prefer),
        // Whoever requires TLS gets the certificate and the name checked too.
        "require" | "verify-ca" | "verify-full" => Ok(SslMode::Require),
        other => Err(wrong(&format!(
            "sslmode={other} is none; use verify-full, prefer or disable"
        ))),
    }
}

/// One configuration for each server, so that each is given its time and is asked what it is.
fn servers(all: &Config, mode: SslMode, user_timeout: Duration) -> Result<Vec<Server>, Error> {
    let (hosts, addresses, ports) = (all.get_hosts(), all.get_hostaddrs(), all.get_ports());
    let count = hosts.len().max(addresses.len());
    if count == 0 {
        return Err(wrong("it names no host"));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(wrong("it names another number of ports than of hosts"));
    }
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(wrong("it names another number of addresses than of hosts"));
    }
    let mut servers = Vec::with_capacity(count);
    for number in 0..count {
        let port = ports.get(number).or(ports.first()).copied().unwrap_or(5432);
        let mut config = common(all, mode, user_timeout);
        config.port(port);
        let mut shown = String::new();
        match hosts.get(number) {
            Some(Host::Tcp(host)) => {
                config.host(host);
                shown.clone_from(host);
            }
            #[cfg(unix)]
            Some(Host::Unix(path)) => {
                config.host_path(path);
                shown = path.display().to_string();
            }
            None => {}
        }
        if let Some(address) = addresses.get(number) {
            config.hostaddr(*address);
            if shown.is_empty() {
                shown = address.to_string();
            }
        }
        let _ = write!(shown, ":{port}");
        servers.push(Server { config, shown });
    }
    Ok(servers)
}

fn common(all: &Config, mode: SslMode, user_timeout: Duration) -> Config {
    let mut config = Config::new();
    if let Some(user) = all.get_user() {
        config.user(user);
    }
    if let Some(password) = all.get_password() {
        config.password(password);
    }
    if let Some(name) = all.get_dbname() {
        config.dbname(name);
    }
    if let Some(options) = all.get_options() {
        config.options(options);
    }
    config.application_name(all.get_application_name().unwrap_or("sessionlocker"));
    config.ssl_mode(mode);
    config.ssl_negotiation(all.get_ssl_negotiation());
    config.channel_binding(all.get_channel_binding());
    config.tcp_user_timeout(all.get_tcp_user_timeout().copied().unwrap_or(user_timeout));
    config.keepalives(all.get_keepalives());
    let (idle, interval, retries) = KEEPALIVE;
    let given = all.get_keepalives_idle();
    config.keepalives_idle(if given == KEEPALIVE_IDLE_UNSET { idle } else { given });
    config.keepalives_interval(all.get_keepalives_interval().unwrap_or(interval));
    config.keepalives_retries(all.get_keepalives_retries().unwrap_or(retries));
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<Place, Error> {
        Place::parse(url, false, Duration::from_secs(5))
    }

    #[test]
    fn each_server_of_a_url_is_tried_by_itself() {
        let place = parsed("postgresql://me:secret@a:1,b:2/game?connect_timeout=3").unwrap();
        assert_eq!(place.shown, "postgres game on a:1, b:2");
        assert_eq!(place.servers[1].config.get_hosts(), [Host::Tcp("b".into())]);
        assert_eq!(place.servers[1].config.get_ports(), [2]);
        assert_eq!(place.servers[1].config.get_password(), Some(b"secret".as_slice()));
        let place = parsed("postgres://me@/game?host=x,y&port=7").unwrap();
        assert_eq!(place.shown, "postgres game on x:7, y:7");
    }

    #[test]
    fn no_error_shows_the_password() {
        for url in [
            "postgresql://me:secret@a:port/game",
            "postgresql://me:secret@a/game?sslmode=what",
            "postgresql://me:secret@a/game?unknown=1",
            "postgresql://me:secret@a/game?port=1,2",
            "postgresql://me:secret@a/game?hostaddr=1.2.3.4,5.6.7.8",
            "postgresql://me:secret@a/game?sslrootcert=%zz",
            "postgresql://me:secret@a/game?sslrootcert=/no/such/file",
            "postgresql:/me:secret@a/game",
            "host=a password=secret",
            "postgresql://me:secret@",
        ] {
            let error = parsed(url).err().unwrap_or_else(|| panic!("{url} was taken"));
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            assert!(!error.text().contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_modes_of_tls_are_those_of_libpq_and_no_weaker() {
        let mode = |query: &str, require| {
            let place = Place::parse(&format!("postgres://a/b{query}"), require, Duration::ZERO);
            place.map(|place| place.servers[0].config.get_ssl_mode())
        };
        assert_eq!(mode("", false), Ok(SslMode::Prefer));
        assert_eq!(mode("", true), Ok(SslMode::Require));
        assert_eq!(mode("?sslmode=verify-full", false), Ok(SslMode::Require));
        assert_eq!(mode("?sslmode=disable&connect_timeout=3", false), Ok(SslMode::Disable));
        assert!(mode("?sslmode=disable", true).is_err());
        assert_eq!(mode("?sslmode=prefer", true), Ok(SslMode::Require));
    }
}
