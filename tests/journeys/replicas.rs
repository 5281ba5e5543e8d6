//! More than one process: a season goes on while replicas and the database die. The long form is in `tests/long`.

use crate::support::replicas;

#[test]
fn nobody_loses_work_when_a_replica_or_the_database_dies() {
    replicas::survive(9);
}
