//! Rosters read by `roster`, put into the store's words.

use crate::{
    api::problem::Problem,
    backend::{
        controllers::rosters::{ReadRoster, RosterReader},
        roster::{self, RosterRow},
        store::types::{NewStudent, StudentDetails},
    },
};

/// Reads workbooks and text tables, told apart by their content.
pub struct Tables;

impl RosterReader for Tables {
    fn read(&self, bytes: &[u8], _: Option<&str>) -> Result<ReadRoster, Problem> {
        let parsed = roster::parse(bytes).map_err(|error| error.problem())?;
        Ok(ReadRoster {
            rows: parsed.rows.into_iter().map(student).collect(),
            total: parsed.total,
            columns: parsed.columns,
            encoding: parsed.encoding,
            errors: parsed.errors,
        })
    }
}

fn student(row: RosterRow) -> NewStudent {
    NewStudent {
        row: row.row,
        student_number: row.student_number.or(row.candidate_number),
        student_key: None,
        name: row.name,
        id_number: row.id_number,
        phone: row.phone,
        unit_code: row.unit_code,
        unit_name: row.unit_name,
        details: StudentDetails { major: row.major, level: row.level, intake: row.intake, class: row.class },
    }
}
