//! Purchases of one locker: from the platform's notice to the answer that may be given to the platform.
//!
//! ```text
//! waiting --host applies--> entered (in the ledger, not durable) --save lands--> granted | credited
//!    |                          |
//!    +--session ends------------+--session ends--> not processed (the platform sends the notice again)
//! ```

use crate::record::header::Header;
use crate::record::ledger::{Effect, Entry, PurchaseId};
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

/// An order that has been dealt with, for the event.
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
}

#[derive(Debug)]
struct Entered {
    order: Order,
    effect: Effect,
    duplicate: bool,
    change: u64,
}

/// The purchases of one locker.
#[derive(Debug, Default)]
pub struct Purchases {
    waiting: VecDeque<Order>,
    entered: Vec<Entered>,
}

impl Purchases {
    /// Takes an order.
    pub fn push(&mut self, order: Order) {
        self.waiting.push_back(order);
    }

    /// Whether something waits to be applied.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether the next to be applied is a receipt.
    #[must_use]
    pub fn front_is_receipt(&self) -> bool {
        matches!(self.waiting.front(), Some(Order::Receipt(_)))
    }

    /// Whether something has been applied and is not durable yet.
    #[must_use]
    pub fn has_entered(&self) -> bool {
        !self.entered.is_empty()
    }

    /// How many orders are neither answered nor given up.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.waiting.len() + self.entered.len()
    }

    /// The platforms' names of the purchases that are not answered yet.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let entered = self.entered.iter().map(|entered| &entered.order);
        self.waiting.iter().chain(entered).filter_map(|order| match order {
            Order::Receipt(receipt) => Some(receipt.purchase.id.as_str()),
            Order::UseCredit { .. } => None,
        })
    }

    /// Answers the orders at the front of the queue that need no callback, then gives the next one that does.
    pub fn next_to_apply(&mut self, header: &Header, answers: &mut Vec<Answer>) -> Option<Order> {
        while let Some(order) = self.waiting.front() {
            match order {
                Order::Receipt(receipt) => {
                    let Some((effect, change)) = self.known_effect(header, &receipt.purchase) else {
                        return Some(order.clone());
                    };
                    let order = self.waiting.pop_front()?;
                    self.join(order, effect, change, answers);
                }
                Order::UseCredit { product, .. } => {
                    if credit_of(header, product) > 0 {
                        return Some(order.clone());
                    }
                    let order = self.waiting.pop_front()?;
                    answers.push(credit_answer(
                        &order,
                        CreditOutcome::NoCredit,
                        "there is no credit for it",
                    ));
                }
            }
        }
        None
    }

    /// What a purchase has already done: its effect and, if that is not durable yet, the change that makes it so.
    fn known_effect(&self, header: &Header, purchase: &PurchaseId) -> Option<(Effect, Option<u64>)> {
        let pending = self
            .entered
            .iter()
            .find(|entered| matches!(&entered.order, Order::Receipt(receipt) if receipt.purchase == *purchase));
        if let Some(pending) = pending {
            return Some((pending.effect, Some(pending.change)));
        }
        if !header.ledger.contains(purchase) {
            return None;
        }
        let recent = header.ledger.recent().iter().find(|entry| entry.purchase == *purchase);
        Some((recent.map_or(Effect::Applied, |entry| entry.effect), None))
    }

    fn join(&mut self, order: Order, effect: Effect, change: Option<u64>, answers: &mut Vec<Answer>) {
        match change {
            Some(change) => self.entered.push(Entered {
                order,
                effect,
                duplicate: true,
                change,
            }),
            None => answers.push(durable_answer(&order, effect, true)),
        }
    }

    /// The host applied the order at the front (or it became credit): writes that into the header, as `change`.
    pub fn enter(&mut self, header: &mut Header, effect: Effect, change: u64, wall_ms: i64) {
        let Some(order) = self.waiting.pop_front() else {
            return;
        };
        match &order {
            Order::Receipt(receipt) => {
                if effect == Effect::Credited {
                    add_credit(header, &receipt.product, 1);
                }
                header.ledger.enter(Entry {
                    purchase: receipt.purchase.clone(),
                    product: receipt.product.clone(),
                    effect,
                    at_ms: wall_ms,
                });
            }
            Order::UseCredit { product, .. } => add_credit(header, product, -1),
        }
        self.entered.push(Entered {
            order,
            effect,
            duplicate: false,
            change,
        });
    }

    /// The order at the front will not be applied now: it leaves with this answer.
    pub fn turn_down(&mut self, credit_outcome: CreditOutcome, text: &str, answers: &mut Vec<Answer>) {
        if let Some(order) = self.waiting.pop_front() {
            answers.push(negative_answer(&order, credit_outcome, text));
        }
    }

    /// Planted only: what was applied waits to be applied again.
    pub fn queue_again(&mut self) {
        for entered in self.entered.drain(..).rev() {
            self.waiting.push_front(entered.order);
        }
    }

    /// All changes up to `change` are durable.
    pub fn settle(&mut self, change: u64, answers: &mut Vec<Answer>) {
        let entered = std::mem::take(&mut self.entered);
        for item in entered {
            if item.change <= change {
                answers.push(durable_answer(&item.order, item.effect, item.duplicate));
            } else {
                self.entered.push(item);
            }
        }
    }

    /// What waits to be applied will not be: the record is being let go.
    pub fn give_up_waiting(&mut self, text: &str, answers: &mut Vec<Answer>) {
        for order in std::mem::take(&mut self.waiting) {
            answers.push(negative_answer(&order, CreditOutcome::NotUsed, text));
        }
    }

    /// The session is over: nothing here became durable, as far as is known.
    pub fn give_up(&mut self, text: &str, answers: &mut Vec<Answer>) {
        for item in std::mem::take(&mut self.entered) {
            answers.push(negative_answer(&item.order, CreditOutcome::NotUsed, text));
        }
        self.give_up_waiting(text, answers);
    }
}

