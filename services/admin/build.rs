//! Puts the built pages of the console, `ui/dist`, into the program, each with the compressed copies that lie beside it.
//!
//! Without built pages the program is built all the same, and the console address says how to build them.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

/// The media types of files by their extensions. Others are served as bytes.
const MEDIA: [(&str, &str); 14] = [
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff2", "font/woff2"),
];

/// The extensions of compressed copies.
const COPIES: [&str; 2] = ["br", "gz"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui");
    let mut files = Vec::new();
    if ui.is_dir() {
        let dist = ui.join("dist");
        // Cargo would run this at every build while a watched folder is missing. Where none can be made, it does.
        let _made = fs::create_dir(&dist);
        println!("cargo::rerun-if-changed={}", dist.display());
        collect(&dist, &mut files)?;
        files.sort();
        // A build that was broken off has no page to begin with.
        if !dist.join("index.html").is_file() {
            files.clear();
        }
        let table = table(&fs::canonicalize(&ui)?.join("dist"), &dist, &files)?;
        return write(&table);
    }
    write("&[]")
}

fn write(table: &str) -> Result<(), Box<dyn Error>> {
    let out = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    Ok(fs::write(Path::new(&out).join("pages.rs"), table)?)
}

/// All files below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The files as Rust, in the order of their paths.
fn table(absolute: &Path, dist: &Path, files: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let mut rows = Vec::new();
    for file in files.iter().filter(|file| !is_copy(file, files)) {
        let relative = file.strip_prefix(dist)?.to_str().ok_or("a name of a file in ui/dist is not UTF-8")?;
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let media = MEDIA.iter().find(|(known, _)| *known == extension).map_or("application/octet-stream", |row| row.1);
        let mut hasher = DefaultHasher::new();
        hasher.write(&fs::read(file)?);
        let included = |path: &Path| format!("include_bytes!({:?})", path.to_string_lossy());
        let [brotli, gzip] = COPIES.map(|extension| {
            let copy = with(file, extension);
            let place = with(&absolute.join(relative), extension);
            if files.contains(&copy) { format!("Some({})", included(&place)) } else { "None".to_owned() }
        });
        let plain = included(&absolute.join(relative));
        let row = format!(
            "File {{ path: {:?}, media: {media:?}, tag: \"{:016x}\", plain: {plain}, brotli: {brotli}, gzip: {gzip} }}",
            format!("/{relative}"),
            hasher.finish(),
        );
        rows.push((format!("/{relative}"), row));
    }
    rows.sort();
    let mut table = String::from("&[\n");
    for (_, row) in rows {
        writeln!(table, "    {row},")?;
    }
    table.push(']');
    Ok(table)
}

/// Whether a file is the compressed copy of another one.
fn is_copy(file: &Path, files: &[PathBuf]) -> bool {
    let is_one = file.extension().is_some_and(|extension| COPIES.iter().any(|copy| extension == *copy));
    is_one && files.contains(&file.with_extension(""))
}

fn with(file: &Path, extension: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}
