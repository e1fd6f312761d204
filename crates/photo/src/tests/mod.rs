//! Tests of the whole examination: what a photo is refused for, and that a good one is not.

mod container;
mod damage;
mod picture;
mod stripped;
