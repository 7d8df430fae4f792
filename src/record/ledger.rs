//! The receipts that have taken effect in a record, for ever: the latest in full, the older ones as short digests.

use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many receipts a record keeps in full.
pub const RECENT_RECEIPTS: usize = 100;

// Nine bytes are twelve base64 characters exactly. Two of ten million purchases of one player share a digest with a
// probability below 1e-8.
const DIGEST_BYTES: usize = 9;
const DIGEST_CHARS: usize = 12;

/// What makes a purchase the same purchase when its notice comes again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PurchaseId {
    /// The platform: `steam`, `apple`.
    pub provider: String,
    /// The platform's environment: `production`, `sandbox`.
    pub environment: String,
    /// The platform's name for the purchase.
    pub id: String,
}

impl PurchaseId {
    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for part in [&self.provider, &self.environment, &self.id] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        STANDARD_NO_PAD.encode(&hash.finalize()[..DIGEST_BYTES])
    }
}

/// What a receipt did when it took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The product was applied to the data.
    Applied,
    /// It could not be applied; the player got credit for it.
    Credited,
}

/// One receipt in full.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Which purchase.
    #[serde(flatten)]
    pub purchase: PurchaseId,
    /// What was bought.
    pub product: String,
    /// What it did.
    pub effect: Effect,
    /// When, by the wall clock of the server; for people.
    pub at_ms: i64,
}

/// All receipts that have taken effect in one record.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    #[serde(default)]
    recent: Vec<Entry>,
    /// Digests of the older ones, twelve characters each, oldest first.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    old: String,
}

impl Ledger {
    /// Whether nothing was ever entered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.old.is_empty()
    }

    /// How many receipts were ever entered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recent.len() + self.old.len() / DIGEST_CHARS
    }

    /// Whether this purchase has taken effect, however long ago.
    #[must_use]
    pub fn contains(&self, purchase: &PurchaseId) -> bool {
        if self.recent.iter().any(|entry| entry.purchase == *purchase) {
            return true;
        }
        if self.old.is_empty() {
            return false;
        }
        let digest = purchase.digest();
        self.old
            .as_bytes()
            .chunks_exact(DIGEST_CHARS)
            .any(|old| old == digest.as_bytes())
    }

    /// The latest receipts in full, oldest first.
    #[must_use]
    pub fn recent(&self) -> &[Entry] {
        &self.recent
    }

    /// Enters a receipt; the oldest in full becomes a digest when there are too many.
    pub fn enter(&mut self, entry: Entry) {
        self.recent.push(entry);
        while self.recent.len() > RECENT_RECEIPTS {
            let oldest = self.recent.remove(0);
            self.old.push_str(&oldest.purchase.digest());
        }
    }

    /// Turns everything into digests.
    pub fn forget_details(&mut self) {
        for entry in std::mem::take(&mut self.recent) {
            self.old.push_str(&entry.purchase.digest());
        }
    }

    /// Whether the digests are as this code writes them.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.old.is_ascii() && self.old.len() % DIGEST_CHARS == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purchase(number: usize) -> PurchaseId {
        PurchaseId {
            provider: "shop".into(),
            environment: "production".into(),
            id: number.to_string(),
        }
    }

    fn entry(number: usize) -> Entry {
        Entry {
            purchase: purchase(number),
            product: "gold".into(),
            effect: Effect::Applied,
            at_ms: 0,
        }
    }

    #[test]
    fn remembers_every_receipt_for_ever() {
        let mut ledger = Ledger::default();
        for number in 0..1_000 {
            assert!(!ledger.contains(&purchase(number)));
            ledger.enter(entry(number));
        }
        let text = serde_json::to_string(&ledger).unwrap();
        let ledger: Ledger = serde_json::from_str(&text).unwrap();
        assert!(ledger.is_sound());
        assert_eq!(ledger.len(), 1_000);
        assert!((0..1_000).all(|number| ledger.contains(&purchase(number))));
        assert!(!ledger.contains(&purchase(1_000)));
    }

    #[test]
    fn grows_by_twelve_bytes_for_each_older_receipt() {
        let mut ledger = Ledger::default();
        for number in 1_000..1_200 {
            ledger.enter(entry(number));
        }
        let before = serde_json::to_string(&ledger).unwrap().len();
        ledger.enter(entry(1_200));
        assert_eq!(serde_json::to_string(&ledger).unwrap().len(), before + 12);
    }

    #[test]
    fn provider_and_environment_belong_to_the_purchase() {
        let mut ledger = Ledger::default();
        ledger.enter(entry(1));
        let mut other = purchase(1);
        other.environment = "sandbox".into();
        assert!(!ledger.contains(&other));
        let shifted = PurchaseId {
            provider: "shopp".into(),
            environment: "roduction".into(),
            id: "1".into(),
        };
        assert_ne!(shifted.digest(), purchase(1).digest());
    }
}
