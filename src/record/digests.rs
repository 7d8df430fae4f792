//! Purchases as short digests in one text, as a record writes them: it may have thousands of them, all read at each
//! notice of a purchase and written at each save.

use std::collections::HashSet;
use std::sync::OnceLock;

/// Nine bytes are twelve base64 characters exactly. Two of ten million purchases of one player share a digest with a
/// probability below 1e-8.
pub(super) const DIGEST_BYTES: usize = 9;
const DIGEST_CHARS: usize = 12;

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
    pub(super) fn find(&self, digest: &str) -> Option<&str> {
        self.place_of(digest).map(|at| &self.text[at..at + self.letters])
    }

    fn place_of(&self, digest: &str) -> Option<usize> {
        if self.len() >= INDEXED && !self.index().contains(&beginning_of(digest.as_bytes())) {
            return None;
        }
        let mut items = self.text.as_bytes().chunks_exact(self.width());
        let index = items.position(|item| item.ends_with(digest.as_bytes()))?;
        Some(index * self.width())
    }

    fn index(&self) -> &HashSet<u64> {
        let items = || self.text.as_bytes().chunks_exact(self.width());
        self.index
            .get_or_init(|| items().map(|item| beginning_of(&item[self.letters..])).collect())
    }

    pub(super) fn push(&mut self, letters: &str, digest: &str) {
        debug_assert_eq!((letters.len(), digest.len()), (self.letters, DIGEST_CHARS));
        self.text.push_str(letters);
        self.text.push_str(digest);
        if let Some(index) = self.index.get_mut() {
            index.insert(beginning_of(digest.as_bytes()));
        }
    }

    pub(super) fn remove(&mut self, digest: &str) {
        if let Some(at) = self.place_of(digest) {
            self.text.replace_range(at..at + self.width(), "");
        }
    }
}

/// 48 of a digest's bits: two different digests hardly ever have the same.
fn beginning_of(digest: &[u8]) -> u64 {
    digest.first_chunk().copied().map_or(0, u64::from_le_bytes)
}
