//! Deaths in the middle of imports, notices and purges: nobody is lost, nothing happens twice. The long forms are in `tests/long`.

use crate::support::killing::{
    Pair::{Cluster, Folder},
    Point::{After, Seen, Writing},
    Trace::{Notices, Pictures},
    Victim::{Both, Database, Server},
    import, notices, purge,
};

#[test]
fn an_import_goes_on_in_a_folder() {
    import::survive(Folder, &[(Server, Seen(Pictures)), (Server, After(400))]);
}

#[test]
fn an_import_goes_on_in_a_cluster() {
    import::survive(Cluster, &[(Server, Writing("audit")), (Both, Writing("renditions"))]);
}

#[test]
fn notices_go_out_once_in_a_folder() {
    notices::survive(Folder, &[(Server, Seen(Notices)), (Server, After(50)), (Server, Seen(Notices))]);
}

#[test]
fn notices_go_out_once_in_a_cluster() {
    notices::survive(Cluster, &[(Server, Writing("sendings")), (Both, Writing("notices")), (Both, Writing("audit"))]);
}

#[test]
fn a_purge_is_gone_on_with_in_a_folder() {
    purge::survive(Folder, &[(Server, Seen(Pictures)), (Server, After(300))]);
}

#[test]
fn a_purge_is_gone_on_with_in_a_cluster() {
    purge::survive(Cluster, &[(Server, Writing("audit")), (Database, Writing("blobs")), (Server, Seen(Pictures))]);
}
