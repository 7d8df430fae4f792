//! JSON that is opened only where somebody looks.
//!
//! Data that are loaded, asked for a few numbers, changed in one or two places and written back are the rule. So a value
//! is text as long as possible. An object or array is *opened* when somebody looks into it: that finds where its children
//! begin in the text, and is remembered. It costs four bytes a child, eight in an object of more than 16; the children
//! themselves stay text. What is changed is kept beside the text, in the opened container that holds it. Writing copies
//! everything else from the text.
//!
//! A short object or array is not opened for reading: to scan it is as fast as to look it up, and takes no memory.
//! Changing opens what leads to the place. Copies share all of it until they change: a change copies the opened containers
//! on the way to it, not what is below or beside them.

use super::scan::{self, Child};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::{Arc, OnceLock};

/// Below so many bytes an object or array is scanned where it stands. To open it for reading takes about 200 bytes.
const SHORT: usize = 256;

/// With so many members an object has an index by name.
const INDEXED: usize = 16;

/// What type of value JSON text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    fn of(text: &str) -> Self {
        match text.as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Bool,
            Some(b'-' | b'0'..=b'9') => Self::Number,
            _ => Self::Null,
        }
    }

    pub fn is_container(self) -> bool {
        matches!(self, Self::Array | Self::Object)
    }
}

/// Valid JSON text, without space around it, that the parts of a document share.
#[derive(Debug)]
pub(super) struct Source(pub Box<str>);

impl Source {
    /// Empty instead of a panic if the places are wrong.
    fn part(&self, start: usize, end: usize) -> &str {
        self.0.get(start..end).unwrap_or_default()
    }
}

/// A value that nobody has changed.
#[derive(Debug)]
pub(super) struct Lazy {
    source: Arc<Source>,
    start: u32,
    end: u32,
    /// Where its children are, once somebody has looked into it.
    opened: OnceLock<Arc<Opened>>,
}

impl Lazy {
    /// The whole text, of which no more than [`MAX_TEXT`] bytes can be looked into.
    pub fn whole(source: Arc<Source>) -> Self {
        let end = source.0.len();
        Self::part(source, 0, end)
    }

    fn part(source: Arc<Source>, start: usize, end: usize) -> Self {
        Self {
            source,
            start: narrow(start),
            end: narrow(end),
            opened: OnceLock::new(),
        }
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    fn text(&self) -> &str {
        self.source.part(self.start as usize, self.end as usize)
    }

    pub fn view(&self) -> View<'_> {
        let text = self.text();
        if text.len() < SHORT || !Kind::of(text).is_container() {
            return View::Text(text);
        }
        View::Opened(self.open())
    }

    /// Opens it, whatever its length.
    pub fn open(&self) -> &Arc<Opened> {
        self.opened
            .get_or_init(|| Arc::new(Opened::new(&self.source, self.start as usize, self.end as usize)))
    }

    /// Bytes of a text that is needed for something else too.
    fn shared_length(&self) -> usize {
        let length = (self.end - self.start) as usize;
        if length < self.source.0.len() {
            length
        } else {
            0
        }
    }
}

/// The longest text that can be looked into.
pub(super) const MAX_TEXT: usize = (Slot::KEPT - 1) as usize;

fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// A value that is kept beside the text.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Integer(i64),
    /// Anything but an object or array, as JSON text.
    Scalar(Arc<str>),
    /// An object or array, as text.
    Lazy(Arc<Lazy>),
    /// An object or array in which something was changed.
    Opened(Arc<Opened>),
}

impl Node {
    /// A value from JSON text that is known to be valid.
    pub fn from_json(text: &str) -> Self {
        if Kind::of(text).is_container() {
            let source = Arc::new(Source(text.into()));
            Self::Lazy(Arc::new(Lazy::whole(source)))
        } else {
            Self::Scalar(text.into())
        }
    }

