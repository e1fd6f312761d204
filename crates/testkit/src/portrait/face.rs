//! Paints one sitter from back to front: hair, neck, clothes, skull, the shaded face, its features, the fringe.
//! Measures are canvas pixels (`SUPERSAMPLE` per picture pixel) unless they are centimetres of the head.

use super::canvas::{Canvas, Colour, Patch, Point, Stuff};
use super::head::{Camera, Point3, SUPERSAMPLE as SS, ellipse};
use super::palette::{Palette, darker, tint};
use super::{Headwear, Look, blur, mesh};
use crate::dice::Dice;

/// One person in front of the camera, with everything projected once.
pub struct Sitter<'a> {
    pub look: &'a Look,
    pub camera: &'a Camera,
    pub palette: &'a Palette,
    points: &'a [Point3],
    /// Vertices on the canvas.
    pub on_canvas: Vec<Point>,
    /// What the face's triangles cover.
    face: Patch,
}

/// How the hair is cut, decided once per sitter.
pub struct Cut {
    /// Hair above the skull, centimetres.
    height: f64,
    long: bool,
}

impl Cut {
    pub fn of(dice: &mut Dice) -> Self {
        Self { height: dice.between(0.2, 0.85), long: dice.chance(0.4) }
    }
}

/// The highest point of the head with its hair or headgear.
pub fn top(cut: &Cut, headwear: Headwear) -> Point3 {
    match headwear {
        Headwear::Cap => [0.0, 14.2, -1.0],
        Headwear::Scarf => [0.0, 13.6, -2.0],
        // The fringe is the nearest to the camera; its soft edge reaches a little further.
        Headwear::None => [0.0, 12.7 + cut.height, -2.5],
    }
}

impl<'a> Sitter<'a> {
    pub fn new(points: &'a [Point3], camera: &'a Camera, palette: &'a Palette, look: &'a Look) -> Self {
        let on_canvas = camera.outline(points.iter().copied());
        let face = face_patch(&on_canvas);
        Self { look, camera, palette, points, on_canvas, face }
    }

    pub fn paint(&self, canvas: &mut Canvas, cut: &Cut, dice: &mut Dice) {
        self.hair_behind(canvas, cut);
        self.neck_and_clothes(canvas);
        self.skull(canvas, cut);
        if self.look.from_behind {
            return self.back_of_head(canvas, cut);
        }
        self.shaded_face(canvas, dice.between(-0.15, 0.15));
        self.cheeks(canvas);
        if self.look.old {
            self.lines(canvas);
        }
        self.eyes(canvas);
        self.brows_and_mouth(canvas);
        self.nose(canvas);
        self.fringe(canvas, cut, dice);
    }

    /// Hair where the face would be.
    fn back_of_head(&self, canvas: &mut Canvas, cut: &Cut) {
        self.oval(canvas, [0.0, 3.0, -1.5], 8.0, 9.4 + cut.height, self.palette.hair, 2.0, Stuff::Hair);
    }

    /// Lines of an old face: two across the forehead, one from each side of the nose to the mouth's corner.
    fn lines(&self, canvas: &mut Canvas) {
        let fold = darker(self.palette.skin, 0.78);
        for up in [5.6, 6.7] {
            let line = self.camera.outline((0..9).map(|i| [f64::from(i) - 4.0, up - 0.02 * (f64::from(i) - 4.0).powi(2), 5.0]));
            canvas.soft_line(&line, 1.1 * SS, SS, fold);
        }
        for side in [-1.0, 1.0] {
            let line = self.camera.outline([[side * 2.1, -1.6, 5.6], [side * 2.9, -3.0, 5.2], [side * 3.2, -4.2, 4.8]]);
            canvas.soft_line(&line, 1.4 * SS, SS, fold);
        }
    }

    pub fn centre(&self, of: &[usize]) -> Point {
        let sum = of.iter().fold([0.0; 2], |s, i| [s[0] + self.on_canvas[*i][0], s[1] + self.on_canvas[*i][1]]);
        sum.map(|v| v / of.len() as f64)
    }

    pub fn ring(&self, of: &[usize]) -> Vec<Point> {
        of.iter().map(|i| self.on_canvas[*i]).collect()
    }

    #[allow(clippy::too_many_arguments)] // the eight things a face is drawn from
    fn oval(&self, canvas: &mut Canvas, centre: Point3, rx: f64, ry: f64, colour: Colour, soft: f64, stuff: Stuff) {
        let outline = self.camera.outline(ellipse(centre, rx, ry, 0.0, 1.0, 60));
        canvas.fill(&outline, colour, soft * SS, stuff);
    }

