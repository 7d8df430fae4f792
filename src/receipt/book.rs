//! What a record knows of its purchases: what the next notice of one calls for, and how its end is written down.

use super::{
    add_credit, credit_answer, credit_of, receipt_answer, Answer, Ask, CreditOutcome, Order, Receipt, ReceiptOutcome,
    ReceiptState, Ruling,
};
use crate::planted::{Bug, Bugs};
use crate::record::extra::Extra;
use crate::record::header::Header;
use crate::record::ledger::{Effect, Entry, Parked, PurchaseId};

/// What a record knows of a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is in the ledger.
    Entered(Effect),
    /// It is kept until its product is known.
    Parked,
}

/// One purchase of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Which.
    pub purchase: PurchaseId,
    /// What was bought.
    pub product: String,
    /// What has become of it.
    pub standing: Standing,
    /// When, by a server's wall clock; for people.
    pub at_ms: i64,
}

impl Past {
    /// As JSON, for people and programs outside.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let state = match &self.standing {
            Standing::Parked => "parked",
            Standing::Entered(Effect::Applied) => "granted",
            Standing::Entered(effect) => effect.name(),
        };
        serde_json::json!({
            "provider": self.purchase.provider,
            "environment": self.purchase.environment,
            "purchase_id": self.purchase.id,
            "product": self.product,
            "state": state,
            "at_ms": self.at_ms,
        })
    }
}

/// What a record knows of a purchase, however old; `None` if it has never heard of it.
#[must_use]
pub fn standing_of(header: &Header, purchase: &PurchaseId) -> Option<Standing> {
    // Before the ledger: it may have been entered as pending or rejected earlier.
    if header.parked.iter().any(|parked| parked.purchase == *purchase) {
        return Some(Standing::Parked);
    }
    header.ledger.effect_of(purchase).map(Standing::Entered)
}

/// The purchases that a record has in full: those of the ledger, oldest first, then the parked ones.
#[must_use]
pub fn history(header: &Header) -> Vec<Past> {
    let is_entered = |entry: &Entry| !header.parked.iter().any(|parked| parked.purchase == entry.purchase);
    let entered = header.ledger.recent().filter(is_entered).map(|entry| Past {
        purchase: entry.purchase,
        product: entry.product,
        standing: Standing::Entered(entry.effect),
        at_ms: entry.at_ms,
    });
    let parked = header.parked.iter().map(|parked| Past {
        purchase: parked.purchase.clone(),
        product: parked.product.clone(),
        standing: Standing::Parked,
        at_ms: parked.at_ms,
    });
    entered.chain(parked).collect()
}

/// What an order calls for.
pub(super) enum Step {
    /// Ask the host.
    Ask(Ask),
    /// It can be entered without the host.
    Enter(Ruling),
    /// That had become of it before; nothing is to be done.
    Known(ReceiptOutcome),
    /// Nothing can be done.
    Refuse(&'static str),
}

/// The header of a record while purchases are entered in it.
pub struct Book<'a> {
    /// The header.
    pub header: &'a mut Header,
    /// The id of the next change.
    pub next_change: u64,
    /// The wall clock, for people.
    pub wall_ms: i64,
    /// How many purchases are kept in full.
    pub history: usize,
    /// Whether the host can take purchases back.
    pub revocable: bool,
    /// Deliberate faults, for tests.
    pub bugs: Bugs,
    /// What the host is to hear of at once.
    pub answers: &'a mut Vec<Answer>,
}

