//! The game's data in a record: a JSON value, or opaque bytes.
//!
//! A document that was read from a store stays text until somebody looks inside, and goes back byte for byte if nobody
//! changed it. Clones share the content until one of them is changed. What is inside is opened step by step, see
//! [`tree`](super::tree): reading and changing a few places costs little, and what nobody touched stays as it was
//! written, its space and its members of the same name included.
//!
//! Where a text names a member twice, the last one counts, as in most parsers; in an object in which something is changed
//! it takes the place of the first.
//!
//! # Memory
//!
//! Changes are kept beside the text, and text that they replaced stays. When that comes to half the length of the text,
//! all is written anew as one text. So a document takes about one and a half times the length of its JSON at most, however
//! often it is changed, and the writing is paid for by the changes since. What was opened comes on top, four or eight
//! bytes for each child: most for an array of one-digit numbers that somebody looks into, which takes three times its
//! length.

use super::json_text;
use super::pointer::{self, Pointer};
use super::tree::{Kind, Lazy, Node, Opened, Source, View, MAX_TEXT};
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
    /// JSON that was changed.
    Tree(Tree),
    Bytes(Arc<[u8]>),
}

#[derive(Debug)]
struct Text {
    lazy: Lazy,
    /// That it can be looked into, once somebody wanted to.
    checked: OnceLock<()>,
}

#[derive(Clone, Debug)]
struct Tree {
    root: Arc<Opened>,
    /// Bytes of memory that the changes have cost.
    spent: u32,
    /// What they may cost until all is written anew.
    allowed: u32,
}

/// What changes may cost at least: below it, memory is not worth the work.
const LEAST_ALLOWED: usize = 512;

impl Text {
    fn new(text: Box<str>) -> Self {
        Self {
            lazy: Lazy::whole(Arc::new(Source(text))),
            checked: OnceLock::new(),
        }
    }

    fn as_str(&self) -> &str {
        &self.lazy.source().0
    }

    fn check(&self) -> Result<&Lazy, Error> {
        if self.checked.get().is_none() {
            let text = self.as_str();
            if text.len() > MAX_TEXT {
                return Err(too_long());
            }
            json_text::check(text)?;
            self.checked.get_or_init(|| ());
        }
        Ok(&self.lazy)
    }
}

impl Tree {
    fn of(text: &Text) -> Result<Self, Error> {
        let allowed = (text.as_str().len() / 2).max(LEAST_ALLOWED);
        Ok(Self {
            root: Arc::clone(text.check()?.open()),
            spent: 0,
            allowed: u32::try_from(allowed).unwrap_or(u32::MAX),
        })
    }
}

fn too_long() -> Error {
    let text = format!("the JSON text is longer than {MAX_TEXT} bytes");
    Error::new(ErrorKind::TooLong, text)
}

fn not_json(fault: &serde_json::Error) -> Error {
    Error::new(ErrorKind::InvalidJson, format!("not valid JSON: {fault}"))
}

impl Default for Document {
    /// An empty JSON object.
    fn default() -> Self {
        Self::from_text("{}".into())
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
        let text = Text::new(raw.into());
        text.check()?;
        Ok(Self {
            content: Content::Text(Arc::new(text)),
        })
    }

    /// A document from text that is known to be JSON. Should it be nested too deeply to be looked into, the accessors
    /// say so, and it still goes back as it came.
    #[must_use]
    pub fn from_raw(raw: Box<RawValue>) -> Self {
        Self::from_text(raw.into())
    }

    /// A document from a JSON value, which must not be nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH) levels.
    #[must_use]
    #[allow(clippy::needless_pass_by_value, reason = "it becomes the document")]
    pub fn from_value(value: Value) -> Self {
        Self::from_text(value.to_string().into())
    }

    /// A document from valid JSON without space around it.
    fn from_text(text: Box<str>) -> Self {
        Self {
            content: Content::Text(Arc::new(Text::new(text))),
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
            Content::Text(text) => out.extend_from_slice(text.as_str().as_bytes()),
            Content::Tree(tree) => View::Opened(&tree.root).write(out),
            Content::Bytes(_) => return false,
        }
        true
    }

    /// About how many bytes it has in a record.
    pub(super) fn json_bytes(&self) -> usize {
        match &self.content {
            Content::Text(text) => text.as_str().len(),
            Content::Tree(tree) => 2 * tree.allowed as usize,
            Content::Bytes(bytes) => bytes.len() / 3 * 4 + 4,
        }
    }

