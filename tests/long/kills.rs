//! Deaths at every point that import, notices and purge have, and at random ones; `ZHAOSHEN_LONG_CYCLES` of each on each pair at the most.

use super::{
    cycles,
    support::{
        killing::{
            Dice, Pair, Point,
            Point::{After, Call, Seen, Writing},
            Trace, Victim, can_count_calls, import, notices, purge,
        },
        left_out,
    },
};

/// Calls by which SQLite comes to the disk, a picture, a notice, and by which a picture goes.
const OF_IMPORT: [&str; 3] = ["pwrite64", "fsync,fdatasync", "rename,renameat,renameat2"];
const OF_NOTICES: [&str; 3] = ["pwrite64", "fsync,fdatasync", "ftruncate"];
const OF_PURGE: [&str; 3] = ["pwrite64", "fsync,fdatasync", "unlink"];
/// Calls by which PostgreSQL and the storage of pictures are spoken to.
const TO_THE_CLUSTER: [&str; 2] = ["sendto", "writev"];

/// Who dies at a table: mostly the server.
fn victim(turn: usize) -> Victim {
    [Victim::Server, Victim::Both, Victim::Server, Victim::Database][turn % 4]
}

/// The first numbers of each call, one name after the other, a number at a time.
fn calls(names: &'static [&'static str], most: u32) -> Vec<(Victim, Point)> {
    if !can_count_calls() {
        left_out("no strace that may trace: calls are not counted");
        return vec![];
    }
    (1..=most).flat_map(|nth| names.iter().map(move |name| (Victim::Server, Call(name, nth)))).collect()
}

/// As many deaths as are asked for: one at each table, then calls and moments in turn.
fn plan(names: &'static [&'static str], tables: &[&'static str], seen: Trace, longest: u64, seed: u64) -> Vec<(Victim, Point)> {
    let most = usize::try_from(cycles()).expect("a number of cycles");
    let mut plan: Vec<(Victim, Point)> = vec![(Victim::Server, Seen(seen))];
    plan.extend(tables.iter().map(|table| (Victim::Server, Writing(table))));
    plan.extend(tables.iter().enumerate().map(|(turn, table)| (victim(2 * turn + 1), Writing(table))));
    let (mut calls, mut dice) = (calls(names, 200).into_iter(), Dice(seed));
    while plan.len() < most {
        let turn = plan.len();
        match (turn % 3 != 0).then(|| calls.next()).flatten() {
            Some(call) => plan.push(call),
            None => {
                let who = if tables.is_empty() { Victim::Server } else { victim(turn / 3) };
                plan.push((who, After(1 + dice.below(longest))));
            }
        }
    }
    plan.truncate(most);
    plan
}

#[test]
fn import_in_a_folder() {
    import::survive(Pair::Folder, &plan(&OF_IMPORT, &[], Trace::Pictures, 1_500, 1));
}

#[test]
fn import_in_a_cluster() {
    import::survive(Pair::Cluster, &plan(&TO_THE_CLUSTER, &import::TABLES, Trace::Pictures, 1_500, 2));
}

#[test]
fn notices_in_a_folder() {
    notices::survive(Pair::Folder, &plan(&OF_NOTICES, &[], Trace::Notices, 30, 3));
}

#[test]
fn notices_in_a_cluster() {
    notices::survive(Pair::Cluster, &plan(&TO_THE_CLUSTER, &notices::TABLES, Trace::Notices, 80, 4));
}

#[test]
fn purge_in_a_folder() {
    purge::survive(Pair::Folder, &plan(&OF_PURGE, &[], Trace::Pictures, 250, 5));
}

#[test]
fn purge_in_a_cluster() {
    purge::survive(Pair::Cluster, &plan(&TO_THE_CLUSTER, &purge::TABLES, Trace::Pictures, 250, 6));
}
