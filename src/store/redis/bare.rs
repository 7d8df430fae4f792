//! One connection, and asking over it.

use super::place::{Address, Place, Server};
use super::trouble::{refusal, trouble_of};
use super::RedisOptions;
use crate::error::ErrorKind;
use crate::store::remote::driven::Driven;
use crate::store::remote::trouble::Trouble;
use crate::store::remote::KEEPALIVE;
use ::redis::aio::MultiplexedConnection;
use ::redis::{cmd, AsyncConnectionConfig, Cmd, Pipeline, Value};
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// What carries the bytes, whichever it is.
pub(super) trait Carrier: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Carrier for T {}

/// A connection to a server that takes writes, or to any node of a cluster.
pub(super) struct Bare {
    connection: MultiplexedConnection,
    server: Server,
    is_of_cluster: bool,
    driven: Driven,
}

impl Bare {
    /// Connects to the first of the servers that takes writes.
    pub(super) fn open(place: &Place, options: &RedisOptions) -> Result<Self, Trouble> {
        let mut failed: Vec<(&str, Trouble)> = Vec::new();
        for server in &place.servers {
            match Self::connect(place, server, options) {
                Ok(bare) => return Ok(bare),
                Err(trouble) => failed.push((&server.shown, trouble)),
            }
        }
        Err(Trouble::none_of(&failed))
    }

    fn connect(place: &Place, server: &Server, options: &RedisOptions) -> Result<Self, Trouble> {
        let mut driven = Driven::new(options.request_timeout)?;
        let connection = driven.connect(options.connect_timeout, async {
            let stream = carrier(place, server, options.request_timeout).await;
            let stream = stream.map_err(|error| Trouble::lost(error.to_string()))?;
            // How long is waited is decided here.
            let config = AsyncConnectionConfig::new().set_response_timeout(None);
            let connected = MultiplexedConnection::new_with_config(&place.settings, stream, config).await;
            let (connection, driver) = connected.map_err(|error| trouble_of(&error))?;
            Ok((connection, Box::pin(driver) as Pin<Box<dyn Future<Output = ()> + Send>>))
        })?;
        let mut bare = Self {
            connection,
            server: server.clone(),
            is_of_cluster: false,
            driven,
        };
        bare.set_up()?;
        Ok(bare)
    }

    /// Looks what it is, and refuses a server that takes no writes.
    fn set_up(&mut self) -> Result<(), Trouble> {
        let mut name = cmd("CLIENT");
        name.arg("SETNAME").arg("sessionlocker");
        self.ask_one(&name)?;
        let hello = self.ask_one(&hello())?;
        self.is_of_cluster = word(&hello, "mode").as_deref() == Some("cluster");
        if self.is_of_cluster {
            return Ok(());
        }
        is_primary(&hello)
    }

    /// Who is at the other end.
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    pub(super) fn is_of_cluster(&self) -> bool {
        self.is_of_cluster
    }

    /// Whether nobody has closed it, as far as is known here.
    pub(super) fn is_open(&self) -> bool {
        self.driven.is_open()
    }

    /// Asks several things in one round trip. Refusals are answers.
    pub(super) fn ask(&self, pipeline: &Pipeline) -> Result<Vec<Value>, Trouble> {
        let mut connection = self.connection.clone();
        let count = pipeline.len();
        let answers = self.driven.run(connection.send_packed_commands(pipeline, 0, count))?;
        let answers = answers.map_err(|error| trouble_of(&error))?;
        if answers.len() == count {
            return Ok(answers);
        }
        Err(Trouble::lost(format!("{} answers to {count} questions", answers.len())))
    }

    /// Asks one thing.
    pub(super) fn ask_one(&self, command: &Cmd) -> Result<Value, Trouble> {
        let mut pipeline = Pipeline::new();
        pipeline.add_command(command.clone());
        match self.ask(&pipeline)?.pop() {
            Some(Value::ServerError(error)) => Err(refusal(&error)),
            Some(value) => Ok(value),
            None => Err(Trouble::lost("no answer")),
        }
    }
}

/// What a server says of its role and mode.
pub(super) fn hello() -> Cmd {
    let mut command = cmd("HELLO");
    command.arg(2);
    command
}

/// Refuses what is said by a server that takes no writes.
pub(super) fn is_primary(hello: &Value) -> Result<(), Trouble> {
    match hello {
        Value::ServerError(error) => Err(refusal(error)),
        _ if word(hello, "role").as_deref() == Some("master") => Ok(()),
        _ => Err(Trouble {
            kind: ErrorKind::Store,
            ..Trouble::lost("it takes no writes: it is a replica; name the primary, or all servers that may be")
        }),
    }
}

/// A value of an answer that gives names and values.
fn word(answer: &Value, name: &str) -> Option<String> {
    let text = |value: &Value| match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    };
    let mut pairs = answer.as_map_iter()?;
    let (_, found) = pairs.find(|(key, _)| text(key).as_deref() == Some(name))?;
    text(found)
}

/// Connects to a server.
pub(super) async fn carrier(place: &Place, server: &Server, user_timeout: Duration) -> io::Result<Box<dyn Carrier>> {
    match &server.address {
        #[cfg(unix)]
        Address::Unix(path) => Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
        #[cfg(not(unix))]
        Address::Unix(_) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "this system has no such sockets",
        )),
        Address::Tcp(host, port) => {
            let stream = TcpStream::connect((&**host, *port)).await?;
            set_up(&stream, user_timeout)?;
            let Some(tls) = &place.tls else {
                return Ok(Box::new(stream));
            };
            let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
            let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::clone(tls));
            Ok(Box::new(connector.connect(name, stream).await?))
        }
    }
}

fn set_up(stream: &TcpStream, user_timeout: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (idle, interval, retries) = KEEPALIVE;
    let keepalive = TcpKeepalive::new()
        .with_time(idle)
        .with_interval(interval)
        .with_retries(retries);
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(user_timeout))?;
    #[cfg(not(target_os = "linux"))]
    let _ = user_timeout;
    Ok(())
}
