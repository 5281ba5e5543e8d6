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
    /// Gives the roster, imports photos, watches progress, reads the audit.
    Registrar,
    /// Adds users; may do everything the others may, but never alone what needs two.
    Admin,
}

/// One thing that a role may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    ReadProgress,
    ReadSubmissions,
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
}

impl Role {
    pub const ALL: [Role; 3] = [Role::Reviewer, Role::Registrar, Role::Admin];

    /// The stable code, in JSON, the store and on the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Role::Reviewer => "reviewer",
            Role::Registrar => "registrar",
            Role::Admin => "admin",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.code() == code)
    }

    fn permissions(self) -> &'static [Permission] {
        use Permission::{
            ActForStudents, Deliver, LeadReviews, ManageRoster, ManageUsers, PutRecordsRight, ReadAudit, ReadCallList, ReadProgress,
            ReadReviewStatistics, ReadSubmissions, Reopen, Review, SendNotice, Submit,
        };
        match self {
            Role::Reviewer => &[ReadProgress, ReadSubmissions, Review, SendNotice],
            Role::Registrar => &[
                ReadProgress,
                ReadSubmissions,
                SendNotice,
                ManageRoster,
                Submit,
                ReadAudit,
                ReadCallList,
                Reopen,
                ActForStudents,
                PutRecordsRight,
                Deliver,
            ],
            Role::Admin => &[
                ReadProgress,
                ReadSubmissions,
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
    fn a_scope_of_no_units_covers_none() {
        assert!(!UnitScope::Only(vec![]).covers("A"));
        assert!(UnitScope::All.covers("A"));
    }
}
