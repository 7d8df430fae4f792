//! From an old schema version to the present one: which patchers and migrators a record needs, and in which order.
//!
//! A *patcher* mends data within one version and takes them from one patch number to the next. A *migrator* takes data
//! from the last patch of a version to the next version. Patchers of the stored version run first.
//!
//! A migrator may be *compatible*: servers that know the version before it can go on working with its result. The least
//! version that a record needs rises at each other migrator, and never falls.

use super::header::Header;
use crate::error::{Error, ErrorKind};
use std::collections::{BTreeMap, BTreeSet};

/// One thing to be done with a record's data before they can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Mend the data of this version and patch number.
    Patch {
        /// The schema version.
        schema: u32,
        /// The patch number that the data have.
        patch: u32,
    },
    /// Turn data of this version into data of the next.
    Migrate {
        /// The schema version that the data have.
        from: u32,
        /// The patch number that the data have.
        patch: u32,
    },
}

#[derive(Clone, Copy, Debug)]
struct Migrator {
    compatible: bool,
    /// The patch number that its result has; `None` for the highest there is.
    gives_patch: Option<u32>,
}

/// Which migrators and patchers there are. Filled step by step, then checked against the version that the server knows.
#[derive(Clone, Debug, Default)]
pub struct Migrations {
    migrators: BTreeMap<u32, Migrator>,
    patchers: BTreeSet<(u32, u32)>,
}