    pub fn view(&self) -> View<'_> {
        match self {
            Self::Integer(number) => View::Integer(*number),
            Self::Scalar(text) => View::Text(text),
            Self::Lazy(lazy) => lazy.view(),
            Self::Opened(opened) => View::Opened(opened),
        }
    }

    /// The inside of an object or array, to be changed.
    fn open_mut(&mut self) -> Option<&mut Opened> {
        if let Self::Lazy(lazy) = self {
            let opened = Arc::clone(lazy.open());
            *self = Self::Opened(opened);
        }
        match self {
            Self::Opened(opened) => Some(Arc::make_mut(opened)),
            _ => None,
        }
    }

    pub fn integer_mut(&mut self) -> Option<&mut i64> {
        match self {
            Self::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// The inside of an object or array that was changed before and that no copy shares.
    pub fn unshared_mut(&mut self) -> Option<&mut Opened> {
        match self {
            Self::Opened(opened) => Arc::get_mut(opened),
            _ => None,
        }
    }

    /// Bytes of memory that it takes besides its text.
    fn overhead(&self) -> usize {
        match self {
            Self::Integer(_) => 0,
            Self::Scalar(_) => ALLOCATION_BYTES,
            Self::Lazy(_) | Self::Opened(_) => size_of::<Lazy>() + size_of::<Source>() + 2 * ALLOCATION_BYTES,
        }
    }

    /// Bytes of text that nothing shows any more when this is gone.
    fn shared_length(&self) -> usize {
        match self {
            Self::Integer(_) | Self::Scalar(_) => 0,
            Self::Lazy(lazy) => lazy.shared_length(),
            Self::Opened(opened) => opened.length as usize,
        }
    }
}

/// A value to look at.
#[derive(Clone, Copy, Debug)]
pub(super) enum View<'d> {
    Integer(i64),
    /// A value as text; an object or array only if it is short.
    Text(&'d str),
    Opened(&'d Opened),
}

impl<'d> View<'d> {
    pub fn kind(self) -> Kind {
        match self {
            Self::Integer(_) => Kind::Number,
            Self::Text(text) => Kind::of(text),
            Self::Opened(opened) if opened.is_object => Kind::Object,
            Self::Opened(_) => Kind::Array,
        }
    }

    /// The member of this name, if it is an object that has one.
    pub fn member(self, name: &str) -> Option<View<'d>> {
        match self {
            Self::Integer(_) => None,
            Self::Text(text) if text.starts_with('{') => {
                // The last of two with the same name counts.
                let named = |child: &Child| name_is(&text.as_bytes()[child.name..], name);
                let found = scan::children(text.as_bytes(), 0).filter(named).last()?;
                text.get(found.value..found.end).map(View::Text)
            }
            Self::Text(_) => None,
            Self::Opened(opened) => opened.child(opened.position(name)?),
        }
    }

    /// The element at this place, if it is an array that has one.
    pub fn element(self, index: usize) -> Option<View<'d>> {
        match self {
            Self::Integer(_) => None,
            Self::Text(text) => {
                let found = scan::children(text.as_bytes(), 0).nth(index)?;
                text.get(found.value..found.end).map(View::Text)
            }
            Self::Opened(opened) => opened.child(index),
        }
    }

    /// How many members or elements it has.
    pub fn len(self) -> usize {
        match self {
            Self::Integer(_) => 0,
            Self::Text(text) if text.starts_with('{') => members_of(text).len(),
            Self::Text(text) => scan::children(text.as_bytes(), 0).count(),
            Self::Opened(opened) => opened.slots.len(),
        }
    }

    /// The name of the member number `index`.
    pub fn name_at(self, index: usize) -> Option<Cow<'d, str>> {
        match self {
            Self::Integer(_) => None,
            Self::Text(text) => members_of(text).into_iter().nth(index).map(|(name, _)| name),
            Self::Opened(opened) => opened.slots.get(index).map(|slot| unquote(opened.name_of(*slot))),
        }
    }

    /// Names and values of an object, each name once.
    pub fn members(self) -> Vec<(Cow<'d, str>, View<'d>)> {
        match self {
            Self::Integer(_) => Vec::new(),
            Self::Text(text) => members_of(text),
            Self::Opened(opened) => {
                let shown = |(at, slot): (usize, &Slot)| Some((unquote(opened.name_of(*slot)), opened.child(at)?));
                opened.slots.iter().enumerate().filter_map(shown).collect()
            }
        }
    }

    /// The characters of a string.
    pub fn as_str(self) -> Option<Cow<'d, str>> {
        match self {
            Self::Text(text) if text.starts_with('"') => Some(unquote(text)),
            _ => None,
        }
    }

    pub fn as_bool(self) -> Option<bool> {
        match self {
            Self::Text("true") => Some(true),
            Self::Text("false") => Some(false),
            _ => None,
        }
    }

    /// Appends the value as JSON text.
    pub fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(number) => {
                serde_json::to_writer(out, &number).expect("a number can always be written to memory");
            }
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Opened(opened) => opened.write(out),
        }
    }

    pub fn to_json(self) -> String {
        let mut out = Vec::new();
        self.write(&mut out);
        String::from_utf8(out).expect("it is made of texts")
    }
}

