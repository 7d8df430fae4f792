//! The core's side of the log: lines with the fields that say what they are about, and ids that can be masked.

use super::core::{Core, LockerSlot};
use super::event::{SpecId, StoreId};
use crate::error::Cause;
use crate::locker::event::{Event as LockerEvent, LoadStatus, LossCause};
use crate::log::{Kind, Level, Record};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A message that waits for whoever drives the core.
#[derive(Clone, Debug)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// What it is about.
    pub kind: Kind,
    /// The store's name.
    pub store: Option<String>,
    /// The spec's name.
    pub spec: Option<Arc<str>>,
    /// The locker's key, or what stands for it.
    pub key: Option<String>,
    /// The fencing token of the session.
    pub epoch: Option<u64>,
    /// Whose trouble it is.
    pub cause: Option<Cause>,
    /// The message in words.
    pub text: String,
}

impl Line {
    /// The line as a sink gets it.
    #[must_use]
    pub fn record<'a>(&'a self, server: &'a str, wall_ms: i64) -> Record<'a> {
        Record {
            level: self.level,
            kind: self.kind,
            server,
            store: self.store.as_deref(),
            spec: self.spec.as_deref(),
            key: self.key.as_deref(),
            epoch: self.epoch,
            cause: self.cause,
            text: &self.text,
            wall_ms,
        }
    }
}

/// Ids this long are so peculiar that they are masked inside of other words too.
const PECULIAR_BYTES: usize = 6;

/// What stands for an id: the same for the same id within one engine, so that lines can be followed.
fn digest(salt: u128, id: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(salt.to_le_bytes());
    hash.update(id.as_bytes());
    let hash = hash.finalize();
    format!("#{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3])
}

/// Replaces an id wherever it stands by itself in the words; a peculiar one everywhere.
fn replace_id(words: &str, id: &str, with: &str) -> String {
    if id.is_empty() {
        return words.to_owned();
    }
    if id.len() >= PECULIAR_BYTES {
        return words.replace(id, with);
    }
    let mut out = String::new();
    let mut rest = words;
    let mut before: Option<char> = None;
    while let Some(at) = rest.find(id) {
        let (head, tail) = rest.split_at(at);
        let after = tail[id.len()..].chars().next();
        let previous = head.chars().next_back().or(before);
        let inside = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
        out.push_str(head);
        out.push_str(if inside(previous) || inside(after) { id } else { with });
        before = id.chars().next_back();
        rest = &tail[id.len()..];
    }
    out + rest
}

/// Whether a character can be part of a key that somebody else's words quote.
fn is_part_of_word(character: char) -> bool {
    character.is_alphanumeric() || "-_.:@".contains(character)
}

impl Core {
    /// The messages since the last call, oldest first.
    pub fn take_log(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.log)
    }

    /// Whether somebody wants messages of this level.
    pub(super) fn logs(&self, level: Level) -> bool {
        self.options.log_level.is_some_and(|least| level <= least)
    }

    /// Adds a message about a store; `text` is called only if somebody wants messages of this level.
    pub(super) fn log_store(
        &mut self,
        level: Level,
        store: StoreId,
        cause: Option<Cause>,
        text: impl FnOnce() -> String,
    ) {
        if !self.logs(level) {
            return;
        }
        let text = self.masked(&text(), &[]);
        self.log.push(Line {
            level,
            kind: Kind::Store,
            store: Some(self.stores[store.0 as usize].abilities.name.clone()),
            spec: None,
            key: None,
            epoch: None,
            cause,
            text,
        });
    }

    /// Adds the messages about what happened to a locker.
    pub(super) fn log_locker(&mut self, index: u32, events: &[LockerEvent]) {
        if self.options.log_level.is_none() {
            return;
        }
        let Some(slot) = self.slots[index as usize].used.as_deref() else {
            return;
        };
        let ids = self.ids_in(slot, events);
        let mut lines = Vec::new();
        for event in events {
            let level = level_of(event);
            if self.logs(level) {
                lines.push(self.line_of(slot, event, level, &ids));
            }
        }
        self.log.append(&mut lines);
    }

    fn line_of(&self, slot: &LockerSlot, event: &LockerEvent, level: Level, ids: &[&str]) -> Line {
        let spec = &self.specs[slot.spec.0 as usize];
        let name = &slot.locker.key().name;
        let key = match self.options.mask_salt {
            Some(salt) => digest(salt, name),
            None => name.to_string(),
        };
        let brief = event.brief_in(&|words| self.masked(words, ids));
        Line {
            level,
            kind: kind_of(event),
            store: Some(self.stores[slot.store.0 as usize].abilities.name.clone()),
            spec: Some(Arc::clone(&spec.spec.name)),
            epoch: epoch_of(slot, event),
            cause: cause_of(event),
            text: format!("`{key}`: {brief}"),
            key: Some(key),
        }
    }

    /// The ids that somebody's words about these events may quote.
    fn ids_in<'a>(&self, slot: &'a LockerSlot, events: &'a [LockerEvent]) -> Vec<&'a str> {
        if self.options.mask_salt.is_none() {
            return Vec::new();
        }
        let mut ids = vec![&*slot.locker.key().name];
        ids.extend(slot.locker.purchase_ids());
        ids.extend(events.iter().filter_map(|event| match event {
            LockerEvent::Receipt { purchase, .. } => Some(purchase.as_str()),
            // The record that sent it, as `spec/key`.
            LockerEvent::ChangeApplied { from, .. } => from.split_once('/').map(|(_, key)| key),
            _ => None,
        }));
        ids
    }

    /// Somebody's words as they may stand in the log: where ids are masked, these ids and all keys that the engine knows
    /// are replaced.
    #[must_use]
    pub fn masked(&self, words: &str, ids: &[&str]) -> String {
        let Some(salt) = self.options.mask_salt else {
            return words.to_owned();
        };
        // The longest first, so that an id is not cut by another that is part of it.
        let mut ids = ids.to_vec();
        ids.sort_by_key(|id| std::cmp::Reverse(id.len()));
        let mut words = words.to_owned();
        for id in ids {
            words = replace_id(&words, id, &digest(salt, id));
        }
        let mut out = String::new();
        let mut rest = words.as_str();
        while !rest.is_empty() {
            let word = rest.split(|c| !is_part_of_word(c)).next().unwrap_or("");
            let bare = word.trim_end_matches(['.', ':']);
            if self.is_key(bare) {
                out.push_str(&digest(salt, bare));
                out.push_str(&word[bare.len()..]);
            } else {
                out.push_str(word);
            }
            rest = &rest[word.len()..];
            let gap = rest.find(is_part_of_word).unwrap_or(rest.len());
            out.push_str(&rest[..gap]);
            rest = &rest[gap..];
        }
        out
    }

    fn is_key(&self, word: &str) -> bool {
        let mut specs = (0..self.specs.len()).map(SpecId::at);
        specs.any(|spec| self.by_key.find(&self.slots, spec, word).is_some())
    }
}