/// The player's credit for a product.
#[must_use]
pub fn credit_of(header: &Header, product: &str) -> i64 {
    header.credit.get(product).copied().unwrap_or(0)
}

/// Adds to the player's credit for a product; an entry of zero is removed.
pub fn add_credit(header: &mut Header, product: &str, amount: i64) {
    let sum = credit_of(header, product).saturating_add(amount);
    if sum == 0 {
        header.credit.remove(product);
    } else {
        header.credit.insert(product.to_owned(), sum);
    }
}

fn durable_answer(order: &Order, effect: Effect, duplicate: bool) -> Answer {
    match order {
        Order::Receipt(receipt) => Answer::Receipt {
            purchase: receipt.purchase.id.clone(),
            tag: receipt.tag,
            outcome: match effect {
                Effect::Applied => ReceiptOutcome::Granted { duplicate },
                Effect::Credited => ReceiptOutcome::Credited { duplicate },
            },
            text: String::new(),
        },
        Order::UseCredit { .. } => credit_answer(order, CreditOutcome::Used, ""),
    }
}

fn negative_answer(order: &Order, credit_outcome: CreditOutcome, text: &str) -> Answer {
    match order {
        Order::Receipt(receipt) => Answer::Receipt {
            purchase: receipt.purchase.id.clone(),
            tag: receipt.tag,
            outcome: ReceiptOutcome::NotProcessed,
            text: text.to_owned(),
        },
        Order::UseCredit { .. } => credit_answer(order, credit_outcome, text),
    }
}

fn credit_answer(order: &Order, outcome: CreditOutcome, text: &str) -> Answer {
    let (product, tag) = match order {
        Order::UseCredit { product, tag } => (product.clone(), *tag),
        Order::Receipt(receipt) => (receipt.product.clone(), receipt.tag),
    };
    Answer::Credit {
        product,
        tag,
        outcome,
        text: text.to_owned(),
    }
}
