//! Pictures that nobody took: a sky, a sea and a sun in a PNG.
//!
//! Source: PNG Specification (Third Edition); RFC 1950; RFC 1951, section 3.2.4.

use super::chance::Chance;

/// The longest stored block of a deflate stream, in bytes.
const BLOCK_BYTES_MAX: usize = 65_535;

/// Bytes of a pixel.
const PIXEL_BYTES: usize = 3;

/// A picture of so many pixels.
pub(super) fn png(chance: &mut Chance, width: u32, height: u32) -> Vec<u8> {
    let mut image = vec![0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
    let mut head = Vec::with_capacity(13);
    head.extend_from_slice(&width.to_be_bytes());
    head.extend_from_slice(&height.to_be_bytes());
    // Eight bits of red, green and blue; the only compression and filter there are; not interlaced.
    head.extend_from_slice(&[8, 2, 0, 0, 0]);
    chunk(&mut image, *b"IHDR", &head);
    chunk(&mut image, *b"IDAT", &stored(&pixels(chance, width, height)));
    chunk(&mut image, *b"IEND", &[]);
    image
}

/// The lines of the picture, each with its filter, which is none.
fn pixels(chance: &mut Chance, width: u32, height: u32) -> Vec<u8> {
    let (sky, sea) = (colour(chance), colour(chance));
    let horizon = height / 2 + u32::try_from(chance.below(u64::from(height / 4).max(1))).unwrap_or_default();
    let sun = (i64::try_from(chance.below(width.into())).unwrap_or_default(), i64::from(horizon / 2));
    let radius = i64::from(width / 12).max(2);
    let mut lines = Vec::with_capacity((width as usize * PIXEL_BYTES + 1) * height as usize);
    for y in 0..height {
        lines.push(0);
        for x in 0..width {
            let (dx, dy) = (i64::from(x) - sun.0, i64::from(y) - sun.1);
            let shade = u8::try_from(u64::from(y) * 90 / u64::from(height.max(1))).unwrap_or_default();
            let base = if dx * dx + dy * dy < radius * radius {
                [255, 236, 170]
            } else if y < horizon {
                sky
            } else {
                sea
            };
            lines.extend(base.map(|part| part.saturating_sub(shade)));
        }
    }
    lines
}

fn colour(chance: &mut Chance) -> [u8; PIXEL_BYTES] {
    std::array::from_fn(|_| u8::try_from(chance.between(90, 250)).unwrap_or_default())
}

/// A zlib stream that compresses nothing.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let count = bytes.len().div_ceil(BLOCK_BYTES_MAX);
    for (place, block) in bytes.chunks(BLOCK_BYTES_MAX).enumerate() {
        let length = u16::try_from(block.len()).unwrap_or_default();
        stream.push(u8::from(place + 1 == count));
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&(!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    stream.extend_from_slice(&(high << 16 | low).to_be_bytes());
    stream
}

fn chunk(image: &mut Vec<u8>, kind: [u8; 4], bytes: &[u8]) {
    image.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or_default().to_be_bytes());
    let begin = image.len();
    image.extend_from_slice(&kind);
    image.extend_from_slice(bytes);
    let sum = crc32(&image[begin..]);
    image.extend_from_slice(&sum.to_be_bytes());
}

/// The checksum of PNG, which is that of Ethernet.
fn crc32(bytes: &[u8]) -> u32 {
    u32::try_from(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, bytes)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_of_chunks_with_right_sums() {
        let image = png(&mut Chance::new(1), 40, 30);
        assert_eq!(&image[..8], b"\x89PNG\r\n\x1a\n");
        let (mut at, mut kinds) = (8, Vec::new());
        while at < image.len() {
            let length = u32::from_be_bytes(image[at..at + 4].try_into().unwrap()) as usize;
            let end = at + 8 + length;
            kinds.push(String::from_utf8_lossy(&image[at + 4..at + 8]).into_owned());
            assert_eq!(image[end..end + 4], crc32(&image[at + 4..end]).to_be_bytes());
            at = end + 4;
        }
        assert_eq!(kinds, ["IHDR", "IDAT", "IEND"]);
        // The sum of the specification's own example.
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
    }

    #[test]
    fn long_pictures_take_several_blocks() {
        let stream = stored(&vec![7; 70_000]);
        assert_eq!(stream[..5], [0x78, 0x01, 0, 0xff, 0xff]);
        assert_eq!(stream.len(), 2 + 70_000 + 2 * 5 + 4);
        assert_eq!(stream[2 + 5 + BLOCK_BYTES_MAX], 1, "the second block is the last");
    }
}
