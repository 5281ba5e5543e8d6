//! Two replicas of one house behind a small proxy, on one PostgreSQL and one S3, each of which may be killed at any moment.

use std::{
    collections::HashSet,
    io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use uuid::Uuid;
use zhaoshen::{
    api::{problem::Problem, submission::NewReview},
    client::{
        Http,
        http::{Intention, is_passing},
    },
    domain::{lifecycle::attempt::Status, reason::Reason, review::ReviewVerdict},
};

use super::{
    house::{House, Person, SEASON, students},
    pair::{self, Cluster},
    s3,
    server::Server,
};

/// A house with two replicas.
pub struct Replicas {
    pub house: House,
    pub cluster: Cluster,
    second: Option<Server>,
    second_port: u16,
}

/// Takes connections for whichever of the ports answers, in turn.
fn proxy(ports: [u16; 2]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for (turn, client) in listener.incoming().flatten().enumerate() {
            std::thread::spawn(move || {
                for attempt in 0..200 {
                    if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, ports[(turn + attempt) % 2])) {
                        return join(client, server);
                    }
                    std::thread::sleep(super::MOMENT);
                }
            });
        }
    });
    port
}

fn join(client: TcpStream, server: TcpStream) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (Ok(mut from), Ok(mut to)) = (client.try_clone(), server.try_clone()) else { return };
    let (mut client, mut server) = (client, server);
    let up = std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
    let _ = io::copy(&mut server, &mut client);
    let _ = client.shutdown(std::net::Shutdown::Both);
    let _ = up.join();
}

impl Replicas {
    /// Founds a house with people of these roles; `None`, and the test is left out, where no PostgreSQL is installed.
    pub fn open<const N: usize>(people: [(&str, Option<&str>); N]) -> Option<(Replicas, [Person; N])> {
        let Some(cluster) = Cluster::start() else {
            assert!(std::env::var_os("ZHAOSHEN_TEST_ALL").is_none(), "PostgreSQL is not installed, and nothing may be left out");
            super::left_out("no PostgreSQL");
            return None;
        };
        pair::migrate(&cluster.url("template1"));
        let database = pair::create_database(&cluster);
        let ports = [super::house::free_port(), super::house::free_port()];
        let (house, people) = {
            // Hands that never rest ask for more than anybody may.
            let settings = vec![("ZHAOSHEN_LIMIT_SESSION", "0"), ("ZHAOSHEN_LIMIT_ADDRESS", "0")];
            House::open_told(ports[0], Some(proxy(ports)), Some(database), Some(s3::place()), settings, people)
        };
        let mut replicas = Replicas { house, cluster, second: None, second_port: ports[1] };
        replicas.start_second();
        Some((replicas, people))
    }

    pub fn start_second(&mut self) {
        let mut command = self.house.server_command(&self.house.data().with_extension("second"), self.second_port);
        command.env("ZHAOSHEN_MASTER_KEY_FILE", self.house.data().join("master.key"));
        self.second = Some(Server::spawn(command));
    }

    pub fn kill_second(&mut self) {
        self.second.take().expect("a server that runs").kill_9();
    }
}

/// What one pair of hands did and was told.
#[derive(Debug, Default, Clone, Copy)]
pub struct Confirmed {
    pub held: usize,
    pub undone: usize,
}

/// Decides one photo and takes it back, over and over, each intention repeated under its key until it is answered.
pub async fn decide_and_undo(http: Http, id: Uuid, stop: Arc<AtomicBool>) -> Confirmed {
    let mut confirmed = Confirmed::default();
    while !stop.load(Ordering::Relaxed) {
        let Some(seen) = until_answered(|| http.submission(id)).await else { continue };
        let intention = Intention { version: seen.summary.version, key: Uuid::now_v7(), lease: None };
        match seen.summary.status {
            Status::Pending => {
                let verdict = if confirmed.held.is_multiple_of(2) {
                    ReviewVerdict::Approve
                } else {
                    ReviewVerdict::Reject { reasons: vec![Reason::Blur].try_into().expect("one reason") }
                };
                let review = NewReview { verdict, rendition: seen.rendition };
                confirmed.held += usize::from(until_answered(|| http.review(id, &review, intention)).await.is_some());
            }
            Status::Held => confirmed.undone += usize::from(until_answered(|| http.undo(id, intention)).await.is_some()),
            other => panic!("a photo of this soak is never {other:?}"),
        }
    }
    confirmed
}

/// Asks again while no answer comes.
pub async fn until_answered<T, F: Future<Output = Result<T, Problem>>>(mut ask: impl FnMut() -> F) -> Option<T> {
    loop {
        match ask().await {
            Ok(answer) => return Some(answer),
            Err(problem) if is_passing(&problem) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(problem) => panic!("one hand at one photo is never refused: {problem}"),
        }
    }
}

/// Four hands decide and undo while, `cycles` times, a replica or the database is killed and comes back: nothing confirmed is lost, nothing
/// is there twice, the counters equal the scan.
pub fn survive(cycles: u64) {
    let Some((mut replicas, [registrar, reviewer])) = Replicas::open([("registrar", None), ("reviewer", None)]) else { return };
    replicas.house.put_season(&registrar, 86_400);
    registrar.import(&students(&[0, 2, 16, 32]));
    let ids: Vec<Uuid> = replicas.house.submissions(&registrar).into_iter().map(|submission| submission.id).collect();
    assert_eq!(ids.len(), 4);

    let stop = Arc::new(AtomicBool::new(false));
    let killed = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let hands: Vec<_> = ids.iter().map(|id| runtime.spawn(decide_and_undo(reviewer.http.clone(), *id, Arc::clone(&stop)))).collect();
    // Anything but a fixed rhythm, and the same on every run.
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    for cycle in 0..cycles {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(50 + (dice >> 33) % 400));
        match cycle % 3 {
            0 => {
                replicas.house.kill_9();
                replicas.house.start();
            }
            1 => {
                replicas.kill_second();
                replicas.start_second();
            }
            _ => replicas.cluster.kill_9_and_restart(),
        }
        killed.fetch_add(1, Ordering::Relaxed);
    }
    // Whoever was cut off by the last one gets to an end.
    std::thread::sleep(Duration::from_secs(2));
    stop.store(true, Ordering::Relaxed);
    let confirmed = hands.into_iter().map(|hand| runtime.block_on(hand).expect("no hand panics")).fold(Confirmed::default(), |sum, one| {
        assert!(one.held > 0, "every hand got to decide");
        Confirmed { held: sum.held + one.held, undone: sum.undone + one.undone }
    });

    let (mut audit, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = replicas.house.ask(registrar.http.audit(SEASON, cursor.as_deref()));
        audit.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let number = |action: &str| audit.iter().filter(|line| line.action == action).count();
    println!("{cycles} killed replicas and databases, {} decisions and {} undoings confirmed", confirmed.held, confirmed.undone);
    assert_eq!((number("decision.held"), number("decision.undone")), (confirmed.held, confirmed.undone));
    assert_eq!(audit.iter().map(|line| line.sequence).collect::<HashSet<_>>().len(), audit.len());
    replicas.house.assert_counted(&registrar);
}
