//! Purchases as short digests in one text, as a record writes them: it may have thousands of them, all read at each
//! notice of a purchase and written at each save.

use super::ledger::PurchaseId;
use crate::store::Insertion;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::Engine as _;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

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

    #[cfg(test)]
    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap()
    }
}

/// With fewer than this one after the other is looked at.
const INDEXED: usize = 64;

/// So many stand in one piece that does not change any more.
const IN_A_PIECE: usize = 512;

/// Digests, oldest first, each behind `letters` characters that tell more of it.
#[derive(Clone, Debug)]
pub(super) struct Digests {
    /// The older ones, in pieces that one value after the other shares: they need not be copied at each save.
    pieces: Vec<Arc<[u8]>>,
    /// The latest ones.
    last: Vec<u8>,
    letters: usize,
    /// The beginnings of all digests, and maybe of some that were taken out; made when they are first looked for.
    index: OnceLock<HashSet<u64>>,
}

/// Where a digest with its letters begins: in which piece, counted with the last one, and where in that.
type Place = (usize, usize);

impl Digests {
    pub(super) const fn new(letters: usize) -> Self {
        Self {
            pieces: Vec::new(),
            last: Vec::new(),
            letters,
            index: OnceLock::new(),
        }
    }

    pub(super) fn from_text(text: &str, letters: usize) -> Self {
        let mut digests = Self::new(letters);
        let pieces = text.as_bytes().chunks_exact(IN_A_PIECE * digests.width());
        digests.last.extend_from_slice(pieces.remainder());
        digests.pieces.extend(pieces.map(Arc::from));
        digests
    }

    fn width(&self) -> usize {
        self.letters + DIGEST_CHARS
    }

    fn text(&self) -> impl Iterator<Item = &[u8]> {
        let pieces = self.pieces.iter().map(|piece| &**piece);
        pieces.chain(std::iter::once(self.last.as_slice()))
    }

    pub(super) fn len(&self) -> usize {
        self.text().map(<[u8]>::len).sum::<usize>() / self.width()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last.is_empty() && self.pieces.is_empty()
    }

    /// Appends them as a JSON string. What others share goes into `shared`.
    pub(super) fn write_json(&self, out: &mut Vec<u8>, shared: &mut Vec<Insertion>) {
        out.push(b'"');
        shared.extend(self.pieces.iter().map(|piece| (out.len(), Arc::clone(piece))));
        out.extend_from_slice(&self.last);
        out.push(b'"');
    }

    /// About how many bytes `write_json` appends.
    pub(super) fn own_bytes(&self) -> usize {
        self.last.len()
    }

    /// Whether the text is as this code writes it.
    pub(super) fn is_sound(&self) -> bool {
        // It goes into JSON as it is.
        let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        self.text()
            .all(|piece| piece.len().is_multiple_of(self.width()) && piece.iter().all(is_plain))
    }

    /// The letters before this digest; `None` if it is not there.
    pub(super) fn find(&self, digest: Digest) -> Option<&[u8]> {
        let (piece, at) = self.place_of(digest)?;
        self.text().nth(piece)?.get(at..at + self.letters)
    }

    fn place_of(&self, digest: Digest) -> Option<Place> {
        if self.len() >= INDEXED && !self.index().contains(&beginning_of(&digest.0)) {
            return None;
        }
        let width = self.width();
        let within = |text: &[u8]| {
            let mut items = text.chunks_exact(width);
            items.position(|item| item.ends_with(&digest.0))
        };
        let mut pieces = self.text().enumerate();
        pieces.find_map(|(piece, text)| within(text).map(|index| (piece, index * width)))
    }

    fn index(&self) -> &HashSet<u64> {
        let items = || self.text().flat_map(|text| text.chunks_exact(self.width()));
        self.index
            .get_or_init(|| items().map(|item| beginning_of(&item[self.letters..])).collect())
    }

    pub(super) fn push(&mut self, letters: &str, digest: Digest) {
        debug_assert_eq!(letters.len(), self.letters);
        self.last.extend_from_slice(letters.as_bytes());
        self.last.extend_from_slice(&digest.0);
        if self.last.len() >= IN_A_PIECE * self.width() {
            self.pieces.push(std::mem::take(&mut self.last).into());
        }
        if let Some(index) = self.index.get_mut() {
            index.insert(beginning_of(&digest.0));
        }
    }

    pub(super) fn remove(&mut self, digest: Digest) {
        let Some((piece, at)) = self.place_of(digest) else {
            return;
        };
        let item = at..at + self.width();
        match self.pieces.get_mut(piece) {
            Some(shared) => {
                let mut rest = shared.to_vec();
                rest.drain(item);
                *shared = rest.into();
            }
            None => drop(self.last.drain(item)),
        }
        self.pieces.retain(|piece| !piece.is_empty());
    }
}

/// 48 of a digest's bits: two different digests hardly ever have the same.
fn beginning_of(digest: &[u8]) -> u64 {
    digest.first_chunk().copied().map_or(0, u64::from_le_bytes)
}
