//! Power loss: from the shim's log of one run, what the disk may have at any moment of it. All that was flushed is there;
//! of what was not, any part may be there, whole or torn at the borders of sectors or pages. The same for names in
//! folders. So are files that were removed, renamed or made, before their folder was flushed.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// Something that the shim saw. Files are known by their inodes, folders by their paths.
pub enum Entry {
    Opened {
        path: String,
        inode: u64,
        created: bool,
        emptied: bool,
    },
    Written {
        inode: u64,
        offset: usize,
        data: Vec<u8>,
    },
    Resized {
        inode: u64,
        size: usize,
    },
    Flushed {
        inode: u64,
        path: String,
    },
    FolderFlushed {
        path: String,
    },
    FlushFailed {
        inode: u64,
        path: String,
    },
    FolderFlushFailed {
        path: String,
    },
    Removed {
        path: String,
    },
    Renamed {
        from: String,
        to: String,
    },
    FolderMade {
        path: String,
    },
    Said {
        text: String,
    },
}

/// Reads the shim's log. What follows the last whole entry was cut off by the end of the process.
pub fn read_log(path: &Path) -> Vec<Entry> {
    let bytes = fs::read(path).unwrap_or_default();
    let mut rest = bytes.as_slice();
    let mut entries = Vec::new();
    while let Some((entry, after)) = read_entry(rest) {
        entries.push(entry);
        rest = after;
    }
    entries
}

fn read_entry(bytes: &[u8]) -> Option<(Entry, &[u8])> {
    let (head, rest) = bytes.split_at_checked(40)?;
    let number = |at: usize| u64::from_ne_bytes(head[at * 8..at * 8 + 8].try_into().expect("eight bytes"));
    let (path, rest) = rest.split_at_checked(usize::try_from(number(1)).ok()?)?;
    let (data, rest) = rest.split_at_checked(usize::try_from(number(4)).ok()?)?;
    let path = String::from_utf8_lossy(path).into_owned();
    let text = || String::from_utf8_lossy(data).into_owned();
    let (inode, more) = (number(2), number(3));
    let size = || usize::try_from(more).expect("it fits into memory");
    let entry = match number(0) {
        1 => Entry::Opened {
            path,
            inode,
            created: more & 1 != 0,
            emptied: more & 2 != 0,
        },
        2 => Entry::Written {
            inode,
            offset: size(),
            data: data.to_vec(),
        },
        3 => Entry::Resized { inode, size: size() },
        4 if more == 0 => Entry::Flushed { inode, path },
        4 => Entry::FolderFlushed { path },
        5 => Entry::Removed { path },
        6 => Entry::Renamed { from: path, to: text() },
        7 => Entry::FolderMade { path },
        8 => Entry::Said { text: text() },
        9 if more == 0 => Entry::FlushFailed { inode, path },
        9 => Entry::FolderFlushFailed { path },
        other => panic!("the shim writes no entry {other}"),
    };
    Some((entry, rest))
}

impl Entry {
    /// In one line, for the story of a fault.
    pub fn shown(&self) -> String {
        match self {
            Self::Opened {
                path,
                inode,
                created,
                emptied,
            } => format!("open {path} ({inode}) created {created} emptied {emptied}"),
            Self::Written { inode, offset, data } => format!("write {inode} at {offset}, {} bytes", data.len()),
            Self::Resized { inode, size } => format!("resize {inode} to {size}"),
            Self::Flushed { inode, path } => format!("flush {path} ({inode})"),
            Self::FolderFlushed { path } => format!("flush folder {path}"),
            Self::FlushFailed { inode, path } => format!("flush of {path} ({inode}) FAILS"),
            Self::FolderFlushFailed { path } => format!("flush of folder {path} FAILS"),
            Self::Removed { path } => format!("remove {path}"),
            Self::Renamed { from, to } => format!("rename {from} to {to}"),
            Self::FolderMade { path } => format!("make folder {path}"),
            Self::Said { text } => format!("said: {}", text.trim_end().get(..200).unwrap_or(text.trim_end())),
        }
    }
}

/// A change of a file that was not flushed.
enum Change {
    Write { offset: usize, data: Vec<u8> },
    Resize(usize),
}

#[derive(Default)]
struct File {
    flushed: Vec<u8>,
    changes: Vec<Change>,
    /// What the system shows of it.
    now: Vec<u8>,
}

/// The system keeps and writes files by pages of so many bytes.
const PAGE: usize = 4096;

