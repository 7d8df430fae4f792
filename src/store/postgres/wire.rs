//! How PostgreSQL is talked to.

use super::batch;
use super::link::Link;
use super::place::Place;
use super::PostgresOptions;
use crate::store::remote::database::Wire;
use crate::store::remote::part::Part;
use crate::store::remote::trouble::Trouble;
use crate::store::remote::write::Write;
use crate::store::{Reply, Request};

/// One database.
pub(super) struct Postgres {
    pub place: Place,
    pub options: PostgresOptions,
    pub part: Part,
}

impl Wire for Postgres {
    type Link = Link;

    fn shown(&self) -> &str {
        &self.place.shown
    }

    fn connect(&self) -> Result<Link, Trouble> {
        let link = Link::open(&self.place, &self.options)?;
        link.part.check(&self.part)?;
        Ok(link)
    }

    fn is_open(&self, link: &Link) -> bool {
        link.is_open()
    }

    fn settle(&self, link: &mut Link) -> Result<(), Trouble> {
        batch::settle(link)
    }

    fn read(&self, link: &mut Link, reads: &[&Request], settle: bool) -> Result<Vec<Result<Reply, Trouble>>, Trouble> {
        batch::read(link, reads, settle)
    }

    fn write(&self, link: &mut Link, writes: &mut [&mut Write]) -> Option<Trouble> {
        batch::write(link, writes)
    }
}
