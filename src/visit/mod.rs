//! Work on records that this engine does not hold: delivering changes, updating shared records, looking, erasing.
//!
//! A visit reads, decides, and writes by compare-and-set; it takes no session. Like lockers, visits do no I/O and read no
//! clock.

pub mod courier;
pub mod guest;
pub mod search;

use crate::clock::Time;
use crate::locker::call::HostCall;
use crate::locker::inputs::{Inputs, Priority};
use crate::locker::{read_value, Spec};
use crate::record::codec::{Decoded, ReadFault};
use crate::record::header::{Header, Holder};
use crate::record::import::ForeignLock;
use crate::record::Document;
use crate::store::{Expected, Version};

/// What a visit wants after a step.
#[derive(Default)]
pub struct VisitOutputs {
    /// Call `build` when the store has room, and send what it gives.
    pub send: Option<Priority>,
    /// Step again at this time at the latest.
    pub wake: Option<Time>,
    /// Call the host.
    pub call: Option<HostCall>,
    /// What has come to its end.
    pub done: Vec<courier::Answer>,
    /// A search has found a record.
    pub hit: Option<search::Hit>,
    /// Something waits for this holder of the record: it should look.
    pub attend: Option<Holder>,
}

/// A record as a visit found it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub header: Header,
    pub document: Document,
    pub lock: Option<ForeignLock>,
    /// `None` if there is no record yet.
    pub version: Option<Version>,
    /// The data are as they are stored under this version.
    pub as_stored: bool,
}

impl Found {
    pub fn expected(&self) -> Expected {
        self.version.clone().map_or(Expected::Missing, Expected::Version)
    }

    /// Puts other data in the place of those that are stored.
    pub fn replace_data(&mut self, document: Document) {
        self.document = document;
        self.as_stored = false;
    }

    /// Who holds it, if somebody does who is not known to be dead.
    pub fn living_holder(&self, inputs: &Inputs<'_>) -> Option<String> {
        let foreign = self.lock.as_ref().filter(|lock| inputs.wall_ms < lock.until_ms);
        if let Some(lock) = foreign {
            return Some(lock.owner.clone());
        }
        let holder = self.header.holder.as_ref()?;
        (!inputs.verdicts.is_dead(holder.incarnation)).then(|| holder.server.to_string())
    }
}

fn read_found(spec: &Spec, inputs: &Inputs<'_>, value: &[u8], version: Version) -> Result<Found, ReadFault> {
    let Decoded {
        header,
        document,
        lock,
        imported,
    } = read_value(spec, inputs, value)?;
    Ok(Found {
        header,
        document,
        lock,
        version: Some(version),
        as_stored: !imported,
    })
}

fn words_of(fault: &ReadFault) -> String {
    crate::locker::load_fault(fault).brief()
}

/// When to try again, and how often it has failed.
#[derive(Default)]
struct Pace {
    failures: u32,
    not_before: Option<Time>,
}

impl Pace {
    fn failed(&mut self, spec: &Spec, inputs: &Inputs<'_>) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(inputs.now.after(spec.back_off(self.failures, inputs.jitter)));
    }

    fn failures(&self) -> u32 {
        self.failures
    }

    fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Whether it is too early to try; then when to step again.
    fn too_early(&self, now: Time) -> Option<Time> {
        self.not_before.filter(|time| now < *time)
    }
}
