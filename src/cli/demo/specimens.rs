//! The specimen people of `assets/specimens`, compiled in. Its README says who they are (nobody) and what they may be used for.

/// What an ID number and a roster call 性别.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    Female,
    Male,
}

/// A person drawn by a program.
pub struct Specimen {
    pub sex: Sex,
    /// A good capture photo, JPEG, 900 × 1200.
    pub photo: &'static [u8],
    /// The same person as the portrait on an ID card would show them, JPEG, 900 × 1200.
    pub portrait: &'static [u8],
}

macro_rules! file {
    ($name:expr) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/specimens/", $name))
    };
}

macro_rules! people {
    ($($number:literal $sex:ident,)*) => {
        &[$(Specimen { sex: Sex::$sex, photo: file!(concat!("p", $number, ".jpg")), portrait: file!(concat!("p", $number, "_portrait.jpg")) },)*]
    };
}

macro_rules! faults {
    ($($variant:ident $name:literal,)*) => {
        /// A photo with one fault. `A` and `B` are two people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault { $($variant,)* }

        impl Fault {
            /// Every fault photo there is.
            pub const ALL: &'static [Fault] = &[$(Fault::$variant,)*];

            /// The photo, JPEG, 900 × 1200.
            #[must_use]
            pub fn photo(self) -> &'static [u8] {
                match self { $(Fault::$variant => file!(concat!($name, ".jpg")),)* }
            }
        }
    };
}

/// The people by their number.
pub const PEOPLE: &[Specimen] = people! {
    "00" Male,
    "01" Female,
    "02" Male,
    "03" Female,
    "04" Male,
    "05" Female,
    "06" Male,
    "07" Male,
    "08" Female,
    "09" Female,
    "10" Male,
    "11" Male,
    "12" Male,
    "13" Female,
    "14" Female,
    "15" Male,
    "16" Male,
    "17" Female,
    "18" Male,
    "19" Female,
    "20" Male,
    "21" Female,
    "22" Male,
    "23" Female,
    "24" Male,
    "25" Female,
    "26" Female,
    "27" Female,
    "28" Male,
    "29" Female,
    "30" Female,
    "31" Male,
};

faults! {
    TiltA "f00a_tilt",
    TiltB "f00b_tilt",
    TurnedA "f01a_turned",
    TurnedB "f01b_turned",
    EyesClosedA "f02a_eyes_closed",
    EyesClosedB "f02b_eyes_closed",
    MouthOpenA "f03a_mouth_open",
    MouthOpenB "f03b_mouth_open",
    DarkA "f04a_dark",
    DarkB "f04b_dark",
    HalfShadowA "f05a_half_shadow",
    HalfShadowB "f05b_half_shadow",
    BlueClothesA "f06a_blue_clothes",
    BlueClothesB "f06b_blue_clothes",
    BlurA "f07a_blur",
    BlurB "f07b_blur",
    SunglassesA "f08a_sunglasses",
    SunglassesB "f08b_sunglasses",
    TooCloseA "f09a_too_close",
    TooCloseB "f09b_too_close",
    OffCentreA "f10a_off_centre",
    OffCentreB "f10b_off_centre",
    TooFarA "f11a_too_far",
    TooFarB "f11b_too_far",
    TwoPeople "f12a_two_people",
    Nobody "f13a_nobody",
}
