//! The latest purchases in full, kept as the JSON text in which they are written: each save of a record writes all of
//! them, and hardly anything ever reads one.

use super::digests::Digest;
use super::ledger::{Entry, PurchaseId};
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

/// So much text of entries that have gone is kept before the rest is moved to the front.
const MOST_WASTE: usize = 4096;

/// Entries in the order in which they were made, each purchase once.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    /// The entries with a comma behind each.
    text: Vec<u8>,
    /// Where the oldest begins; what stands before it has gone.
    from: usize,
    items: VecDeque<Item>,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    /// Of its text, with the comma.
    bytes: usize,
    effect: char,
    /// Differs for nearly all purchases.
    mark: u64,
    /// `None` until it is asked for, if the entry was read.
    digest: Option<Digest>,
}

fn mark_of(purchase: &PurchaseId) -> u64 {
    let mut hasher = DefaultHasher::new();
    purchase.hash(&mut hasher);
    hasher.finish()
}

fn read(text: &[u8]) -> Option<Entry> {
    serde_json::from_slice(text.strip_suffix(b",")?).ok()
}

impl Recent {
    pub(super) const fn new() -> Self {
        Self {
            text: Vec::new(),
            from: 0,
            items: VecDeque::new(),
        }
    }

    /// Reads a JSON array of entries, whose text is kept as it is.
    pub(super) fn from_json(array: &RawValue) -> Result<Self, serde_json::Error> {
        let mut recent = Self::new();
        for raw in serde_json::from_str::<Vec<&RawValue>>(array.get())? {
            let entry: Entry = serde_json::from_str(raw.get())?;
            recent.push_text(&entry, None, |text| text.extend_from_slice(raw.get().as_bytes()));
        }
        Ok(recent)
    }

    fn push_text(&mut self, entry: &Entry, digest: Option<Digest>, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.text.len();
        write(&mut self.text);
        self.text.push(b',');
        self.items.push_back(Item {
            bytes: self.text.len() - before,
            effect: entry.effect.letter(),
            mark: mark_of(&entry.purchase),
            digest,
        });
    }

    /// `digest` is that of the purchase, if it is known already.
    pub(super) fn push(&mut self, entry: &Entry, digest: Option<Digest>) {
        self.push_text(entry, digest, |text| entry.write_json(text));
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Their JSON, without the brackets of the array.
    pub(super) fn json(&self) -> &[u8] {
        let text = &self.text[self.from..];
        text.strip_suffix(b",").unwrap_or(text)
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        let mut rest = &self.text[self.from..];
        self.items.iter().filter_map(move |item| {
            let (text, behind) = rest.split_at(item.bytes);
            rest = behind;
            read(text)
        })
    }

    pub(super) fn find(&self, purchase: &PurchaseId) -> Option<Entry> {
        self.place_of(purchase).map(|(_, _, entry)| entry)
    }

    /// The number of a purchase's entry, where its text begins, and the entry.
    fn place_of(&self, purchase: &PurchaseId) -> Option<(usize, usize, Entry)> {
        let mark = mark_of(purchase);
        let mut at = self.from;
        for (index, item) in self.items.iter().enumerate() {
            if item.mark == mark {
                let entry = read(&self.text[at..at + item.bytes]).filter(|entry| entry.purchase == *purchase);
                if let Some(entry) = entry {
                    return Some((index, at, entry));
                }
            }
            at += item.bytes;
        }
        None
    }

    /// Tells whether it was there.
    pub(super) fn remove(&mut self, purchase: &PurchaseId) -> bool {
        let Some((index, at, _)) = self.place_of(purchase) else {
            return false;
        };
        if let Some(item) = self.items.remove(index) {
            self.text.drain(at..at + item.bytes);
        }
        true
    }

    /// Takes out the oldest, and gives the letter of its effect and its digest.
    pub(super) fn pop_oldest(&mut self) -> Option<(char, Digest)> {
        let item = self.items.pop_front()?;
        let text = &self.text[self.from..self.from + item.bytes];
        let digest = item
            .digest
            .or_else(|| read(text).map(|entry| Digest::of(&entry.purchase)));
        self.from += item.bytes;
        if self.from > MOST_WASTE {
            self.text.drain(..self.from);
            self.from = 0;
        }
        digest.map(|digest| (item.effect, digest))
    }
}