/// Names and values of a short object: the last of two with the same name, in the place of the first.
fn members_of(text: &str) -> Vec<(Cow<'_, str>, View<'_>)> {
    let mut members: Vec<(Cow<'_, str>, View<'_>)> = Vec::new();
    if !text.starts_with('{') {
        return members;
    }
    for child in scan::children(text.as_bytes(), 0) {
        let name = unquote(quoted_at(text, child.name));
        let value = View::Text(text.get(child.value..child.end).unwrap_or_default());
        match members.iter_mut().find(|(known, _)| *known == name) {
            Some(member) => member.1 = value,
            None => members.push((name, value)),
        }
    }
    members
}

/// The characters that a string in quotes stands for.
fn unquote(quoted: &str) -> Cow<'_, str> {
    let inside = quoted.get(1..quoted.len().max(2) - 1).unwrap_or_default();
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    serde_json::from_str(quoted).map_or(Cow::Borrowed(inside), Cow::Owned)
}

fn quoted_at(text: &str, start: usize) -> &str {
    let end = scan::string_end(text.as_bytes(), start).0;
    text.get(start..end).unwrap_or_default()
}

/// Whether the string that opens at the beginning of `quoted` stands for `name`.
fn name_is(quoted: &[u8], name: &str) -> bool {
    let (end, escaped) = scan::string_end(quoted, 0);
    if !escaped {
        return quoted.get(1..end.max(1) - 1) == Some(name.as_bytes());
    }
    let quoted = quoted.get(..end).and_then(|quoted| std::str::from_utf8(quoted).ok());
    quoted.is_some_and(|quoted| unquote(quoted) == name)
}

/// Where a child is.
#[derive(Clone, Copy, Debug)]
struct Slot(u32);

enum Place {
    /// In the text: where the name opens, or in an array the value begins.
    Text(usize),
    /// Beside the text: its index there.
    Kept(usize),
}

impl Slot {
    const KEPT: u32 = 1 << 31;

    fn text(place: usize) -> Self {
        Self(narrow(place) & !Self::KEPT)
    }

    fn kept(index: usize) -> Self {
        Self(narrow(index) | Self::KEPT)
    }

    fn place(self) -> Place {
        if self.0 & Self::KEPT == 0 {
            Place::Text(self.0 as usize)
        } else {
            Place::Kept((self.0 & !Self::KEPT) as usize)
        }
    }
}

/// The name of a member that is kept beside the text.
#[derive(Clone, Debug)]
enum Name {
    /// It opens at this place of the text. In an array it means nothing.
    Text(u32),
    /// In quotes.
    Own(Arc<str>),
}

#[derive(Clone, Debug)]
struct Kept {
    name: Name,
    value: Node,
}

/// Bytes that a child takes when it is kept beside the text.
const KEPT_BYTES: usize = size_of::<Kept>();

/// Bytes that an opened object or array takes besides its children.
const OPENED_BYTES: usize = size_of::<Opened>() + size_of::<Lazy>() + 2 * ALLOCATION_BYTES;

/// Bytes of an `Arc` besides what is in it.
const ALLOCATION_BYTES: usize = 16;

