//! The little of a JPEG that a PDF must state about it: size and components, from the frame header. Decoding is for the PNG backend only;
//! whether the photo is fit is the photo crate's business.

use std::sync::Arc;

use crate::Fault;
use crate::page::Photo;

impl Photo {
    /// Takes a validated JPEG; the bytes go into the print file unchanged.
    ///
    /// # Errors
    /// [`Fault::Photo`]: not a JPEG, no frame header, or a component count a page can't state (other than 1 or 3).
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Result<Self, Fault> {
        let bytes = bytes.into();
        let (width_px, height_px, components) = frame(&bytes)?;
        Ok(Self { bytes, width_px, height_px, components })
    }
}

/// Width, height and components from the first start-of-frame segment (ITU-T T.81 B.2.2).
fn frame(bytes: &[u8]) -> Result<(u16, u16, u8), Fault> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8]).ok_or(Fault::Photo("not a JPEG"))?;
    loop {
        let [0xff, marker, length @ ..] = rest else { return Err(Fault::Photo("no frame header")) };
        if *marker == 0xff {
            rest = &rest[1..];
            continue;
        }
        let [high, low, ..] = length else { return Err(Fault::Photo("no frame header")) };
        let size = usize::from(u16::from_be_bytes([*high, *low]));
        let segment = length.get(2..size).ok_or(Fault::Photo("no frame header"))?;
        if is_start_of_frame(*marker) {
            return stated(segment);
        }
        rest = &length[size..];
    }
}

/// SOF0–SOF15 without the tables that share the range (DHT, JPG, DAC).
fn is_start_of_frame(marker: u8) -> bool {
    (0xc0..=0xcf).contains(&marker) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

fn stated(segment: &[u8]) -> Result<(u16, u16, u8), Fault> {
    let [8, h1, h0, w1, w0, components @ (1 | 3), ..] = segment else { return Err(Fault::Photo("not 8 bits in 1 or 3 components")) };
    let (width, height) = (u16::from_be_bytes([*w1, *w0]), u16::from_be_bytes([*h1, *h0]));
    if width == 0 || height == 0 { Err(Fault::Photo("no size")) } else { Ok((width, height, *components)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portrait;

    #[test]
    fn the_frame_header_is_read() {
        let photo = Photo::new(portrait(1)).ok().unwrap();
        assert_eq!((photo.width_px, photo.height_px, photo.components), (358, 441, 3));
    }

    #[test]
    fn damage_is_refused_not_read() {
        let whole = portrait(1);
        for length in 0..200 {
            let _ = Photo::new(&whole[..length]);
        }
        assert!(matches!(Photo::new(&b"GIF89a"[..]), Err(Fault::Photo("not a JPEG"))));
        assert!(matches!(Photo::new(&whole[..4]), Err(Fault::Photo("no frame header"))));
        let mut looping = vec![0xff, 0xd8];
        looping.extend([0xff, 0xe0, 0, 0].repeat(4));
        assert!(Photo::new(looping).is_err());
    }
}
