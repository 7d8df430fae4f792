//! Records that this library did not write: those of the Luau library that it descends from, and plain JSON.
//!
//! They are read as they are, and written in our form with the first write of their first session here.

use super::document::Document;
use super::extra::Extra;
use super::header::Header;
use super::inbox::Sent;
use super::ledger::{Effect, Entry, PurchaseId, RECENT_RECEIPTS};
use super::stamp::OperationId;
use serde_json::{Map, Value};

/// The platform under which purchases of imported records are remembered.
pub const IMPORTED_PROVIDER: &str = "roblox";
/// The environment under which purchases of imported records are remembered.
pub const IMPORTED_ENVIRONMENT: &str = "production";

/// How long a lock of the original lasts after the time that it names.
const LOCK_LASTS_MS: i64 = 30 * 60 * 1000;

/// Which foreign records are taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Those of the original: an object with the member `Version`.
    pub original: bool,
    /// Any JSON value.
    pub plain: bool,
    /// The schema version of plain JSON.
    pub plain_schema: u32,
}

/// A record that was read in a foreign form.
#[derive(Debug)]
pub struct Imported {
    /// The header that it gets here.
    pub header: Header,
    /// The game's data.
    pub document: Document,
    /// Who holds it, and until when by the wall clock, if somebody does.
    pub lock: Option<ForeignLock>,
}

/// A lock that another library wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignLock {
    /// What it says of its owner.
    pub owner: String,
    /// When it was last renewed, in milliseconds since 1970 by its owner's clock.
    pub since_ms: i64,
    /// When it is over, by the same clock.
    pub until_ms: i64,
}

impl Import {
    /// Reads a value that is no record of ours; `None` if it is none of those that are taken over.
    #[must_use]
    pub fn read(&self, value: &[u8], op: OperationId, wall_ms: i64) -> Option<Imported> {
        if !self.original && !self.plain {
            return None;
        }
        let tree: Value = serde_json::from_slice(value).ok()?;
        match tree {
            // Whatever it is, it claims to be a record of ours.
            Value::Object(members) if members.contains_key("$slk") => None,
            Value::Object(members) if self.original && members.get("Version").is_some_and(Value::is_number) => {
                original(members, op, wall_ms)
            }
            _ if self.plain => {
                let text = std::str::from_utf8(value).ok()?;
                Some(Imported {
                    header: Header::unborn(op, self.plain_schema, wall_ms),
                    document: Document::from_json(text).ok()?,
                    lock: None,
                })
            }
            _ => None,
        }
    }
}

/// Takes the members that the original keeps for itself out of the data.
fn original(mut members: Map<String, Value>, op: OperationId, wall_ms: i64) -> Option<Imported> {
    let number = |value: Option<Value>| value.and_then(|value| u32::try_from(value.as_u64()?).ok());
    let schema = number(members.remove("Version"))?;
    let mut header = Header::unborn(op, schema, wall_ms);
    header.patch = number(members.remove("VersionPatch")).unwrap_or(0);
    for purchase in rows(members.remove("Purchases")) {
        enter_purchase(&mut header, &purchase)?;
    }
    for credit in rows(members.remove("ProductCredit")) {
        let (product, count) = (text_of(credit.first()?), credit.get(1)?.as_i64()?);
        *header.credit.put().entry(product).or_default() += count;
    }
    let changes = members.remove("RemoteChanges");
    for (index, change) in elements(changes).into_iter().enumerate() {
        header.inbox.put().take(change_of(&change, index as u64 + 1, wall_ms)?);
    }
    let lock = members.remove("Session").as_ref().and_then(lock_of);
    Some(Imported {
        header,
        document: Document::from_value(Value::Object(members)),
        lock,
    })
}

fn elements(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(elements)) => elements,
        _ => Vec::new(),
    }
}

fn rows(value: Option<Value>) -> Vec<Vec<Value>> {
    let row = |value| match value {
        Value::Array(row) => row,
        other => vec![other],
    };
    elements(value).into_iter().map(row).collect()
}

/// `[product, purchase id, time, flag]`
fn enter_purchase(header: &mut Header, row: &[Value]) -> Option<()> {
    let entry = Entry {
        purchase: PurchaseId {
            provider: IMPORTED_PROVIDER.into(),
            environment: IMPORTED_ENVIRONMENT.into(),
            id: text_of(row.get(1)?),
        },
        product: text_of(row.first()?),
        effect: Effect::Applied,
        at_ms: row.get(2).and_then(Value::as_f64).map_or(0, millis),
        extra: Extra::default(),
    };
    header.ledger.put().enter(&entry, RECENT_RECEIPTS);
    Some(())
}