/// An object or array whose children are known.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    source: Arc<Source>,
    is_object: bool,
    /// A name has escapes, so that its text is not the name.
    has_escapes: bool,
    /// Between children that follow each other is more in the text than a comma.
    has_gaps: bool,
    /// Of its text.
    length: u32,
    slots: Vec<Slot>,
    /// Objects and arrays that are not short, and what was changed.
    kept: Vec<Kept>,
    /// The places of the members in the order of their names, if they are more than [`INDEXED`].
    by_name: Vec<u32>,
}

impl Opened {
    fn new(source: &Arc<Source>, start: usize, end: usize) -> Self {
        let text = source.0.as_bytes();
        let mut opened = Self {
            source: Arc::clone(source),
            is_object: text.get(start) == Some(&b'{'),
            has_escapes: false,
            has_gaps: false,
            length: if end - start < text.len() {
                narrow(end - start)
            } else {
                0
            },
            slots: Vec::new(),
            kept: Vec::new(),
            by_name: Vec::new(),
        };
        for child in scan::children(text.get(..end).unwrap_or_default(), start) {
            opened.enter(child);
        }
        opened.slots.shrink_to_fit();
        opened.kept.shrink_to_fit();
        if opened.is_object {
            opened.learn_names();
        }
        opened
    }

    fn enter(&mut self, child: Child) {
        let text = self.source.0.as_bytes();
        let is_container = matches!(text.get(child.value), Some(b'{' | b'['));
        if is_container && child.end - child.value >= SHORT {
            let lazy = Lazy::part(Arc::clone(&self.source), child.value, child.end);
            self.slots.push(Slot::kept(self.kept.len()));
            self.kept.push(Kept {
                name: Name::Text(narrow(child.name)),
                value: Node::Lazy(Arc::new(lazy)),
            });
        } else {
            self.slots.push(Slot::text(child.name));
        }
    }

    /// Leaves of members with the same name the last, in the place of the first.
    fn learn_names(&mut self) {
        let escaped = |slot: &Slot| self.name_of(*slot).contains('\\');
        self.has_escapes = self.slots.iter().any(escaped);
        self.index_names();
        if !self.has_twins() {
            return;
        }
        let mut slots: Vec<Slot> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for slot in &self.slots {
            let place = *places.entry(unquote(self.name_of(*slot))).or_insert(slots.len());
            match slots.get_mut(place) {
                Some(first) => *first = *slot,
                None => slots.push(*slot),
            }
        }
        self.slots = slots;
        self.has_gaps = true;
        self.index_names();
    }

    fn has_twins(&self) -> bool {
        let same = |a: Slot, b: Slot| self.compare(a, &unquote(self.name_of(b))).is_eq();
        if self.slots.len() > INDEXED {
            let slot = |place: u32| self.slots[place as usize];
            return self.by_name.windows(2).any(|two| same(slot(two[0]), slot(two[1])));
        }
        let mut rest = self.slots.as_slice();
        while let Some((first, others)) = rest.split_first() {
            if others.iter().any(|other| same(*other, *first)) {
                return true;
            }
            rest = others;
        }
        false
    }

    fn index_names(&mut self) {
        self.by_name.clear();
        if !self.is_object || self.slots.len() <= INDEXED {
            return;
        }
        let mut by_name: Vec<u32> = (0..narrow(self.slots.len())).collect();
        let name = |place: u32| self.name_of(self.slots[place as usize]);
        by_name.sort_by(|a, b| {
            if self.has_escapes {
                unquote(name(*a)).cmp(&unquote(name(*b)))
            } else {
                inside(name(*a)).cmp(inside(name(*b)))
            }
        });
        self.by_name = by_name;
    }

    /// The name in quotes.
    fn name_of(&self, slot: Slot) -> &str {
        let place = match slot.place() {
            Place::Text(place) => place,
            Place::Kept(index) => match self.kept.get(index).map(|kept| &kept.name) {
                Some(Name::Own(name)) => return name,
                Some(Name::Text(place)) => *place as usize,
                None => return "",
            },
        };
        quoted_at(&self.source.0, place)
    }

