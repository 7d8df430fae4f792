//! The purchases that a record has heard of, for ever: the latest in full, the older ones as short digests.

use super::digests::{Digest, Digests};
use super::extra::Extra;
use super::rare::Part;
use super::recent::Recent;
use super::writer::Members;
use crate::store::Insertion;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How many purchases a record keeps in full, unless the spec says otherwise.
pub const RECENT_RECEIPTS: usize = 100;

/// The most purchases that a spec may have kept in full.
pub const MOST_RECENT_RECEIPTS: usize = 1000;

/// How many purchases of unknown products a record can keep.
pub const PARKED_RECEIPTS: usize = 64;

/// How many bytes the contexts of the parked purchases of a record may have together.
pub const PARKED_BYTES: usize = 65_536;

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

/// What has become of a purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Cow<'_, str>", into = "String")]
pub enum Effect {
    /// The product was applied to the data.
    Applied,
    /// It could not be applied; the player got credit for it.
    Credited,
    /// The platform has not taken the money yet. Nothing was granted.
    Pending,
    /// The platform or the game turned it down. Nothing was granted.
    Rejected,
    /// The platform took it back, and so was done here what could be done. Nothing is granted for it ever again.
    Revoked,
    /// Something that a newer version of this library did.
    Other(String),
}

/// The effects with their names in a record and their letters before a digest.
static EFFECTS: [(Effect, &str, char); 5] = [
    (Effect::Applied, "applied", 'a'),
    (Effect::Credited, "credited", 'c'),
    (Effect::Pending, "pending", 'p'),
    (Effect::Rejected, "rejected", 'j'),
    (Effect::Revoked, "revoked", 'v'),
];

impl Effect {
    /// The name in a record.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => EFFECTS
                .iter()
                .find(|(effect, ..)| effect == known)
                .map_or("", |(_, name, _)| name),
        }
    }

    pub(super) fn letter(&self) -> char {
        let found = EFFECTS.iter().find(|(effect, ..)| effect == self);
        found.map_or('?', |(_, _, letter)| *letter)
    }

    fn of_letter(letter: char) -> Self {
        let found = EFFECTS.iter().find(|(.., other)| *other == letter);
        found.map_or_else(|| Self::Other(letter.to_string()), |(effect, ..)| effect.clone())
    }
}

impl From<Cow<'_, str>> for Effect {
    fn from(name: Cow<'_, str>) -> Self {
        let found = EFFECTS.iter().find(|(_, other, _)| *other == name);
        found.map_or_else(|| Self::Other(name.into_owned()), |(effect, ..)| effect.clone())
    }
}

impl From<Effect> for String {
    fn from(effect: Effect) -> Self {
        effect.name().to_owned()
    }
}

/// One purchase in full.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// Which purchase.
    #[serde(flatten)]
    pub purchase: PurchaseId,
    /// What was bought.
    pub product: String,
    /// What has become of it.
    pub effect: Effect,
    /// When, by the wall clock of the server; for people.
    pub at_ms: i64,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Entry {
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        let mut members = Members::begin(out);
        members.value("provider", &self.purchase.provider);
        members.value("environment", &self.purchase.environment);
        members.value("id", &self.purchase.id);
        members.value("product", &self.product);
        members.value("effect", self.effect.name());
        members.value("at_ms", &self.at_ms);
        members.extra(&self.extra);
        members.end();
    }
}

/// A purchase of a product that the game does not know yet, kept until it does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parked {
    /// Which purchase.
    #[serde(flatten)]
    pub purchase: PurchaseId,
    /// What was bought.
    pub product: String,
    /// What came with the notice, for the game's callback.
    #[serde(default, with = "base64_text", skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<u8>,
    /// When it was parked, by the wall clock of the server; for people.
    pub at_ms: i64,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Bytes as base64 in JSON.
mod base64_text {
    use super::{Cow, STANDARD};
    use base64::Engine as _;
    use serde::{de::Error as _, Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'_, str>::deserialize(from)?;
        STANDARD.decode(text.as_bytes()).map_err(D::Error::custom)
    }
}

