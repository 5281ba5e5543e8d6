//! How much work a HEIC may ask for, known before any is done. Pictures made of pictures made of pictures multiply, tiles may all be the same
//! few bytes, and a coded picture may be larger than its tile says: a small file could keep a machine busy for days.
//!
//! Taken is what cameras write: one coded picture, or one grid of coded tiles, and beside it one for the transparency.

use heifer::heifer_hevc_dec::{nal::NalUnit, params::ParameterSets};
use heifer::heifer_isobmff::{FourCC, HeifFile, boxes::Property};

use super::error::PhotoError;
use super::heic::{self, container, is_transparency};
use super::memory;

/// What a coded picture may be larger than declared on either side: codecs round up to whole blocks.
const ROUNDING: u32 = 64;
/// Tiles may reach beyond the edge of their picture: in all, this many times its pixels, and some more for the smallest.
const TILES_TO_PICTURE: u64 = 4;
const SOME_MORE: u64 = 4_000_000;
/// Parameter sets in the coded data itself could change the size halfway: the container's are the only ones allowed.
const SEQUENCE_PARAMETERS: u8 = 33;

/// Checks the main picture, of so many pixels, and its transparency.
///
/// # Errors
/// `Heic` for a structure that no camera writes, `Damaged` for one that asks for more than its picture can need, `TooManyPixels` where
/// decoding would take too much memory.
pub fn check(file: &HeifFile<'_>, pixels: u64) -> Result<(), PhotoError> {
    let transparency = transparency_of(file, file.primary_id);
    check_memory(file, transparency, pixels)?;
    for picture in std::iter::once(file.primary_id).chain(transparency) {
        changes(file, picture)?;
        if picture != file.primary_id && transparency_of(file, picture).is_some() {
            return Err(PhotoError::Heic);
        }
        let (mut area, mut bytes) = (0, 0);
        for coded in coded_items(file, picture)? {
            // A tile's own transparency is decoded with it.
            let own = transparency_of(file, coded).filter(|_| coded != picture);
            for item in std::iter::once(coded).chain(own) {
                if file.item(item).map_err(container)?.item_type != FourCC(*b"hvc1") {
                    return Err(PhotoError::Heic);
                }
                changes(file, item)?;
                area += coded_area(file, item)?;
                bytes += coded_bytes(file, item)?;
                if area > TILES_TO_PICTURE * pixels + SOME_MORE || bytes > super::decode::MAX_BYTES {
                    return Err(PhotoError::Damaged);
                }
            }
        }
    }
    Ok(())
}

/// The transparency of an item that the decoder takes: the first.
fn transparency_of(file: &HeifFile<'_>, item: u32) -> Option<u32> {
    file.referencing_items(item, b"auxl").into_iter().find(|auxiliary| is_transparency(file, *auxiliary))
}

/// Whether an item is cropped, turned or mirrored. The decoder copies the picture for each; the format allows each once.
fn changes(file: &HeifFile<'_>, item: u32) -> Result<bool, PhotoError> {
    let mut counts = [0; 3];
    for property in file.item_properties(item).map_err(container)? {
        match property {
            Property::CleanAperture { .. } => counts[0] += 1,
            Property::Rotation(_) => counts[1] += 1,
            Property::Mirror(_) => counts[2] += 1,
            _ => {}
        }
    }
    if counts.iter().any(|count| *count > 1) { Err(PhotoError::Heic) } else { Ok(counts.iter().any(|count| *count > 0)) }
}

/// Holds what the decoder has in hands at once against the most that decoding may take.
fn check_memory(file: &HeifFile<'_>, transparency: Option<u32>, pixels: u64) -> Result<(), PhotoError> {
    const RGBA: u64 = 4;
    /// Brightness and, at a quarter of the size, two colours, 16 bits each.
    const CODED: u64 = 3;
    let whole = file.item(file.primary_id).map_err(container)?.item_type == FourCC(*b"hvc1");
    let first = if whole { CODED } else { 0 };
    let second = match transparency {
        None => 0,
        Some(item) if changes(file, item)? => 2 * RGBA,
        Some(_) => RGBA,
    };
    let changed = if changes(file, file.primary_id)? { RGBA } else { 0 };
    memory::check(pixels, RGBA + changed.max(first + second), heic::MAX_PIXELS)
}

