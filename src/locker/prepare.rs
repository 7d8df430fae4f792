//! Between reading a record and taking it: its data are patched, migrated, filled up and checked, one question to the
//! host at a time. Nothing is written before all of it has succeeded.

use super::acquire::Found;
use super::call::{CallAnswer, HostCall, Question, Verdict};
use super::event::LoadStatus;
use super::inputs::{Inputs, Outputs};
use super::{Asked, Locker, Spec};
use crate::planted::Bug;
use crate::record::header::Header;
use crate::record::migration::Step;
use crate::record::Document;

/// What the host is asked about data that are being loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Step(Step),
    Validate,
}

/// Data on their way from what is stored to what this server works with.
pub(crate) struct Preparation {
    pub header: Header,
    pub document: Document,
    filled_up: bool,
    validated: bool,
}

impl Preparation {
    pub fn new(header: Header, document: Document) -> Self {
        Self {
            header,
            document,
            filled_up: false,
            validated: false,
        }
    }

    /// What the host is to be asked next; `None` when the data are ready. `default` fills what is missing.
    pub fn next_task(&mut self, spec: &Spec, default: &Document) -> Option<Task> {
        if let Some(step) = spec.migrations.next_step(&self.header, spec.schema) {
            return Some(Task::Step(step));
        }
        if spec.reconcile && !self.filled_up {
            // Opaque bytes have no members that could be missing.
            let _ = self.document.reconcile(default);
        }
        self.filled_up = true;
        (spec.validate && !self.validated).then_some(Task::Validate)
    }

    pub fn question(task: Task) -> Question {
        match task {
            Task::Step(step) => Question::Prepare(step),
            Task::Validate => Question::Validate,
        }
    }

    /// The host has done it; why not, if it has not.
    pub fn finish(&mut self, spec: &Spec, task: Task, answer: CallAnswer) -> Result<(), String> {
        answer
            .verdict
            .or_failed()
            .map_err(|text| format!("{} failed: {text}", name_of(task)))?;
        match task {
            Task::Step(step) => {
                if let Some(draft) = answer.draft {
                    self.document = draft;
                }
                spec.migrations.note_done(step, &mut self.header);
            }
            Task::Validate => self.validated = true,
        }
        Ok(())
    }
}

fn name_of(task: Task) -> String {
    match task {
        Task::Step(Step::Patch { schema, patch }) => format!("the patcher of version {schema} from patch {patch}"),
        Task::Step(Step::Migrate { from, .. }) => format!("the migrator from version {from}"),
        Task::Validate => "the check of the data".into(),
    }
}

/// A record that is being prepared, and the question that is out.
pub(super) struct Preparing {
    pub preparation: Box<Preparation>,
    pub found: Box<Found>,
    task: Task,
}

/// Why a record cannot be worked with here.
pub(crate) fn unfit(spec: &Spec, header: &Header, document: &Document) -> Option<LoadStatus> {
    let (schema, least) = (header.schema, header.least_schema());
    if least > spec.schema {
        let text = format!(
            "the record has schema version {schema} and needs a server that knows {least}; this server knows {}: a newer \
             server wrote it",
            spec.schema
        );
        return Some(LoadStatus::UnknownVersion { text, needs: least });
    }
    if schema < spec.schema && !spec.migrations.reaches(schema, spec.schema) {
        let text = format!(
            "the record has schema version {schema}, this server knows {}: it has no migrator from there",
            spec.schema
        );
        return Some(LoadStatus::UnknownVersion { text, needs: 0 });
    }
    let opaque = document.as_bytes().is_some();
    (opaque != spec.opaque).then(|| LoadStatus::Unreadable {
        text: "the record and the spec disagree on whether the data are JSON or opaque bytes".into(),
    })
}

impl Locker {
    /// Asks the host the next question about a record that is to be taken, or takes it. True if the host was asked.
    pub(super) fn prepare(
        &mut self,
        inputs: &Inputs<'_>,
        found: Box<Found>,
        mut preparation: Box<Preparation>,
        out: &mut Outputs,
    ) -> bool {
        let Some(task) = preparation.next_task(&self.spec, &self.default) else {
            let Preparation {
                mut header, document, ..
            } = *preparation;
            if inputs.bugs.has(Bug::MigrationNotNoted) {
                header.schema = found.header.schema;
            }
            self.take(Found {
                header,
                as_stored: found.as_stored && document.is_clone_of(&found.document),
                document,
                version: found.version,
            });
            return false;
        };
        out.call = Some(HostCall {
            question: Preparation::question(task),
            draft: preparation.document.clone(),
        });
        self.asked = Some(Box::new(Asked::Prepare(Preparing {
            preparation,
            found,
            task,
        })));
        true
    }

    pub(super) fn finish_prepare(
        &mut self,
        inputs: &Inputs<'_>,
        preparing: Preparing,
        mut answer: CallAnswer,
        out: &mut Outputs,
    ) {
        if inputs.bugs.has(Bug::FailedMigratorCounts) {
            answer.verdict = Verdict::Done;
        }
        let Preparing {
            mut preparation,
            found,
            task,
        } = preparing;
        match preparation.finish(&self.spec, task, answer) {
            Ok(()) => self.prepare_again(found, preparation),
            Err(text) => {
                let text = format!("the data of `{}` are left as they are: {text}", self.key);
                self.wait_after_failure(inputs, LoadStatus::DataRefused { text }, out);
            }
        }
    }
}
