//! No key means two things in one place, and every action has words.

use std::collections::HashSet;

use super::*;
use crate::language::{Language, has_text};

const PLACES: [Place; 17] = [
    Place::Units,
    Place::Queue,
    Place::Review,
    Place::Sheet,
    Place::PassOn,
    Place::Fix,
    Place::Help,
    Place::Conflicts,
    Place::Quitting,
    Place::Asking,
    Place::Line,
    Place::Palette,
    Place::Board,
    Place::Mine,
    Place::Grid,
    Place::Batch,
    Place::History,
];

#[test]
fn no_key_means_two_things_in_one_place() {
    for place in PLACES {
        let mut seen = HashSet::new();
        for binding in bindings(place) {
            for key in binding.keys {
                assert!(seen.insert(*key), "{key:?} twice in {place:?}");
            }
        }
    }
}

#[test]
fn an_input_method_left_on_does_no_harm() {
    assert_eq!(action(Place::Review, Key::char('ａ')), Some(Action::Approve));
    assert_eq!(action(Place::Review, Key::char('Ｘ')), Some(Action::Reject));
    assert_eq!(action(Place::Review, Key::char('？')), Some(Action::Help));
    assert_eq!(Key::char('７').folded(), Key::char('7'));
    assert_eq!(action(Place::Review, Key::char('啊')), None);
}

#[test]
fn control_is_not_the_letter() {
    assert_eq!(action(Place::Review, Key::ctrl('a')), None);
    assert_eq!(action(Place::Review, Key::ctrl('c')), Some(Action::Quit));
    assert_eq!(action(Place::Review, Key::ctrl('z')), Some(Action::Suspend));
}

#[test]
fn every_action_has_words() {
    for binding in PLACES.into_iter().flat_map(bindings) {
        for language in Language::ALL {
            let key = format!("desk.key.{}", binding.action.code());
            assert!(has_text(language, &key), "{} lacks {key}", language.tag());
        }
    }
}