    /// Whether neither was changed since one was cloned from the other. Never true by chance, and cheap.
    #[must_use]
    pub fn is_clone_of(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Text(a), Content::Text(b)) => Arc::ptr_eq(a, b),
            (Content::Tree(a), Content::Tree(b)) => Arc::ptr_eq(&a.root, &b.root),
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
        let default = default.root()?;
        if !lacks(self.root()?, default) {
            return Ok(false);
        }
        self.change(|root| fill_in(root, default))?;
        Ok(true)
    }

    /// A copy of the whole document as a value.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] for a document of bytes.
    pub fn to_value(&self) -> Result<Value, Error> {
        let text = self.root()?.to_json();
        serde_json::from_str(&text).map_err(|fault| not_json(&fault))
    }

    /// The whole document, to look at.
    pub(super) fn root(&self) -> Result<View<'_>, Error> {
        match &self.content {
            Content::Text(text) => Ok(text.check()?.view()),
            Content::Tree(tree) => Ok(View::Opened(&tree.root)),
            Content::Bytes(_) => Err(opaque()),
        }
    }

    /// Changes something inside the object or array that the document is. `change` gives the bytes of memory that it
    /// has spent besides what it put in. A document that is neither stays as it is.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Opened) -> usize) -> Result<(), Error> {
        if let Content::Text(text) = &self.content {
            if !text.check()?.view().kind().is_container() {
                return Ok(());
            }
            self.content = Content::Tree(Tree::of(text)?);
        }
        let Content::Tree(tree) = &mut self.content else {
            return Err(opaque());
        };
        let spent = change(Arc::make_mut(&mut tree.root));
        tree.spent = tree.spent.saturating_add(u32::try_from(spent).unwrap_or(u32::MAX));
        if tree.spent > tree.allowed {
            self.write_anew();
        }
        Ok(())
    }

    /// The whole number at the place, if it was changed before and no clone shares it.
    pub(super) fn integer_mut(&mut self, pointer: Pointer<'_>) -> Option<&mut i64> {
        match &mut self.content {
            Content::Tree(tree) => pointer::integer_mut(Arc::get_mut(&mut tree.root)?, pointer),
            Content::Text(_) | Content::Bytes(_) => None,
        }
    }

    /// Makes one text of the changes and the texts that they are beside.
    #[cold]
    fn write_anew(&mut self) {
        let Content::Tree(tree) = &mut self.content else {
            return;
        };
        let text = Text::new(View::Opened(&tree.root).to_json().into());
        // It is made of texts that were checked, so only its length could be in the way.
        let checked = text.as_str().len() <= MAX_TEXT && text.checked.set(()).is_ok();
        match Tree::of(&text) {
            Ok(renewed) if checked => *tree = renewed,
            _ => tree.spent = 0,
        }
    }

    /// Puts a value in the place of the whole document.
    pub(super) fn become_value(&mut self, value: &Node) {
        *self = Self::from_text(value.view().to_json().into());
    }

    /// The whole document's text, if it is text that nobody has changed.
    pub(super) fn raw_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text.as_str()),
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

fn lacks(view: View<'_>, default: View<'_>) -> bool {
    if view.kind() != Kind::Object || default.kind() != Kind::Object {
        return false;
    }
    let mut wanted = default.members().into_iter();
    wanted.any(|(name, default)| view.member(&name).is_none_or(|value| lacks(value, default)))
}

/// Gives the bytes of memory that it has spent besides the values.
fn fill_in(object: &mut Opened, default: View<'_>) -> usize {
    let mut spent = 0;
    for (name, default) in default.members() {
        let Some(at) = object.position(&name) else {
            spent += object.insert(&name, Node::from_json(&default.to_json()));
            continue;
        };
        if object.child(at).is_some_and(|value| lacks(value, default)) {
            if let Some((child, more)) = object.open_child(at) {
                spent += more + fill_in(child, default);
            }
        }
    }
    spent
}

fn opaque() -> Error {
    let text = "the document holds opaque bytes, not JSON; the spec's data kind decides that";
    Error::new(ErrorKind::WrongType, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that the changes have cost, and may cost.
    fn costs(document: &Document) -> (u32, u32) {
        match &document.content {
            Content::Tree(tree) => (tree.spent, tree.allowed),
            _ => (0, 0),
        }
    }

    #[test]
    fn what_changes_cost_stays_below_the_data() {
        let members: Vec<String> = (0..300).map(|number| format!("\"item-{number}\":{number}")).collect();
        let text = format!("{{{}}}", members.join(","));
        let mut it = Document::from_json(&text).unwrap();
        let mut most = 0;
        for number in 0..300 {
            it.set_str(&format!("/item-{number}"), "changed").unwrap();
            let (spent, allowed) = costs(&it);
            assert!(
                spent <= allowed && allowed as usize <= 300 * 22 / 2,
                "{spent} of {allowed}"
            );
            most = most.max(spent);
        }
        assert!(most > 1_000, "that something was counted: {most}");
        for number in 1..300 {
            it.remove(&format!("/item-{number}")).unwrap();
        }
        let (_, allowed) = costs(&it);
        assert!((allowed as usize) < text.len() / 2, "what was removed is let go");
        assert_eq!(it.get_json("").unwrap().unwrap(), r#"{"item-0":"changed"}"#);
    }
}