/// All purchases that one record has heard of. Each is in it once.
#[derive(Clone, Debug)]
pub struct Ledger {
    recent: Recent,
    /// The older ones that were applied.
    old: Digests,
    /// The older ones with other effects: a letter for the effect before the digest of each.
    old_other: Digests,
    /// Fields of newer versions.
    extra: Extra,
}

/// A ledger as it is read.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    recent: Option<Box<RawValue>>,
    #[serde(default)]
    old: String,
    #[serde(default)]
    old_other: String,
    #[serde(flatten)]
    extra: Extra,
}

impl<'de> Deserialize<'de> for Ledger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let recent = match &stored.recent {
            Some(array) => Recent::from_json(array).map_err(serde::de::Error::custom)?,
            None => Recent::new(),
        };
        Ok(Self {
            recent,
            old: Digests::from_text(&stored.old, 0),
            old_other: Digests::from_text(&stored.old_other, 1),
            extra: stored.extra,
        })
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

impl Part for Ledger {
    fn missing() -> &'static Self {
        static EMPTY: Ledger = Ledger::new();
        &EMPTY
    }
}

impl Ledger {
    const fn new() -> Self {
        Self {
            recent: Recent::new(),
            old: Digests::new(0),
            old_other: Digests::new(1),
            extra: Extra::new(),
        }
    }

    /// Appends it as JSON. What one value after the other shares goes into `shared`.
    pub(super) fn write_json(&self, out: &mut Vec<u8>, shared: &mut Vec<Insertion>) {
        let mut members = Members::begin(out);
        members.json("recent", |out| {
            out.push(b'[');
            out.extend_from_slice(self.recent.json());
            out.push(b']');
        });
        for (name, digests) in [("old", &self.old), ("old_other", &self.old_other)] {
            if !digests.is_empty() {
                members.json(name, |out| digests.write_json(out, shared));
            }
        }
        members.extra(&self.extra);
        members.end();
    }

    /// About how many bytes `write_json` appends.
    pub(super) fn own_bytes(&self) -> usize {
        self.recent.json().len() + self.old.own_bytes() + self.old_other.own_bytes()
    }