    fn hair_behind(&self, canvas: &mut Canvas, cut: &Cut) {
        let hair = self.palette.hair;
        if cut.long {
            let strands = ellipse([0.0, 3.2, -5.0], 8.7 + 0.4 * cut.height, 9.0, 0.0, 0.5, 40).chain([[-9.3, -13.5, -5.0], [9.3, -13.5, -5.0]]);
            canvas.fill(&self.camera.outline(strands), darker(hair, 0.92), 2.5 * SS, Stuff::Hair);
        }
        self.oval(canvas, [0.0, 4.0, -4.0], 8.3 + 0.5 * cut.height, 8.6 + cut.height, hair, 2.0, Stuff::Hair);
    }

    fn neck_and_clothes(&self, canvas: &mut Canvas) {
        let (width, bottom) = (canvas.width as f64, canvas.height as f64);
        let from_middle = |x: f64, up: f64| [width / 2.0 + x * SS, bottom - up * SS];
        let shoulders = [[-40.0, bottom + 40.0], [-40.0, bottom - 32.0 * SS], from_middle(-95.0, 92.0), from_middle(-45.0, 118.0)];
        let mirrored = shoulders.iter().rev().map(|p| [width - p[0], p[1]]);
        let body: Vec<Point> = shoulders.iter().copied().chain(mirrored).collect();
        canvas.fill(&body, self.palette.clothes, 1.2 * SS, Stuff::Other);
        let [left, right] = [-4.6, 4.6].map(|x| self.camera.project([x, -6.0, -3.0]));
        let neck = [left, right, from_middle(52.0, 105.0), from_middle(0.0, 78.0), from_middle(-52.0, 105.0)];
        canvas.fill(&neck, darker(self.palette.skin, 0.80), 1.5 * SS, Stuff::Skin);
    }

    fn skull(&self, canvas: &mut Canvas, cut: &Cut) {
        let skin = self.palette.skin;
        self.oval(canvas, [0.0, 4.6, -3.5], 8.0 + 0.4 * cut.height, 8.0 + cut.height, self.palette.hair, 2.0, Stuff::Hair);
        for side in [-1.0, 1.0] {
            self.oval(canvas, [side * 7.5, 0.3, -3.2], 0.9, 2.0, darker(skin, 0.88), 1.0, Stuff::Skin);
        }
        self.oval(canvas, [0.0, 4.2, -1.5], 7.3, 7.4, darker(skin, 0.97), 2.0, Stuff::Skin);
    }

    /// The mesh, lit from slightly above, softened until no triangle shows.
    fn shaded_face(&self, canvas: &mut Canvas, light_from: f64) {
        let shades = self.shades(light_from);
        let mut shade = Patch { cover: vec![0.0; self.face.cover.len()], ..self.face };
        for number in self.triangles_back_to_front() {
            let corners = mesh::canonical().triangles[number];
            let value = corners.iter().map(|i| shades[*i]).sum::<f64>() / 3.0;
            raster(&mut shade, corners.map(|i| self.on_canvas[i]), value as f32);
        }
        let (width, height) = (self.face.width, self.face.height);
        blur::gaussian(&mut shade.cover, width, height, 2.2 * SS);
        let mut weight = self.face.cover.clone();
        blur::gaussian(&mut weight, width, height, 2.2 * SS);
        let skin = self.palette.skin.map(|c| c as f32);
        let lit = |i: usize| skin.map(|c| c * shade.cover[i] / weight[i].max(1e-3));
        canvas.paint(&self.soft_face(), lit, Stuff::Skin);
    }

    /// The face's cover drawn in a little and softened, so that no background shows through its edge.
    fn soft_face(&self) -> Patch {
        let mut cover = self.face.cover.clone();
        blur::erode(&mut cover, self.face.width, self.face.height, (1.5 * SS) as usize);
        blur::gaussian(&mut cover, self.face.width, self.face.height, 1.2 * SS);
        Patch { cover, ..self.face }
    }

    fn triangles_back_to_front(&self) -> Vec<usize> {
        let depth = |t: &[usize; 3]| t.iter().map(|i| self.camera.turn(self.points[*i])[2]).sum::<f64>();
        let triangles = &mesh::canonical().triangles;
        let depths: Vec<f64> = triangles.iter().map(depth).collect();
        let mut order: Vec<usize> = (0..triangles.len()).collect();
        order.sort_by(|a, b| depths[*a].total_cmp(&depths[*b]));
        order
    }

