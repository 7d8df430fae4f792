//! Records as bytes: `{"$slk": header, "data": ...}`, or `"bytes"` with base64 where the game's data are opaque.

use super::document::Document;
use super::header::{Header, RECORD_FORMAT};
use super::import::{ForeignLock, Import};
use super::stamp::OperationId;
use crate::codec::{self, Form};
use crate::store::{shared_bytes, Bytes, Expected, Hints, Operation};
use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// Why a stored value could not be understood. It is reported and left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFault {
    /// It is not a record, or a damaged one.
    Unreadable(String),
    /// A newer version of this library wrote it.
    NewerFormat(u32),
    /// It is encoded by a codec of this name, which is not known here.
    UnknownCodec(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    #[serde(rename = "$slk")]
    header: Header,
    #[serde(default, deserialize_with = "present")]
    data: Option<Box<RawValue>>,
    #[serde(default, borrow)]
    bytes: Option<Cow<'a, str>>,
}

/// What is there, also if it is `null`: that is a value like any other.
fn present<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(value).map(Some)
}

#[derive(Deserialize)]
struct FormatProbe {
    #[serde(rename = "$slk")]
    header: FormatOnly,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

/// Reads a stored value.
///
/// # Errors
/// A [`ReadFault`] that says what was found.
pub fn decode(value: &[u8]) -> Result<(Header, Document), ReadFault> {
    match codec::form(value) {
        Form::Plain => {}
        Form::Encoded { codec, .. } => return Err(ReadFault::UnknownCodec(codec.to_owned())),
        Form::Damaged(words) => return Err(ReadFault::Unreadable(words.to_owned())),
    }
    let stored: Stored<'_> = serde_json::from_slice(value).map_err(|fault| diagnose(value, &fault))?;
    if stored.header.format > RECORD_FORMAT {
        return Err(ReadFault::NewerFormat(stored.header.format));
    }
    if !stored.header.ledger.is_sound() {
        return Err(ReadFault::Unreadable("the receipt ledger is damaged".into()));
    }
    let document = match (stored.data, stored.bytes) {
        (Some(data), None) => Document::from_raw(data),
        (None, Some(text)) => {
            let bytes = STANDARD
                .decode(text.as_bytes())
                .map_err(|fault| ReadFault::Unreadable(format!("the data are not base64: {fault}")))?;
            Document::from_bytes(&bytes)
        }
        _ => {
            return Err(ReadFault::Unreadable(
                "a record has either `data` or `bytes`, this one has both or neither".into(),
            ))
        }
    };
    Ok((stored.header, document))
}

/// A stored value that was understood.
#[derive(Debug)]
pub struct Decoded {
    /// The header.
    pub header: Header,
    /// The game's data.
    pub document: Document,
    /// A lock that another library left in it.
    pub lock: Option<ForeignLock>,
    /// Another library wrote it.
    pub imported: bool,
}

/// Reads a stored value, also one that this library did not write, as far as `import` allows it.
///
/// # Errors
/// As [`decode`].
pub fn decode_or_import(value: &[u8], import: &Import, op: OperationId, wall_ms: i64) -> Result<Decoded, ReadFault> {
    match decode(value) {
        Ok((header, document)) => Ok(Decoded {
            header,
            document,
            lock: None,
            imported: false,
        }),
        Err(ReadFault::Unreadable(text)) => match import.read(value, op, wall_ms) {
            Some(imported) => Ok(Decoded {
                header: imported.header,
                document: imported.document,
                lock: imported.lock,
                imported: true,
            }),
            None => Err(ReadFault::Unreadable(text)),
        },
        Err(fault) => Err(fault),
    }
}

/// Tells a record of a newer format from something that is no record at all.
fn diagnose(value: &[u8], fault: &serde_json::Error) -> ReadFault {
    match serde_json::from_slice::<FormatProbe>(value) {
        Ok(probe) if probe.header.format > RECORD_FORMAT => ReadFault::NewerFormat(probe.header.format),
        _ if value.is_empty() => ReadFault::Unreadable("the value is empty".into()),
        _ => ReadFault::Unreadable(format!("not a record of this library: {fault}")),
    }
}

/// Room for the header of most records, the ledger aside.
const HEADER_ROOM: usize = 1024;

/// Writes a record as bytes.
#[must_use]
pub fn encode(header: &Header, document: &Document) -> Vec<u8> {
    Encoded::new(header, document).value.to_vec()
}

/// A record as bytes. Where the header ends is known: what follows depends on the data alone.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// All of it.
    pub value: Bytes,
    header_bytes: usize,
}

impl Encoded {
    /// Writes a record.
    #[must_use]
    pub fn new(header: &Header, document: &Document) -> Self {
        let mut out = Vec::with_capacity(HEADER_ROOM + header.ledger.own_bytes() + document.json_bytes());
        out.extend_from_slice(b"{\"$slk\":");
        let mut shared = Vec::new();
        header.write_json(&mut out, &mut shared);
        let header_bytes = out.len() + shared_bytes(&shared);
        if let Some(bytes) = document.as_bytes() {
            out.extend_from_slice(b",\"bytes\":\"");
            out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(b",\"data\":");
            document.write_json(&mut out);
        }
        out.push(b'}');
        Self {
            value: Bytes::with_insertions(out, shared),
            header_bytes,
        }
    }

