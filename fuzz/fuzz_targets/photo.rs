//! A photo as anybody may send it: container, coded data, pixels, background and face, by the profile that looks at faces. The networks are
//! stubbed: what they answer is made from the photo's own bytes, so that every shape of an answer meets every check. Any panic counts,
//! also one that `examine` would catch (PHO-99). What is stripped strips to itself, and what may be printed decodes to the size wanted.
#![no_main]

use std::sync::LazyLock;

use card::Profile;
use jiff::civil::date;
use libfuzzer_sys::fuzz_target;
use photo::nets::{ANCHOR_NUMBERS, ANCHORS, DetectorAnswer, EngineFault, MESH_SIDE, MeshAnswer, Networks, PERSON_SIDE, canonical};

static PROFILE: LazyLock<Profile> = LazyLock::new(|| Profile::built_in("hubei-foreigner-2025", date(2026, 11, 22)).expect("a profile"));

/// Answers with a face in the middle, moved and distorted by bytes of the photo.
struct Stub<'a>(&'a [u8]);

impl Stub<'_> {
    /// −1..1.
    fn chance(&self, at: usize) -> f32 {
        let byte = self.0.get(self.0.len().wrapping_sub(at * 37 + 2) % self.0.len().max(1));
        byte.map_or(0.0, |b| f32::from(*b) / 127.5 - 1.0)
    }
}

impl Networks for Stub<'_> {
    fn identity(&self) -> Result<String, EngineFault> {
        Ok("stub".to_owned())
    }

    fn ready(&self) -> Result<(), EngineFault> {
        Ok(())
    }

    fn detect(&self, _: &[f32]) -> Result<DetectorAnswer, EngineFault> {
        let mut answer = DetectorAnswer { boxes: vec![0.0; ANCHORS * ANCHOR_NUMBERS], scores: vec![-9.0; ANCHORS] };
        for (i, anchor) in [(0, 240), (1, 100), (2, 700)] {
            answer.scores[anchor] = if i == 0 { 4.0 } else { self.chance(i) * 6.0 };
            for k in 0..ANCHOR_NUMBERS {
                answer.boxes[anchor * ANCHOR_NUMBERS + k] = 30.0 * self.chance(i * 20 + k) + if k == 2 || k == 3 { 50.0 } else { 0.0 };
            }
        }
        Ok(answer)
    }

    fn mesh(&self, _: &[f32]) -> Result<MeshAnswer, EngineFault> {
        let scale = 6.0 + 4.0 * self.chance(1);
        let middle = MESH_SIDE as f32 / 2.0;
        let bent = |v: &[f64; 3], i: usize| {
            let [x, y, z] = v.map(|c| c as f32 * scale);
            [middle + x + 8.0 * self.chance(i), middle - y + 8.0 * self.chance(i + 7), -z]
        };
        let points = canonical().vertices.iter().enumerate().flat_map(|(i, v)| bent(v, i)).collect();
        Ok(MeshAnswer { points, presence: 8.0 * self.chance(3) + 4.0 })
    }

    fn person(&self, _: &[f32]) -> Result<Vec<f32>, EngineFault> {
        let edge = (PERSON_SIDE as f32 * (0.5 + 0.4 * self.chance(5))) as usize;
        Ok((0..PERSON_SIDE * PERSON_SIDE).map(|at| if at / PERSON_SIDE > edge { 1.0 } else { 0.5 + 0.5 * self.chance(at % 64) }).collect())
    }

    fn as_worker(&self, body: &mut (dyn FnMut() + Send)) {
        body();
    }
}

fuzz_target!(|data: &[u8]| {
    let sitting = photo::Sitting { profile: &PROFILE, networks: &Stub(data), religious_headgear: data.len() % 2 == 0 };
    let examination = photo::examine(data, &sitting);
    if let Ok(stripped) = photo::strip(data) {
        let again = photo::strip(&stripped).ok().expect("what was stripped is a JPEG");
        assert!(again == stripped, "stripping twice changes something");
        assert!(stripped.len() <= data.len() + 64, "stripping adds nothing but short headers");
    }
    if let Some(pixels) = &examination.pixels {
        assert!(examination.stripped.is_some());
        assert!(pixels.width() > 0 && pixels.height() > 0);
        // What the stored numbers say is what the photo was told.
        let again = photo::judge_again(&examination.measurements, sitting.religious_headgear, &PROFILE);
        let first = examination.reasons.iter().filter(|r| photo::is_judged_again(r.code)).map(|r| (r.code, &r.value));
        assert!(first.eq(again.iter().map(|r| (r.code, &r.value))), "judged again it is another verdict");
    }
});
