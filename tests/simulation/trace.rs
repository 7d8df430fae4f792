//! The story of a run: a hash always, a text for people when asked.

/// Collects what happens.
pub struct Trace {
    telling: bool,
    hash: u64,
}

impl Trace {
    pub fn new(telling: bool) -> Self {
        Self {
            telling,
            hash: 0xcbf2_9ce4_8422_2325,
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
        if self.telling {
            let micros = now / 1000;
            println!("{:>5}.{:06} {}", micros / 1_000_000, micros % 1_000_000, text());
        }
    }
}