    fn compare(&self, slot: Slot, name: &str) -> Ordering {
        let quoted = self.name_of(slot);
        if self.has_escapes {
            unquote(quoted).as_ref().cmp(name)
        } else {
            inside(quoted).cmp(name.as_bytes())
        }
    }

    /// Which member has this name.
    #[inline]
    pub fn position(&self, name: &str) -> Option<usize> {
        if !self.is_object {
            return None;
        }
        if self.slots.len() <= INDEXED {
            return self.slots.iter().position(|slot| self.is_named(*slot, name));
        }
        self.search(name).ok().map(|rank| self.by_name[rank] as usize)
    }

    /// Its place in the index.
    fn search(&self, name: &str) -> Result<usize, usize> {
        self.by_name
            .binary_search_by(|place| self.compare(self.slots[*place as usize], name))
    }

    #[inline]
    fn is_named(&self, slot: Slot, name: &str) -> bool {
        let mut quoted = self.source.0.as_bytes();
        let place = match slot.place() {
            Place::Text(place) => place,
            Place::Kept(index) => match self.kept.get(index).map(|kept| &kept.name) {
                Some(Name::Text(place)) => *place as usize,
                Some(Name::Own(own)) => {
                    quoted = own.as_bytes();
                    0
                }
                None => return false,
            },
        };
        let quoted = quoted.get(place..).unwrap_or_default();
        if self.has_escapes {
            return name_is(quoted, name);
        }
        // A name without escapes has no quote. So where the text goes on like a name that has none, it is this name.
        quoted.get(name.len() + 1) == Some(&b'"')
            && quoted.get(1..=name.len()) == Some(name.as_bytes())
            && name.bytes().all(|byte| byte != b'"')
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn is_object(&self) -> bool {
        self.is_object
    }

    pub fn child(&self, at: usize) -> Option<View<'_>> {
        match self.slots.get(at)?.place() {
            Place::Text(place) => {
                let child = scan::child_at(self.source.0.as_bytes(), place, self.is_object)?;
                Some(View::Text(self.source.part(child.value, child.end)))
            }
            Place::Kept(index) => self.kept.get(index).map(|kept| kept.value.view()),
        }
    }

    /// A child that is kept beside the text.
    #[inline]
    pub fn kept_mut(&mut self, at: usize) -> Option<&mut Node> {
        match self.slots.get(at)?.place() {
            Place::Text(_) => None,
            Place::Kept(index) => self.kept.get_mut(index).map(|kept| &mut kept.value),
        }
    }

    /// Puts a value in the place of a child. Gives the bytes of memory that are spent besides the value.
    pub fn replace(&mut self, at: usize, value: Node) -> usize {
        let Some(slot) = self.slots.get(at).copied() else {
            return 0;
        };
        match slot.place() {
            Place::Text(place) => {
                let spent = KEPT_BYTES + value.overhead() + self.child_length(place);
                self.keep(at, place, value);
                spent
            }
            Place::Kept(index) => match self.kept.get_mut(index) {
                Some(kept) => std::mem::replace(&mut kept.value, value).shared_length(),
                None => 0,
            },
        }
    }

    fn child_length(&self, place: usize) -> usize {
        let child = scan::child_at(self.source.0.as_bytes(), place, self.is_object);
        child.map_or(0, |child| child.end - child.name)
    }

    fn keep(&mut self, at: usize, name: usize, value: Node) {
        self.slots[at] = Slot::kept(self.kept.len());
        self.kept.push(Kept {
            name: Name::Text(narrow(name)),
            value,
        });
    }

    /// Appends an element.
    pub fn push(&mut self, value: Node) -> usize {
        let spent = KEPT_BYTES + value.overhead();
        self.append(Name::Text(0), value);
        spent
    }

    /// Appends a member, whose name must be new.
    pub fn insert(&mut self, name: &str, value: Node) -> usize {
        let quoted = serde_json::to_string(name).expect("a text can always be written to memory");
        self.has_escapes |= quoted.contains('\\');
        let rank = self.search(name).unwrap_or_else(|rank| rank);
        let spent = KEPT_BYTES + value.overhead();
        self.append(Name::Own(quoted.into()), value);
        if self.by_name.is_empty() {
            self.index_names();
        } else {
            self.by_name.insert(rank, narrow(self.slots.len() - 1));
        }
        spent
    }