/// `{"K": kind, "I": id, "A": arguments}`
fn change_of(change: &Value, number: u64, wall_ms: i64) -> Option<Sent> {
    let mut extra = Map::new();
    if let Some(id) = change.get("I") {
        extra.insert("imported_id".into(), id.clone());
    }
    Some(Sent {
        line: "imported".into(),
        number,
        kind: text_of(change.get("K")?),
        payload: change.get("A").cloned().unwrap_or(Value::Null),
        from: "imported".into(),
        returned_from: None,
        at_ms: wall_ms,
        extra: extra.into(),
    })
}

/// The owner is any text in it; the time the largest number, or an expiry if a member is called so.
fn lock_of(session: &Value) -> Option<ForeignLock> {
    let members: Vec<(&str, &Value)> = match session {
        Value::Object(members) => members.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        Value::Array(elements) => elements.iter().map(|value| ("", value)).collect(),
        Value::Number(_) | Value::String(_) => vec![("", session)],
        Value::Null | Value::Bool(_) => return None,
    };
    let owner = members.iter().find_map(|(_, value)| value.as_str());
    let expiry = members.iter().find_map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        let called_so = name.contains("expir") || name.contains("until");
        value.as_f64().filter(|_| called_so).map(millis)
    });
    let since_ms = members
        .iter()
        .filter_map(|(_, value)| value.as_f64().map(millis))
        .max()?;
    Some(ForeignLock {
        owner: owner.unwrap_or("a server of the original library").to_owned(),
        since_ms,
        until_ms: expiry.unwrap_or(since_ms.saturating_add(LOCK_LASTS_MS)),
    })
}

/// A time in seconds, or in milliseconds if it would lie beyond the year 5000 otherwise.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and the time is for comparing only"
)]
fn millis(time: f64) -> i64 {
    if time.abs() < 1e11 {
        (time * 1000.0) as i64
    } else {
        time as i64
    }
}

/// Ids are numbers or texts there, and always texts here.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::stamp::Stamp;
    use super::*;

    const OP: OperationId = Stamp { origin: 1, number: 1 };
    const BOTH: Import = Import {
        original: true,
        plain: true,
        plain_schema: 7,
    };

    fn read(import: Import, text: &str) -> Option<Imported> {
        import.read(text.as_bytes(), OP, 5)
    }

    #[test]
    fn a_record_of_the_original() {
        let text = r#"{"Version":3,"VersionPatch":2,"Session":["job",1700000000],"Gold":12.50,
            "Purchases":[[77,"abc",1700000001,true],["x",5,2,false]],"ProductCredit":[[77,2]],
            "RemoteChanges":[{"K":"gift","I":"i1","A":[1,"two"]}]}"#;
        let it = read(BOTH, text).unwrap();
        assert_eq!((it.header.schema, it.header.patch, it.header.epoch), (3, 2, 0));
        assert_eq!(it.document.get_json("").unwrap().unwrap(), r#"{"Gold":12.50}"#);
        let purchase = |id: &str| PurchaseId {
            provider: "roblox".into(),
            environment: "production".into(),
            id: id.into(),
        };
        for id in ["abc", "5"] {
            assert_eq!(it.header.ledger.effect_of(&purchase(id)), Some(Effect::Applied));
        }
        assert_eq!(it.header.credit["77"], 2);
        let change = &it.header.inbox.waiting()[0];
        assert_eq!(
            (change.kind.as_str(), change.payload.to_string().as_str()),
            ("gift", "[1,\"two\"]")
        );
        let lock = it.lock.unwrap();
        assert_eq!(lock.owner, "job");
        assert_eq!(lock.until_ms, 1_700_000_000_000 + LOCK_LASTS_MS);
    }

    #[test]
    fn an_expiry_that_is_named_counts() {
        let it = read(BOTH, r#"{"Version":1,"Session":{"JobId":"j","Expires":1700000100}}"#).unwrap();
        assert_eq!(it.lock.unwrap().until_ms, 1_700_000_100_000);
        assert!(read(BOTH, r#"{"Version":1,"Session":false}"#).unwrap().lock.is_none());
        assert!(read(BOTH, r#"{"Version":1}"#).unwrap().lock.is_none());
    }

    #[test]
    fn plain_json_comes_with_every_digit() {
        let it = read(BOTH, r#"{"gold": 1.50}"#).unwrap();
        assert_eq!(it.header.schema, 7);
        assert_eq!(it.document.get_json("").unwrap().unwrap(), r#"{"gold": 1.50}"#);
    }

    #[test]
    fn what_is_not_allowed_or_not_understood_is_left_alone() {
        let original = Import { plain: false, ..BOTH };
        assert!(read(original, r#"{"gold":1}"#).is_none());
        assert!(read(original, r#"{"Version":-1}"#).is_none());
        assert!(
            read(original, r#"{"Version":1,"Purchases":[[1]]}"#).is_none(),
            "a purchase would be forgotten"
        );
        assert!(read(BOTH, r#"{"$slk":{},"data":1}"#).is_none());
        assert!(read(BOTH, "not json").is_none());
        assert!(read(Import::default(), r#"{"Version":1}"#).is_none());
    }
}
