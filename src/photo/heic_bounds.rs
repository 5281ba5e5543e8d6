//! How much work a HEIC may ask for, known before any is done. Pictures made of pictures made of pictures multiply, tiles may all be the same
//! few bytes, and a coded picture may be larger than its tile says: a small file could keep a machine busy for days.
//!
//! Taken is what cameras write: one coded picture, or one grid of coded tiles, and beside it one for the transparency.

use heifer::heifer_hevc_dec::{nal::NalUnit, params::ParameterSets};
use heifer::heifer_isobmff::{FourCC, HeifFile};

use super::error::PhotoError;
use super::heic::{container, is_transparency};

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
/// `Heic` for a structure that no camera writes, `Damaged` for one that asks for more than its picture can need.
pub fn check(file: &HeifFile<'_>, pixels: u64) -> Result<(), PhotoError> {
    let mut area = 0;
    let mut bytes = 0;
    let transparency = file.referencing_items(file.primary_id, b"auxl").into_iter().find(|item| is_transparency(file, *item));
    for picture in std::iter::once(file.primary_id).chain(transparency) {
        for coded in coded_items(file, picture)? {
            // A tile's own transparency is decoded with it.
            let own = file.referencing_items(coded, b"auxl").into_iter().filter(|item| coded != picture && is_transparency(file, *item));
            for item in std::iter::once(coded).chain(own) {
                if file.item(item).map_err(container)?.item_type != FourCC(*b"hvc1") {
                    return Err(PhotoError::Heic);
                }
                area += coded_area(file, item)?;
                bytes += coded_bytes(file, item)?;
                if area > 2 * (TILES_TO_PICTURE * pixels + SOME_MORE) || bytes > 2 * super::decode::MAX_BYTES {
                    return Err(PhotoError::Damaged);
                }
            }
        }
    }
    Ok(())
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
    use crate::photo::{decode, heic};

    fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let mut out = ((body.len() + 8) as u32).to_be_bytes().to_vec();
        out.extend(kind);
        out.extend(body);
        out
    }

    /// A file of items of one kind and 64 × 64 pixels, with references from one to others, and no data at all.
    fn of_items(kinds: &[&[u8; 4]], references: &[(u16, &[u16])]) -> Vec<u8> {
        let infos: Vec<Vec<u8>> = kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| boxed(b"infe", &[&[2, 0, 0, 0], &(at as u16 + 1).to_be_bytes(), &[0, 0], *kind, &[0]]))
            .collect();
        let links: Vec<Vec<u8>> = references
            .iter()
            .map(|(from, to)| {
                let to: Vec<u8> = to.iter().flat_map(|id| id.to_be_bytes()).collect();
                boxed(b"dimg", &[&from.to_be_bytes(), &((to.len() / 2) as u16).to_be_bytes(), &to])
            })
            .collect();
        let sizes = boxed(b"ispe", &[&[0; 4], &64u32.to_be_bytes(), &64u32.to_be_bytes()]);
        let owners: Vec<u8> = (1..=kinds.len() as u16).flat_map(|id| [id.to_be_bytes().to_vec(), vec![1, 1]].concat()).collect();
        let meta = boxed(
            b"meta",
            &[
                &[0; 4],
                &boxed(b"hdlr", &[&[0; 8], b"pict", &[0; 13]]),
                &boxed(b"pitm", &[&[0, 0, 0, 0, 0, 1]]),
                &boxed(b"iloc", &[&[0, 0, 0, 0, 0x44, 0, 0, 0]]),
                &boxed(b"iinf", &[&[0; 4], &(kinds.len() as u16).to_be_bytes(), &infos.concat()]),
                &boxed(b"iref", &[&[0; 4], &links.concat()]),
                &boxed(b"iprp", &[&boxed(b"ipco", &[&sizes]), &boxed(b"ipma", &[&[0; 4], &(kinds.len() as u32).to_be_bytes(), &owners])]),
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
}
