//! A HEIC without what could locate a person or name a device. Offsets point all over such a file, so nothing moves: what the main picture
//! does not need is overwritten with zeros where it lies, and boxes that are not known to be needed become free space.
//!
//! What goes: EXIF, XMP, thumbnails, depth, films, second pictures, names of items, boxes of makers. What stays: the coded picture bit for
//! bit, its transparency, its colour profile, and how it is turned.

use std::collections::BTreeSet;
use std::ops::Range;

use heifer::heifer_isobmff::HeifFile;
use heifer::heifer_isobmff::boxes::ConstructionMethod;

use super::error::PhotoError;
use super::heic::{self, is_transparency};

/// Properties that tell how to decode and show; the bodies of any others are wiped, and their places kept because properties are counted.
const KEPT_PROPERTIES: [&[u8; 4]; 11] = [b"hvcC", b"ispe", b"colr", b"pixi", b"irot", b"imir", b"clap", b"auxC", b"pasp", b"lsel", b"rloc"];

/// Rewrites a HEIC without its metadata.
///
/// # Errors
/// A container that cannot be read; `Damaged` where it does not say how long the picture's data is.
pub fn clean(bytes: &[u8]) -> Result<Vec<u8>, PhotoError> {
    let file = heic::open(bytes)?;
    let needed = needed(&file, bytes.len())?;
    let mut out = Wiper { source: bytes, out: vec![0; bytes.len()] };
    for part in boxes(bytes, 0..bytes.len())? {
        match &part.kind {
            b"ftyp" => out.keep(part.whole()),
            b"mdat" => out.keep(part.header.clone()),
            b"meta" => {
                out.keep(part.header.start..(part.header.end + 4).min(part.body.end));
                out.meta(&part, &needed.in_idat)?;
            }
            _ => out.free(&part),
        }
    }
    needed.in_file.into_iter().for_each(|range| out.keep(range));
    let clean = out.out;
    // Nobody is handed a file that this very house could not read.
    heic::stored_size(&heic::open(&clean)?)?;
    Ok(clean)
}

/// The bytes of the main picture, of what it is made of and of its transparency.
struct Needed {
    in_file: Vec<Range<usize>>,
    /// In the container's own store, counted from its start.
    in_idat: Vec<Range<usize>>,
}

fn needed(file: &HeifFile<'_>, length: usize) -> Result<Needed, PhotoError> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![file.primary_id]);
    let (mut in_file, mut in_idat) = (Vec::new(), Vec::new());
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        open.extend(file.referenced_items(id, b"dimg"));
        open.extend(file.referenced_items(id, b"iloc"));
        open.extend(file.referencing_items(id, b"auxl").into_iter().filter(|aux| is_transparency(file, *aux)));
        let Some(location) = file.item(id).ok().and_then(|item| item.location.as_ref()) else { continue };
        // No length means all up to the end, metadata and whatever else lies there.
        if location.extents.iter().any(|extent| extent.length == 0) {
            return Err(PhotoError::Damaged);
        }
        let ranges = location.extents.iter().filter_map(|extent| {
            let start = usize::try_from(extent.offset).ok()?;
            let end = start.checked_add(usize::try_from(extent.length).ok()?)?;
            (start <= end && end <= length).then_some(start..end)
        });
        match location.construction_method {
            ConstructionMethod::File => in_file.extend(ranges),
            ConstructionMethod::Idat => in_idat.extend(ranges),
            ConstructionMethod::Item => {}
        }
    }
    Ok(Needed { in_file, in_idat })
}

/// One box: where its header and its body lie.
struct Part {
    kind: [u8; 4],
    header: Range<usize>,
    body: Range<usize>,
}

impl Part {
    fn whole(&self) -> Range<usize> {
        self.header.start..self.body.end
    }
}

/// The boxes side by side in a range of the file.
fn boxes(bytes: &[u8], within: Range<usize>) -> Result<Vec<Part>, PhotoError> {
    let mut parts = Vec::new();
    let mut at = within.start;
    while at < within.end {
        let head = bytes.get(at..(at + 8).min(within.end)).filter(|head| head.len() == 8).ok_or(PhotoError::Truncated)?;
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let kind = [head[4], head[5], head[6], head[7]];
        let (header, size) = match size {
            0 => (8, within.end - at),
            1 => {
                let long = bytes.get(at + 8..(at + 16).min(within.end)).and_then(|long| <[u8; 8]>::try_from(long).ok());
                let long = long.ok_or(PhotoError::Truncated)?;
                (16, usize::try_from(u64::from_be_bytes(long)).map_err(|_| PhotoError::Damaged)?)
            }
            size => (8, size as usize),
        };
        let end = at.checked_add(size).filter(|end| size >= header && *end <= within.end).ok_or(PhotoError::Damaged)?;
        parts.push(Part { kind, header: at..at + header, body: at + header..end });
        at = end;
    }
    Ok(parts)
}

/// Zeros of the file's length, into which what may stay is copied.
struct Wiper<'a> {
    source: &'a [u8],
    out: Vec<u8>,
}

impl Wiper<'_> {
    fn keep(&mut self, range: Range<usize>) {
        self.out[range.clone()].copy_from_slice(&self.source[range]);
    }

    fn free(&mut self, part: &Part) {
        self.keep(part.header.clone());
        let kind = part.header.start + 4;
        self.out[kind..kind + 4].copy_from_slice(b"free");
    }

    /// The first `length` bytes of a box's body, as far as it goes.
    fn keep_start(&mut self, part: &Part, length: usize) {
        self.keep(part.header.start..(part.body.start + length).min(part.body.end));
    }

    fn meta(&mut self, meta: &Part, in_idat: &[Range<usize>]) -> Result<(), PhotoError> {
        for part in boxes(self.source, (meta.body.start + 4).min(meta.body.end)..meta.body.end)? {
            match &part.kind {
                b"pitm" | b"iloc" | b"iref" => self.keep(part.whole()),
                // What follows is a name.
                b"hdlr" => self.keep_start(&part, 24),
                b"iinf" => self.item_names(&part)?,
                b"iprp" => self.properties(&part)?,
                b"idat" => {
                    self.keep(part.header.clone());
                    for range in in_idat {
                        let (start, end) = (part.body.start + range.start, (part.body.start + range.end).min(part.body.end));
                        if start < end {
                            self.keep(start..end);
                        }
                    }
                }
                _ => self.free(&part),
            }
        }
        Ok(())
    }

    fn item_names(&mut self, list: &Part) -> Result<(), PhotoError> {
        let version = *self.source.get(list.body.start).ok_or(PhotoError::Truncated)?;
        let head = if version == 0 { 6 } else { 8 };
        self.keep_start(list, head);
        for part in boxes(self.source, (list.body.start + head).min(list.body.end)..list.body.end)? {
            // Version and flags, the item's number, its protection, its kind; then come names.
            let version = self.source.get(part.body.start).copied().unwrap_or(0);
            self.keep_start(&part, if version >= 3 { 14 } else { 12 });
        }
        Ok(())
    }

    fn properties(&mut self, list: &Part) -> Result<(), PhotoError> {
        self.keep(list.header.clone());
        for part in boxes(self.source, list.body.clone())? {
            match &part.kind {
                b"ipma" => self.keep(part.whole()),
                b"ipco" => {
                    self.keep(part.header.clone());
                    for property in boxes(self.source, part.body.clone())? {
                        let kept = KEPT_PROPERTIES.iter().any(|kind| **kind == property.kind);
                        self.keep(if kept { property.whole() } else { property.header });
                    }
                }
                _ => self.free(&part),
            }
        }
        Ok(())
    }
}