impl Book<'_> {
    /// The id of a change that is being made.
    pub(super) fn new_change(&mut self) -> u64 {
        let change = self.next_change;
        self.next_change += 1;
        change
    }

    pub(super) fn step_of(&self, order: &Order) -> Step {
        match order {
            Order::Receipt(receipt) => self.step_of_receipt(receipt),
            Order::UseCredit { product, .. } if credit_of(self.header, product) > 0 => {
                let product = product.clone();
                Step::Ask(Ask::UseCredit { product })
            }
            Order::UseCredit { .. } => Step::Refuse("there is no credit for it"),
        }
    }

    /// The table of [`super`]: by what is known, then by what the platform says.
    fn step_of_receipt(&self, receipt: &Receipt) -> Step {
        use Standing::{Entered, Parked};
        let duplicate = true;
        match (standing_of(self.header, &receipt.purchase), receipt.state) {
            (Some(Entered(Effect::Other(_))), _) => {
                Step::Refuse("a newer version of this library entered it as something that this one does not know")
            }
            (Some(Entered(Effect::Revoked)), _) => Step::Known(ReceiptOutcome::Revoked { duplicate }),
            (Some(Entered(effect @ (Effect::Applied | Effect::Credited))), ReceiptState::Revoked) => {
                self.revocation_of(receipt, &effect)
            }
            (Some(Entered(Effect::Applied)), _) => Step::Known(ReceiptOutcome::Granted { duplicate }),
            (Some(Entered(Effect::Credited)), _) => Step::Known(ReceiptOutcome::Credited { duplicate }),
            // From here on nothing was granted.
            (_, ReceiptState::Revoked) => Step::Enter(Ruling::Revoked { credit: false }),
            (Some(Entered(Effect::Rejected)), ReceiptState::Rejected) => {
                Step::Known(ReceiptOutcome::Rejected { duplicate })
            }
            (_, ReceiptState::Rejected) => Step::Enter(Ruling::Rejected(String::new())),
            (Some(Parked), _) => Step::Known(ReceiptOutcome::Parked { duplicate }),
            (Some(Entered(Effect::Pending)), ReceiptState::Pending) => {
                Step::Known(ReceiptOutcome::Pending { duplicate })
            }
            (_, ReceiptState::Pending) => Step::Enter(Ruling::Pending),
            (_, ReceiptState::Purchased) => Step::Ask(Ask::Apply(receipt.clone())),
        }
    }

    /// Something was granted and is paid back.
    fn revocation_of(&self, receipt: &Receipt, effect: &Effect) -> Step {
        let product = self.product_of(receipt);
        let credit_is_there = *effect == Effect::Credited && credit_of(self.header, &product) > 0;
        if credit_is_there || !self.revocable {
            return Step::Enter(Ruling::Revoked { credit: true });
        }
        Step::Ask(Ask::Revoke(Receipt {
            product,
            ..receipt.clone()
        }))
    }

    /// What was bought: as entered, if the record still has that in full, else as the notice says.
    fn product_of(&self, receipt: &Receipt) -> String {
        let entry = self.header.ledger.entry_of(&receipt.purchase);
        entry.map_or_else(|| receipt.product.clone(), |entry| entry.product)
    }

    /// Writes an end into the header and gives the answer for the time when that is durable.
    pub(super) fn write(&mut self, order: &Order, ruling: Ruling, taken_up: bool) -> Answer {
        let receipt = match order {
            Order::Receipt(receipt) => receipt,
            Order::UseCredit { product, tag } => {
                if !self.bugs.has(Bug::CreditNotTaken) {
                    self.add_credit(product, -1);
                }
                return credit_answer(product, *tag, CreditOutcome::Used, "");
            }
        };
        let duplicate = false;
        let (outcome, text) = match ruling {
            Ruling::Applied => (ReceiptOutcome::Granted { duplicate }, String::new()),
            Ruling::Credited => (ReceiptOutcome::Credited { duplicate }, String::new()),
            Ruling::Rejected(text) => (ReceiptOutcome::Rejected { duplicate }, text),
            Ruling::Pending => (ReceiptOutcome::Pending { duplicate }, String::new()),
            Ruling::Parked => (ReceiptOutcome::Parked { duplicate }, String::new()),
            Ruling::Revoked { credit } => {
                if credit {
                    let product = self.product_of(receipt);
                    self.add_credit(&product, -1);
                }
                (ReceiptOutcome::Revoked { duplicate }, String::new())
            }
        };
        self.write_receipt(receipt, outcome);
        receipt_answer(receipt, outcome, &text, taken_up)
    }

    fn write_receipt(&mut self, receipt: &Receipt, outcome: ReceiptOutcome) {
        let effect = match outcome {
            ReceiptOutcome::Granted { .. } => Effect::Applied,
            ReceiptOutcome::Credited { .. } => Effect::Credited,
            ReceiptOutcome::Pending { .. } => Effect::Pending,
            ReceiptOutcome::Rejected { .. } => Effect::Rejected,
            ReceiptOutcome::Revoked { .. } => Effect::Revoked,
            ReceiptOutcome::Parked { .. } => return self.park(receipt),
            ReceiptOutcome::NotProcessed => return,
        };
        if effect == Effect::Credited {
            self.add_credit(&receipt.product, 1);
        }
        let product = if effect == Effect::Revoked {
            self.product_of(receipt)
        } else {
            receipt.product.clone()
        };
        if effect == Effect::Revoked && self.bugs.has(Bug::RefundNotEntered) {
            return;
        }
        if !self.bugs.has(Bug::ParkedStays) {
            if let Some(parked) = self.header.parked.used() {
                parked.retain(|parked| parked.purchase != receipt.purchase);
            }
            self.header.parked.tidy();
        }
        let entry = Entry {
            purchase: receipt.purchase.clone(),
            product,
            effect,
            at_ms: self.wall_ms,
            extra: Extra::default(),
        };
        self.header.ledger.put().enter(&entry, self.history);
    }

    fn park(&mut self, receipt: &Receipt) {
        // It may have been turned down before, or have been pending.
        self.header.ledger.put().remove(&receipt.purchase);
        self.header.parked.put().push(Parked {
            purchase: receipt.purchase.clone(),
            product: receipt.product.clone(),
            context: receipt.context.clone(),
            at_ms: self.wall_ms,
            extra: Extra::default(),
        });
    }

    fn add_credit(&mut self, product: &str, amount: i64) {
        self.answers.extend(add_credit(self.header, product, amount));
    }
}
