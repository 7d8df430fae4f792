//! Purchases of one locker: from the platform's notice to the answer that may be given to the platform.
//!
//! ```text
//! waiting --host decides--> entered (in the record, not durable) --save lands--> granted | credited | rejected | parked
//!    |  |                       |  ^                                               | pending | revoked
//!    |  +--no question to the host-+
//!    +--session ends------------+--session ends--> not processed (the platform sends the notice again)
//! ```
//!
//! What the record knows of a purchase decides what its next notice does:
//!
//! | known | purchased | pending | rejected | revoked |
//! |---|---|---|---|---|
//! | nothing | apply | pending | rejected | revoked |
//! | pending | apply | pending again | rejected | revoked |
//! | rejected | apply | pending | rejected again | revoked |
//! | parked | parked again | parked again | rejected | revoked |
//! | applied | granted again | granted again | granted again | take back, or a debt |
//! | credited | credited again | credited again | credited again | take the credit, the product, or a debt |
//! | revoked | revoked again | revoked again | revoked again | revoked again |

mod book;

pub use book::{history, standing_of, Book, Past, Standing};

use crate::rare::Empty;
use crate::record::header::Header;
use crate::record::ledger::{Parked, PurchaseId, PARKED_BYTES, PARKED_RECEIPTS};
use book::Step;
use std::collections::VecDeque;

/// A platform's notice of a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Which purchase.
    pub purchase: PurchaseId,
    /// What was bought.
    pub product: String,
    /// Handed to the host's callback as it is.
    pub context: Vec<u8>,
    /// Comes back in the event.
    pub tag: u64,
    /// What the platform says of the purchase.
    pub state: ReceiptState,
}

/// What a platform says of a purchase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReceiptState {
    /// It is paid.
    #[default]
    Purchased,
    /// It is not paid yet, and may be later.
    Pending,
    /// It was turned down, and nothing is paid.
    Rejected,
    /// It was paid back: a refund or a charge-back.
    Revoked,
}

/// What to tell the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptOutcome {
    /// The purchase took effect and is durable.
    Granted {
        /// It had taken effect before; nothing was done now.
        duplicate: bool,
    },
    /// It became credit, durably.
    Credited {
        /// It had become credit before; nothing was done now.
        duplicate: bool,
    },
    /// It has no durable effect yet: do not confirm it, so that the platform sends it again.
    NotProcessed,
    /// It is not paid yet; that is remembered, durably.
    Pending {
        /// It had been remembered before; nothing was done now.
        duplicate: bool,
    },
    /// It was turned down, durably; nothing was granted.
    Rejected {
        /// It had been turned down before; nothing was done now.
        duplicate: bool,
    },
    /// It was paid back, and was taken back here or became a debt, durably. Nothing is granted for it again.
    Revoked {
        /// That had been done before; nothing was done now.
        duplicate: bool,
    },
    /// The product is not known to this version of the game; it is kept, durably, until one knows it.
    Parked {
        /// It had been kept before; nothing was done now.
        duplicate: bool,
    },
}

/// What became of a use of credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditOutcome {
    /// The product was applied, the credit is one less, durably.
    Used,
    /// There is no credit for the product.
    NoCredit,
    /// The product still cannot be applied; the credit stays.
    NotApplicable,
    /// It has no durable effect; the session ended or the callback failed.
    NotUsed,
}

impl ReceiptOutcome {
    /// The outcome in a few words.
    #[must_use]
    pub fn brief(self) -> &'static str {
        match self {
            Self::Granted { duplicate: false } => "granted",
            Self::Granted { duplicate: true } => "granted before",
            Self::Credited { duplicate: false } => "became credit",
            Self::Credited { duplicate: true } => "became credit before",
            Self::NotProcessed => "not processed",
            Self::Pending { duplicate: false } => "pending",
            Self::Pending { duplicate: true } => "pending as before",
            Self::Rejected { duplicate: false } => "rejected",
            Self::Rejected { duplicate: true } => "rejected before",
            Self::Revoked { duplicate: false } => "revoked",
            Self::Revoked { duplicate: true } => "revoked before",
            Self::Parked { duplicate: false } => "parked",
            Self::Parked { duplicate: true } => "parked before",
        }
    }
}

