//! Journeys of a reviewer who looks for something.

use crate::{
    desk::{
        fixtures::{Bench, row, text_of},
        keymap::{Code, Key},
        message::{Effect, Event},
        model::{Panel, Part},
        views::SavedView,
    },
    domain::{comparison::Band, lifecycle::attempt::Status},
    language::Language,
};

/// A desk in the queue of the first unit.
fn queue(rows: u32) -> Bench {
    let mut bench = Bench::new(Language::English, (80, 24), rows);
    bench.happen(Event::Started);
    bench.settle();
    bench.key(Code::Enter);
    bench.settle();
    bench
}

fn find(bench: &mut Bench, text: &str) {
    bench.char('/');
    // What the field held before is typed over.
    bench.happen(Event::Key(Key::ctrl('u')));
    text.chars().for_each(|c| bench.char(c));
    bench.key(Code::Enter);
    bench.settle();
}

fn shown(bench: &Bench) -> Vec<u128> {
    bench.model.queue.list().rows.iter().map(|row| row.id.as_u128() - 1).collect()
}

#[test]
fn a_filter_shows_what_fits_and_says_of_how_many() {
    let mut bench = queue(40);
    find(&mut bench, "score:doubtful");
    assert_eq!(shown(&bench), [3, 10, 17, 24, 31, 38]);
    assert!(text_of(&bench.frame().0).contains("6 of 36 loaded match"));
    find(&mut bench, "-score:doubtful reason:uneven_light");
    assert!(shown(&bench).iter().all(|n| n % 4 == 1 && n % 7 != 3));
    bench.key(Code::Escape);
    bench.settle();
    assert_eq!((shown(&bench).len(), bench.model.queue.text.as_str()), (36, ""));
    assert!(shown(&bench).is_sorted());
}

#[test]
fn checks_are_asked_of_the_server_and_statuses_are_parts() {
    let mut bench = queue(40);
    find(&mut bench, "check:uneven_light>1.5");
    assert!(!shown(&bench).is_empty() && shown(&bench).iter().all(|n| n % 4 == 1));
    let asked = |effect: &Effect| matches!(effect, Effect::LoadPage { measured, .. } if measured.len() == 1);
    assert!(bench.effects.iter().any(asked));
    find(&mut bench, "status:machine_refused");
    assert_eq!((bench.model.queue.part(), shown(&bench).len()), (Part::Refused, 4));
    // Another tab is another status: the term does not stay and hide everything.
    bench.char('1');
    bench.settle();
    assert_eq!((bench.model.queue.part(), shown(&bench).len()), (Part::Pending, 36));
    bench.char('5');
    bench.settle();
    assert_eq!((bench.model.queue.part(), shown(&bench).len()), (Part::All, 40));
    bench.rows[7].status = Status::Approved;
    find(&mut bench, "status:approved");
    assert_eq!((bench.model.queue.part(), shown(&bench)), (Part::All, vec![7]));
}