fn level_of(event: &LockerEvent) -> Level {
    match event {
        LockerEvent::Lost { .. } | LockerEvent::CallbackFailed { .. } => Level::Error,
        // A load that waits for another server is on its way; one that finds trouble needs somebody to look.
        LockerEvent::SaveTrouble { .. }
        | LockerEvent::SizeWarning { .. }
        | LockerEvent::LoadStatus(
            LoadStatus::StoreFailure { .. } | LoadStatus::UnknownVersion { .. } | LoadStatus::Unreadable { .. },
        ) => Level::Warning,
        LockerEvent::HandoverRequested { .. } | LockerEvent::Confirmed { .. } => Level::Info,
        _ => Level::Debug,
    }
}

fn kind_of(event: &LockerEvent) -> Kind {
    match event {
        LockerEvent::Receipt { .. } | LockerEvent::CreditUsed { .. } => Kind::Purchase,
        LockerEvent::CallbackFailed { .. } => Kind::Callback,
        _ => Kind::Locker,
    }
}

/// Whose trouble an event tells of.
fn cause_of(event: &LockerEvent) -> Option<Cause> {
    match event {
        LockerEvent::SaveTrouble { cause, .. } | LockerEvent::LoadStatus(LoadStatus::StoreFailure { cause, .. }) => {
            Some(*cause)
        }
        LockerEvent::CallbackFailed { .. } | LockerEvent::SizeWarning { .. } => Some(Cause::Request),
        LockerEvent::Lost {
            cause: LossCause::RolledBack,
            ..
        } => Some(Cause::Store),
        _ => None,
    }
}

/// The session that an event belongs to: the present one, or the one that it ends.
fn epoch_of(slot: &LockerSlot, event: &LockerEvent) -> Option<u64> {
    let ended = match event {
        LockerEvent::Lost { .. }
        | LockerEvent::Released { .. }
        | LockerEvent::Saved { .. }
        | LockerEvent::ChangeSettled { .. }
        | LockerEvent::Receipt { .. }
        | LockerEvent::CreditUsed { .. } => slot.last_epoch,
        _ => None,
    };
    slot.locker.epoch().or(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_id_is_replaced_where_it_stands_by_itself() {
        assert_eq!(
            replace_id("42, player/42: 1425 and 42", "42", "#"),
            "#, player/#: 1425 and #"
        );
        assert_eq!(replace_id("4242 42", "42", "#"), "4242 #");
        assert_eq!(replace_id("bob_data of bobby", "bob", "#"), "#_data of bobby");
    }

    #[test]
    fn a_long_id_is_replaced_everywhere() {
        assert_eq!(replace_id("xplayer-7x", "player-7", "#"), "x#x");
    }

    #[test]
    fn what_stands_for_an_id_depends_on_the_salt() {
        assert_eq!(digest(1, "42"), digest(1, "42"));
        assert_ne!(digest(1, "42"), digest(2, "42"));
        assert_ne!(digest(1, "42"), digest(1, "43"));
    }
}