impl CreditOutcome {
    /// The outcome in a few words.
    #[must_use]
    pub fn brief(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::NoCredit => "there is none",
            Self::NotApplicable => "not applicable",
            Self::NotUsed => "not used",
        }
    }
}

/// Something that waits to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// A receipt.
    Receipt(Receipt),
    /// A use of credit.
    UseCredit {
        /// The product.
        product: String,
        /// Comes back in the event.
        tag: u64,
    },
}

/// What the host is to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Of a receipt.
    Receipt {
        /// The platform's name for the purchase.
        purchase: String,
        /// The receipt's tag.
        tag: u64,
        /// What to tell the platform.
        outcome: ReceiptOutcome,
        /// Why, where it was not processed.
        text: String,
        /// It had been parked and was taken up: nobody waits for this answer.
        taken_up: bool,
    },
    /// Of a use of credit.
    Credit {
        /// The product.
        product: String,
        /// The use's tag.
        tag: u64,
        /// What happened.
        outcome: CreditOutcome,
        /// Why, where it was not used.
        text: String,
    },
    /// The player's credit for a product is another one now.
    CreditChanged {
        /// The product.
        product: String,
        /// The credit; below zero it is a debt.
        amount: i64,
    },
}

/// What only the host can decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Whether and how a purchase is applied.
    Apply(Receipt),
    /// Whether a purchase that took effect can be taken back.
    Revoke(Receipt),
    /// Whether and how a product that there is credit for is applied.
    UseCredit {
        /// The product.
        product: String,
    },
}

/// What the host was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A new purchase.
    Purchase,
    /// A purchase that is paid back.
    Revocation,
    /// A use of credit.
    Credit,
    /// A parked purchase.
    Parked(PurchaseId),
}

/// What becomes of the order that was asked about, or needs no question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The product was applied to the data.
    Applied,
    /// It could not be applied; the player gets credit for it.
    Credited,
    /// It is turned down, with the reason if there is one.
    Rejected(String),
    /// It is not paid yet.
    Pending,
    /// It is kept until the product is known.
    Parked,
    /// It is paid back.
    Revoked {
        /// Credit is taken for it: what is there, or what becomes a debt. Else nothing was granted, or the host took it
        /// out of the data.
        credit: bool,
    },
}

impl Empty for Purchases {
    fn none() -> &'static Self {
        static NONE: Purchases = Purchases::none();
        &NONE
    }

    fn is_empty(&self) -> bool {
        !self.has_work() && !self.has_entered() && self.asked().is_none()
    }
}

/// Something that is in the header and not durable yet.
#[derive(Debug)]
struct Entered {
    order: Order,
    answer: Answer,
    change: u64,
    taken_up: bool,
}

/// The purchases of one locker.
#[derive(Debug, Default)]
pub struct Purchases {
    waiting: VecDeque<Order>,
    /// Parked purchases that are to be asked about again in this session.
    parked: VecDeque<PurchaseId>,
    asked: Option<Subject>,
    entered: Vec<Entered>,
}

impl Purchases {
    /// None.
    #[must_use]
    pub(crate) const fn none() -> Self {
        Self {
            waiting: VecDeque::new(),
            parked: VecDeque::new(),
            asked: None,
            entered: Vec::new(),
        }
    }

    /// Takes an order.
    pub fn push(&mut self, order: Order) {
        self.waiting.push_back(order);
    }

    /// Has the host asked again about everything that is parked, except what it is being asked about just now.
    pub fn retry_parked(&mut self, header: &Header) {
        let asked = self.asked.as_ref();
        self.parked = header
            .parked
            .iter()
            .map(|parked| parked.purchase.clone())
            .filter(|purchase| !matches!(asked, Some(Subject::Parked(other)) if other == purchase))
            .collect();
    }