impl File {
    fn change(&mut self, change: Change) {
        apply_change(&mut self.now, &change);
        self.changes.push(change);
    }

    /// All that was changed is on the disk, with all else that is in the same pages.
    fn flush(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            apply_change(&mut self.flushed, &change);
            if let Change::Write { offset, data } = change {
                let pages = offset / PAGE * PAGE..(offset + data.len()).next_multiple_of(PAGE);
                let pages = pages.start..pages.end.min(self.flushed.len()).min(self.now.len());
                self.flushed[pages.clone()].copy_from_slice(&self.now[pages]);
            }
        }
    }

    /// The system tells of a failed flush once, and then takes the data that it could not write for written: they come to
    /// the disk only if they are written anew, whatever flush succeeds later. Sizes, like names, are kept by the
    /// filesystem's own log, which tries again.
    fn fail_to_flush(&mut self, random: &mut fastrand::Rng) {
        let kept = Keep::draw(random).choose(self.changes.len(), random);
        let changes = std::mem::take(&mut self.changes);
        let certain = kept.iter().rposition(|kept| *kept).map_or(0, |last| last + 1);
        for (at, (change, kept)) in changes.into_iter().zip(kept).enumerate() {
            let is_size = matches!(change, Change::Resize(_));
            if kept || is_size && at < certain {
                apply_change(&mut self.flushed, &change);
            } else if is_size {
                self.changes.push(change);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Item {
    File(usize),
    Folder,
}

/// A change of a folder that was not flushed.
enum Step {
    Put(String, Item),
    Remove(String),
    Rename { from: String, to: String, item: Item },
}

#[derive(Default)]
struct Names {
    flushed: BTreeMap<String, Item>,
    now: BTreeMap<String, Item>,
    steps: Vec<Step>,
}

/// What is on the disk for certain, and what may be.
#[derive(Default)]
pub struct Disk {
    files: Vec<File>,
    by_inode: HashMap<u64, usize>,
    folders: BTreeMap<String, Names>,
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').expect("an absolute path")
}

impl Disk {
    pub fn apply(&mut self, entry: &Entry, random: &mut fastrand::Rng) {
        match entry {
            Entry::Opened {
                path,
                inode,
                created,
                emptied,
            } => self.opened(path, *inode, *created, *emptied),
            Entry::Written { inode, offset, data } => self.change(
                *inode,
                Change::Write {
                    offset: *offset,
                    data: data.clone(),
                },
            ),
            Entry::Resized { inode, size } => self.change(*inode, Change::Resize(*size)),
            Entry::Flushed { inode, .. } => self.file(*inode).flush(),
            Entry::FlushFailed { inode, .. } => self.file(*inode).fail_to_flush(random),
            Entry::FolderFlushed { path } => {
                let names = self.folders.entry(path.clone()).or_default();
                names.flushed = names.now.clone();
                names.steps.clear();
            }
            Entry::Removed { path } => {
                let (folder, name) = split(path);
                let names = self.folders.entry(folder.to_owned()).or_default();
                names.now.remove(name);
                names.steps.push(Step::Remove(name.to_owned()));
            }
            Entry::Renamed { from, to } => self.renamed(from, to),
            Entry::FolderMade { path } => self.put(path, Item::Folder),
            // The names wait for the next flush.
            Entry::FolderFlushFailed { .. } | Entry::Said { .. } => {}
        }
    }

    fn opened(&mut self, path: &str, inode: u64, created: bool, emptied: bool) {
        if created {
            self.by_inode.insert(inode, self.files.len());
            self.put(path, Item::File(self.files.len()));
            self.files.push(File::default());
        } else if emptied {
            self.change(inode, Change::Resize(0));
        }
    }

    fn file(&mut self, inode: u64) -> &mut File {
        &mut self.files[self.by_inode[&inode]]
    }

    fn put(&mut self, path: &str, item: Item) {
        let (folder, name) = split(path);
        let names = self.folders.entry(folder.to_owned()).or_default();
        names.now.insert(name.to_owned(), item);
        names.steps.push(Step::Put(name.to_owned(), item));
    }

    fn change(&mut self, inode: u64, change: Change) {
        self.file(inode).change(change);
    }

    fn renamed(&mut self, from: &str, to: &str) {
        let ((folder, from), (other, to)) = (split(from), split(to));
        assert_eq!(folder, other, "renamed within one folder");
        let names = self.folders.entry(folder.to_owned()).or_default();
        let item = names.now.remove(from).expect("what is renamed is there");
        names.now.insert(to.to_owned(), item);
        names.steps.push(Step::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
            item,
        });
    }

    /// Writes one image that a power loss may leave of what is in the folder `from`.
    pub fn leave(&self, from: &str, into: &Path, random: &mut fastrand::Rng) -> Keep {
        let keep = Keep::draw(random);
        self.leave_folder(from, into, keep, random);
        keep
    }

    fn leave_folder(&self, from: &str, into: &Path, keep: Keep, random: &mut fastrand::Rng) {
        let Some(names) = self.folders.get(from) else {
            return;
        };
        for (name, item) in left_of_folder(names, keep, random) {
            let place = into.join(&name);
            match item {
                Item::Folder => {
                    fs::create_dir(&place).expect("the folder for the image is writable");
                    self.leave_folder(&format!("{from}/{name}"), &place, keep, random);
                }
                Item::File(number) => {
                    let bytes = if name.ends_with("-shm") {
                        // Shared memory, never flushed: what is left of it is anything.
                        (0..random.usize(..40_000)).map(|_| random.u8(..)).collect()
                    } else {
                        left_of_file(&self.files[number], keep, random)
                    };
                    fs::write(&place, bytes).expect("the folder for the image is writable");
                }
            }
        }
    }
}

fn apply_change(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Resize(size) => bytes.resize(*size, 0),
        Change::Write { offset, data } => {
            if bytes.len() < offset + data.len() {
                bytes.resize(offset + data.len(), 0);
            }
            bytes[*offset..offset + data.len()].copy_from_slice(data);
        }
    }
}

/// What is kept of all that was not flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    Nothing,
    All,
    /// The first so many changes of each file and folder.
    First,
    /// Any of them.
    Any,
    /// Any sectors or pages of so many bytes of any of them.
    Torn(usize),
}