    /// Brightness of each vertex, 0.3..1.08.
    fn shades(&self, light_from: f64) -> Vec<f64> {
        let turned: Vec<Point3> = self.points.iter().map(|p| self.camera.turn(*p)).collect();
        let mut normals = vec![[0.0; 3]; turned.len()];
        for triangle in &mesh::canonical().triangles {
            let facing = facing_normal(triangle.map(|i| turned[i]));
            triangle.iter().for_each(|i| normals[*i] = std::array::from_fn(|k| normals[*i][k] + facing[k]));
        }
        let light = unit([light_from, 0.25, 1.0]);
        normals.into_iter().map(|n| (0.58 + 0.47 * dot(unit(n), light)).clamp(0.3, 1.08)).collect()
    }

    fn cheeks(&self, canvas: &mut Canvas) {
        let flush = tint(self.palette.skin, [1.0, 0.90, 0.89]);
        for side in [-4.6, 4.6] {
            let outline = self.camera.outline(ellipse([side, -1.6, 4.0], 1.6, 1.1, 0.0, 1.0, 40));
            let Some(mut patch) = Patch::polygon(&outline, 9.0 * SS) else { continue };
            patch.clip(&self.face);
            canvas.paint(&patch, |_| flush.map(|c| c as f32), Stuff::Skin);
        }
    }

    fn eyes(&self, canvas: &mut Canvas) {
        for eye in [mesh::RIGHT_EYE, mesh::LEFT_EYE] {
            let ring = self.ring(&eye);
            let socket: Vec<Point> = ring.iter().map(|p| [p[0], p[1] - 1.5 * SS]).collect();
            canvas.fill(&socket, darker(self.palette.skin, 0.72), 2.5 * SS, Stuff::Skin);
            if self.look.eyes < mesh::LIDS_MEET {
                self.closed_lid(canvas, &ring);
                continue;
            }
            if let Some(patch) = Patch::polygon(&ring, 0.6 * SS) {
                let eyeball = self.eyeball(self.centre(&eye), distance(ring[0], ring[8]), &patch);
                canvas.paint(&patch, |i| eyeball[i], Stuff::Other);
            }
            let upper: Vec<Point> = ring[8..].iter().copied().chain([ring[0]]).collect();
            canvas.line(&upper, false, 1.3 * SS, darker(self.palette.hair, 0.35));
        }
    }

    /// A lid's skin over the whole eye, the lashes along its lower edge.
    fn closed_lid(&self, canvas: &mut Canvas, ring: &[Point]) {
        let width = distance(ring[0], ring[8]);
        let middle = [(ring[0][0] + ring[8][0]) / 2.0, (ring[0][1] + ring[8][1]) / 2.0];
        canvas.fill(&circle([middle[0], middle[1] - 1.0 * SS], 0.5 * width, 0.22 * width), darker(self.palette.skin, 0.88), 1.5 * SS, Stuff::Skin);
        let lashes: Vec<Point> =
            (0..9).map(|i| (f64::from(i) / 4.0 - 1.0, i)).map(|(t, _)| [middle[0] + 0.46 * width * t, middle[1] + 0.07 * width * (1.0 - t * t)]).collect();
        canvas.line(&lashes, false, 1.6 * SS, darker(self.palette.hair, 0.35));
    }

    /// White, iris, pupil and a glint, for every pixel of the eye's patch.
    fn eyeball(&self, centre: Point, width: f64, patch: &Patch) -> Vec<[f32; 3]> {
        let mut small = Canvas::new(patch.width, patch.height, [232.0, 228.0, 226.0]);
        let middle = [centre[0] - f64::from(patch.x), centre[1] - f64::from(patch.y)];
        let mut disc = |dx: f64, dy: f64, radius: f64, colour: Colour| {
            let around = [middle[0] + dx * width, middle[1] + dy * width];
            small.fill(&circle(around, radius, radius), colour, 0.5, Stuff::Other);
        };
        disc(0.0, 0.0, 0.25 * width, self.palette.iris);
        disc(0.0, 0.0, 0.11 * width, [12.0, 10.0, 10.0]);
        disc(-0.07, -0.08, (0.035 * width).max(1.0), [250.0; 3]);
        small.pixels
    }