    /// Whether an order waits to be dealt with.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether an order or a parked purchase waits to be dealt with.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.has_waiting() || !self.parked.is_empty()
    }

    /// What the host is being asked about.
    #[must_use]
    pub fn asked(&self) -> Option<&Subject> {
        self.asked.as_ref()
    }

    /// The platforms' names of the purchases that are not answered yet.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let entered = self.entered.iter().map(|entered| &entered.order);
        self.waiting.iter().chain(entered).filter_map(|order| match order {
            Order::Receipt(receipt) => Some(receipt.purchase.id.as_str()),
            Order::UseCredit { .. } => None,
        })
    }

    /// Whether something has been entered and is not durable yet.
    #[must_use]
    pub fn has_entered(&self) -> bool {
        !self.entered.is_empty()
    }

    /// How many purchases and uses of credit are neither answered nor given up.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        let parked = matches!(self.asked, Some(Subject::Parked(_)));
        self.waiting.len() + self.parked.len() + self.entered.len() + usize::from(parked)
    }

    /// Deals with the orders that need no question to the host, then gives the next question there is.
    pub fn next_question(&mut self, book: &mut Book<'_>) -> Option<Ask> {
        self.asked = None;
        while let Some(order) = self.waiting.front() {
            let step = book.step_of(order);
            if matches!(step, Step::Ask(_) | Step::Enter(_)) && self.awaits_save(order) {
                return None;
            }
            match step {
                Step::Ask(ask) => {
                    self.asked = Some(match ask {
                        Ask::Apply(_) => Subject::Purchase,
                        Ask::Revoke(_) => Subject::Revocation,
                        Ask::UseCredit { .. } => Subject::Credit,
                    });
                    return Some(ask);
                }
                Step::Enter(ruling) => self.enter(book, ruling),
                Step::Known(outcome) => self.join(outcome, book.answers),
                Step::Refuse(text) => self.turn_down(CreditOutcome::NoCredit, text, book.answers),
            }
        }
        self.next_parked(book.header)
    }

    fn next_parked(&mut self, header: &Header) -> Option<Ask> {
        while let Some(purchase) = self.parked.pop_front() {
            if let Some(receipt) = parked_receipt(header, &purchase) {
                self.asked = Some(Subject::Parked(purchase));
                return Some(Ask::Apply(receipt));
            }
        }
        None
    }

    /// The purchase at the front has met its end before: it is answered as soon as that end is durable.
    fn join(&mut self, outcome: ReceiptOutcome, answers: &mut Vec<Answer>) {
        let Some(Order::Receipt(receipt)) = self.waiting.pop_front() else {
            return;
        };
        let answer = receipt_answer(&receipt, outcome, "", false);
        match self.change_of(&receipt.purchase) {
            Some(change) => self.entered.push(Entered {
                order: Order::Receipt(receipt),
                answer,
                change,
                taken_up: false,
            }),
            None => answers.push(answer),
        }
    }

    /// Whether an earlier notice of the same purchase was entered and is not durable yet. One end follows the other in the
    /// stored record too, so that no answer tells of an end that was never stored.
    fn awaits_save(&self, order: &Order) -> bool {
        matches!(order, Order::Receipt(receipt) if self.change_of(&receipt.purchase).is_some())
    }

    /// The change that makes durable what was entered for a purchase; `None` if it is durable already.
    fn change_of(&self, purchase: &PurchaseId) -> Option<u64> {
        let about = |entered: &&Entered| matches!(&entered.order, Order::Receipt(it) if it.purchase == *purchase);
        self.entered.iter().filter(about).map(|entered| entered.change).max()
    }

    /// What was asked about, or the order at the front, is decided: writes that into the header, as a change.
    pub fn enter(&mut self, book: &mut Book<'_>, ruling: Ruling) {
        let (order, taken_up) = match self.asked.take() {
            Some(Subject::Parked(purchase)) => {
                let receipt = parked_receipt(book.header, &purchase);
                (receipt.map(Order::Receipt), true)
            }
            _ => (self.waiting.pop_front(), false),
        };
        let Some(order) = order else {
            return;
        };
        let answer = book.write(&order, ruling, taken_up);
        self.entered.push(Entered {
            order,
            answer,
            change: book.new_change(),
            taken_up,
        });
    }

    /// What was asked about, or the order at the front, is not decided now: an order leaves with this answer, a parked
    /// purchase stays parked.
    pub fn turn_down(&mut self, credit_outcome: CreditOutcome, text: &str, answers: &mut Vec<Answer>) {
        if let Some(Subject::Parked(_)) = self.asked.take() {
            return;
        }
        if let Some(order) = self.waiting.pop_front() {
            answers.push(negative_answer(&order, credit_outcome, text));
        }
    }

    /// Why the purchase that was asked about cannot be parked; `None` if it can.
    #[must_use]
    pub fn no_room(&self, header: &Header) -> Option<String> {
        let Some(Order::Receipt(receipt)) = self.waiting.front() else {
            return None;
        };
        let bytes: usize = header.parked.iter().map(|parked| parked.context.len()).sum();
        if header.parked.len() >= PARKED_RECEIPTS {
            return Some(format!(
                "{PARKED_RECEIPTS} purchases of unknown products are kept already"
            ));
        }
        if bytes + receipt.context.len() > PARKED_BYTES {
            return Some(format!(
                "the contexts of purchases of unknown products would have more than {PARKED_BYTES} bytes"
            ));
        }
        None
    }

    /// Planted only: what was applied waits to be applied again.
    pub fn queue_again(&mut self) {
        for entered in self.entered.drain(..).rev() {
            if !entered.taken_up {
                self.waiting.push_front(entered.order);
            }
        }
    }

    /// All changes up to `change` are durable.
    pub fn settle(&mut self, change: u64, answers: &mut Vec<Answer>) {
        let entered = std::mem::take(&mut self.entered);
        for item in entered {
            if item.change <= change {
                answers.push(item.answer);
            } else {
                self.entered.push(item);
            }
        }
    }

    /// What waits to be dealt with will not be: the record is being let go. What is parked stays in the record.
    pub fn give_up_waiting(&mut self, text: &str, answers: &mut Vec<Answer>) {
        self.forget_parked();
        self.asked = None;
        for order in std::mem::take(&mut self.waiting) {
            answers.push(negative_answer(&order, CreditOutcome::NotUsed, text));
        }
    }

    /// The session is over: nothing here became durable, as far as is known.
    pub fn give_up(&mut self, text: &str, answers: &mut Vec<Answer>) {
        for item in std::mem::take(&mut self.entered) {
            // Nobody waits to hear of what was parked: as far as is known it still is.
            if !item.taken_up {
                answers.push(negative_answer(&item.order, CreditOutcome::NotUsed, text));
            }
        }
        self.give_up_waiting(text, answers);
    }

    /// The session in which the parked purchases were to be asked about is over.
    pub fn forget_parked(&mut self) {
        self.parked.clear();
    }
}

