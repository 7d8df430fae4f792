//! What the crowd did and what it was told, counted: a run in which something never happened proves nothing about it.

/// What the crowd did.
#[derive(Debug, Default)]
pub struct Deeds {
    pub joins: u64,
    pub joins_elsewhere: u64,
    pub earned: u64,
    pub gifts: u64,
    pub mails: u64,
    pub bought: u64,
    pub delivered_again: u64,
    pub kills: u64,
    pub pauses: u64,
    pub store_kills: u64,
    pub store_pauses: u64,
}

/// What the servers told.
#[derive(Debug, Default)]
pub struct Heard {
    pub loaded: u64,
    pub migrated: u64,
    pub saved: u64,
    pub handed_over: u64,
    pub lost: u64,
    pub suspect: u64,
    pub granted: u64,
    pub granted_again: u64,
    pub credited: u64,
    pub gifts: u64,
    pub mails: u64,
    /// A player of a server that was gone came in at another.
    pub taken_over: u64,
    /// A player of a killed process came in at the next one of the same server.
    pub taken_back: u64,
}

impl Heard {
    pub fn count(&mut self, what: &str) {
        let counter = match what {
            "loaded" => &mut self.loaded,
            "migrated" => &mut self.migrated,
            "saved" => &mut self.saved,
            "handed-over" => &mut self.handed_over,
            "lost" => &mut self.lost,
            "suspect" => &mut self.suspect,
            "granted" => &mut self.granted,
            "granted-again" => &mut self.granted_again,
            "credited" => &mut self.credited,
            "gift" => &mut self.gifts,
            "mail" => &mut self.mails,
            _ => return,
        };
        *counter += 1;
    }

    /// How often the store has taken something.
    pub fn stored(&self) -> u64 {
        self.loaded + self.saved + self.granted
    }

    /// What has not happened yet.
    pub fn missing(&self) -> Vec<&'static str> {
        let expected = [
            ("saves reported", self.saved),
            ("hand-overs", self.handed_over),
            ("lost sessions", self.lost),
            ("suspect sessions", self.suspect),
            ("receipts granted", self.granted),
            ("receipts granted again", self.granted_again),
            ("credits", self.credited),
            ("gifts received", self.gifts),
            ("mails received", self.mails),
            ("takeovers", self.taken_over),
            ("restarts", self.taken_back),
        ];
        let missing = expected.iter().filter(|(_, count)| *count == 0);
        missing.map(|(name, _)| *name).collect()
    }
}
