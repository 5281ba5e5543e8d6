//! Who may do what, and where: roles, permissions, and the principal that every store method takes.
//!
//! Denied by default: a permission is granted by being named in `Role::permissions`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a person is in the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks at photos and decides.
    Reviewer,
    /// Reviews, and settles what others disagree about or pass on.
    LeadReviewer,
    /// Gives the roster, imports photos, watches progress, reads the audit.
    Registrar,
    /// Chases the students of some units: their progress and who is to be called. No pictures.
    UnitStaff,
    /// Tells a student who calls how far the photo is. No pictures, no deciding.
    Support,
    /// Reads what was done and how much. Changes nothing, sees no pictures.
    Auditor,
    /// Adds users; may do everything the others may, but never alone what needs two.
    Admin,
}

/// One thing that a role may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    ReadProgress,
    ReadSubmissions,
    /// Faces and ID portraits, beyond what is said about them.
    SeePictures,
    Review,
    SendNotice,
    ManageRoster,
    Submit,
    ReadAudit,
    ReadCallList,
    ManageUsers,
    /// Settle what others disagree about or pass on, keep golden items, read how people review.
    LeadReviews,
    /// Read how each reviewer works.
    ReadReviewStatistics,
    /// Ask that an approval be taken back, and confirm what another asked.
    Reopen,
    /// Ask for corrections and withdrawals on a student's behalf.
    ActForStudents,
    /// Put a record right as a correction asks, or leave it.
    PutRecordsRight,
    /// Say what happened to deliveries and prints.
    Deliver,
    /// See a student's name, ID number or phone unmasked; each time is written down, and an hour allows some.
    Reveal,
    /// Give a person everything that is kept of them, and erase it.
    ServePersons,
}

impl Role {
    pub const ALL: [Role; 7] =
        [Role::Reviewer, Role::LeadReviewer, Role::Registrar, Role::UnitStaff, Role::Support, Role::Auditor, Role::Admin];

    /// The stable code, in JSON, the store and on the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Role::Reviewer => "reviewer",
            Role::LeadReviewer => "lead_reviewer",
            Role::Registrar => "registrar",
            Role::UnitStaff => "unit_staff",
            Role::Support => "support",
            Role::Auditor => "auditor",
            Role::Admin => "admin",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.code() == code)
    }

    /// Whether the role is one for some units, and never for a whole school.
    #[must_use]
    pub fn needs_units(self) -> bool {
        self == Role::UnitStaff
    }

    fn permissions(self) -> &'static [Permission] {
        use Permission::{
            ActForStudents, Deliver, LeadReviews, ManageRoster, ManageUsers, PutRecordsRight, ReadAudit, ReadCallList, ReadProgress,
            ReadReviewStatistics, ReadSubmissions, Reopen, Reveal, Review, SeePictures, SendNotice, ServePersons, Submit,
        };
        match self {
            Role::Reviewer => &[ReadProgress, ReadSubmissions, SeePictures, Review, SendNotice, Reveal],
            Role::LeadReviewer => {
                &[ReadProgress, ReadSubmissions, SeePictures, Review, SendNotice, LeadReviews, ReadReviewStatistics, Reopen, Reveal]
            }
            Role::UnitStaff => &[ReadProgress, ReadCallList],
            Role::Support => &[ReadProgress, ReadSubmissions, ActForStudents, Reveal],
            Role::Auditor => &[ReadProgress, ReadAudit, ReadReviewStatistics],
            Role::Registrar => &[
                ReadProgress,
                ReadSubmissions,
                SeePictures,
                SendNotice,
                ManageRoster,
                Submit,
                ReadAudit,
                ReadCallList,
                Reopen,
                ActForStudents,
                PutRecordsRight,
                Deliver,
                Reveal,
                ServePersons,
            ],
            Role::Admin => &[
                ReadProgress,
                ReadSubmissions,
                SeePictures,
                Review,
                SendNotice,
                ManageRoster,
                Submit,
                ReadAudit,
                ReadCallList,
                ManageUsers,
                LeadReviews,
                ActForStudents,
                Deliver,
                PutRecordsRight,
                ReadReviewStatistics,
                Reopen,
                Reveal,
                ServePersons,
            ],
        }
    }

    /// Whether the role may do this at all; where it may is the principal's scope.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }
}

/// The school units a principal may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitScope {
    All,
    Only(Vec<String>),
}

impl UnitScope {
    /// Whether a unit's code lies within.
    #[must_use]
    pub fn covers(&self, unit: &str) -> bool {
        match self {
            UnitScope::All => true,
            UnitScope::Only(units) => units.iter().any(|known| known == unit),
        }
    }

    /// Whether a scope of these units (all without any) lies within.
    #[must_use]
    pub fn holds(&self, units: Option<&[String]>) -> bool {
        match (self, units) {
            (UnitScope::All, _) => true,
            (UnitScope::Only(_), None) => false,
            (_, Some(units)) => units.iter().all(|unit| self.covers(unit)),
        }
    }
}

/// Who asks: an argument of every store method, so that no query can forget its scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    pub user: Uuid,
    pub role: Role,
    pub school: String,
    pub units: UnitScope,
}

impl Principal {
    /// Whether this principal may do this at all.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registrar_does_not_decide_and_a_reviewer_does_not_manage() {
        assert!(!Role::Registrar.may(Permission::Review));
        for permission in [Permission::ManageRoster, Permission::ManageUsers, Permission::ReadAudit, Permission::Submit] {
            assert!(!Role::Reviewer.may(permission));
        }
    }

    #[test]
    fn every_permission_is_held_by_whom_the_field_names() {
        use Permission as P;
        use Role as R;
        let table: [(P, &[R]); 13] = [
            (P::ReadProgress, &R::ALL),
            (P::ReadSubmissions, &[R::Reviewer, R::LeadReviewer, R::Registrar, R::Support, R::Admin]),
            (P::SeePictures, &[R::Reviewer, R::LeadReviewer, R::Registrar, R::Admin]),
            (P::Review, &[R::Reviewer, R::LeadReviewer, R::Admin]),
            (P::SendNotice, &[R::Reviewer, R::LeadReviewer, R::Registrar, R::Admin]),
            (P::ManageRoster, &[R::Registrar, R::Admin]),
            (P::Submit, &[R::Registrar, R::Admin]),
            (P::ReadAudit, &[R::Registrar, R::Auditor, R::Admin]),
            (P::ReadCallList, &[R::Registrar, R::UnitStaff, R::Admin]),
            (P::ManageUsers, &[R::Admin]),
            (P::LeadReviews, &[R::LeadReviewer, R::Admin]),
            (P::Reveal, &[R::Reviewer, R::LeadReviewer, R::Registrar, R::Support, R::Admin]),
            (P::ServePersons, &[R::Registrar, R::Admin]),
        ];
        for (permission, holders) in table {
            let may: Vec<R> = R::ALL.into_iter().filter(|role| role.may(permission)).collect();
            assert_eq!(may, holders, "{permission:?}");
        }
    }

    #[test]
    fn every_role_is_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::from_code(role.code()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.code());
        }
    }

    #[test]
    fn a_scope_of_no_units_covers_none() {
        assert!(!UnitScope::Only(vec![]).covers("A"));
        assert!(UnitScope::All.covers("A"));
    }
}