    fn brows_and_mouth(&self, canvas: &mut Canvas) {
        let brow = darker(self.palette.hair, 0.8).map(|c| c.clamp(10.0, 120.0));
        for side in [mesh::RIGHT_BROW, mesh::LEFT_BROW] {
            canvas.fill(&self.ring(&side), brow, SS, Stuff::Other);
        }
        let lip = tint(self.palette.skin, [0.86, 0.64, 0.63]);
        let inside = if self.look.mouth > 0.3 { [60.0, 20.0, 22.0] } else { darker(lip, 0.55) };
        canvas.fill(&self.ring(&mesh::OUTER_LIPS), lip, SS, Stuff::Other);
        if self.look.mouth > 0.3 {
            canvas.fill(&self.ring(&mesh::INNER_LIPS), inside, 0.6 * SS, Stuff::Other);
        } else {
            canvas.soft_line(&self.ring(&mesh::UPPER_OF_INNER_LIPS), 1.0 * SS, 0.5 * SS, inside);
        }
    }

    fn nose(&self, canvas: &mut Canvas) {
        let skin = self.palette.skin;
        for i in mesh::NOSTRILS {
            let [x, y] = self.on_canvas[i];
            canvas.fill(&circle([x, y + 0.2 * SS], 2.8 * SS, 1.6 * SS), darker(skin, 0.38), 0.8 * SS, Stuff::Skin);
        }
        let base: Vec<Point> = self.ring(&mesh::NOSE_BASE).into_iter().map(|p| [p[0], p[1] + 1.5 * SS]).collect();
        canvas.fill(&base, darker(skin, 0.74), 1.5 * SS, Stuff::Skin);
    }

    fn fringe(&self, canvas: &mut Canvas, cut: &Cut, dice: &mut Dice) {
        let sweep = (2.2 + 1.2 * cut.height) * dice.between(0.6, 1.0);
        let line: Vec<Point3> = (0..25)
            .map(|i| {
                let x = -7.6 + 15.2 * f64::from(i) / 24.0;
                [x, 8.4 + dice.normal(0.0, 0.15) - (x / 7.6).powi(2) * sweep, 2.2 - x.abs() * 0.35]
            })
            .collect();
        let crown = ellipse([0.0, 4.4, -2.5], 8.3, 8.2 + cut.height, 0.01, 0.49, 40);
        canvas.fill(&self.camera.outline(line.into_iter().chain(crown)), self.palette.hair, 2.0 * SS, Stuff::Hair);
    }
}

/// An ellipse on the canvas.
pub fn circle(centre: Point, rx: f64, ry: f64) -> Vec<Point> {
    ellipse([centre[0], centre[1], 0.0], rx, ry, 0.0, 1.0, 41).map(|p| [p[0], p[1]]).collect()
}

pub fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn face_patch(on_canvas: &[Point]) -> Patch {
    let margin = 12.0 * SS;
    let bound = |axis: usize| on_canvas.iter().map(|p| p[axis]).fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    let ((left, right), (top, bottom)) = (bound(0), bound(1));
    let (x, y) = ((left - margin).floor(), (top - margin).floor());
    let (width, height) = ((right + margin - x) as usize, (bottom + margin - y) as usize);
    let mut patch = Patch { x: x as i32, y: y as i32, width, height, cover: vec![0.0; width * height] };
    for triangle in &mesh::canonical().triangles {
        raster(&mut patch, triangle.map(|i| on_canvas[i]), 1.0);
    }
    patch
}

/// Sets every patch pixel whose centre lies in the triangle (or within a hair of it, so that neighbours leave no gaps).
fn raster(patch: &mut Patch, corners: [Point; 3], value: f32) {
    let local = corners.map(|p| [p[0] - f64::from(patch.x), p[1] - f64::from(patch.y)]);
    let side = |a: Point, b: Point, p: Point| (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
    let area = side(local[0], local[1], local[2]);
    if area == 0.0 {
        return;
    }
    let bound = |axis: usize| local.iter().map(|p| p[axis]).fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    let ((left, right), (top, bottom)) = (bound(0), bound(1));
    for y in (top as usize)..=(bottom as usize).min(patch.height - 1) {
        for x in (left as usize)..=(right as usize).min(patch.width - 1) {
            let p = [x as f64 + 0.5, y as f64 + 0.5];
            let inside = (0..3).all(|i| side(local[i], local[(i + 1) % 3], p) * area.signum() >= -0.6);
            if inside {
                patch.cover[y * patch.width + x] = value;
            }
        }
    }
}

fn facing_normal(corners: [Point3; 3]) -> Point3 {
    let edge = |i: usize| -> Point3 { std::array::from_fn(|k| corners[i][k] - corners[0][k]) };
    let (a, b) = (edge(1), edge(2));
    let cross = unit([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]);
    if cross[2] < 0.0 { cross.map(|v| -v) } else { cross }
}

fn unit(v: Point3) -> Point3 {
    let length = dot(v, v).sqrt() + 1e-9;
    v.map(|c| c / length)
}

fn dot(a: Point3, b: Point3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
