//! What the headers of a file announce, read by hand: nothing is decoded, inflated or allocated.
//!
//! The decoders' own ways to a size read on past the header, and unpack what they meet there.

use image::ImageFormat;

/// Pixels across and down.
pub(super) type Size = (u32, u32);

/// The picture's size; `None` where there is none to be read.
pub(super) fn announced(file: &[u8], format: ImageFormat) -> Option<Size> {
    match format {
        ImageFormat::Jpeg => jpeg(file),
        ImageFormat::Png => png(file),
        ImageFormat::WebP => webp(file),
        _ => None,
    }
}

/// What the frame header of a JPEG says.
fn jpeg(file: &[u8]) -> Option<Size> {
    const START_OF_FRAME: std::ops::RangeInclusive<u8> = 0xC0..=0xCF;
    /// Huffman tables, a reserved marker and arithmetic conditioning lie in the same range.
    const NO_FRAME: [u8; 3] = [0xC4, 0xC8, 0xCC];
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = file.get(at..at + 4) {
        if marker == 0xFF {
            at += 1;
            continue;
        }
        if START_OF_FRAME.contains(&marker) && !NO_FRAME.contains(&marker) {
            let &[height_high, height_low, width_high, width_low] = file.get(at + 5..at + 9)? else {
                return None;
            };
            let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
            return Some((side(width_high, width_low), side(height_high, height_low)));
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    None
}

/// A PNG's first chunk is its header.
fn png(file: &[u8]) -> Option<Size> {
    let (width, rest) = file.get(12..)?.strip_prefix(b"IHDR")?.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*rest.first_chunk()?)))
}

/// The first chunk of a WebP is the picture itself, or says how large the canvas is.
fn webp(file: &[u8]) -> Option<Size> {
    const LOSSLESS: u8 = 0x2F;
    let first = Chunk::at(file, FIRST_CHUNK)?;
    match (first.name, first.data) {
        (b"VP8 ", _) => first.frame(),
        (b"VP8L", &[LOSSLESS, a, b, c, d, ..]) => {
            let both = u32::from_le_bytes([a, b, c, d]);
            Some(((both & 0x3FFF) + 1, (both >> 14 & 0x3FFF) + 1))
        }
        (b"VP8X", &[_, _, _, _, a, b, c, d, e, f, ..]) => {
            let side = |a, b, c| u32::from_le_bytes([a, b, c, 0]) + 1;
            Some((side(a, b, c), side(d, e, f)))
        }
        _ => None,
    }
}

/// Behind `RIFF`, the length of all and `WEBP`.
const FIRST_CHUNK: usize = 12;

/// A chunk of a WebP file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<'a> {
    name: &'a [u8; 4],
    /// As much of it as is there.
    data: &'a [u8],
    /// Bytes that it says it has.
    length: usize,
    data_at: usize,
}

impl<'a> Chunk<'a> {
    /// Every chunk of a WebP file, and the first two inside each frame of an animation: all that a decoder goes by.
    pub(super) fn all(file: &'a [u8]) -> impl Iterator<Item = Self> {
        /// Place, size and duration of a frame stand before its chunks.
        const BEFORE_CHUNKS: usize = 16;
        let first = Chunk::at(file, FIRST_CHUNK);
        let chunks = std::iter::successors(first, move |chunk| chunk.next(file));
        chunks.flat_map(move |chunk| {
            let inside = (chunk.name == b"ANMF").then(|| Chunk::at(file, chunk.data_at + BEFORE_CHUNKS));
            let inside = inside.flatten();
            [Some(chunk), inside, inside.and_then(|inside| inside.next(file))].into_iter().flatten()
        })
    }

    /// The size of the lossy picture in it, if it holds one. The decoder makes room for it before it compares that
    /// size with the file's.
    pub(super) fn frame(&self) -> Option<Size> {
        let &[a, b, c, d] = self.data.get(3..)?.strip_prefix(b"\x9D\x01\x2A")?.first_chunk()?;
        let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
        Some((side(a, b), side(c, d)))
    }

    /// Whether it is the photo's EXIF, and more of it than there is. The decoder makes room for all of it.
    pub(super) fn is_exif_cut_short(&self) -> bool {
        self.name == b"EXIF" && self.data.len() < self.length
    }