impl Migrations {
    /// There is a migrator from this version to the next.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`] if there is one already.
    pub fn add_migrator(&mut self, from: u32, compatible: bool, gives_patch: Option<u32>) -> Result<(), Error> {
        if from == u32::MAX {
            let text = "there is no version after the highest number";
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        let migrator = Migrator {
            compatible,
            gives_patch,
        };
        if self.migrators.contains_key(&from) {
            let text = format!("there are two migrators from version {from}");
            return Err(Error::new(ErrorKind::Exists, text));
        }
        self.migrators.insert(from, migrator);
        Ok(())
    }

    /// There is a patcher from this patch number of this version to the next number.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`] if there is one already.
    pub fn add_patcher(&mut self, schema: u32, patch: u32) -> Result<(), Error> {
        if !self.patchers.insert((schema, patch)) {
            let text = format!("there are two patchers of version {schema} from patch {patch}");
            return Err(Error::new(ErrorKind::Exists, text));
        }
        Ok(())
    }

    /// Whether the chain leads to `schema` without a gap and not beyond.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] with the version that is missing or too many.
    pub fn check(&self, schema: u32) -> Result<(), Error> {
        let invalid = |text: String| Err(Error::new(ErrorKind::InvalidArgument, text));
        if let Some((last, _)) = self.migrators.last_key_value() {
            if *last >= schema {
                return invalid(format!(
                    "the migrator from version {last} leads beyond version {schema}, which this server knows"
                ));
            }
            let first = self.migrators.first_key_value().map_or(*last, |(first, _)| *first);
            if let Some(gap) = (first..schema).find(|from| !self.migrators.contains_key(from)) {
                return invalid(format!("there is no migrator from version {gap}"));
            }
        }
        for (version, patch) in &self.patchers {
            if *version > schema {
                return invalid(format!(
                    "there is a patcher of version {version}, this server knows {schema}"
                ));
            }
            if *patch > 0 && !self.patchers.contains(&(*version, patch - 1)) {
                return invalid(format!(
                    "there is no patcher of version {version} from patch {}",
                    patch - 1
                ));
            }
        }
        for (from, migrator) in &self.migrators {
            let highest = self.highest_patch(from + 1);
            if migrator.gives_patch.is_some_and(|patch| patch > highest) {
                return invalid(format!(
                    "the migrator from version {from} gives a patch above {highest}, the highest of version {}",
                    from + 1
                ));
            }
        }
        Ok(())
    }

    /// The patch number that mended data of this version have.
    #[must_use]
    pub fn highest_patch(&self, schema: u32) -> u32 {
        let of_version = self.patchers.range((schema, 0)..=(schema, u32::MAX));
        of_version.last().map_or(0, |(_, patch)| patch.saturating_add(1))
    }

    /// The least version that new data of `schema` need: as far down as migrators are compatible.
    #[must_use]
    pub fn least_for(&self, schema: u32) -> u32 {
        let mut least = schema;
        while least > 0 && self.migrators.get(&(least - 1)).is_some_and(|step| step.compatible) {
            least -= 1;
        }
        least
    }

    /// Whether data of the version `from` can be brought to `schema`.
    #[must_use]
    pub fn reaches(&self, from: u32, schema: u32) -> bool {
        (from..schema).all(|version| self.migrators.contains_key(&version))
    }

    /// What is to be done next with data that are to have the version `schema`.
    #[must_use]
    pub fn next_step(&self, header: &Header, schema: u32) -> Option<Step> {
        let (version, patch) = (header.schema, header.patch);
        if version > schema {
            return None;
        }
        if self.patchers.contains(&(version, patch)) {
            return Some(Step::Patch { schema: version, patch });
        }
        (version < schema).then_some(Step::Migrate { from: version, patch })
    }

    /// The step has been done: the header says so.
    pub fn note_done(&self, step: Step, header: &mut Header) {
        match step {
            Step::Patch { patch, .. } => header.patch = patch + 1,
            Step::Migrate { from, .. } => {
                let migrator = self.migrators.get(&from);
                let compatible = migrator.is_some_and(|migrator| migrator.compatible);
                let patch = migrator.and_then(|migrator| migrator.gives_patch);
                let least = if compatible { header.least_schema() } else { from + 1 };
                header.set_schema(from + 1, patch.unwrap_or_else(|| self.highest_patch(from + 1)), least);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stamp::Stamp;
    use super::*;

    fn header(schema: u32, patch: u32) -> Header {
        let mut header = Header::unborn(Stamp { origin: 1, number: 1 }, schema, 0);
        header.patch = patch;
        header
    }

    fn chain(migrators: &[(u32, bool)], patchers: &[(u32, u32)]) -> Migrations {
        let mut chain = Migrations::default();
        for (from, compatible) in migrators {
            chain.add_migrator(*from, *compatible, None).unwrap();
        }
        for (schema, patch) in patchers {
            chain.add_patcher(*schema, *patch).unwrap();
        }
        chain
    }

    fn steps(chain: &Migrations, mut header: Header, schema: u32) -> (Vec<Step>, Header) {
        let mut steps = Vec::new();
        while let Some(step) = chain.next_step(&header, schema) {
            steps.push(step);
            chain.note_done(step, &mut header);
        }
        (steps, header)
    }

    #[test]
    fn patchers_of_the_stored_version_run_first() {
        let chain = chain(&[(1, false), (2, false)], &[(1, 0), (1, 1), (3, 0)]);
        chain.check(3).unwrap();
        let (steps, header) = steps(&chain, header(1, 1), 3);
        assert_eq!(
            steps,
            [
                Step::Patch { schema: 1, patch: 1 },
                Step::Migrate { from: 1, patch: 2 },
                Step::Migrate { from: 2, patch: 0 }
            ]
        );
        assert_eq!((header.schema, header.patch), (3, 1), "a migrator gives mended data");
    }

    #[test]
    fn a_migrator_may_give_data_that_are_to_be_mended() {
        let mut chain = chain(&[], &[(2, 0)]);
        chain.add_migrator(1, false, Some(0)).unwrap();
        chain.check(2).unwrap();
        let (steps, header) = steps(&chain, header(1, 0), 2);
        assert_eq!(
            steps,
            [Step::Migrate { from: 1, patch: 0 }, Step::Patch { schema: 2, patch: 0 }]
        );
        assert_eq!((header.schema, header.patch), (2, 1));
    }

    #[test]
    fn the_least_version_only_rises() {
        let chain = chain(&[(1, true), (2, false), (3, true)], &[]);
        assert_eq!(chain.least_for(4), 3);
        let (_, after) = steps(&chain, header(1, 0), 2);
        assert_eq!((after.schema, after.least_schema()), (2, 1));
        let (_, after) = steps(&chain, after, 4);
        assert_eq!((after.schema, after.least_schema()), (4, 3));
    }

    #[test]
    fn a_chain_with_a_fault_is_refused_with_its_place() {
        let says = |chain: &Migrations, schema, words: &str| {
            let error = chain.check(schema).unwrap_err();
            assert!(error.text().contains(words), "{error}");
        };
        says(&chain(&[(1, false), (3, false)], &[]), 4, "no migrator from version 2");
        says(&chain(&[(1, false)], &[]), 3, "no migrator from version 2");
        says(&chain(&[(1, false), (2, false)], &[]), 2, "from version 2 leads beyond");
        says(&chain(&[], &[(1, 1)]), 1, "no patcher of version 1 from patch 0");
        says(&chain(&[], &[(5, 0)]), 1, "patcher of version 5");
        let mut twice = chain(&[(1, false)], &[(1, 0)]);
        assert_eq!(twice.add_migrator(1, true, None).unwrap_err().kind(), ErrorKind::Exists);
        assert_eq!(twice.add_patcher(1, 0).unwrap_err().kind(), ErrorKind::Exists);
        let mut high = Migrations::default();
        high.add_migrator(1, false, Some(1)).unwrap();
        says(&high, 2, "gives a patch above 0");
    }
}
