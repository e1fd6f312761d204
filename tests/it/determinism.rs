//! Same applications, same profile, same numbers: same bytes, for any number of threads.

use crate::plant::{Plant, assert_same};

#[test]
fn one_thread_and_three_make_the_same_bytes() {
    let one = Plant::stocked(160, 21);
    let three = one.copy();
    one.ok(&["run", "--threads", "1"]);
    three.ok(&["run", "--threads", "3"]);
    assert_same(&one.outputs(), &three.outputs());
    assert!(one.outputs().keys().any(|p| p.ends_with(".pdf")));
}