    /// Whether nothing was ever entered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.recent.is_empty() && !self.has_digests() && self.extra.is_empty()
    }

    /// How many purchases were ever entered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recent.len() + self.old.len() + self.old_other.len()
    }

    /// What has become of this purchase, however long ago; `None` if the record has never heard of it.
    #[must_use]
    pub fn effect_of(&self, purchase: &PurchaseId) -> Option<Effect> {
        if let Some(entry) = self.entry_of(purchase) {
            return Some(entry.effect);
        }
        if !self.has_digests() {
            return None;
        }
        let digest = Digest::of(purchase);
        if let Some(letter) = self.old_other.find(digest) {
            return letter.first().map(|letter| Effect::of_letter(char::from(*letter)));
        }
        self.old.find(digest).map(|_| Effect::Applied)
    }

    /// The full entry of this purchase; `None` if there is none, or only its digest is left.
    #[must_use]
    pub fn entry_of(&self, purchase: &PurchaseId) -> Option<Entry> {
        self.recent.find(purchase)
    }

    /// The latest purchases in full, oldest first.
    pub fn recent(&self) -> impl Iterator<Item = Entry> + '_ {
        self.recent.iter()
    }

    /// Enters what has become of a purchase, in place of what had been entered for it before. The oldest in full become
    /// digests when there are more than `history` of them.
    pub fn enter(&mut self, entry: &Entry, history: usize) {
        let digest = self.has_digests().then(|| Digest::of(&entry.purchase));
        self.forget(&entry.purchase, digest);
        self.recent.push(entry, digest);
        self.shorten(history.max(1));
    }

    /// Turns all but the latest into digests.
    fn shorten(&mut self, keep: usize) {
        while self.recent.len() > keep {
            let Some((effect, digest)) = self.recent.pop_oldest() else {
                continue;
            };
            if effect == Effect::Applied.letter() {
                self.old.push("", digest);
            } else {
                self.old_other.push(effect.encode_utf8(&mut [0; 4]), digest);
            }
        }
    }

    /// Forgets a purchase that is to be remembered in another way.
    pub(crate) fn remove(&mut self, purchase: &PurchaseId) {
        let digest = self.has_digests().then(|| Digest::of(purchase));
        self.forget(purchase, digest);
    }

    /// `digest` is needed if there are digests.
    fn forget(&mut self, purchase: &PurchaseId, digest: Option<Digest>) {
        if self.recent.remove(purchase) {
            return;
        }
        if let Some(digest) = digest {
            self.old.remove(digest);
            self.old_other.remove(digest);
        }
    }

    fn has_digests(&self) -> bool {
        !(self.old.is_empty() && self.old_other.is_empty())
    }

    /// Turns everything into digests.
    pub fn forget_details(&mut self) {
        self.shorten(0);
    }

    /// Whether the digests are as this code writes them.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.old.is_sound() && self.old_other.is_sound()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Bytes;

    fn purchase(number: usize) -> PurchaseId {
        PurchaseId {
            provider: "shop".into(),
            environment: "production".into(),
            id: number.to_string(),
        }
    }

    fn entry_as(number: usize, effect: Effect) -> Entry {
        Entry {
            purchase: purchase(number),
            product: "gold".into(),
            effect,
            at_ms: 0,
            extra: Extra::default(),
        }
    }

    fn enter(ledger: &mut Ledger, number: usize, effect: Effect) {
        ledger.enter(&entry_as(number, effect), RECENT_RECEIPTS);
    }

    fn written(ledger: &Ledger) -> String {
        let mut out = Vec::new();
        let mut shared = Vec::new();
        ledger.write_json(&mut out, &mut shared);
        String::from_utf8(Bytes::with_insertions(out, shared).to_vec()).unwrap()
    }

    fn written_and_read(ledger: &Ledger) -> Ledger {
        serde_json::from_str(&written(ledger)).unwrap()
    }

    /// The effects that have a letter or a digest of their own, one after the other.
    fn effect(number: usize) -> Effect {
        EFFECTS[number % EFFECTS.len()].0.clone()
    }

    #[test]
    fn remembers_every_receipt_for_ever() {
        let mut ledger = Ledger::default();
        for number in 0..1_000 {
            assert_eq!(ledger.effect_of(&purchase(number)), None);
            enter(&mut ledger, number, effect(number));
        }
        let ledger = written_and_read(&ledger);
        assert!(ledger.is_sound());
        assert_eq!((ledger.len(), ledger.recent().count()), (1_000, RECENT_RECEIPTS));
        for number in 0..1_000 {
            assert_eq!(ledger.effect_of(&purchase(number)), Some(effect(number)), "{number}");
        }
        assert_eq!(ledger.effect_of(&purchase(1_000)), None);
    }

    #[test]
    fn grows_by_twelve_or_thirteen_bytes_for_each_older_receipt() {
        let mut ledger = Ledger::default();
        for number in 1_000..1_300 {
            enter(&mut ledger, number, effect(number));
        }
        let before = written(&ledger).len();
        for number in 1_300..1_400 {
            enter(&mut ledger, number, effect(number));
        }
        let grown = written(&ledger).len() - before;
        assert_eq!(grown, 20 * 12 + 80 * 13);
    }

    #[test]
    fn each_purchase_is_entered_once_whatever_becomes_of_it() {
        let mut ledger = Ledger::default();
        for number in 0..500 {
            enter(&mut ledger, number, effect(number));
        }
        // In full, as a digest of an applied one, and as a digest with a letter.
        for number in [499, 0, 3] {
            enter(&mut ledger, number, Effect::Revoked);
            assert_eq!(ledger.len(), 500);
            assert_eq!(ledger.effect_of(&purchase(number)), Some(Effect::Revoked));
        }
        for number in 4..499 {
            assert_eq!(ledger.effect_of(&purchase(number)), Some(effect(number)), "{number}");
        }
        assert!(written_and_read(&ledger).is_sound());
    }

    #[test]
    fn as_many_are_kept_in_full_as_the_game_wants() {
        let mut ledger = Ledger::default();
        for number in 0..50 {
            ledger.enter(&entry_as(number, Effect::Applied), 40);
        }
        assert_eq!(ledger.recent().count(), 40);
        ledger.enter(&entry_as(50, Effect::Applied), 3);
        assert_eq!((ledger.recent().count(), ledger.len()), (3, 51));
        assert_eq!(ledger.effect_of(&purchase(1)), Some(Effect::Applied));
    }

    #[test]
    fn what_a_newer_version_wrote_is_kept() {
        let text = r#"{"recent":[{"provider":"shop","environment":"production","id":"1","product":"gold","effect":"halved","at_ms":7,"by":"gift"}],"old_other":"zAAAAAAAAAAAA","index":[1]}"#;
        let mut ledger: Ledger = serde_json::from_str(text).unwrap();
        assert!(ledger.is_sound());
        assert_eq!(ledger.effect_of(&purchase(1)), Some(Effect::Other("halved".into())));
        assert_eq!(written(&ledger), text);
        ledger.enter(&entry_as(2, Effect::Applied), 1);
        assert_eq!(ledger.effect_of(&purchase(1)), Some(Effect::Other("?".into())));
        assert_eq!(ledger.len(), 3);
    }

    #[test]
    fn what_an_older_version_wrote_is_read() {
        let text = r#"{"recent":[{"provider":"shop","environment":"production","id":"1","product":"gold","effect":"credited","at_ms":7}]}"#;
        let ledger: Ledger = serde_json::from_str(text).unwrap();
        assert_eq!(ledger.effect_of(&purchase(1)), Some(Effect::Credited));
        let digests = [5, 6]
            .map(|number| Digest::of(&purchase(number)).as_str().to_owned())
            .concat();
        let ledger: Ledger = serde_json::from_str(&format!(r#"{{"old":"{digests}"}}"#)).unwrap();
        assert!(ledger.is_sound());
        assert_eq!(ledger.effect_of(&purchase(6)), Some(Effect::Applied));
    }

    #[test]
    fn damaged_digests_are_noticed() {
        for text in [
            r#"{"old":"short"}"#,
            r#"{"old_other":"vAAAAAAAAAAA"}"#,
            r#"{"old":"ööAAAAAAAA"}"#,
            r#"{"old":"AAAAAA\nAAAAA"}"#,
            r#"{"old_other":"\"AAAAAAAAAAAA"}"#,
        ] {
            let ledger: Ledger = serde_json::from_str(text).unwrap();
            assert!(!ledger.is_sound(), "{text}");
        }
    }

    #[test]
    fn the_context_of_a_parked_purchase_comes_back() {
        let parked = Parked {
            purchase: purchase(1),
            product: "gold".into(),
            context: vec![0, 255, 7],
            at_ms: 5,
            extra: Extra::default(),
        };
        let text = serde_json::to_string(&parked).unwrap();
        let back: Parked = serde_json::from_str(&text).unwrap();
        assert_eq!((back.purchase, back.context), (parked.purchase, parked.context));
        assert!(serde_json::from_str::<Parked>(&text.replace("AP8H", "A?8H")).is_err());
    }

    #[test]
    fn provider_and_environment_belong_to_the_purchase() {
        let mut ledger = Ledger::default();
        enter(&mut ledger, 1, Effect::Applied);
        let mut other = purchase(1);
        other.environment = "sandbox".into();
        assert_eq!(ledger.effect_of(&other), None);
        let shifted = PurchaseId {
            provider: "shopp".into(),
            environment: "roduction".into(),
            id: "1".into(),
        };
        assert_ne!(Digest::of(&shifted), Digest::of(&purchase(1)));
    }
}