#[test]
fn people_are_found_by_what_is_shown_of_them() {
    let mut bench = queue(40);
    for word in ["zhang", "张", "ZHANG", "ｚｈａｎｇ"] {
        find(&mut bench, word);
        assert!(shown(&bench).len() > 10 && shown(&bench).iter().all(|n| n % 3 == 0), "{word}");
    }
    assert_eq!(bench.model.news.as_ref().unwrap().key, "desk.news.names_masked");
    find(&mut bench, "oy");
    assert!(shown(&bench).iter().all(|n| n % 3 == 1));
    find(&mut bench, "202700000");
    assert_eq!(shown(&bench), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    find(&mut bench, "0017");
    assert_eq!(shown(&bench), [17]);
}

#[test]
fn the_review_goes_through_what_was_found() {
    let mut bench = queue(40);
    find(&mut bench, "score:doubtful sort:newest");
    assert_eq!(shown(&bench)[..2], [38, 31]);
    bench.key(Code::Enter);
    bench.settle();
    bench.slowly("a");
    assert_eq!(bench.model.current().map(|row| row.id.as_u128() - 1), Some(31));
    assert_eq!(bench.acts()[0].0.as_u128() - 1, 38);
}

#[test]
fn a_page_that_comes_late_does_not_move_the_photo_under_review_in_any_order() {
    let mut bench = queue(350);
    find(&mut bench, "sort:newest");
    // A photo in the middle is opened while the next page, whose photos all come before it, is on its way.
    bench.model.queue.list_mut().selected = 50;
    bench.key(Code::Enter);
    let opened = bench.model.current().map(|row| row.id);
    bench.settle();
    assert!(bench.model.queue.list().rows.len() >= 200 && bench.model.queue.list().selected >= 150);
    assert_eq!(bench.model.current().map(|row| row.id), opened);
}

#[test]
fn an_error_says_where_and_the_field_stays() {
    let mut bench = queue(4);
    find(&mut bench, "张 colour:red");
    assert!(text_of(&bench.frame().0).contains("Column 3: there is no key “colour”"));
    // As soon as it is put right, nothing is said any more.
    bench.happen(Event::Key(Key::ctrl('w')));
    bench.happen(Event::Key(Key::ctrl('w')));
    assert!(!text_of(&bench.frame().0).contains("Column"));
    bench.key(Code::Escape);
    assert!(bench.model.panel.is_none() && bench.model.queue.filter.is_empty());
}

#[test]
fn tab_takes_the_proposal_and_goes_on_to_the_value() {
    let mut bench = queue(4);
    bench.char('/');
    "sc".chars().for_each(|c| bench.char(c));
    bench.key(Code::Tab);
    bench.key(Code::Down);
    bench.key(Code::Tab);
    "ch".chars().for_each(|c| bench.char(c));
    bench.key(Code::Tab);
    "blu".chars().for_each(|c| bench.char(c));
    bench.key(Code::Tab);
    bench.key(Code::Tab);
    let Some(Panel::Asking(asking)) = &bench.model.panel else { panic!() };
    assert_eq!(asking.field.text(), "score:doubtful check:blur=fail ");
    bench.happen(Event::Paste("2027\r\n".into()));
    bench.key(Code::Enter);
    assert_eq!(bench.model.queue.text, "score:doubtful check:blur=fail 2027");
}

#[test]
fn letters_in_the_field_are_no_commands() {
    let mut bench = queue(4);
    find(&mut bench, "qagrux?/");
    assert!(bench.acts().is_empty() && !bench.effects.contains(&Effect::Quit));
    assert_eq!(bench.model.queue.text, "qagrux?/");
}

#[test]
fn a_search_goes_on_until_it_is_stopped() {
    let mut bench = queue(3000);
    bench.rows[2500].band = Some(Band::Different);
    bench.char('/');
    "score:different".chars().for_each(|c| bench.char(c));
    bench.key(Code::Enter);
    assert!(bench.model.queue.is_searching());
    bench.key(Code::Escape);
    bench.settle();
    let loaded = bench.model.queue.list().count();
    assert!(loaded < 400 && bench.model.queue.list().stopped, "{loaded}");
    assert!(text_of(&bench.frame().0).contains("0 of 200 loaded match · stopped (End goes on)"));
    bench.key(Code::End);
    bench.settle();
    assert_eq!((shown(&bench), bench.model.queue.list().count()), (vec![2500], 2700));
}

#[test]
fn a_search_stands_still_when_its_budget_is_used_up() {
    let mut bench = queue(9000);
    find(&mut bench, "score:different");
    while bench.model.queue.is_searching() {
        bench.settle();
    }
    let list = bench.model.queue.list();
    assert!(list.stopped && list.next.is_some() && list.count() < super::finding::BUDGET + 300, "{}", list.count());
    bench.key(Code::Down);
    assert!(!bench.model.queue.list().stopped);
}

#[test]
fn views_are_tabs_and_hold_nobody() {
    let mut bench = queue(40);
    find(&mut bench, "zhang score:doubtful");
    bench.char('w');
    assert_eq!(bench.model.news.as_ref().unwrap().key, "desk.news.view_words");
    find(&mut bench, "score:doubtful sort:risk");
    bench.char('w');
    "20270001".chars().for_each(|c| bench.char(c));
    bench.key(Code::Enter);
    assert_eq!(bench.model.news.as_ref().unwrap().key, "desk.news.view_name");
    bench.happen(Event::Key(Key::ctrl('u')));
    "doubt".chars().for_each(|c| bench.char(c));
    bench.key(Code::Enter);
    let kept = vec![SavedView { name: "doubt".into(), filter: "score:doubtful sort:risk".into() }];
    assert!(bench.effects.contains(&Effect::KeepViews(kept)));
    assert!(text_of(&bench.frame().0).lines().nth(1).unwrap().contains("6 doubt"));
    bench.key(Code::Escape);
    bench.settle();
    assert_eq!(shown(&bench).len(), 36);
    bench.char('6');
    bench.settle();
    assert_eq!((shown(&bench).len(), super::open_tab(&bench.model)), (6, 5));
    // All the way round.
    let tabs: Vec<usize> = (0..6)
        .map(|_| {
            bench.key(Code::Tab);
            bench.settle();
            super::open_tab(&bench.model)
        })
        .collect();
    assert_eq!(tabs, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn the_order_goes_round_and_is_said() {
    let mut bench = queue(30);
    let mut orders = vec![];
    for _ in 0..4 {
        bench.char('o');
        bench.settle();
        orders.push((bench.model.queue.text.clone(), shown(&bench)[0]));
    }
    let expected = [("sort:newest", 28), ("sort:pinyin", 2), ("sort:risk", 17), ("", 0)];
    assert_eq!(orders, expected.map(|(text, first)| (text.to_owned(), first)));
}

/// What a hundred thousand loaded rows cost is done in slices, none of which grows with the queue: counted, not timed.
#[test]
fn a_hundred_thousand_rows_hold_up_no_key() {
    let mut bench = queue(10);
    let list = bench.model.queue.list_mut();
    list.rows = (0..100_000).map(|n| row(n, Status::Pending)).collect();
    list.known = list.rows.iter().map(|row| row.id).collect();
    let worst = |bench: &mut Bench, what: &str, act: &mut dyn FnMut(&mut Bench)| {
        act(bench);
        let mut slices = 0;
        while !bench.model.queue.list().unsieved.is_empty() {
            let before = bench.model.queue.list().unsieved.len();
            bench.happen(Event::Tick);
            let after = bench.model.queue.list().unsieved.len();
            assert!(after < before, "{what}: nothing is done in a slice");
            slices += 1;
            assert!(slices < 1000, "{what}: it never ends");
        }
    };
    worst(&mut bench, "down", &mut |bench| bench.key(Code::Down));
    worst(&mut bench, "frame", &mut |bench| drop(bench.frame()));
    bench.char('/');
    worst(&mut bench, "a letter of a filter", &mut |bench| bench.char('z'));
    worst(&mut bench, "a frame with the field", &mut |bench| drop(bench.frame()));
    bench.happen(Event::Key(Key::ctrl('u')));
    "zhang score:doubtful".chars().for_each(|c| bench.char(c));
    worst(&mut bench, "a filter", &mut |bench| bench.key(Code::Enter));
    assert_eq!(bench.model.queue.list().rows.len(), 4762);
    worst(&mut bench, "a key among what was found", &mut |bench| bench.key(Code::Down));
    worst(&mut bench, "no filter", &mut |bench| bench.key(Code::Escape));
    assert_eq!(bench.model.queue.list().rows.len(), 100_000);
    for order in ["newest", "pinyin", "risk"] {
        worst(&mut bench, order, &mut |bench| bench.char('o'));
        assert_eq!(bench.model.queue.list().rows.len(), 100_000);
        let (sort, rows) = (bench.model.queue.sort, &bench.model.queue.list().rows);
        assert!(rows.windows(2).step_by(97).all(|two| sort.compare(&two[0], &two[1]).is_lt()));
    }
}

#[test]
fn the_palette_does_what_its_name_says() {
    let mut bench = queue(40);
    let ask = |bench: &mut Bench, typed: &str| {
        bench.char(':');
        typed.chars().for_each(|c| bench.char(c));
        bench.key(Code::Enter);
        bench.settle();
    };
    ask(&mut bench, "risk");
    assert_eq!(bench.model.queue.sort.code(), "risk");
    ask(&mut bench, "榆林");
    assert_eq!(bench.model.queue.unit.as_deref(), Some("yl"));
    ask(&mut bench, "graphics off");
    assert!(bench.model.drawing().is_none());
    ask(&mut bench, "zh-CN");
    assert_eq!(bench.model.language, Language::Chinese);
    ask(&mut bench, "czxs");
    assert!(matches!(bench.model.panel, Some(Panel::Asking(_))) && bench.model.queue.part() == Part::All);
    bench.key(Code::Escape);
    ask(&mut bench, "quit");
    assert!(bench.effects.contains(&Effect::Quit));
}

#[test]
fn the_palette_covers_no_picture_and_decides_nothing_by_itself() {
    let mut bench = Bench::reviewing(Language::Chinese, (120, 36), 4);
    bench.char(':');
    bench.settle();
    assert!(bench.frame().1.pictures.is_empty());
    "aaxx".chars().for_each(|c| bench.char(c));
    bench.key(Code::Enter);
    assert!(bench.acts().is_empty());
    let Some(Panel::Palette(palette)) = &bench.model.panel else { panic!() };
    assert!(palette.found.is_empty());
    bench.key(Code::Escape);
    bench.settle();
    assert!(!bench.frame().1.pictures.is_empty());
}

#[test]
fn the_help_is_searched_by_typing() {
    let mut bench = Bench::reviewing(Language::Chinese, (80, 24), 4);
    bench.char('?');
    "chexiao".chars().for_each(|c| bench.char(c));
    let text = text_of(&bench.frame().0);
    assert!(text.contains("撤销") && !text.contains("通过；照片"), "{text}");
    bench.key(Code::Escape);
    bench.char('?');
    bench.char('?');
    assert!(bench.model.panel.is_none());
}

#[test]
fn the_board_leads_into_a_unit_and_out_into_a_file_that_was_not_there() {
    let mut bench = Bench::new(Language::English, (120, 36), 30);
    bench.happen(Event::Started);
    bench.settle();
    bench.slowly("be");
    "table.pdf".chars().for_each(|c| bench.char(c));
    bench.key(Code::Enter);
    assert_eq!(bench.model.news.as_ref().unwrap().key, "desk.news.export_format");
    let name = |bench: &mut Bench, name: &str| {
        bench.happen(Event::Key(Key::ctrl('u')));
        bench.happen(Event::Paste(name.into()));
        bench.key(Code::Enter);
        bench.settle();
    };
    name(&mut bench, "taken.csv");
    assert_eq!(bench.model.news.as_ref().unwrap().key, "desk.news.export_exists");
    assert!(matches!(bench.model.panel, Some(Panel::Export(_))), "another name can be given");
    name(&mut bench, "/tmp/进度.XLSX");
    assert_eq!(bench.model.news.as_ref().unwrap().key, "desk.news.exported");
    // Who is behind comes first: nobody of the second unit was captured.
    bench.slowly("o");
    bench.key(Code::Down);
    bench.key(Code::Enter);
    bench.settle();
    assert!(bench.model.panel.is_none() && bench.model.queue.unit.is_some());
}

#[test]
fn a_pause_is_proposed_quietly() {
    let mut bench = Bench::reviewing(Language::English, (80, 24), 400);
    for _ in 0..299 {
        bench.slowly("a");
    }
    assert_ne!(bench.model.news.as_ref().map(|news| news.key), Some("desk.news.pause"));
    bench.slowly("a");
    assert_eq!(bench.model.news.as_ref().map(|news| news.key), Some("desk.news.pause"));
}
