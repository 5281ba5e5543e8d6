//! Tables for people: columns aligned by the width that a terminal gives to Chinese.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::remote::visible;

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Rows of text under headings.
#[derive(Debug, Clone)]
pub struct Table {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with its headings.
    #[must_use]
    pub fn new(headings: Vec<(String, Align)>) -> Table {
        let (headings, aligns) = headings.into_iter().unzip();
        Table { aligns, rows: vec![headings] }
    }

    /// Adds a row. Cells are made safe for a terminal.
    pub fn push(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| visible(cell)).collect());
    }

    /// Writes the rows with two spaces between the columns and none at the end of a line.
    ///
    /// # Errors
    /// The output's.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.aligns.len()).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, align), width) in row.iter().zip(&self.aligns).zip(&widths) {
                let padding = " ".repeat(width - cell.width());
                match align {
                    Align::Left => line.extend([cell.as_str(), &padding, "  "]),
                    Align::Right => line.extend([padding.as_str(), cell, "  "]),
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_and_latin_stand_in_the_same_columns() {
        let mut table = Table::new(vec![("单位".into(), Align::Left), ("人数".into(), Align::Right), ("说明".into(), Align::Left)]);
        table.push(vec!["城东学习中心".into(), "7".into(), "".into()]);
        table.push(vec!["East".into(), "1200".into(), "a\u{1b}b".into()]);
        let mut out = Vec::new();
        table.write(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "单位          人数  说明\n城东学习中心     7\nEast          1200  a\u{fffd}b\n");
    }
}