    fn append(&mut self, name: Name, value: Node) {
        self.slots.push(Slot::kept(self.kept.len()));
        self.kept.push(Kept { name, value });
    }

    /// Removes a child; those behind it move up.
    pub fn remove(&mut self, at: usize) -> usize {
        if at >= self.slots.len() {
            return 0;
        }
        let slot = self.slots.remove(at);
        self.has_gaps = true;
        self.forget_place(at);
        match slot.place() {
            Place::Text(place) => self.child_length(place),
            Place::Kept(index) => self.drop_kept(index),
        }
    }

    fn forget_place(&mut self, at: usize) {
        let at = narrow(at);
        self.by_name.retain(|place| *place != at);
        for place in &mut self.by_name {
            *place -= u32::from(*place > at);
        }
        if self.slots.len() <= INDEXED {
            self.by_name.clear();
        }
    }

    fn drop_kept(&mut self, index: usize) -> usize {
        if index >= self.kept.len() {
            return 0;
        }
        let spent = self.kept.swap_remove(index).value.shared_length();
        // The last one has moved to where it was.
        let moved = Slot::kept(self.kept.len());
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.0 == moved.0) {
            *slot = Slot::kept(index);
        }
        spent
    }

    /// The inside of a child that is an object or array, to be changed, and the bytes of memory that this takes.
    pub fn open_child(&mut self, at: usize) -> Option<(&mut Opened, usize)> {
        let mut spent = 0;
        let index = match self.slots.get(at)?.place() {
            Place::Kept(index) => index,
            Place::Text(place) => {
                let child = scan::child_at(self.source.0.as_bytes(), place, self.is_object)?;
                if !Kind::of(self.source.part(child.value, child.end)).is_container() {
                    return None;
                }
                let lazy = Lazy::part(Arc::clone(&self.source), child.value, child.end);
                spent = KEPT_BYTES + (child.end - child.value);
                self.keep(at, place, Node::Lazy(Arc::new(lazy)));
                self.kept.len() - 1
            }
        };
        let value = &mut self.kept.get_mut(index)?.value;
        if matches!(value, Node::Lazy(_)) {
            spent += OPENED_BYTES;
        }
        Some((value.open_mut()?, spent))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(if self.is_object { b'{' } else { b'[' });
        let mut at = 0;
        while let Some(slot) = self.slots.get(at) {
            if at > 0 {
                out.push(b',');
            }
            match slot.place() {
                Place::Text(place) => at = self.write_run(at, place, out),
                Place::Kept(index) => {
                    if self.is_object {
                        out.extend_from_slice(self.name_of(*slot).as_bytes());
                        out.push(b':');
                    }
                    if let Some(kept) = self.kept.get(index) {
                        kept.value.view_to_write().write(out);
                    }
                    at += 1;
                }
            }
        }
        out.push(if self.is_object { b'}' } else { b']' });
    }

    /// Copies the children that follow each other in the text; gives the number of the one after them.
    fn write_run(&self, first: usize, start: usize, out: &mut Vec<u8>) -> usize {
        let (mut last, mut at) = (start, first + 1);
        while let (false, Some(Place::Text(place))) = (self.has_gaps, self.slots.get(at).map(|slot| slot.place())) {
            last = place;
            at += 1;
        }
        let child = scan::child_at(self.source.0.as_bytes(), last, self.is_object);
        let end = child.map_or(last, |child| child.end);
        out.extend_from_slice(self.source.part(start, end).as_bytes());
        at
    }
}

impl Node {
    /// As [`Node::view`], but text stays text.
    fn view_to_write(&self) -> View<'_> {
        match self {
            Self::Lazy(lazy) => View::Text(lazy.text()),
            other => other.view(),
        }
    }
}

fn inside(quoted: &str) -> &[u8] {
    quoted.as_bytes().get(1..quoted.len().max(2) - 1).unwrap_or_default()
}
