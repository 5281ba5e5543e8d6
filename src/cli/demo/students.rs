//! The demo's students, one row each: who, which photo, and what a truthful machine and person find.
//!
//! Names are invented. A face may stand for two students, since there are more students than specimen people; never in the same unit.

use super::{
    alteration::{Alteration, Storage},
    cohort::{Card, Finding},
    specimens::Fault,
};
use crate::domain::reason::Reason;

/// Where a student's photo comes from.
pub(super) enum Shot {
    /// The good photo of the person.
    Good,
    /// A photo with a fault.
    Fault(Fault),
    /// The good photo after these steps.
    Altered(&'static [Alteration], Storage),
    /// A file that only calls itself a picture.
    NoPicture,
}

/// One student.
pub(super) struct Row {
    /// Index into [`UNITS`].
    pub unit: usize,
    pub name: &'static str,
    /// The specimen person.
    pub person: usize,
    pub shot: Shot,
    pub card: Card,
    pub finding: Finding,
}

/// The school units: code and name.
pub(super) const UNITS: [(&str, &str); 3] = [("101", "长安分院"), ("105", "渭南分院"), ("107", "汉中学习中心")];

const fn row(unit: usize, name: &'static str, person: usize, shot: Shot, finding: Finding) -> Row {
    Row { unit, name, person, shot, card: Card::Own, finding }
}

const fn good(unit: usize, name: &'static str, person: usize) -> Row {
    row(unit, name, person, Shot::Good, Finding::Nothing)
}

const fn fault(unit: usize, name: &'static str, person: usize, fault: Fault, finding: Finding) -> Row {
    row(unit, name, person, Shot::Fault(fault), finding)
}

const fn altered(unit: usize, name: &'static str, person: usize, steps: &'static [Alteration], storage: Storage, finding: Finding) -> Row {
    row(unit, name, person, Shot::Altered(steps, storage), finding)
}

const fn with_card(row: Row, card: Card) -> Row {
    Row { unit: row.unit, name: row.name, person: row.person, shot: row.shot, card, finding: row.finding }
}

const fn light(percent: u16) -> Alteration {
    Alteration::Light { red: percent, green: percent, blue: percent }
}

const fn crop(left: u32, top: u32, right: u32, bottom: u32) -> Alteration {
    Alteration::Crop { left, top, right, bottom }
}

const TILTED: Finding = Finding::Refused(&[Reason::Tilted]);
const TURNED: Finding = Finding::Refused(&[Reason::NotFrontal]);
const EYES_CLOSED: Finding = Finding::Machine(&[Reason::EyesClosed]);
const MOUTH_OPEN: Finding = Finding::Machine(&[Reason::MouthOpen]);
const DARK: Finding = Finding::Machine(&[Reason::Underexposed]);
const HALF_SHADOW: Finding = Finding::Machine(&[Reason::UnevenLight]);
const BLUE_CLOTHES: Finding = Finding::Person(&[Reason::ClothesBlend]);
const BLURRED: Finding = Finding::Machine(&[Reason::Blur]);
const SUNGLASSES: Finding = Finding::Person(&[Reason::TintedGlasses]);
const TOO_CLOSE: Finding = Finding::Refused(&[Reason::CutOff, Reason::HairTop, Reason::FaceWidth]);
const OFF_CENTRE: Finding = Finding::MachineOrRefused(&[Reason::OffCentre, Reason::CutOff]);
const TOO_FAR: Finding = Finding::MachineOrRefused(&[Reason::TooSmall, Reason::FaceWidth]);
const FACE_COUNT: Finding = Finding::Refused(&[Reason::FaceCount]);

const PHONE: Storage = Storage::Jpeg { quality: 88 };
const CHAT: Storage = Storage::Jpeg { quality: 70 };

/// Everybody, unit by unit.
pub(super) const STUDENTS: &[Row] = &[
    // 长安分院
    good(0, "王海川", 2),
    fault(0, "李文博", 0, Fault::TiltA, TILTED),
    good(0, "张雨桐", 27),
    fault(0, "刘思妍", 3, Fault::TurnedB, TURNED),
    altered(0, "陈建业", 24, &[crop(50, 60, 850, 1180)], PHONE, Finding::Nothing),
    fault(0, "欧阳明轩", 6, Fault::MouthOpenA, MOUTH_OPEN),
    with_card(good(0, "赵静怡", 14), Card::Other(30)),
    fault(0, "杨晓楠", 9, Fault::DarkB, DARK),
    altered(0, "黄丽萍", 5, &[light(107)], PHONE, Finding::Nothing),
    fault(0, "周志强", 12, Fault::BlueClothesA, BLUE_CLOTHES),
    row(0, "吴国梁", 11, Shot::NoPicture, Finding::Refused(&[Reason::Unreadable])),
    fault(0, "徐子昂", 15, Fault::BlurB, BLURRED),
    altered(0, "孙佳宁", 8, &[], Storage::SidewaysJpeg { quality: 90 }, Finding::Nothing),
    fault(0, "马骉", 18, Fault::TooCloseA, TOO_CLOSE),
    good(0, "朱雅琴", 30),
    fault(0, "胡月华", 21, Fault::OffCentreB, OFF_CENTRE),
    // 渭南分院
    good(1, "郭婉清", 25),
    fault(1, "何欣然", 1, Fault::TiltB, TILTED),
    row(1, "高振宇", 28, Shot::Good, BLUE_CLOTHES),
    fault(1, "林俊杰", 4, Fault::EyesClosedA, EYES_CLOSED),
    altered(1, "罗永安", 6, &[Alteration::Noise { levels: 4 }], CHAT, Finding::Nothing),
    fault(1, "梁启明", 7, Fault::MouthOpenB, MOUTH_OPEN),
    with_card(altered(1, "宋晓燕", 9, &[crop(40, 40, 860, 1160)], PHONE, Finding::Nothing), Card::None),
    fault(1, "唐振邦", 10, Fault::HalfShadowA, HALF_SHADOW),
    altered(1, "韩立新", 12, &[Alteration::Shrink { width: 270 }], PHONE, TOO_FAR),
    fault(1, "冯玉洁", 13, Fault::BlueClothesB, BLUE_CLOTHES),
    altered(1, "于大鹏", 15, &[], Storage::Png, Finding::Nothing),
    fault(1, "董浩然", 16, Fault::SunglassesA, SUNGLASSES),
    altered(1, "萧远航", 0, &[Alteration::Greyscale], PHONE, Finding::Machine(&[Reason::Greyscale])),
    fault(1, "程诗涵", 19, Fault::TooCloseB, TOO_CLOSE),
    good(1, "曹世杰", 31),
    fault(1, "袁志鸿", 22, Fault::TooFarA, TOO_FAR),
    // 汉中学习中心
    good(2, "邓秋月", 26),
    fault(2, "许文涛", 2, Fault::TurnedA, TURNED),
    good(2, "阿依古丽·买买提", 29),
    fault(2, "沈若兰", 5, Fault::EyesClosedB, EYES_CLOSED),
    altered(
        2,
        "曾庆丰",
        10,
        &[crop(30, 40, 870, 1170), light(95), Alteration::Noise { levels: 3 }],
        Storage::Jpeg { quality: 75 },
        Finding::Nothing,
    ),
    fault(2, "彭雪梅", 8, Fault::DarkA, DARK),
    altered(2, "吕秀英", 1, &[Alteration::Light { red: 76, green: 100, blue: 130 }], PHONE, Finding::Machine(&[Reason::ColourCast])),
    fault(2, "苏振国", 11, Fault::HalfShadowB, HALF_SHADOW),
    altered(2, "卢天佑", 4, &[crop(0, 290, 900, 1200)], PHONE, Finding::Refused(&[Reason::CutOff, Reason::HairTop])),
    fault(2, "蒋春霞", 14, Fault::BlurA, BLURRED),
    altered(2, "蔡宏伟", 7, &[light(170)], PHONE, Finding::Machine(&[Reason::Overexposed])),
    fault(2, "贾晓彤", 17, Fault::SunglassesB, SUNGLASSES),
    fault(2, "丁婷婷", 3, Fault::TwoPeople, FACE_COUNT),
    fault(2, "魏长青", 20, Fault::OffCentreA, OFF_CENTRE),
    fault(2, "薛晨曦", 13, Fault::Nobody, FACE_COUNT),
    fault(2, "叶红英", 23, Fault::TooFarB, TOO_FAR),
];