    /// The write of this record. `data_unchanged`: the data are those of the expected version; `announce`: the server
    /// that waits for this write.
    #[must_use]
    pub fn put(self, expected: Expected, data_unchanged: bool, announce: Option<Arc<str>>) -> Operation {
        Operation::Put {
            value: self.value,
            expected,
            hints: Hints {
                announce,
                header_bytes: u32::try_from(self.header_bytes).unwrap_or(0),
                data_unchanged,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::Holder;
    use super::super::stamp::Stamp;
    use super::*;

    fn stamp(number: u64) -> Stamp {
        Stamp { origin: 7, number }
    }

    fn header() -> Header {
        let mut header = Header::unborn(stamp(1), 3, 1_000);
        header.begin_session(Holder {
            server: "a".into(),
            incarnation: stamp(1),
            op: stamp(2),
            since_ms: 5,
            lease_ms: 60_000,
            extra: Default::default(),
        });
        header
    }

    #[test]
    fn data_come_back_byte_for_byte() {
        let text = r#"{"z":1.0,"a":12345678901234567890123, "e":1E5,"s":"é\u00e9"}"#;
        let value = encode(&header(), &Document::from_json(text).unwrap());
        let (back, document) = decode(&value).unwrap();
        let mut out = Vec::new();
        document.write_json(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), text);
        assert_eq!(encode(&back, &document), value);
    }

    /// Each field, in the order in which version 0.1.0 wrote them.
    #[test]
    fn a_record_with_everything_comes_back_byte_for_byte() {
        let text = concat!(
            r#"{"$slk":{"format":1,"epoch":9,"revision":40,"op":"ff.40","schema":3,"patch":1,"least_schema":2,"#,
            r#""holder":{"server":"eu \"1\"","incarnation":"ff.1","op":"ff.30","since_ms":-5,"lease_ms":60000,"h":1},"#,
            r#""request":{"server":"us-1","op":"a.2","r":[1.50]},"refused":"a.1","#,
            r#""sessions":[{"epoch":7,"op":"1.7"},{"epoch":8,"op":"ffffffffffffffffffffffffffffffff.18446744073709551615"}],"#,
            r#""ledger":{"recent":[{"provider":"shop","environment":"production","id":"x\n1","product":"gold","#,
            r#""effect":"halved","at_ms":7,"by":"gift"},{"provider":"shop","environment":"sandbox","id":"2","#,
            r#""product":"gold","effect":"applied","at_ms":8}],"old":"AAAAAAAAAAAABBBBBBBBBBBB","old_other":"v+/++++++++++","#,
            r#""l":null},"credit":{"a \"b\"":-2,"gold":3},"users":["u1","u\t2"],"#,
            r#""inbox":{"waiting":[{"line":"1.1","number":3,"kind":"gift","payload":{"z":1,"a":2.0},"from":"player/q","#,
            r#""at_ms":4}],"lines":[{"name":"1.1","taken":3,"refused":[2]}],"forgetful":true,"i":1},"#,
            r#""outbox":{"line":"2.2","last":5,"waiting":[{"number":5,"space":"player","key":"r","kind":"gift","#,
            r#""payload":null,"create":true,"at_ms":6}],"o":1},"erased":true,"#,
            r#""parked":[{"provider":"shop","environment":"production","id":"9","product":"new","context":"AP8H","at_ms":5}],"#,
            r#""created_ms":1,"saved_ms":2,"future":{"deep":[18446744073709551616]}},"data":{"gold":1}}"#,
        );
        let (header, document) = decode(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(encode(&header, &document)).unwrap(), text);
        assert_eq!(header.ledger.len(), 5);
    }

    #[test]
    fn bytes_come_back() {
        let value = encode(&header(), &Document::from_bytes(&[0, 255, 7]));
        let (_, document) = decode(&value).unwrap();
        assert_eq!(document.as_bytes(), Some([0, 255, 7].as_slice()));
    }

    #[test]
    fn null_is_a_document_like_any_other() {
        let value = encode(&header(), &Document::from_json("null").unwrap());
        let (_, document) = decode(&value).unwrap();
        assert_eq!(document.get_json("").unwrap().as_deref(), Some("null"));
    }

    #[test]
    fn unknown_header_fields_are_kept() {
        let value = encode(&header(), &Document::default());
        let mut json: serde_json::Value = serde_json::from_slice(&value).unwrap();
        let newer = serde_json::json!({"deep": [1, 2.50, "x"], "n": 18446744073709551615u64});
        json["$slk"]["future"] = newer.clone();
        json["$slk"]["holder"]["colour"] = 7.into();
        let (mut header, document) = decode(json.to_string().as_bytes()).unwrap();
        header.revision += 1;
        let again: serde_json::Value = serde_json::from_slice(&encode(&header, &document)).unwrap();
        assert_eq!(again["$slk"]["future"], newer);
        assert_eq!(again["$slk"]["holder"]["colour"], 7);
    }

    #[test]
    fn what_is_no_record_is_told_with_a_reason() {
        let good = encode(&header(), &Document::default());
        let cut = &good[..good.len() - 3];
        for bad in [b"".as_slice(), b"null", b"{}", b"{\"gold\":1}", b"\xff\xfe", cut] {
            assert!(matches!(decode(bad), Err(ReadFault::Unreadable(_))), "{bad:?}");
        }
    }

    #[test]
    fn what_a_codec_made_is_told_from_damage() {
        let unknown = decode(b"\x1bSLK\x01\x04rot9...").unwrap_err();
        assert_eq!(unknown, ReadFault::UnknownCodec("rot9".into()));
        assert!(matches!(decode(b"\x1bSLK\x01\x40rot9"), Err(ReadFault::Unreadable(_))));
        assert!(matches!(decode(b"\x1bSLK\x02because"), Err(ReadFault::Unreadable(words)) if words == "because"));
    }

    #[test]
    fn a_newer_format_is_told_from_damage() {
        let text = br#"{"$slk":{"format":9,"all":"different"},"data":{},"more":1}"#;
        assert_eq!(decode(text).unwrap_err(), ReadFault::NewerFormat(9));
    }
}
