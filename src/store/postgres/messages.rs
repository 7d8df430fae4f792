//! Messages between game servers by `LISTEN` and `NOTIFY`.
//!
//! A `NOTIFY` in the transaction of a save would have all such transactions commit one after another, each waiting for the
//! standby: PostgreSQL holds one lock for it until the commit is through. So messages are sent after the save was answered,
//! over a connection whose own commits wait for nothing.

use super::link::drive;
use super::place::{Place, Server};
use super::trouble::trouble_of;
use crate::store::remote::messenger::{channel_of, Heard, Message, Voice};
use crate::store::remote::trouble::Trouble;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::Client;

/// The server refuses longer ones.
const MAX_PAYLOAD_BYTES: usize = 7_999;

const TELL: &str =
    "SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS message (channel, payload)";

/// How messages of one database are passed on.
pub(super) struct Messages {
    pub place: Place,
    /// What the database is part of: others may share it.
    pub family: Vec<u8>,
    /// For connecting, and for each request.
    pub patience: Duration,
}

impl Voice for Messages {
    type Link = Client;

    async fn connect(&self, heard: Heard) -> Result<Client, Trouble> {
        let mut failed: Vec<(&str, Trouble)> = Vec::new();
        for server in &self.place.servers {
            match self.in_time(self.connect_to(server, heard.clone())).await {
                Ok(client) => return Ok(client),
                Err(trouble) => failed.push((&server.shown, trouble)),
            }
        }
        Err(Trouble::none_of(&failed))
    }

    async fn subscribe(&self, client: &mut Client, servers: &[Arc<str>]) -> Result<(), Trouble> {
        let mut sql = String::new();
        for server in servers {
            let _ = write!(sql, "LISTEN {};", channel_of(&self.family, server));
        }
        self.ask(client.batch_execute(&sql)).await
    }

    async fn tell(&self, client: &mut Client, messages: &[Message]) -> Result<(), Trouble> {
        let payloads = messages
            .iter()
            .map(|message| (channel_of(&self.family, &message.server), message.to_text()));
        let (channels, payloads): (Vec<_>, Vec<_>) = payloads
            .filter(|(_, payload)| payload.len() <= MAX_PAYLOAD_BYTES)
            .unzip();
        self.ask(client.execute(TELL, &[&channels, &payloads])).await?;
        Ok(())
    }
}

impl Messages {
    async fn connect_to(&self, server: &Server, heard: Heard) -> Result<Client, Trouble> {
        let connected = server.config.connect(self.place.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| trouble_of(&error))?;
        let pass_on = move |notification: tokio_postgres::Notification| {
            if let Some(message) = Message::from_text(notification.payload()) {
                // Nobody waits for it any longer if that fails.
                let _ = heard.send(message);
            }
        };
        tokio::spawn(drive(connection, |_| {}, pass_on));
        let set_up = "SET synchronous_commit = off; SET statement_timeout = 0";
        client.batch_execute(set_up).await.map_err(|error| trouble_of(&error))?;
        Ok(client)
    }

    async fn ask<T>(
        &self,
        work: impl std::future::Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Trouble> {
        self.in_time(async { work.await.map_err(|error| trouble_of(&error)) })
            .await
    }

    async fn in_time<T>(&self, work: impl std::future::Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        timeout(self.patience, work)
            .await
            .unwrap_or_else(|_| Err(Trouble::late(self.patience)))
    }
}
