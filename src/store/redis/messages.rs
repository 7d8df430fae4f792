//! Messages between game servers by `SUBSCRIBE` and `PUBLISH`, over one connection that speaks RESP3.

use super::bare::{carrier, is_primary};
use super::place::{Place, Server};
use super::trouble::trouble_of;
use crate::store::remote::messenger::{channel_of, Heard, Message, Voice};
use crate::store::remote::trouble::Trouble;
use ::redis::aio::MultiplexedConnection;
use ::redis::{cmd, AsyncConnectionConfig, ProtocolVersion, PushInfo, PushKind, RedisError, Value};
use parking_lot::Mutex;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How messages of one server are passed on.
pub(super) struct Messages {
    pub place: Place,
    /// What the server is part of: others may share it.
    pub family: Vec<u8>,
    /// For connecting, and for each request.
    pub patience: Duration,
}

impl Voice for Messages {
    type Link = MultiplexedConnection;

    async fn connect(&self, heard: Heard) -> Result<MultiplexedConnection, Trouble> {
        let mut failed: Vec<(&str, Trouble)> = Vec::new();
        for server in &self.place.servers {
            match self.in_time(self.connect_to(server, heard.clone())).await {
                Ok(connection) => return Ok(connection),
                Err(trouble) => failed.push((&server.shown, trouble)),
            }
        }
        Err(Trouble::none_of(&failed))
    }

    async fn subscribe(&self, connection: &mut MultiplexedConnection, servers: &[Arc<str>]) -> Result<(), Trouble> {
        for server in servers {
            let channel = channel_of(&self.family, server);
            self.ask(connection.subscribe(channel)).await?;
        }
        Ok(())
    }

    async fn tell(&self, connection: &mut MultiplexedConnection, messages: &[Message]) -> Result<(), Trouble> {
        let mut pipeline = ::redis::pipe();
        for message in messages {
            let channel = channel_of(&self.family, &message.server);
            pipeline.cmd("PUBLISH").arg(channel).arg(message.to_text()).ignore();
        }
        self.ask(pipeline.exec_async(connection)).await
    }
}

impl Messages {
    async fn connect_to(&self, server: &Server, heard: Heard) -> Result<MultiplexedConnection, Trouble> {
        let stream = carrier(&self.place, server, self.patience).await;
        let stream = stream.map_err(|error| Trouble::lost(error.to_string()))?;
        let settings = self.place.settings.clone().set_protocol(ProtocolVersion::RESP3);
        // How long is waited is decided here.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let config = config.set_push_sender(pass_on(heard));
        let connected = MultiplexedConnection::new_with_config(&settings, stream, config).await;
        let (mut connection, driver) = connected.map_err(|error| trouble_of(&error))?;
        tokio::spawn(Box::pin(driver) as Pin<Box<dyn Future<Output = ()> + Send>>);
        // A replica would tell nobody but those who are connected to it.
        let hello: Value = cmd("HELLO")
            .arg(3)
            .query_async(&mut connection)
            .await
            .map_err(|error| trouble_of(&error))?;
        is_primary(&hello)?;
        Ok(connection)
    }

    async fn ask<T>(&self, work: impl Future<Output = Result<T, RedisError>>) -> Result<T, Trouble> {
        self.in_time(async { work.await.map_err(|error| trouble_of(&error)) })
            .await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        timeout(self.patience, work)
            .await
            .unwrap_or_else(|_| Err(Trouble::late(self.patience)))
    }
}

/// Passes on what is published, until the connection ends.
fn pass_on(heard: Heard) -> impl Fn(PushInfo) -> Result<(), ()> {
    // The connection keeps this longer than it lives itself.
    let heard = Mutex::new(Some(heard));
    move |push| {
        let mut heard = heard.lock();
        match push.kind {
            PushKind::Disconnection => *heard = None,
            PushKind::Message => {
                let payload = push.data.get(1).and_then(text_of);
                if let (Some(message), Some(heard)) = (payload.and_then(Message::from_text), &*heard) {
                    // Nobody waits for it any longer if that fails.
                    let _ = heard.send(message);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}