impl Keep {
    pub const ALL: [Self; 6] = [
        Self::Nothing,
        Self::All,
        Self::First,
        Self::Any,
        Self::Torn(512),
        Self::Torn(4096),
    ];

    fn draw(random: &mut fastrand::Rng) -> Self {
        Self::ALL[random.usize(..Self::ALL.len())]
    }

    /// For each of some changes whether it is kept.
    fn choose(self, count: usize, random: &mut fastrand::Rng) -> Vec<bool> {
        let first = random.usize(..=count);
        (0..count)
            .map(|at| match self {
                Self::Nothing => false,
                Self::All => true,
                Self::First => at < first,
                Self::Any | Self::Torn(_) => random.bool(),
            })
            .collect()
    }
}

fn left_of_folder(names: &Names, keep: Keep, random: &mut fastrand::Rng) -> BTreeMap<String, Item> {
    let mut left = names.flushed.clone();
    let kept = keep.choose(names.steps.len(), random);
    for (step, _) in names.steps.iter().zip(kept).filter(|(_, kept)| *kept) {
        match step {
            Step::Put(name, item) => {
                left.insert(name.clone(), *item);
            }
            Step::Remove(name) => {
                left.remove(name);
            }
            Step::Rename { from, to, item } => {
                left.remove(from);
                left.insert(to.clone(), *item);
            }
        }
    }
    left
}

fn left_of_file(file: &File, keep: Keep, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = file.flushed.clone();
    let kept = keep.choose(file.changes.len(), random);
    for (change, kept) in file.changes.iter().zip(kept) {
        match (keep, change) {
            (Keep::Torn(block), Change::Write { offset, data }) => {
                for piece in pieces(*offset, data, block).filter(|_| random.bool()) {
                    apply_change(&mut bytes, &piece);
                }
            }
            _ if kept => apply_change(&mut bytes, change),
            _ => {}
        }
    }
    bytes
}

/// A write, cut where blocks of the file begin.
fn pieces(offset: usize, data: &[u8], block: usize) -> impl Iterator<Item = Change> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let length = (block - (offset + at) % block).min(data.len() - at);
        let piece = Change::Write {
            offset: offset + at,
            data: data[at..at + length].to_vec(),
        };
        at += length;
        (length > 0).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_cut_at_the_borders_of_sectors() {
        let cut: Vec<(usize, usize)> = pieces(500, &[0; 600], 512)
            .map(|piece| match piece {
                Change::Write { offset, data } => (offset, data.len()),
                Change::Resize(_) => unreachable!(),
            })
            .collect();
        assert_eq!(cut, [(500, 12), (512, 512), (1024, 76)]);
    }
}
