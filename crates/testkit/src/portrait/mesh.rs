//! The canonical face mesh, which `photo` carries, and the numbers of its vertices that make eyes, lips, brows and the face's outline.

pub use photo::nets::canonical;

pub const RIGHT_EYE: [usize; 16] = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246];
pub const LEFT_EYE: [usize; 16] = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466];
pub const OUTER_LIPS: [usize; 20] = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185];
pub const INNER_LIPS: [usize; 20] = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191];
/// From corner to corner where the lips meet.
pub const UPPER_OF_INNER_LIPS: [usize; 11] = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308];
/// Eyes less open than this are closed: the lids meet.
pub const LIDS_MEET: f64 = 0.15;
pub const RIGHT_BROW: [usize; 10] = [46, 53, 52, 65, 55, 107, 66, 105, 63, 70];
pub const LEFT_BROW: [usize; 10] = [276, 283, 282, 295, 285, 336, 296, 334, 293, 300];
pub const OVAL: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21,
    54, 103, 67, 109,
];
/// Where the face ends at the ears, right and left of the sitter.
pub const CHEEKS: [usize; 2] = [234, 454];
pub const CHIN: usize = 152;
pub const NOSTRILS: [usize; 2] = [98, 327];
pub const NOSE_BASE: [usize; 7] = [129, 98, 97, 2, 326, 327, 358];
/// Outline of a surgical mask: jaw from ear to ear, closed over the nose.
pub const MASK_OUTLINE: [usize; 24] = [234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 347, 6, 118];
