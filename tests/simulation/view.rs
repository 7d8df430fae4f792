//! Stored values as the checker sees them: read by code of its own, so that a fault in the library's codec cannot hide
//! itself.

use serde::de::IgnoredAny;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A name made of an engine's origin and a number: `1f.7`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    pub origin: u128,
    pub number: u64,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}.{}", self.origin, self.number)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let fault = || serde::de::Error::custom("not a name");
        let (origin, number) = text.split_once('.').ok_or_else(fault)?;
        Ok(Self {
            origin: u128::from_str_radix(origin, 16).map_err(|_| fault())?,
            number: number.parse().map_err(|_| fault())?,
        })
    }
}

/// Who holds a record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HolderView {
    pub server: String,
    pub incarnation: Name,
    pub op: Name,
}

/// A receipt in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EntryView {
    /// The purchases of a run have numbers for names.
    pub id: String,
    pub product: String,
    pub effect: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct LedgerView {
    #[serde(default)]
    pub recent: Vec<EntryView>,
    #[serde(default)]
    pub old: String,
}

/// The header of a record.
#[derive(Clone, Debug, Deserialize)]
pub struct HeaderView {
    pub epoch: u64,
    pub revision: u64,
    pub op: Name,
    #[serde(default)]
    pub holder: Option<HolderView>,
    #[serde(default)]
    pub ledger: LedgerView,
    #[serde(default)]
    pub credit: BTreeMap<String, i64>,
    #[serde(default)]
    pub parked: Vec<ParkedView>,
    #[serde(default)]
    pub inbox: InboxView,
    #[serde(default)]
    pub outbox: OutboxView,
    #[serde(default)]
    pub request: Option<IgnoredAny>,
    #[serde(default)]
    pub erased: bool,
    #[serde(default)]
    pub schema: u32,
    #[serde(default)]
    pub least_schema: u32,
}

impl HeaderView {
    /// The least schema version that a server must know.
    pub fn needs(&self) -> u32 {
        match self.least_schema {
            0 => self.schema,
            least => least,
        }
    }
}

/// A change that waits to be applied. The letters of a run have numbers for payloads.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SentView {
    pub payload: u32,
    #[serde(default)]
    pub returned_from: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct InboxView {
    #[serde(default)]
    pub waiting: Vec<SentView>,
}

impl InboxView {
    pub fn has(&self, letter: u32) -> bool {
        self.waiting.iter().any(|sent| sent.payload == letter)
    }
}

/// A change that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OutgoingView {
    pub payload: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct OutboxView {
    #[serde(default)]
    pub waiting: Vec<OutgoingView>,
}

impl OutboxView {
    pub fn has(&self, letter: u32) -> bool {
        self.waiting.iter().any(|outgoing| outgoing.payload == letter)
    }
}

/// A purchase of an unknown product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ParkedView {
    pub id: String,
}

/// The game's data of a run: which edits, purchases, spent credits and letters have been applied, and which letters were
/// sent, each in order; and how often they were migrated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Game {
    #[serde(default)]
    pub log: Vec<u32>,
    #[serde(default)]
    pub got: Vec<u32>,
    #[serde(default)]
    pub spent: Vec<u32>,
    #[serde(default)]
    pub mail: Vec<u32>,
    #[serde(default)]
    pub sent: Vec<u32>,
    /// One for each version that the data have gone through.
    #[serde(default)]
    pub form: u32,
}

impl Game {
    /// The data of a new player, in this schema version.
    pub fn newborn(form: u32) -> Self {
        Self {
            form,
            ..Self::default()
        }
    }

    pub fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(64 + 8 * self.log.len());
        out.push_str("{\"log\":");
        push_list(&mut out, &self.log);
        out.push_str(",\"got\":");
        push_list(&mut out, &self.got);
        out.push_str(",\"spent\":");
        push_list(&mut out, &self.spent);
        out.push_str(",\"mail\":");
        push_list(&mut out, &self.mail);
        out.push_str(",\"sent\":");
        push_list(&mut out, &self.sent);
        out.push_str(",\"form\":");
        out.push_str(&self.form.to_string());
        out.push('}');
        out
    }
}

fn push_list(out: &mut String, list: &[u32]) {
    use std::fmt::Write as _;
    out.push('[');
    for (index, item) in list.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write!(out, "{item}").expect("writing to a string works");
    }
    out.push(']');
}

/// A whole record.
#[derive(Clone, Debug, Deserialize)]
pub struct RecordView {
    #[serde(rename = "$slk")]
    pub header: HeaderView,
    pub data: Game,
}

impl RecordView {
    pub fn parse(value: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(value)
    }

    /// This purchase's entry in the ledger.
    pub fn receipt(&self, purchase: u32) -> Option<&EntryView> {
        let name = purchase.to_string();
        self.header.ledger.recent.iter().find(|entry| entry.id == name)
    }

    /// What has become of a purchase: "parked", or as the ledger has it.
    pub fn end_of(&self, purchase: u32) -> Option<&str> {
        let name = purchase.to_string();
        if self.header.parked.iter().any(|parked| parked.id == name) {
            return Some("parked");
        }
        self.receipt(purchase).map(|entry| entry.effect.as_str())
    }

    /// What a purchase has done so far: applied to the data, waiting as credit, or spent from it.
    pub fn effects_of(&self, purchase: u32) -> i64 {
        let count = |list: &[u32]| list.iter().filter(|item| **item == purchase).count();
        let in_data = count(&self.data.got) + count(&self.data.spent);
        let credit = self.header.credit.get(&product(purchase)).copied().unwrap_or(0);
        i64::try_from(in_data).unwrap_or(i64::MAX).saturating_add(credit)
    }
}

/// Each purchase of a run is of a product of its own, so that credit can be told apart.
pub fn product(purchase: u32) -> String {
    format!("p{purchase}")
}

/// A server record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ServerView {
    pub incarnation: Name,
    pub nonce: u64,
    #[serde(default)]
    pub ended: bool,
}

impl ServerView {
    pub fn parse(value: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(value)
    }
}
