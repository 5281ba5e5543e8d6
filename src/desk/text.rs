//! Makes any foreign string safe for a terminal and measures it in cells.
//!
//! Names and codes come from outside: a control byte in one must neither move the cursor nor hide another. Everything the view draws goes
//! through here. Touches nothing.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Stands for what cannot be shown: SYMBOL FOR SUBSTITUTE FORM TWO.
const MARK: char = '\u{2426}';
/// A person can read no more marks than this on one letter; a terminal may choke on them.
const LONGEST_CLUSTER: usize = 8;

/// The same text with every control, direction and invisible character as a visible, harmless mark of one cell.
#[must_use]
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        let drawable = cluster.chars().count() <= LONGEST_CLUSTER && cluster.chars().all(|c| mark(c).is_none()) && cluster.width() > 0;
        if drawable {
            out.push_str(cluster);
        } else {
            out.extend(
                cluster.chars().take(LONGEST_CLUSTER).map(|c| if mark(c).is_none() && is_plain(c) { c } else { mark(c).unwrap_or(MARK) }),
            );
        }
    }
    out
}

fn is_plain(c: char) -> bool {
    c.to_string().width() > 0
}

/// The mark of a character that must not reach a terminal; `None` for all others.
fn mark(c: char) -> Option<char> {
    match c {
        // The pictures of the control characters stand in their order at U+2400.
        '\0'..='\u{1F}' => char::from_u32(0x2400 + c as u32),
        '\u{7F}' => Some('\u{2421}'),
        // C1, joiners and zero widths, directions, separators, fillers, tags, private use (kitty's placeholder is one of these).
        '\u{80}'..='\u{9F}'
        | '\u{AD}'
        | '\u{61C}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}'
        | '\u{E000}'..='\u{F8FF}'
        | '\u{E0000}'..='\u{10FFFF}' => Some(MARK),
        _ => None,
    }
}

/// Whether a character shows nothing of itself, or is a command to a terminal: it has no place in a field.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    mark(c).is_some()
}

/// The width of a text in cells.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// As much of a safe text as fits into `cells`, with `…` in the last cell when something was cut. Never splits a wide glyph.
#[must_use]
pub fn fit(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let Some(room) = cells.checked_sub(1) else { return String::new() };
    let (mut out, mut used) = (String::new(), 0);
    for cluster in text.graphemes(true) {
        used += width(cluster);
        if used > room {
            break;
        }
        out.push_str(cluster);
    }
    out.push('…');
    out
}

/// Breaks a safe text into lines of at most `cells`, at spaces where there are some and between any two Chinese characters.
#[must_use]
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if cells == 0 {
        return lines;
    }
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split_word_bounds() {
        let wide = width(word);
        if used + wide > cells && used > 0 {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        }
        if used == 0 && word.trim().is_empty() {
            continue;
        }
        if wide <= cells {
            line.push_str(word);
            used += wide;
            continue;
        }
        for cluster in word.graphemes(true) {
            let step = width(cluster);
            if used + step > cells && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(cluster);
            used += step;
        }
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// What stands for a character whose width is ambiguous, in a terminal that draws it two cells wide; `None` for all others.
///
/// Some terminals of Chinese systems do; a table drawn with these characters would fall apart there.
#[must_use]
pub fn narrow(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "✓" => "+",
        "✗" => "x",
        "…" => "~",
        "·" | "–" | "—" | "−" | "─" => "-",
        "│" => "|",
        "▸" | "→" => ">",
        "←" => "<",
        "↑" => "^",
        "↓" => "v",
        "×" => "x",
        "°" => "d",
        "≤" => "<",
        "≥" => ">",
        "“" | "”" => "\"",
        "‘" | "’" => "'",
        "●" => "*",
        "○" => "o",
        "±" => "~",
        "█" | "▓" | "▒" | "░" => "#",
        "▁" | "▂" => "_",
        "▃" | "▄" => "-",
        "▅" | "▆" | "▇" => "=",
        "■" => "#",
        "□" => "-",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_escape_sequence_is_only_text() {
        assert_eq!(safe("张\u{1b}[2J\u{7}三"), "张␛[2J␇三");
        assert_eq!(safe("a\u{202e}b\u{200d}\u{9b}31m"), "a␦b␦␦31m");
        assert_eq!(safe("\u{10eeee}"), "␦");
    }

    #[test]
    fn a_heap_of_marks_is_levelled() {
        let heap = format!("a{}", "\u{301}".repeat(100));
        assert!(width(&safe(&heap)) <= LONGEST_CLUSTER);
        assert_eq!(safe("é"), "é");
        assert_eq!(safe("\u{301}"), "␦");
    }

    #[test]
    fn a_wide_glyph_is_never_split() {
        assert_eq!(fit("照审台", 6), "照审台");
        assert_eq!(fit("照审台", 5), "照审…");
        assert_eq!(fit("照审台", 4), "照…");
        assert_eq!(fit("照审台", 1), "…");
        assert_eq!(fit("照审台", 0), "");
    }

    #[test]
    fn lines_break_where_a_reader_would() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("头顶距上边不合格", 6), ["头顶距", "上边不", "合格"]);
    }

    proptest! {
        #[test]
        fn nothing_foreign_gets_through(text in any::<String>(), cells in 0usize..40) {
            let safe = safe(&text);
            prop_assert!(safe.chars().all(|c| mark(c).is_none()));
            prop_assert!(width(&fit(&safe, cells)) <= cells);
            prop_assert!(wrap(&safe, cells).iter().all(|line| width(line) <= cells.max(LONGEST_CLUSTER)));
        }
    }
}
