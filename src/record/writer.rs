//! Writing JSON objects member by member: what a record writes at each save is mostly known to need no escapes.

use super::extra::Extra;
use super::stamp::Stamp;
use serde::Serialize;

/// The members of one object, appended to `out`.
pub(super) struct Members<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
}

impl<'a> Members<'a> {
    pub(super) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_first: true }
    }

    pub(super) fn end(self) {
        self.out.push(b'}');
    }

    /// A name that needs no escapes.
    fn name(&mut self, name: &str) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A member whose JSON `write` appends.
    pub(super) fn json(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.name(name);
        write(self.out);
    }

    pub(super) fn value<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.name(name);
        append(self.out, value);
    }

    /// A text that needs no escapes.
    pub(super) fn plain(&mut self, name: &str, text: &[u8]) {
        self.name(name);
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }

    pub(super) fn stamp(&mut self, name: &str, stamp: Stamp) {
        self.plain(name, stamp.text().as_bytes());
    }

    pub(super) fn array<T>(&mut self, name: &str, items: &[T], write: impl Fn(&T, &mut Vec<u8>)) {
        self.name(name);
        self.out.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            write(item, self.out);
        }
        self.out.push(b']');
    }

    pub(super) fn extra(&mut self, extra: &Extra) {
        for (name, value) in extra.iter() {
            if !std::mem::replace(&mut self.is_first, false) {
                self.out.push(b',');
            }
            append(self.out, name);
            self.out.push(b':');
            append(self.out, value);
        }
    }
}

fn append<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("what a record has can always be written to memory");
}
