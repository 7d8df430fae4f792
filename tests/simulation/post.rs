//! The truth about letters: changes that one record, or a server, sends to a record. Each is applied once, in its sender's
//! order (I5), and none that has left is lost on its way (I6).

use crate::checker::Fault;
use crate::tally::Seen;
use crate::view::RecordView;
use std::collections::{BTreeMap, BTreeSet};

/// Who sends a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sender {
    /// A record, by its outbox.
    Record(usize),
    /// A process, by itself.
    Process(usize),
}

/// How a letter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// By the target's inbox.
    Post,
    /// Into the data of a record that nobody holds.
    Update,
}

/// What a host was told of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Delivered,
    /// It surely did not arrive, and never will.
    NotDelivered,
    Unknown,
}

/// One letter.
#[derive(Clone, Debug)]
pub struct Letter {
    process: usize,
    pub sender: Sender,
    pub target: usize,
    pub style: Style,
    /// Some servers do not know its kind; it may be overtaken.
    pub odd: bool,
    /// It was in a stored outbox.
    left: bool,
    /// It was in the target's inbox, or applied there.
    reached: bool,
    /// It is back at its sender.
    returned: bool,
    applied: bool,
    told: Option<Told>,
    /// A record that it has to do with was erased by the game: it may have gone with it, and still must not come twice.
    may_be_lost: bool,
    /// Somebody meddled with a record that it has to do with: nothing can be said of it.
    exempt: bool,
}

/// All letters of a run.
#[derive(Default)]
pub struct Post {
    letters: Vec<Letter>,
    /// The last letter that was applied, by sender, target and style.
    last_applied: BTreeMap<(Sender, usize, Style), u32>,
    /// Records of which the store forgot what was sent and taken in: numbers are used again there.
    spoilt: BTreeSet<usize>,
    /// Interesting moments, for those who count them.
    pub noted: Vec<Seen>,
    pub checks: u64,
}

impl Post {
    /// A host writes a letter; gives its number.
    pub fn write(&mut self, process: usize, sender: Sender, target: usize, style: Style, odd: bool) -> u32 {
        let exempt =
            self.spoilt.contains(&target) || matches!(sender, Sender::Record(key) if self.spoilt.contains(&key));
        let number = u32::try_from(self.letters.len()).expect("a run has few letters");
        self.letters.push(Letter {
            process,
            sender,
            target,
            style,
            odd,
            left: false,
            reached: false,
            returned: false,
            applied: false,
            told: None,
            may_be_lost: false,
            exempt,
        });
        number
    }

    /// Somebody meddled with a record: what is to become of its letters cannot be said.
    pub fn meddled(&mut self, key: usize) {
        self.letters_of(key).for_each(|letter| letter.exempt = true);
    }

    /// The store fell back: what was numbered since is numbered again, and not taken for new where it was taken in before.
    pub fn meddled_for_good(&mut self, key: usize) {
        self.meddled(key);
        self.spoilt.insert(key);
    }

    /// The game erased a record: what had arrived there goes with it.
    pub fn erased(&mut self, key: usize) {
        self.letters_of(key).for_each(|letter| letter.may_be_lost = true);
    }

    fn letters_of(&mut self, key: usize) -> impl Iterator<Item = &mut Letter> {
        self.letters
            .iter_mut()
            .filter(move |letter| letter.target == key || letter.sender == Sender::Record(key))
    }

    /// A record was written by a process.
    pub fn committed(&mut self, key: usize, process: usize, old: &RecordView, new: &RecordView) -> Result<(), Fault> {
        if old.header.inbox == new.header.inbox
            && old.header.outbox == new.header.outbox
            && old.data.mail == new.data.mail
            && old.data.sent == new.data.sent
        {
            return Ok(());
        }
        self.checks += 1;
        self.check_sent(key, old, new)?;
        self.check_inbox(key, process, old, new)?;
        self.check_mail(key, old, new)?;
        self.check_gone(key, old, new)
    }

    /// What the data say was sent left in the same write, and nothing else did.
    fn check_sent(&mut self, key: usize, old: &RecordView, new: &RecordView) -> Result<(), Fault> {
        let Some(fresh) = new.data.sent.strip_prefix(old.data.sent.as_slice()) else {
            return Err((
                "I6",
                format!("k{key} no longer knows what it sent: {:?}", new.data.sent),
            ));
        };
        for letter in fresh {
            if !new.header.outbox.has(*letter) {
                return Err(("I6", format!("letter {letter} was paid for and is not on its way")));
            }
        }
        for outgoing in &new.header.outbox.waiting {
            let number = outgoing.payload;
            let letter = &mut self.letters[number as usize];
            // What left before the record was erased is still delivered.
            if !letter.left && !new.data.sent.contains(&number) {
                return Err(("I6", format!("letter {number} is on its way and was not paid for")));
            }
            letter.left = true;
        }
        Ok(())
    }

    fn check_inbox(&mut self, key: usize, process: usize, old: &RecordView, new: &RecordView) -> Result<(), Fault> {
        for (nth, sent) in new.header.inbox.waiting.iter().enumerate() {
            let number = sent.payload;
            if new.header.inbox.waiting[..nth]
                .iter()
                .any(|other| other.payload == number)
            {
                return Err(("I5", format!("letter {number} is in the inbox twice")));
            }
            if !old.header.inbox.has(number) {
                self.taken_in(key, number, sent.returned_from.is_some())?;
                let of_record = matches!(self.letters[number as usize].sender, Sender::Record(_));
                if of_record && self.letters[number as usize].process != process {
                    self.noted.push(Seen::LetterOfEarlierSession);
                }
                if new.header.request.is_some() {
                    self.noted.push(Seen::LetterDuringHandover);
                }
            }
        }
        Ok(())
    }

