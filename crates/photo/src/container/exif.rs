//! The one thing of EXIF that matters: the orientation. Anything unreadable counts as absent, because metadata never leaves
//! the intake; only a chain of directories that doesn't end is a reason to refuse.

/// Image directories followed before the chain counts as endless; cameras write two.
const DIRECTORIES_MAX: u32 = 8;
const ORIENTATION: u16 = 0x0112;

/// What was found in one APP1 segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Exif {
    /// 1 is upright; 0 and above 8 mean nothing but are given as they stand.
    pub orientation: Option<u16>,
    pub endless: bool,
}

/// Reads an APP1 payload; `None` if it isn't EXIF.
pub(crate) fn read(payload: &[u8]) -> Option<Exif> {
    let tiff = Tiff::open(payload.strip_prefix(b"Exif\0\0")?);
    Some(tiff.map(|t| t.read()).unwrap_or_default())
}

struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Tiff<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = match bytes.get(..4)? {
            b"II*\0" => false,
            b"MM\0*" => true,
            _ => return None,
        };
        Some(Self { bytes, big_endian })
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let raw = *self.bytes.get(at..)?.first_chunk::<2>()?;
        Some(if self.big_endian { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
    }

    fn offset(&self, at: usize) -> Option<usize> {
        let raw = *self.bytes.get(at..)?.first_chunk::<4>()?;
        usize::try_from(if self.big_endian { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) }).ok()
    }

    fn read(&self) -> Exif {
        let mut exif = Exif::default();
        let mut next = self.offset(4);
        for place in 0.. {
            let Some(at) = next.filter(|at| *at != 0 && *at < self.bytes.len()) else { break };
            if place == DIRECTORIES_MAX {
                exif.endless = true;
                break;
            }
            if place == 0 {
                exif.orientation = self.orientation(at);
            }
            next = self.u16(at).and_then(|count| self.offset(at + 2 + usize::from(count) * 12));
        }
        exif
    }

    fn orientation(&self, at: usize) -> Option<u16> {
        let count = usize::from(self.u16(at)?);
        let entry = (0..count).map(|i| at + 2 + i * 12).take_while(|e| *e < self.bytes.len()).find(|e| self.u16(*e) == Some(ORIENTATION))?;
        self.u16(entry + 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::exif_segment;

    #[test]
    fn orientation_is_read_in_both_byte_orders() {
        for big in [false, true] {
            assert_eq!(read(&exif_segment(6, 0, big)), Some(Exif { orientation: Some(6), endless: false }));
        }
        assert_eq!(read(b"http://ns.adobe.com/xap/1.0/\0"), None);
    }

    #[test]
    fn a_directory_that_points_at_itself_is_endless() {
        assert!(read(&exif_segment(1, 8, true)).unwrap().endless);
        assert!(!read(&exif_segment(1, 0, true)).unwrap().endless);
    }

    #[test]
    fn broken_exif_counts_as_absent() {
        let whole = exif_segment(6, 0, true);
        for cut in 6..whole.len() {
            let exif = read(&whole[..cut]).unwrap();
            assert!(!exif.endless && exif.orientation.is_none_or(|o| o == 6), "cut at {cut}");
        }
        let mut far = whole;
        far[10..14].copy_from_slice(&[0xFF; 4]);
        assert_eq!(read(&far), Some(Exif::default()));
    }
}
