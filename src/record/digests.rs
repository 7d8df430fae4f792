//! Purchases as short digests in one text, as a record writes them: it may have thousands of them, all read at each
//! notice of a purchase and written at each save.

use super::ledger::PurchaseId;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::Engine as _;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::sync::OnceLock;

/// Nine bytes are twelve base64 characters exactly. Two of ten million purchases of one player share a digest with a
/// probability below 1e-8.
const DIGEST_BYTES: usize = 9;
const DIGEST_CHARS: usize = 12;

/// What is kept of an old purchase, as base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest([u8; DIGEST_CHARS]);

impl Digest {
    pub(super) fn of(purchase: &PurchaseId) -> Self {
        let mut hash = Sha256::new();
        for part in [&purchase.provider, &purchase.environment, &purchase.id] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let mut chars = [0; DIGEST_CHARS];
        let encoded = STANDARD_NO_PAD.encode_slice(&hash.finalize()[..DIGEST_BYTES], &mut chars);
        debug_assert_eq!(encoded, Ok(DIGEST_CHARS));
        Self(chars)
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// With fewer than this one after the other is looked at.
const INDEXED: usize = 64;

/// Digests, oldest first, each behind `letters` characters that tell more of it.
#[derive(Clone, Debug)]
pub(super) struct Digests {
    text: String,
    letters: usize,
    /// The beginnings of all digests, and maybe of some that were taken out; made when they are first looked for.
    index: OnceLock<HashSet<u64>>,
}

impl Digests {
    pub(super) const fn new(letters: usize) -> Self {
        Self {
            text: String::new(),
            letters,
            index: OnceLock::new(),
        }
    }

    pub(super) const fn from_text(text: String, letters: usize) -> Self {
        Self {
            text,
            letters,
            index: OnceLock::new(),
        }
    }

    fn width(&self) -> usize {
        self.letters + DIGEST_CHARS
    }

    pub(super) fn len(&self) -> usize {
        self.text.len() / self.width()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text is as this code writes it.
    pub(super) fn is_sound(&self) -> bool {
        // It goes into JSON as it is.
        let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        self.text.len().is_multiple_of(self.width()) && self.text.as_bytes().iter().all(is_plain)
    }

    /// The letters before this digest; `None` if it is not there.
    pub(super) fn find(&self, digest: Digest) -> Option<&str> {
        self.place_of(digest).map(|at| &self.text[at..at + self.letters])
    }

    fn place_of(&self, digest: Digest) -> Option<usize> {
        if self.len() >= INDEXED && !self.index().contains(&beginning_of(&digest.0)) {
            return None;
        }
        let mut items = self.text.as_bytes().chunks_exact(self.width());
        let index = items.position(|item| item.ends_with(&digest.0))?;
        Some(index * self.width())
    }

    fn index(&self) -> &HashSet<u64> {
        let items = || self.text.as_bytes().chunks_exact(self.width());
        self.index
            .get_or_init(|| items().map(|item| beginning_of(&item[self.letters..])).collect())
    }

    pub(super) fn push(&mut self, letters: &str, digest: Digest) {
        debug_assert_eq!(letters.len(), self.letters);
        self.text.push_str(letters);
        self.text.push_str(digest.as_str());
        if let Some(index) = self.index.get_mut() {
            index.insert(beginning_of(&digest.0));
        }
    }

    pub(super) fn remove(&mut self, digest: Digest) {
        if let Some(at) = self.place_of(digest) {
            self.text.replace_range(at..at + self.width(), "");
        }
    }
}

/// 48 of a digest's bits: two different digests hardly ever have the same.
fn beginning_of(digest: &[u8]) -> u64 {
    digest.first_chunk().copied().map_or(0, u64::from_le_bytes)
}
