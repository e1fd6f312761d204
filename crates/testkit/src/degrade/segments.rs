//! Damage to the marker segments of a JPEG: added, doubled, emptied or lying.

use crate::jpeg::{self, Writing};
use crate::rgb::Rgb;

const COM: u8 = 0xFE;
const SOS: u8 = 0xDA;
/// Frame headers of all coding processes.
const FRAMES: [u8; 4] = [0xC0, 0xC1, 0xC2, 0xC3];

/// Where a segment's marker stands and how long it is with marker and length field.
struct Place {
    at: usize,
    len: usize,
}

/// The first segment with one of these markers before the picture data. Files here come from our own encoder and are whole.
fn find(file: &[u8], markers: &[u8]) -> Place {
    let mut at = 2;
    loop {
        let len = 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        assert!(file[at] == 0xFF && (markers.contains(&file[at + 1]) || file[at + 1] != SOS), "the encoder writes a frame header");
        if markers.contains(&file[at + 1]) {
            return Place { at, len };
        }
        at += len;
    }
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).expect("a segment shorter than 64 KiB");
    [&[0xFF, marker], &length.to_be_bytes()[..], payload].concat()
}

fn insert(mut file: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    file.splice(at..at, bytes.iter().copied());
    file
}

/// Just before the picture data's header.
fn before_scan(file: Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    let at = find(&file, &[SOS]).at;
    insert(file, at, bytes)
}

pub fn start_twice(file: Vec<u8>) -> Vec<u8> {
    insert(file, 2, &[0xFF, 0xD8])
}

pub fn stray_bytes(file: Vec<u8>) -> Vec<u8> {
    before_scan(file, b"stray bytes")
}

pub fn frame_twice(file: Vec<u8>) -> Vec<u8> {
    let place = find(&file, &FRAMES);
    let copy = file[place.at..place.at + place.len].to_vec();
    insert(file, place.at, &copy)
}

/// The index of a multi-picture file.
pub fn second_picture(file: Vec<u8>) -> Vec<u8> {
    before_scan(file, &segment(0xE2, b"MPF\0II*\0\x08\0\0\0\0\0"))
}

/// A far too small file filled up with comments.
pub fn padded(picture: &Rgb) -> Vec<u8> {
    let file = jpeg::sized(picture, 12_000..=38_000, &Writing { quality: 88, ..Writing::default() });
    let missing = 41_500 - file.len();
    before_scan(file, &segment(COM, &vec![b' '; missing]))
}

/// The frame header claims twelve bits a component.
pub fn twelve_bit(mut file: Vec<u8>) -> Vec<u8> {
    let frame = find(&file, &FRAMES).at;
    file[frame + 4] = 12;
    file
}

/// The frame header names another coding process.
pub fn frame_marker(mut file: Vec<u8>, marker: u8) -> Vec<u8> {
    let frame = find(&file, &FRAMES).at;
    file[frame + 1] = marker;
    file
}

/// The frame header claims another size.
pub fn claimed_size(mut file: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let frame = find(&file, &FRAMES).at;
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}

/// Thousands of empty comments.
pub fn bomb(file: Vec<u8>) -> Vec<u8> {
    before_scan(file, &segment(COM, b"").repeat(2_000))
}

/// More metadata than any camera writes.
pub fn bloated(picture: &Rgb) -> Vec<u8> {
    let file = jpeg::sized(picture, 42_000..=60_000, &Writing::default());
    before_scan(file, &segment(0xED, &[0; 36_000]))
}

/// EXIF with an orientation (1 is upright), a maker and a place.
pub fn exif(picture: &Rgb, orientation: u16) -> Vec<u8> {
    let tiff = exif_block(orientation);
    jpeg::sized(picture, jpeg::BYTES_AIM, &Writing { segments: vec![(1, tiff)], ..Writing::default() })
}

/// Little-endian TIFF with one directory of two short values: orientation and resolution unit.
fn exif_block(orientation: u16) -> Vec<u8> {
    let entry = |tag: u16, value: u16| [&tag.to_le_bytes()[..], &3u16.to_le_bytes(), &1u32.to_le_bytes(), &u32::from(value).to_le_bytes()].concat();
    let parts: [&[u8]; 6] = [b"Exif\0\0", b"II*\0\x08\0\0\0", &2u16.to_le_bytes(), &entry(0x0112, orientation), &entry(0x0128, 2), &[0; 4]];
    parts.concat()
}

/// A colour profile with Adobe RGB's primaries.
pub fn wide_profile(picture: &Rgb) -> Vec<u8> {
    let profile = [&b"ICC_PROFILE\0\x01\x01"[..], &icc_profile()].concat();
    jpeg::sized(picture, jpeg::BYTES_AIM, &Writing { segments: vec![(2, profile)], ..Writing::default() })
}

/// Adobe RGB (1998) primaries adapted to D50, as s15Fixed16.
const WIDE_PRIMARIES: [(&[u8; 4], [u32; 3]); 3] = [(b"rXYZ", [39_960, 20_389, 1_276]), (b"gXYZ", [13_453, 41_004, 3_990]), (b"bXYZ", [9_777, 4_144, 48_772])];

fn icc_profile() -> Vec<u8> {
    let mut table = 6u32.to_be_bytes().to_vec();
    let mut data = Vec::new();
    let first = 128 + 4 + 6 * 12;
    let mut add = |tag: &[u8; 4], bytes: Vec<u8>| {
        let from = first + data.len() as u32;
        table.extend([&tag[..], &from.to_be_bytes(), &(bytes.len() as u32).to_be_bytes()].concat());
        data.extend(bytes);
    };
    for (tag, xyz) in WIDE_PRIMARIES {
        add(tag, [&b"XYZ \0\0\0\0"[..], &xyz.map(u32::to_be_bytes).concat()].concat());
    }
    for tag in [b"rTRC", b"gTRC", b"bTRC"] {
        add(tag, b"curv\0\0\0\0\0\0\0\x01\x02\x33\0\0".to_vec());
    }
    let mut header = vec![0; 128];
    header[..4].copy_from_slice(&(first + data.len() as u32).to_be_bytes());
    header[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    header[12..24].copy_from_slice(b"mntrRGB XYZ ");
    header[36..40].copy_from_slice(b"acsp");
    [header, table, data].concat()
}