/// The coded pictures of which a picture is made.
fn coded_items(file: &HeifFile<'_>, picture: u32) -> Result<Vec<u32>, PhotoError> {
    match &file.item(picture).map_err(container)?.item_type.0 {
        b"hvc1" => Ok(vec![picture]),
        b"grid" => Ok(file.referenced_items(picture, b"dimg").to_vec()),
        _ => Err(PhotoError::Heic),
    }
}

/// The pixels that a coded picture really has, held against those it declares.
fn coded_area(file: &HeifFile<'_>, item: u32) -> Result<u64, PhotoError> {
    let declared = file.image_size(item).map_err(container)?.ok_or(PhotoError::Damaged)?;
    let config = file.hevc_config(item).map_err(container)?.ok_or(PhotoError::Damaged)?;
    let mut sets = ParameterSets::default();
    for unit in &config.nal_units {
        let unit = NalUnit::parse(unit).map_err(|_| PhotoError::Damaged)?;
        sets.add(&unit).map_err(|_| PhotoError::Damaged)?;
    }
    let mut area = 0;
    for set in sets.sps.iter().flatten() {
        let (width, height) = (set.pic_width_in_luma_samples, set.pic_height_in_luma_samples);
        if width > declared.0.saturating_add(ROUNDING) || height > declared.1.saturating_add(ROUNDING) {
            return Err(PhotoError::Damaged);
        }
        area = area.max(u64::from(width) * u64::from(height));
    }
    Ok(area)
}