    fn taken_in(&mut self, key: usize, number: u32, back: bool) -> Result<(), Fault> {
        let letter = &mut self.letters[number as usize];
        if back {
            if letter.sender != Sender::Record(key) {
                return Err((
                    "I5",
                    format!("letter {number} came back to k{key}, which did not send it"),
                ));
            }
            if (letter.reached || letter.returned) && !letter.exempt {
                return Err(("I6", format!("letter {number} arrived and came back")));
            }
            letter.returned = true;
            return Ok(());
        }
        letter.arrives(key, number)
    }

    /// What was applied stays; what is new was on its way here, is applied once, and in its order.
    fn check_mail(&mut self, key: usize, old: &RecordView, new: &RecordView) -> Result<(), Fault> {
        let Some(fresh) = new.data.mail.strip_prefix(old.data.mail.as_slice()) else {
            return Err((
                "I5",
                format!("letters {:?} were applied, now {:?} are", old.data.mail, new.data.mail),
            ));
        };
        for number in fresh {
            let letter = &mut self.letters[*number as usize];
            if std::mem::replace(&mut letter.applied, true) && !letter.exempt {
                return Err(("I5", format!("letter {number} is applied again")));
            }
            if new.header.inbox.has(*number) {
                return Err(("I5", format!("letter {number} is applied and still in the inbox")));
            }
            // What came back may be applied in the very write in which it leaves the outbox.
            let own = letter.sender == Sender::Record(key);
            letter.returned |= own && letter.style == Style::Post && (letter.target != key || !letter.reached);
            let back = letter.returned && own;
            if back {
                self.noted.push(Seen::LetterReturned);
            }
            if !back && (letter.style == Style::Update || !letter.reached) {
                letter.arrives(key, *number)?;
            }
            let class = (letter.sender, key, letter.style);
            if !back && !letter.odd && !letter.exempt {
                let last = self.last_applied.insert(class, *number);
                if let Some(last) = last.filter(|last| last > number) {
                    return Err((
                        "I5",
                        format!("letter {last} of the same sender was applied before {number}"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// What left the inbox was applied; what left the outbox has arrived or come back.
    fn check_gone(&mut self, key: usize, old: &RecordView, new: &RecordView) -> Result<(), Fault> {
        for sent in &old.header.inbox.waiting {
            let number = sent.payload;
            if !new.header.inbox.has(number) && !new.data.mail.contains(&number) {
                return Err((
                    "I5",
                    format!("letter {number} is gone from the inbox and was not applied"),
                ));
            }
        }
        for outgoing in &old.header.outbox.waiting {
            let letter = &self.letters[outgoing.payload as usize];
            let well = letter.reached || letter.returned || letter.may_be_lost || letter.exempt;
            if !new.header.outbox.has(outgoing.payload) && !well {
                let text = format!(
                    "letter {} left the outbox of k{key} and has not arrived",
                    outgoing.payload
                );
                return Err(("I6", text));
            }
        }
        Ok(())
    }

    /// A host was told how a letter of its own ended.
    pub fn told(&mut self, number: u32, told: Told) -> Result<(), Fault> {
        self.checks += 1;
        let letter = &mut self.letters[number as usize];
        let by_host = matches!(letter.sender, Sender::Process(_));
        if letter.told.is_some() && by_host {
            return Err((
                "I5",
                format!("letter {number} was told {:?}, now {told:?}", letter.told),
            ));
        }
        let arrived = letter.reached && !letter.exempt;
        if told == Told::Delivered && !letter.reached && !letter.exempt {
            return Err(("I5", format!("letter {number} was told delivered and has not arrived")));
        }
        if told == Told::NotDelivered && arrived {
            return Err(("I5", format!("letter {number} was told not delivered and has arrived")));
        }
        letter.told = Some(told);
        Ok(())
    }

    /// I8: at the end, on a loaded record, everything that can be applied was; gives what was not.
    pub fn waiting_for(&self, key: usize) -> Vec<u32> {
        let open = |letter: &&Letter| {
            let here = letter.target == key && letter.reached && !letter.applied;
            let back = letter.sender == Sender::Record(key) && letter.returned && !letter.applied;
            let under_way = letter.sender == Sender::Record(key) && letter.left && !letter.reached && !letter.returned;
            (here || back || under_way) && !letter.exempt && !letter.may_be_lost
        };
        let numbered = self.letters.iter().enumerate();
        let open = numbered.filter(|(_, letter)| open(letter));
        open.map(|(number, _)| u32::try_from(number).expect("a run has few letters"))
            .collect()
    }
}

impl Letter {
    fn arrives(&mut self, key: usize, number: u32) -> Result<(), Fault> {
        if self.target != key {
            return Err(("I5", format!("letter {number} to k{} arrived at k{key}", self.target)));
        }
        let of_record = matches!(self.sender, Sender::Record(_));
        if of_record && !self.left && !self.exempt {
            return Err(("I6", format!("letter {number} arrived and never left")));
        }
        if (self.reached || self.returned) && !self.exempt {
            return Err(("I5", format!("letter {number} arrived twice")));
        }
        if self.told == Some(Told::NotDelivered) && !self.exempt {
            return Err(("I5", format!("letter {number} was told not delivered and arrives")));
        }
        self.reached = true;
        Ok(())
    }
}
