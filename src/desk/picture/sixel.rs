//! Our own sixel encoder: few colours, and the colours of a band that do not meet share one pass over it.
//!
//! A band is six rows; each colour that it has is written as a run of columns, `$` goes back to the left edge. What costs bytes are blanks and
//! returns: a colour that begins right of where the one before ended needs neither. DEC STD 070, chapter 9. Pure.

use std::fmt::Write as _;

use super::palette::Indexed;

/// The whole sequence, from `ESC P` to `ESC \`.
#[must_use]
pub fn encode(picture: &Indexed) -> String {
    // P2 = 1: what is not drawn stays; everything is drawn.
    let mut out = format!("\x1bP0;1;0q\"1;1;{};{}", picture.width, picture.height);
    for (number, colour) in picture.palette.iter().enumerate() {
        let [red, green, blue] = colour.map(percent);
        let _ = write!(out, "#{number};2;{red};{green};{blue}");
    }
    let width = picture.width as usize;
    for (number, rows) in picture.pixels.chunks(width.max(1) * 6).enumerate() {
        if number > 0 {
            out.push('-');
        }
        band(&mut out, rows, width, picture.palette.len());
    }
    out.push_str("\x1b\\");
    out
}

fn percent(channel: u8) -> u32 {
    (u32::from(channel) * 100 + 127) / 255
}

/// One colour's columns in a band: which of the six rows, from the first column that has any.
struct Strip {
    colour: usize,
    first: usize,
    columns: Vec<u8>,
}

fn band(out: &mut String, rows: &[u8], width: usize, colours: usize) {
    let mut strips: Vec<Option<Strip>> = (0..colours).map(|_| None).collect();
    for column in 0..width {
        for (bit, row) in rows.chunks(width).enumerate() {
            let colour = usize::from(row[column]);
            let Some(slot) = strips.get_mut(colour) else { continue };
            let strip = slot.get_or_insert_with(|| Strip { colour, first: column, columns: Vec::new() });
            strip.columns.resize(column - strip.first + 1, 0);
            strip.columns[column - strip.first] |= 1 << bit;
        }
    }
    let mut left: Vec<Strip> = strips.into_iter().flatten().collect();
    left.sort_by_key(|strip| strip.first);
    let mut begun = false;
    while !left.is_empty() {
        if begun {
            out.push('$');
        }
        begun = true;
        let mut at = 0;
        let mut rest = Vec::with_capacity(left.len());
        for strip in left {
            if strip.first < at {
                rest.push(strip);
                continue;
            }
            let _ = write!(out, "#{}", strip.colour);
            run(out, 0, strip.first - at);
            at = strip.first + strip.columns.len();
            for group in strip.columns.chunk_by(|one, next| one == next) {
                run(out, group[0], group.len());
            }
        }
        left = rest;
    }
}

fn run(out: &mut String, bits: u8, count: usize) {
    let sixel = char::from(b'?' + bits);
    if count > 3 {
        let _ = write!(out, "!{count}{sixel}");
    } else {
        out.extend(std::iter::repeat_n(sixel, count));
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Reads our own output back: what a terminal would paint.
    pub fn decode(sequence: &str) -> (usize, usize, Vec<[u8; 3]>) {
        let body = sequence.strip_prefix("\x1bP0;1;0q\"1;1;").unwrap().strip_suffix("\x1b\\").unwrap();
        let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
        let (wide, rest) = body.split_once(';').unwrap();
        let high = number(rest);
        let (width, height): (usize, usize) = (wide.parse().unwrap(), high.parse().unwrap());
        let mut bytes = rest[high.len()..].chars().peekable();
        let mut palette = vec![[0u8; 3]; 256];
        let mut pixels = vec![[1u8, 2, 3]; width * height];
        let (mut x, mut y, mut colour) = (0, 0, 0);
        let digits = |bytes: &mut std::iter::Peekable<std::str::Chars>| {
            let mut value = 0usize;
            while let Some(digit) = bytes.peek().and_then(|c| c.to_digit(10)) {
                value = value * 10 + digit as usize;
                bytes.next();
            }
            value
        };
        while let Some(c) = bytes.next() {
            match c {
                '#' => {
                    colour = digits(&mut bytes);
                    if bytes.peek() == Some(&';') {
                        let mut parts = [0usize; 4];
                        for part in &mut parts {
                            bytes.next();
                            *part = digits(&mut bytes);
                        }
                        palette[colour] = [1, 2, 3].map(|at| (parts[at] * 255 / 100) as u8);
                    }
                }
                '$' => x = 0,
                '-' => (x, y) = (0, y + 6),
                _ => {
                    let (count, sixel) = if c == '!' { (digits(&mut bytes), bytes.next().unwrap()) } else { (1, c) };
                    let bits = sixel as u8 - b'?';
                    for _ in 0..count {
                        for bit in (0..6).filter(|bit| bits & (1 << bit) != 0 && y + bit < height) {
                            pixels[(y + bit) * width + x] = palette[colour];
                        }
                        x += 1;
                    }
                }
            }
        }
        (width, height, pixels)
    }

    #[test]
    fn what_is_written_is_what_is_painted() {
        // Every pattern of a few colours, and a height that is no multiple of six.
        let palette = vec![[0, 0, 0], [255, 255, 255], [102, 204, 255], [255, 0, 0]];
        let (width, height) = (37, 20);
        let pixels: Vec<u8> = (0..width * height).map(|n: u32| ((n * 7 + n / 5 + n * n / 11) % 4) as u8).collect();
        let picture = Indexed { width, height, palette: palette.clone(), pixels: pixels.clone() };
        let (w, h, painted) = decode(&encode(&picture));
        assert_eq!((w, h), (37, 20));
        for (index, colour) in pixels.iter().zip(painted) {
            let wanted = palette[usize::from(*index)];
            assert!((0..3).all(|channel| wanted[channel].abs_diff(colour[channel]) <= 2), "{wanted:?} became {colour:?}");
        }
    }

    #[test]
    fn colours_that_do_not_meet_share_a_pass() {
        let pixels = [0u8, 0, 0, 0, 0, 1, 1, 1, 1, 1].repeat(6);
        let picture = Indexed { width: 10, height: 6, palette: vec![[0; 3], [255; 3]], pixels };
        assert!(encode(&picture).ends_with("#0!5~#1!5~\x1b\\"));
    }
}