/// The length of a coded picture's data, which must not bring parameter sets of its own.
fn coded_bytes(file: &HeifFile<'_>, item: u32) -> Result<usize, PhotoError> {
    let width = usize::from(file.hevc_config(item).map_err(container)?.ok_or(PhotoError::Damaged)?.nal_length_size);
    let data = file.item_data(item).map_err(container)?;
    let mut rest: &[u8] = &data;
    while !rest.is_empty() {
        let (length, tail) = rest.split_at_checked(width).filter(|_| width > 0).ok_or(PhotoError::Truncated)?;
        let length = length.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
        let (unit, tail) = tail.split_at_checked(length).ok_or(PhotoError::Truncated)?;
        if unit.first().is_some_and(|first| first >> 1 & 0x3F == SEQUENCE_PARAMETERS) {
            return Err(PhotoError::Heic);
        }
        rest = tail;
    }
    Ok(data.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::decode;

    fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let mut out = ((body.len() + 8) as u32).to_be_bytes().to_vec();
        out.extend(kind);
        out.extend(body);
        out
    }

    /// A file of items of one kind and 64 × 64 pixels, with references from one to others, and no data at all.
    fn of_items(kinds: &[&[u8; 4]], references: &[(u16, &[u16])]) -> Vec<u8> {
        linked(kinds, b"dimg", references, &[])
    }

    /// The same with references of any kind, and with more properties, each an item's.
    fn linked(kinds: &[&[u8; 4]], link: &[u8; 4], references: &[(u16, &[u16])], more: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let infos: Vec<Vec<u8>> = kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| boxed(b"infe", &[&[2, 0, 0, 0], &(at as u16 + 1).to_be_bytes(), &[0, 0], *kind, &[0]]))
            .collect();
        let links: Vec<Vec<u8>> = references
            .iter()
            .map(|(from, to)| {
                let to: Vec<u8> = to.iter().flat_map(|id| id.to_be_bytes()).collect();
                boxed(link, &[&from.to_be_bytes(), &((to.len() / 2) as u16).to_be_bytes(), &to])
            })
            .collect();
        let sizes = boxed(b"ispe", &[&[0; 4], &64u32.to_be_bytes(), &64u32.to_be_bytes()]);
        let mut owners = Vec::new();
        for id in 1..=kinds.len() as u16 {
            let own: Vec<u8> = more.iter().zip(2..).filter(|((item, _), _)| *item == id).map(|(_, place)| place).collect();
            owners.extend(id.to_be_bytes());
            owners.extend([own.len() as u8 + 1, 1]);
            owners.extend(own);
        }
        let properties = more.iter().fold(sizes, |all, (_, property)| [all, property.clone()].concat());
        let meta = boxed(
            b"meta",
            &[
                &[0; 4],
                &boxed(b"hdlr", &[&[0; 8], b"pict", &[0; 13]]),
                &boxed(b"pitm", &[&[0, 0, 0, 0, 0, 1]]),
                &boxed(b"iloc", &[&[0, 0, 0, 0, 0x44, 0, 0, 0]]),
                &boxed(b"iinf", &[&[0; 4], &(kinds.len() as u16).to_be_bytes(), &infos.concat()]),
                &boxed(b"iref", &[&[0; 4], &links.concat()]),
                &boxed(
                    b"iprp",
                    &[&boxed(b"ipco", &[&properties]), &boxed(b"ipma", &[&[0; 4], &(kinds.len() as u32).to_be_bytes(), &owners])],
                ),
            ],
        );
        [boxed(b"ftyp", &[b"heic", &[0; 4], b"mif1heic"]), meta].concat()
    }

    #[test]
    fn pictures_that_are_made_of_each_other_are_refused_and_not_followed() {
        for kind in [b"iden", b"iovl"] {
            let circle = of_items(&[kind, kind], &[(1, &[2]), (2, &[1])]);
            assert_eq!(heic::stored_size(&heic::open(&circle).unwrap()), Ok((64, 64)), "the file itself is sound");
            assert_eq!(decode::decode(&circle).unwrap_err(), PhotoError::Heic);
        }
        let circle = of_items(&[b"hvc1", b"hvc1"], &[(1, &[2]), (2, &[1])]);
        assert_eq!(decode::decode(&circle).unwrap_err(), PhotoError::Damaged, "no codec, and no end of looking for a colour profile");
    }

    fn turn() -> Vec<u8> {
        boxed(b"irot", &[&[1]])
    }

    fn alpha() -> Vec<u8> {
        boxed(b"auxC", &[&[0; 4], b"urn:mpeg:hevc:2015:auxid:1\0"])
    }

    fn checked(file: &[u8], pixels: u64) -> Result<(), PhotoError> {
        check(&heic::open(file).unwrap(), pixels)
    }

    #[test]
    fn each_change_of_a_picture_is_made_once() {
        let flip = || boxed(b"imir", &[&[0]]);
        let crop = || boxed(b"clap", &[&[0, 0, 0, 8, 0, 0, 0, 1].repeat(4)]);
        for change in [turn, flip, crop] {
            let twice = linked(&[b"hvc1"], b"dimg", &[], &[(1, change()), (1, change())]);
            assert_eq!(checked(&twice, 64 * 64), Err(PhotoError::Heic));
        }
        let each = linked(&[b"hvc1"], b"dimg", &[], &[(1, turn()), (1, flip()), (1, crop())]);
        assert_eq!(checked(&each, 64 * 64), Err(PhotoError::Damaged), "it has no data; its changes are no fault");
        let transparency = linked(&[b"hvc1", b"hvc1"], b"auxl", &[(2, &[1])], &[(2, alpha()), (2, turn()), (2, turn())]);
        assert_eq!(checked(&transparency, 64 * 64), Err(PhotoError::Heic));
    }

    #[test]
    fn a_transparency_is_not_transparent_itself() {
        let file = of_items(&[b"hvc1"], &[]);
        assert_eq!(transparency_of(&heic::open(&file).unwrap(), 1), None);
        let file = linked(&[b"hvc1", b"hvc1"], b"auxl", &[(2, &[1])], &[(2, alpha())]);
        assert_eq!(transparency_of(&heic::open(&file).unwrap(), 1), Some(2));
        let circle = linked(&[b"hvc1"], b"auxl", &[(1, &[1])], &[(1, alpha())]);
        assert!(checked(&circle, 64 * 64).is_err());
    }

    #[test]
    fn what_the_decoder_copies_counts() {
        let plain = of_items(&[b"hvc1"], &[]);
        assert_eq!(checked(&plain, 60_000_000), Err(PhotoError::TooManyPixels { limit: 58 }));
        let turned = linked(&[b"hvc1"], b"dimg", &[], &[(1, turn())]);
        assert_eq!(checked(&turned, 8192 * 6144), Err(PhotoError::Damaged), "only its data is missing");
        assert_eq!(checked(&turned, 52_000_000), Err(PhotoError::TooManyPixels { limit: 51 }));
    }

    #[test]
    fn a_picture_is_bounded_by_its_own_pixels() {
        // A sound picture that says it is larger than it is passes; one whose coded area exceeds its share by itself does not.
        let picture = heifer::Image { width: 2048, height: 2048, bit_depth: 8, has_alpha: false, data: vec![128; 2048 * 2048 * 4] };
        let file = heifer::encode(&picture, &heifer::EncodeOptions::default()).unwrap();
        assert_eq!(checked(&file, 2048 * 2048), Ok(()));
        assert_eq!(checked(&file, 48_576), Ok(()), "4 × 48,576 and some more is just its area");
        assert_eq!(checked(&file, 48_575), Err(PhotoError::Damaged));
    }
}
