//! The story of a run: a hash always, a text for people when asked.

use std::cell::RefCell;
use std::collections::VecDeque;

/// How much of a run is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telling {
    #[default]
    Nothing,
    /// What hosts do and hear, and what goes wrong: the last of it.
    Story,
    Everything,
}

/// How many lines a story has.
const STORY_LINES: usize = 120;

/// Collects what happens.
pub struct Trace {
    telling: Telling,
    hash: u64,
    story: RefCell<VecDeque<String>>,
}

impl Trace {
    pub fn new(telling: Telling) -> Self {
        Self {
            telling,
            hash: 0xcbf2_9ce4_8422_2325,
            story: RefCell::default(),
        }
    }

    /// The hash of all that was noted.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Notes a number.
    pub fn number(&mut self, number: u64) {
        self.hash = (self.hash.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// Notes bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.number(u64::from_le_bytes(word));
        }
        self.number(bytes.len() as u64);
    }

    /// Tells people something, at a time in nanoseconds.
    pub fn say(&self, now: u64, text: impl FnOnce() -> String) {
        if self.telling == Telling::Nothing {
            return;
        }
        let micros = now / 1000;
        let line = format!("{:>5}.{:06} {}", micros / 1_000_000, micros % 1_000_000, text());
        if self.telling == Telling::Everything {
            println!("{line}");
        }
        let mut story = self.story.borrow_mut();
        story.push_back(line);
        if story.len() > STORY_LINES {
            story.pop_front();
        }
    }

    /// Tells people what happens all the time: requests that go well, answers.
    pub fn murmur(&self, now: u64, text: impl FnOnce() -> String) {
        if self.telling == Telling::Everything {
            self.say(now, text);
        }
    }

    /// The last of what was told.
    pub fn print_story(&self) {
        if self.telling == Telling::Story {
            for line in self.story.borrow().iter() {
                println!("{line}");
            }
        }
    }
}
