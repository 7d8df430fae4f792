//! The game's data in a record: a JSON value, or opaque bytes.
//!
//! A document that was read from a store stays text until somebody looks inside, and goes back byte for byte if nobody
//! changed it. Clones share the content until one of them is changed.
//!
//! Where a text names a member twice, the last one counts, as in most parsers; a text that nobody changes keeps both.

use super::json_text;
use crate::error::{Error, ErrorKind};
use serde_json::value::RawValue;
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// A JSON value or opaque bytes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Document {
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    /// JSON that nobody has changed.
    Text(Arc<Text>),
    /// JSON that was changed, or made from a value.
    Tree(Arc<Value>),
    Bytes(Arc<[u8]>),
}

#[derive(Debug)]
struct Text {
    raw: Box<RawValue>,
    /// The same as a value, once somebody has looked inside.
    tree: OnceLock<Arc<Value>>,
}

impl Text {
    fn tree(&self) -> Result<&Arc<Value>, Error> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree);
        }
        json_text::check(self.raw.get())?;
        let value = serde_json::from_str(self.raw.get()).map_err(|fault| not_json(&fault))?;
        Ok(self.tree.get_or_init(|| Arc::new(value)))
    }
}

fn not_json(fault: &serde_json::Error) -> Error {
    Error::new(ErrorKind::InvalidJson, format!("not valid JSON: {fault}"))
}

impl Default for Document {
    /// An empty JSON object.
    fn default() -> Self {
        Self::from_value(Value::Object(serde_json::Map::new()))
    }
}

impl Document {
    /// A document from JSON text.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidJson`] with the place of the fault; [`ErrorKind::TooLong`] if it is nested deeper than
    /// [`MAX_DEPTH`](super::MAX_DEPTH) levels.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let raw: Box<RawValue> = serde_json::from_str(text).map_err(|fault| not_json(&fault))?;
        json_text::check(raw.get())?;
        Ok(Self::from_raw(raw))
    }

    /// A document from text that is known to be JSON. Should it be nested too deeply to be looked into, the accessors
    /// say so, and it still goes back as it came.
    #[must_use]
    pub fn from_raw(raw: Box<RawValue>) -> Self {
        let text = Text {
            raw,
            tree: OnceLock::new(),
        };
        Self {
            content: Content::Text(Arc::new(text)),
        }
    }

    /// A document from a JSON value, which must not be nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH) levels.
    #[must_use]
    pub fn from_value(value: Value) -> Self {
        Self {
            content: Content::Tree(Arc::new(value)),
        }
    }

    /// A document of opaque bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self {
            content: Content::Bytes(bytes.into()),
        }
    }

    /// The opaque bytes, if it is a document of bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes),
            Content::Text(_) | Content::Tree(_) => None,
        }
    }

    /// Appends the JSON text to `out`; false, and nothing appended, for a document of bytes.
    pub fn write_json(&self, out: &mut Vec<u8>) -> bool {
        match &self.content {
            Content::Text(text) => out.extend_from_slice(text.raw.get().as_bytes()),
            Content::Tree(value) => {
                serde_json::to_writer(out, value.as_ref()).expect("a JSON value can always be written to memory");
            }
            Content::Bytes(_) => return false,
        }
        true
    }

    /// How many bytes it has in a record, as far as that is known without writing it.
    pub(super) fn json_bytes(&self) -> usize {
        match &self.content {
            Content::Text(text) => text.raw.get().len(),
            Content::Tree(_) => 0,
            Content::Bytes(bytes) => bytes.len() / 3 * 4 + 4,
        }
    }

    /// Whether neither was changed since one was cloned from the other. Never true by chance, and cheap.
    #[must_use]
    pub fn is_clone_of(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Text(a), Content::Text(b)) => Arc::ptr_eq(a, b),
            (Content::Tree(a), Content::Tree(b)) => Arc::ptr_eq(a, b),
            (Content::Bytes(a), Content::Bytes(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Whether both show the same content. Text is compared as text.
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Bytes(a), Content::Bytes(b)) => a == b,
            (Content::Bytes(_), _) | (_, Content::Bytes(_)) => false,
            _ => {
                let (mut a, mut b) = (Vec::new(), Vec::new());
                self.write_json(&mut a);
                other.write_json(&mut b);
                a == b
            }
        }
    }

    /// Fills in the members that `default` has and this document lacks, at every depth of objects; arrays are left as
    /// they are. Tells whether something was missing.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] for documents of bytes.
    pub fn reconcile(&mut self, default: &Self) -> Result<bool, Error> {
        let default = default.tree()?;
        if !lacks(self.tree()?, default) {
            return Ok(false);
        }
        fill_in(self.tree_mut()?, default);
        Ok(true)
    }

    /// A copy of the whole document as a value.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] for a document of bytes.
    pub fn to_value(&self) -> Result<Value, Error> {
        self.tree().cloned()
    }

    /// The whole document as a value.
    pub(super) fn tree(&self) -> Result<&Value, Error> {
        match &self.content {
            Content::Text(text) => Ok(text.tree()?),
            Content::Tree(tree) => Ok(tree),
            Content::Bytes(_) => Err(opaque()),
        }
    }

    /// The whole document as a value to be changed. Copies it if it is shared.
    pub(super) fn tree_mut(&mut self) -> Result<&mut Value, Error> {
        if let Content::Text(text) = &mut self.content {
            text.tree()?;
            let tree = match Arc::get_mut(text) {
                Some(text) => text.tree.take(),
                None => text.tree.get().cloned(),
            };
            self.content = Content::Tree(tree.unwrap_or_default());
        }
        match &mut self.content {
            Content::Tree(tree) => Ok(Arc::make_mut(tree)),
            Content::Text(_) | Content::Bytes(_) => Err(opaque()),
        }
    }

    /// The whole document's text, if it is text that nobody has changed.
    pub(super) fn raw_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text.raw.get()),
            Content::Tree(_) | Content::Bytes(_) => None,
        }
    }

    /// Replaces the opaque bytes.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] for a document of JSON: what a document holds is settled when it is made.
    pub fn set_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.content {
            Content::Bytes(content) => {
                *content = bytes.into();
                Ok(())
            }
            Content::Text(_) | Content::Tree(_) => {
                let text = "the document holds JSON, not opaque bytes; the spec's data kind decides that";
                Err(Error::new(ErrorKind::WrongType, text))
            }
        }
    }
}

fn lacks(value: &Value, default: &Value) -> bool {
    let (Value::Object(members), Value::Object(wanted)) = (value, default) else {
        return false;
    };
    wanted
        .iter()
        .any(|(name, default)| members.get(name).is_none_or(|value| lacks(value, default)))
}

fn fill_in(value: &mut Value, default: &Value) {
    let (Value::Object(members), Value::Object(wanted)) = (value, default) else {
        return;
    };
    for (name, default) in wanted {
        match members.get_mut(name) {
            Some(value) => fill_in(value, default),
            None => {
                members.insert(name.clone(), default.clone());
            }
        }
    }
}

fn opaque() -> Error {
    let text = "the document holds opaque bytes, not JSON; the spec's data kind decides that";
    Error::new(ErrorKind::WrongType, text)
}
