//! Allowances: spent together by all processes, anew with every window.

use super::world::World;
use crate::backend::store::allowances::Spender;

pub async fn an_allowance_is_spent_together_and_comes_back(world: &mut World) {
    let who = Spender::at("192.0.2.1".parse().unwrap());
    let began = world.now();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (store, who) = (std::sync::Arc::clone(&world.store), who.clone());
            tokio::spawn(async move { store.spend(&who, began, 7, 100).await.unwrap() })
        })
        .collect();
    let mut given = vec![];
    for task in tasks {
        given.push(task.await.unwrap());
    }
    given.sort_unstable();
    assert_eq!(given, [0, 2, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7]);
    let spend = async |who: &Spender, began| world.store.spend(who, began, 1, 100).await.unwrap();
    assert_eq!(spend(&who, began).await, 0);
    let others = [
        Spender::at("192.0.2.2".parse().unwrap()),
        Spender::Session([1; 32]),
        Spender::Person(world.admin.user, "a"),
        Spender::Person(world.admin.user, "b"),
    ];
    for other in &others {
        assert_eq!(spend(other, began).await, 1);
    }
    let next = began + std::time::Duration::from_secs(60);
    assert_eq!(spend(&who, next).await, 1);
    assert_eq!(spend(&who, began).await, 1, "a clock that is behind spends from the window that is");
    world.clock.advance(3600);
    world.store.sweep(world.now()).await.unwrap();
    assert_eq!(spend(&who, next).await, 1, "what is over is swept");
}
