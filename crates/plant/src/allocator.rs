//! How the C library's allocator gives memory back. Measured for a long run: nothing here changes what is done, only what is kept.

/// Pieces from this size are mapped on their own and leave the process when they are freed. Set, because glibc otherwise raises the
/// size, up to 32 MiB, as soon as a larger piece has been freed, and what the jobs need then stays and is cut up. Measured with both
/// limits on two cores: the peak of a night of 10,000 fell from 184 to 145 MB, that of 100,000 from 276 to 221 MB.
const MAPPED_BYTES_MIN: i32 = 256 * 1024;
/// Heaps for small pieces; each thread beyond shares one. Measured on two cores only: on many, threads may wait for each other here.
const HEAPS_MAX: i32 = 2;

/// Sets both limits. Called once, before other threads exist.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "mallopt has no safe form; it only sets two numbers of the allocator")]
pub fn give_memory_back() {
    // SAFETY: mallopt takes two numbers, keeps no pointer and is called before any other thread runs; an unknown option is refused.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
        libc::mallopt(libc::M_ARENA_MAX, HEAPS_MAX);
    }
}

/// Gives every free page of the heaps back to the machine. For moments when much has just been freed: it looks at all of the heap.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "malloc_trim has no safe form; it moves nothing that is in use")]
pub fn trim() {
    // SAFETY: malloc_trim takes a number, locks what it looks at and touches only free memory.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other C libraries give memory back by rules of their own.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_memory_back() {}

/// As [`give_memory_back`].
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn trim() {}
