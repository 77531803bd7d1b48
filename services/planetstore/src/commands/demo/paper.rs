//! A paper of some pages, as a PDF.
//!
//! Source: ISO 32000-1, sections 7.5 and 9.4.

use std::fmt::Write;

use super::chance::Chance;
use super::words::sentence;

/// Lines of a page.
const LINES: usize = 40;

/// Characters of a line, at most.
const LINE_CHARS_MAX: usize = 82;

/// A paper with a title.
pub(super) fn pdf(chance: &mut Chance, title: &str, pages: usize) -> Vec<u8> {
    let mut objects = vec!["<< /Type /Catalog /Pages 2 0 R >>".to_owned()];
    // The catalog, the pages, the font, and two objects for each page.
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    objects.push(format!("<< /Type /Pages /Kids [{}] /Count {pages} >>", kids.join(" ")));
    objects.push("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned());
    for page in 0..pages {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
            5 + 2 * page
        ));
        let text = page_text(chance, title, page);
        objects.push(format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()));
    }
    assembled(&objects)
}

/// What a page shows.
fn page_text(chance: &mut Chance, title: &str, page: usize) -> String {
    let mut text = format!("BT /F1 18 Tf 60 780 Td ({}) Tj /F1 10 Tf 0 -16 Td (Page {}) Tj", escaped(title), page + 1);
    for _ in 0..LINES {
        let line: String = sentence(chance).chars().take(LINE_CHARS_MAX).collect();
        // Writing to a text does not fail.
        let _written = write!(text, " 0 -16 Td ({}) Tj", escaped(&line));
    }
    text.push_str(" ET");
    text
}

fn escaped(text: &str) -> String {
    let plain = text.chars().filter(|letter| (' '..='~').contains(letter));
    plain.flat_map(|letter| matches!(letter, '(' | ')' | '\\').then_some('\\').into_iter().chain([letter])).collect()
}

/// The objects with a table of where each begins.
fn assembled(objects: &[String]) -> Vec<u8> {
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::with_capacity(objects.len());
    for (place, object) in objects.iter().enumerate() {
        places.push(file.len());
        let _written = write!(file, "{} 0 obj\n{object}\nendobj\n", place + 1);
    }
    let table = file.len();
    let _written = write!(file, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _written = writeln!(file, "{place:010} 00000 n ");
    }
    let _written = write!(file, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    file.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_where_each_object_begins() {
        let file = String::from_utf8(pdf(&mut Chance::new(1), "A (short) paper", 2)).unwrap();
        assert!(file.starts_with("%PDF-1.4\n") && file.contains(r"(A \(short\) paper)"));
        let table = file.rfind("xref\n0 8\n").unwrap();
        assert!(file.ends_with(&format!(
            "startxref\n{}\n%%EOF\n",
            file[..file.rfind("startxref").unwrap()].rfind("xref\n0").unwrap()
        )));
        let lines: Vec<&str> = file[table..].lines().skip(3).take(7).collect();
        for (number, line) in (1..).zip(lines) {
            let place: usize = line[..10].parse().unwrap();
            assert!(file[place..].starts_with(&format!("{number} 0 obj\n")), "{line:?}");
        }
    }
}
