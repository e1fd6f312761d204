//! Each fault on a painted face is found by its own code, whatever the skin tone; the plain face has none.

use card::profile::photo::face::FaceRules;
use card::{Code, Effect};

use super::landmarks::{self, BETWEEN_BROWS, CHIN, LEFT_CHEEK, NOSE_TIP, OVAL};
use super::sitter::{self, PHOTO, Paint, SKIN, Turn};
use super::{FaceMeasurements, MeshMeasurements, judge, measure, oval};
use crate::nets::{Faces, MESH_POINTS, Mesh};
use crate::pixels::plane::Luma;
use crate::refusal::Refusal;
use crate::rgb::Rgb;

fn rules() -> FaceRules {
    card::Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2025, 6, 1)).unwrap().photo.face.unwrap()
}

fn judged(rgb: &Rgb, faces: &Faces, religious: bool) -> Vec<Refusal> {
    let (measured, areas) = measure(rgb, &Luma::of(rgb), faces, &rules());
    judge(&measured, Some(&areas), religious, &rules())
}

fn of(turn: &Turn, skin: [u8; 3], change: impl Fn(&mut Paint)) -> Vec<Refusal> {
    let mut paint = Paint::portrait(turn, skin);
    change(&mut paint);
    judged(&paint.rgb(), &sitter::faces(sitter::mesh(turn)), false)
}

/// Codes found on every skin tone.
fn codes(change: impl Fn(&mut Paint)) -> Vec<Code> {
    let mut each = SKIN.iter().map(|skin| of(&Turn::default(), *skin, &change).iter().map(|r| r.code).collect::<Vec<_>>());
    let first = each.next().unwrap();
    each.for_each(|other| assert_eq!(other, first, "every skin tone alike"));
    first
}

#[test]
fn a_plain_face_breaks_nothing() {
    for skin in SKIN {
        let found = of(&Turn::default(), skin, |_| {});
        assert!(found.is_empty(), "{skin:?}: {found:?}");
    }
}

#[test]
fn each_angle_is_named_in_its_band() {
    let found = of(&Turn { roll: -8.0, yaw: 14.0, pitch: 18.5, ..Turn::default() }, SKIN[0], |_| {});
    let pose: Vec<_> = found.iter().filter(|r| r.code == Code::Pho28).map(|r| (r.value.as_str(), r.limit.as_str(), r.band)).collect();
    let expected = [
        ("roll -8.0°", "at most 7° either way", Some(Effect::Hold)),
        ("yaw 14.0°", "at most 12° either way", Some(Effect::Reject)),
        ("pitch 18.5000", "-22 to 14", Some(Effect::Hold)),
    ];
    assert_eq!(pose.iter().map(|p| (p.0.split('.').next(), p.1, p.2)).collect::<Vec<_>>(), expected.map(|p| (p.0.split('.').next(), p.1, p.2)));
}

#[test]
fn a_face_out_of_place_says_where() {
    let found = of(&Turn { right: 30.0, down: 60.0, ..Turn::default() }, SKIN[1], |_| {});
    assert!(found.iter().all(|r| r.code == Code::Pho12) && found.len() == 2, "{found:?}");
    assert!(found[0].value.starts_with("eye middle") && found[1].value.starts_with("eye line"));
    assert!(found[0].area.is_some());
}

#[test]
fn dark_glasses_are_sunglasses_on_every_skin_and_clear_ones_are_nothing() {
    let glasses = |paint: &mut Paint| {
        for eye in [&landmarks::RIGHT_EYE, &landmarks::LEFT_EYE] {
            paint.fill(eye, (1.9, 5.0), [18, 18, 20]);
        }
    };
    assert_eq!(codes(glasses), [Code::Pho31]);
}

#[test]
fn a_white_blob_on_the_eye_is_glare() {
    let found = codes(|p| p.block(landmarks::RIGHT_EYE[0], [8.0, 6.0], (8.0, 5.0), [253, 253, 253]));
    assert!(found.contains(&Code::Pho39), "{found:?}");
}