    fn at(file: &'a [u8], at: usize) -> Option<Self> {
        let (name, rest) = file.get(at..)?.split_first_chunk()?;
        let (length, data) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        Some(Self { name, data: &data[..length.min(data.len())], length, data_at: at + 8 })
    }

    /// Chunks begin at even places.
    fn next(&self, file: &'a [u8]) -> Option<Self> {
        Chunk::at(file, self.data_at.checked_add(self.length)?.checked_add(self.length & 1)?)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::RgbImage;

    use super::*;

    fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let padding = &[0][..data.len() % 2];
        [name.as_slice(), &(data.len() as u32).to_le_bytes(), data, padding].concat()
    }

    fn webp_of(chunks: &[Vec<u8>]) -> Vec<u8> {
        let chunks = chunks.concat();
        [b"RIFF".as_slice(), &(chunks.len() as u32 + 4).to_le_bytes(), b"WEBP", &chunks].concat()
    }

    /// The beginning of a lossy picture of 300 × 200, scaled for display: the two highest bits of each side.
    const FRAME: &[u8] = b"\0\0\0\x9D\x01\x2A\x2C\x41\xC8\x80";
    /// A canvas of 70000 × 3.
    const CANVAS: &[u8] = b"\0\0\0\0\x6F\x11\x01\x02\0\0";

    fn frames(file: &[u8]) -> Vec<Size> {
        Chunk::all(file).filter_map(|chunk| chunk.frame()).collect()
    }

    #[test]
    fn what_an_encoder_writes_is_read() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let mut file = Cursor::new(Vec::new());
            RgbImage::new(300, 7).write_to(&mut file, format).unwrap();
            assert_eq!(announced(file.get_ref(), format), Some((300, 7)), "{format:?}");
        }
    }

    #[test]
    fn every_kind_of_webp_tells_its_size() {
        assert_eq!(webp(&webp_of(&[chunk(b"VP8 ", FRAME)])), Some((300, 200)));
        assert_eq!(webp(&webp_of(&[chunk(b"VP8X", CANVAS)])), Some((70_000, 3)));
        // 16384 × 1: fourteen ones, then fourteen noughts.
        assert_eq!(webp(&webp_of(&[chunk(b"VP8L", b"\x2F\xFF\x3F\0\0")])), Some((16_384, 1)));
        assert_eq!(webp(&webp_of(&[chunk(b"ICCP", FRAME)])), None);
    }

    #[test]
    fn a_header_cut_short_tells_nothing() {
        let mut whole = Cursor::new(Vec::new());
        RgbImage::new(3, 7).write_to(&mut whole, ImageFormat::Png).unwrap();
        let files =
            [whole.into_inner(), webp_of(&[chunk(b"VP8X", CANVAS)]), webp_of(&[chunk(b"VP8 ", FRAME)])];
        for (file, needed) in files.iter().zip([24, 30, 30]) {
            let format = image::guess_format(file).unwrap();
            assert_eq!((0..=needed).find(|end| announced(&file[..*end], format).is_some()), Some(needed));
        }
    }

    #[test]
    fn frames_are_found_wherever_a_decoder_finds_them() {
        let odd = chunk(b"ICCP", b"odd");
        let inside = [&[0; 16], chunk(b"ALPH", b"a").as_slice(), &chunk(b"VP8 ", FRAME)].concat();
        let animated = webp_of(&[chunk(b"VP8X", CANVAS), odd.clone(), chunk(b"ANMF", &inside)]);
        assert_eq!(frames(&animated), [(300, 200)]);
        // A frame whose first chunk says that it reaches past the end hides nothing that follows.
        let hiding = chunk(b"ANMF", &[&[0; 16], b"ALPH".as_slice(), &[0xFF; 4]].concat());
        let still = webp_of(&[chunk(b"VP8X", CANVAS), hiding, odd, chunk(b"VP8 ", FRAME)]);
        assert_eq!(frames(&still), [(300, 200)]);
    }

    #[test]
    fn exif_that_is_not_there_is_told() {
        let of = |data: &[u8], length: u32| {
            let exif = [b"EXIF".as_slice(), &length.to_le_bytes(), data].concat();
            Chunk::all(&webp_of(&[chunk(b"VP8X", CANVAS), exif])).any(|chunk| chunk.is_exif_cut_short())
        };
        assert!(of(b"II*", u32::MAX) && of(b"II*", 4));
        assert!(!of(b"II*", 3) && !of(b"II*\0", 4));
    }
}
