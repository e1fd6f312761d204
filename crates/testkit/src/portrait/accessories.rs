//! What a sitter wears on the face or head: glasses, surgical mask, cap, headscarf.

use super::canvas::{Canvas, Colour, Patch, Point, Stuff};
use super::face::{Sitter, circle};
use super::head::{SUPERSAMPLE as SS, ellipse};
use super::{Glasses, Headwear, mesh};

const RIM: Colour = [20.0; 3];

pub fn paint(canvas: &mut Canvas, sitter: &Sitter) {
    if sitter.look.from_behind {
        return;
    }
    if sitter.look.mask {
        canvas.fill(&sitter.ring(&mesh::MASK_OUTLINE), [150.0, 190.0, 215.0], SS, Stuff::Other);
    }
    if sitter.look.glasses != Glasses::None {
        glasses(canvas, sitter);
    }
    match sitter.look.headwear {
        Headwear::None => {}
        Headwear::Cap => cap(canvas, sitter),
        Headwear::Scarf => scarf(canvas, sitter),
    }
}

fn glasses(canvas: &mut Canvas, sitter: &Sitter) {
    let [right, left] = [mesh::RIGHT_EYE, mesh::LEFT_EYE].map(|eye| sitter.centre(&eye));
    for centre in [right, left] {
        let rim = circle(centre, 25.0 * SS, 18.0 * SS);
        if sitter.look.glasses == Glasses::Sun {
            canvas.fill(&rim, [18.0, 18.0, 20.0], 0.6 * SS, Stuff::Other);
        }
        canvas.line(&rim, true, 2.0 * SS, RIM);
        if sitter.look.glare {
            glare(canvas, centre);
        }
    }
    canvas.line(&[[right[0] + 25.0 * SS, right[1]], [left[0] - 25.0 * SS, left[1]]], false, 2.0 * SS, RIM);
}

/// A lamp's slanting reflection over most of a lens.
fn glare(canvas: &mut Canvas, [x, y]: Point) {
    let corner = |dx: f64, dy: f64| [x + dx * SS, y + dy * SS];
    canvas.fill(&[corner(-15.0, -10.0), corner(6.0, -12.0), corner(14.0, 8.0), corner(-7.0, 10.0)], [254.0; 3], 1.0 * SS, Stuff::Other);
}

fn cap(canvas: &mut Canvas, sitter: &Sitter) {
    let brim = ellipse([0.0, 6.2, 3.0], 8.9, 1.3, 0.5, 1.0, 20);
    let crown = ellipse([0.0, 6.2, -1.0], 8.9, 8.0, 0.0, 0.5, 30);
    canvas.fill(&sitter.camera.outline(brim.chain(crown)), [28.0, 40.0, 90.0], 1.2 * SS, Stuff::Other);
}

fn scarf(canvas: &mut Canvas, sitter: &Sitter) {
    let cloth = sitter.palette.scarf;
    let outer = sitter.camera.outline(ellipse([0.0, 1.6, -2.0], 9.8, 12.0, 0.0, 1.0, 60));
    let drape = [[-9.6, -1.0, -2.0], [9.6, -1.0, -2.0], [11.5, -15.0, -2.0], [-11.5, -15.0, -2.0]];
    for outline in [outer, sitter.camera.outline(drape)] {
        let Some(mut patch) = Patch::polygon(&outline, SS) else { continue };
        if let Some(face) = Patch::polygon(&opening(sitter), SS) {
            patch.cut(&face);
        }
        canvas.paint(&patch, |_| cloth.map(|c| c as f32), Stuff::Other);
    }
}

/// The face's outline, drawn in slightly.
fn opening(sitter: &Sitter) -> Vec<Point> {
    let centre = sitter.centre(&mesh::OVAL);
    let draw_in = |p: Point| [p[0] * 0.985 + centre[0] * 0.015, p[1] * 0.985 + centre[1] * 0.015];
    sitter.ring(&mesh::OVAL).into_iter().map(draw_in).collect()
}