#[test]
fn a_mask_covers_the_lower_face_and_is_no_ink() {
    let found = codes(|p| {
        p.fill(&[93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 347, 6, 118], (1.0, 1.0), [150, 190, 215]);
    });
    assert!(found.contains(&Code::Pho32) && !found.contains(&Code::Pho34) && !found.contains(&Code::Pho31), "{found:?}");
}

#[test]
fn a_cap_covers_the_forehead_unless_declared() {
    let mut paint = Paint::portrait(&Turn::default(), SKIN[0]);
    paint.block(landmarks::OVAL[0], [0.0, 0.0], (120.0, 45.0), [28, 40, 90]);
    let of = |religious| judged(&paint.rgb(), &sitter::faces(sitter::mesh(&Turn::default())), religious).iter().map(|r| r.code).collect::<Vec<_>>();
    assert_eq!(of(false), [Code::Pho32, Code::Pho33]);
    assert!(of(true).is_empty());
}

#[test]
fn a_pen_line_is_ink_and_its_place_is_given() {
    let line = |p: &mut Paint| p.block(LEFT_CHEEK[5], [0.0, 0.0], (30.0, 2.0), [30, 40, 190]);
    assert_eq!(codes(line), [Code::Pho34]);
    let ink = &of(&Turn::default(), SKIN[0], line)[0];
    assert!(ink.area.is_some_and(|a| a.width >= 40 && a.height == 4), "{ink:?}");
}

#[test]
fn two_specks_are_for_a_person_and_one_is_a_mole() {
    let speck = |p: &mut Paint, by: f64| p.block(LEFT_CHEEK[5], [by, 0.0], (2.0, 2.0), [250, 250, 250]);
    assert!(codes(|p| speck(p, 0.0)).is_empty());
    assert_eq!(codes(|p| [0.0, 16.0].into_iter().for_each(|by| speck(p, by))), [Code::Pho17]);
}

#[test]
fn a_dark_half_is_side_light() {
    let shade = |p: &mut Paint| {
        let [x, _] = p.face.at(NOSE_TIP);
        let half = super::region::Region::around([x + 100.0, 250.0], (100.0, 150.0), PHOTO);
        p.cover(&half, |c| c.map(|v| v / 2));
    };
    assert!(codes(shade).contains(&Code::Pho35));
}

#[test]
fn blue_light_is_an_unnatural_colour() {
    let blue = |p: &mut Paint| p.fill(&OVAL, (1.0, 1.0), [90, 110, 190]);
    assert!(codes(blue).contains(&Code::Pho36));
}

#[test]
fn no_face_two_faces_and_a_face_nobody_believes_in() {
    let rgb = Paint::portrait(&Turn::default(), SKIN[0]).rgb();
    let of = |faces: &Faces| judged(&rgb, faces, false).iter().map(|r| (r.code, r.value.clone())).collect::<Vec<_>>();
    assert_eq!(of(&Faces::default()), [(Code::Pho26, "faces 0".to_owned())]);
    let mut faces = sitter::faces(sitter::mesh(&Turn::default()));
    let mut second = faces.boxes[0].clone();
    (second.left, second.width) = (10.0, 42.0);
    faces.boxes.push(second);
    assert_eq!(of(&faces), [(Code::Pho27, "faces 2, second 42 px wide".to_owned())]);
    faces.boxes.pop();
    faces.mesh = Some(Mesh { presence: 0.3, ..sitter::mesh(&Turn::default()) });
    assert_eq!(of(&faces), [(Code::Pho26, "face presence 0.300".to_owned())]);
    faces.mesh = None;
    assert_eq!(of(&faces), [(Code::Pho26, "face presence 0.000".to_owned())]);
}