/// The player's credit for a product; below zero it is a debt.
#[must_use]
pub fn credit_of(header: &Header, product: &str) -> i64 {
    header.credit.get(product).copied().unwrap_or(0)
}

/// Adds to the player's credit for a product; an entry of zero is removed. Tells of the change, if it is one.
pub fn add_credit(header: &mut Header, product: &str, amount: i64) -> Option<Answer> {
    let before = credit_of(header, product);
    let sum = before.saturating_add(amount);
    if sum == 0 {
        header.credit.put().remove(product);
        header.credit.tidy();
    } else {
        header.credit.put().insert(product.to_owned(), sum);
    }
    (sum != before).then(|| Answer::CreditChanged {
        product: product.to_owned(),
        amount: sum,
    })
}

/// A parked purchase as the notice that it was. Whoever waited for its answer has had one.
fn parked_receipt(header: &Header, purchase: &PurchaseId) -> Option<Receipt> {
    let found = header.parked.iter().find(|parked| parked.purchase == *purchase)?;
    let Parked {
        purchase,
        product,
        context,
        ..
    } = found.clone();
    Some(Receipt {
        purchase,
        product,
        context,
        tag: 0,
        state: ReceiptState::Purchased,
    })
}

fn receipt_answer(receipt: &Receipt, outcome: ReceiptOutcome, text: &str, taken_up: bool) -> Answer {
    Answer::Receipt {
        purchase: receipt.purchase.id.clone(),
        tag: receipt.tag,
        outcome,
        text: text.to_owned(),
        taken_up,
    }
}

fn credit_answer(product: &str, tag: u64, outcome: CreditOutcome, text: &str) -> Answer {
    Answer::Credit {
        product: product.to_owned(),
        tag,
        outcome,
        text: text.to_owned(),
    }
}

fn negative_answer(order: &Order, credit_outcome: CreditOutcome, text: &str) -> Answer {
    match order {
        Order::Receipt(receipt) => receipt_answer(receipt, ReceiptOutcome::NotProcessed, text, false),
        Order::UseCredit { product, tag } => credit_answer(product, *tag, credit_outcome, text),
    }
}