#[test]
fn meshes_out_of_this_world_are_measured_without_a_panic() {
    let rgb = Paint::portrait(&Turn::default(), SKIN[0]).rgb();
    let small = Rgb::new(3, 2, vec![7; 18]).unwrap();
    for point in [[0.0f32; 3], [-1e9, 5.0, f32::NAN], [f32::INFINITY; 3], [179.0, 220.0, 0.0]] {
        let mesh = Mesh { points: vec![point; MESH_POINTS], presence: 1.0 };
        let _ = (judged(&rgb, &sitter::faces(mesh.clone()), false), judged(&small, &sitter::faces(mesh.clone()), true), oval(&mesh));
    }
    let short = Mesh { points: vec![[1.0; 3]; 5], presence: 1.0 };
    assert_eq!(judged(&rgb, &sitter::faces(short), false)[0].code, Code::Pho26);
    let _ = judged(&small, &sitter::faces(sitter::mesh(&Turn::default())), false);
}

#[test]
fn judging_stored_numbers_finds_the_same_without_places() {
    let mut paint = Paint::portrait(&Turn { roll: 9.0, ..Turn::default() }, SKIN[2]);
    paint.block(CHIN, [0.0, -40.0], (60.0, 30.0), [220, 220, 240]);
    let faces = sitter::faces(sitter::mesh(&Turn { roll: 9.0, ..Turn::default() }));
    let (measured, areas) = measure(&paint.rgb(), &Luma::of(&paint.rgb()), &faces, &rules());
    let stored: FaceMeasurements = serde_json::from_str(&serde_json::to_string(&measured).unwrap()).unwrap();
    let texts = |found: Vec<Refusal>| found.into_iter().map(|r| (r.code, r.value, r.limit, r.band)).collect::<Vec<_>>();
    let (fresh, again) = (texts(judge(&measured, Some(&areas), false, &rules())), texts(judge(&stored, None, false, &rules())));
    assert_eq!(fresh, again);
    assert!(again.len() >= 2 && judge(&stored, None, false, &rules()).iter().all(|r| r.area.is_none()));
}

#[test]
fn the_oval_lies_in_the_face() {
    let ((cx, cy), (rx, ry)) = oval(&sitter::mesh(&Turn::default())).unwrap();
    let face = sitter::landmarks(&Turn::default());
    let [brow, chin] = [face.at(BETWEEN_BROWS[0])[1], face.at(CHIN)[1]];
    assert!((cx - 179).abs() < 3 && (60..90).contains(&rx), "{cx} {rx}");
    assert!(((cy - ry) as f64) < brow && ((cy + ry) as f64) < chin, "{cy} {ry}");
}

/// Measurements of a plain face, with a change.
fn codes_of_numbers(change: impl FnOnce(&mut MeshMeasurements)) -> Vec<Code> {
    let paint = Paint::portrait(&Turn::default(), SKIN[0]);
    let (mut measured, _) = measure(&paint.rgb(), &Luma::of(&paint.rgb()), &sitter::faces(sitter::mesh(&Turn::default())), &rules());
    change(measured.mesh.as_mut().expect("a mesh"));
    judge(&measured, None, false, &rules()).iter().map(|r| r.code).collect()
}

#[test]
fn the_colour_of_a_face_that_is_covered_or_burnt_out_is_not_asked_for() {
    let odd = |m: &mut MeshMeasurements| (m.ink_share, m.natural_colour_distance, m.eye_glare_share) = (0.1, 40.0, 0.2);
    assert_eq!(codes_of_numbers(odd), [Code::Pho39, Code::Pho34, Code::Pho36]);
    let covered = |m: &mut MeshMeasurements| {
        odd(m);
        m.lower_face_skin_share = 0.0;
    };
    assert_eq!(codes_of_numbers(covered), [Code::Pho39, Code::Pho32], "the cover is told, not what its colour seems to be");
    let burnt_out = |m: &mut MeshMeasurements| {
        covered(m);
        m.over_exposed_share = 0.7;
    };
    assert!(codes_of_numbers(burnt_out).is_empty(), "the exposure of the whole face is told elsewhere (PHO-18)");
    assert_eq!(codes_of_numbers(|m| m.over_exposed_share = 0.7), [], "and nowhere else");
}
